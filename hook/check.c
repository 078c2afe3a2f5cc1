/* rxtrust check: every error of a policy. */
#include "commands.h"

#include "guest.h"

#include <stdio.h>
#include <unistd.h>

int command_check(int argc, char **argv) {
    struct options options;
    struct parsed parsed;
    if (!command_options(argc, argv, "", 1, &options))
        return 1;
    const char *file = argv[optind];
    const struct parse_source source = {.policy = file ? file : POLICY_FILE,
                                        .policy_required = file != NULL};
    bool good = parsed_is_good(parse(&source, &parsed), &parsed, file, NULL, 0);
    if (good && parsed.policy_missing)
        (void)printf("%s: there is no such file: every macvtap interface is trusted\n",
                     POLICY_FILE);
    else if (good)
        (void)printf("%s: no errors, %zu section%s\n", file ? file : POLICY_FILE,
                     parsed.section_count, parsed.section_count == 1 ? "" : "s");
    parsed_free(&parsed);
    return command_end(good);
}
