/* rxtrust rewrite: the XML on standard input with the policy in it. */
#include "commands.h"

#include "guest.h"

int command_rewrite(int argc, char **argv) {
    struct guest guest = {0};
    struct options options;
    size_t changes = 0;
    if (!command_options(argc, argv, "c", 0, &options))
        return 1;
    bool good = guest_from_stdin(&guest) && guest_parse(options.file, 0, &guest) &&
                guest_print(&guest, false, &changes);
    guest_free(&guest);
    return good ? 0 : 1;
}
