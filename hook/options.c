#include "options.h"

#include "guests.h"
#include "log.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

bool options_parse(int argc, char **argv, const char *allowed, int most_operands,
                   struct options *options) {
    const struct option all[] = {{"json", no_argument, &options->json, true},
                                 {"guests", no_argument, &options->guests, true},
                                 {"verbose", no_argument, &options->verbose, true},
                                 {"dry-run", no_argument, &options->dry_run, true},
                                 {"all", no_argument, &options->all, true},
                                 {NULL, 0, NULL, 0}};
    *options = (struct options){0};
    opterr = 0;
    int option = 0, index = 0;
    while ((option = getopt_long(argc, argv, ":c:v", all, &index)) != -1) {
        bool unknown = option == '?', is_long = unknown ? optopt <= true : !option;
        const char letter = (char)(unknown ? optopt : is_long ? *all[index].name : option);
        if (option == ':')
            log_error("%s: -%c needs a FILE; see rxtrust %s --help", argv[0], optopt, argv[0]);
        else if (is_long && (unknown || !strchr(allowed, letter)))
            log_error("%s: unknown option %s; see rxtrust %s --help", argv[0], argv[optind - 1],
                      argv[0]);
        else if (unknown || !strchr(allowed, letter))
            log_error("%s: unknown option -%c; see rxtrust %s --help", argv[0], letter, argv[0]);
        else {
            options->file = letter == 'c' ? optarg : options->file;
            options->verbose = options->verbose || letter == 'v';
            continue;
        }
        return false;
    }
    if (argc - optind <= most_operands)
        return true;
    log_error("%s: unexpected argument %s; see rxtrust %s --help", argv[0],
              argv[optind + most_operands], argv[0]);
    return false;
}

int flush_output(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    log_error("cannot write to standard output");
    return EXIT_NO_ANSWER;
}
