/* rxtrust rewrite: prints the XML from standard input as the policy wants it. */
#include "commands.h"
#include "log.h"
#include "options.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int command_rewrite(int argc, char **argv) {
    const struct options options = options_parse(argc, argv, "c", 0);
    struct guests guests;
    struct text out = {0};
    const char *reason = NULL;
    enum exit_code code = guests_from_stdin(options.file, &guests);
    const struct domain *guest = code == EXIT_GOOD ? guests_next(&guests, NULL) : NULL;
    if (guest && !domain_rewrite(guest, &guests.dumps.texts[0], &out, &reason)) {
        log_error_at("<stdin>", 0, "%s", reason);
        code = EXIT_USAGE;
    } else if (guest && !io_write_all(STDOUT_FILENO, out.data, out.length)) {
        log_error("cannot print the XML: %s", strerror(errno));
        code = EXIT_NO_ANSWER;
    }
    text_free(&out);
    guests_free(&guests);
    return (int)code;
}
