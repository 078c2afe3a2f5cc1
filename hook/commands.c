#include "commands.h"

#include "log.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

bool command_options(int argc, char **argv, const char *allowed, int operands,
                     struct options *options) {
    static const struct option all[] = {
        {"json", no_argument, NULL, 'j'}, {"guests", no_argument, NULL, 'g'}, {NULL, 0, NULL, 0}};
    *options = (struct options){0};
    int option = 0;
    while ((option = getopt_long(argc, argv, "c:", all, NULL)) != -1) {
        if (option == '?')
            return false;
        if (!strchr(allowed, option)) {
            log_error("%s doesn't take that option: see rxtrust %s --help", argv[0], argv[0]);
            return false;
        }
        options->json = options->json || option == 'j';
        options->guests = options->guests || option == 'g';
        options->file = option == 'c' ? optarg : options->file;
    }
    if (argc - optind > operands)
        log_error("%s: too many arguments: see rxtrust %s --help", argv[0], argv[0]);
    return argc - optind <= operands;
}

int command_end(bool good) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        log_error("standard output can't be written");
        return 1;
    }
    return good ? 0 : 1;
}
