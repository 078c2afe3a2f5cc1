#include "options.h"

#include "guests.h"
#include "log.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void usage_error(const char *command, const char *problem, const char *about) {
    log_error("%s: %s%s; see rxtrust %s --help", command, problem, about, command);
    exit(EXIT_USAGE);
}

struct options options_parse(int argc, char **argv, const char *allowed, int most_operands) {
    struct options options = {0};
    const struct option all[] = {{"json", no_argument, &options.json, true},
                                 {"guests", no_argument, &options.guests, true},
                                 {"verbose", no_argument, &options.verbose, true},
                                 {"dry-run", no_argument, &options.dry_run, true},
                                 {"all", no_argument, &options.all, true},
                                 {NULL, 0, NULL, 0}};
    opterr = 0;
    int option = 0, index = 0;
    while ((option = getopt_long(argc, argv, ":c:v", all, &index)) != -1) {
        bool unknown = option == '?', is_long = unknown ? optopt <= true : !option;
        const char letter = (char)(unknown ? optopt : is_long ? *all[index].name : option);
        if (option == ':')
            usage_error(argv[0], "-c needs a FILE", "");
        if (unknown || !strchr(allowed, letter))
            usage_error(argv[0], "unknown option ",
                        is_long ? argv[optind - 1] : (const char[]){'-', letter, '\0'});
        options.file = letter == 'c' ? optarg : options.file;
        options.verbose = options.verbose || letter == 'v';
    }
    if (argc - optind > most_operands)
        usage_error(argv[0], "unexpected argument ", argv[optind + most_operands]);
    return options;
}

void *or_end(void *allocated) {
    if (!allocated) {
        log_error("out of memory");
        exit(EXIT_NO_ANSWER);
    }
    return allocated;
}

char *xasprintf(const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return or_end(length < 0 ? NULL : text);
}

int flush_output(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    log_error("cannot write to standard output");
    return EXIT_NO_ANSWER;
}
