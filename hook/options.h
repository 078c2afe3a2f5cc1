/* The options and operands of a command, and the end of its output. */
#pragma once

#include <stdbool.h>

struct options {
    const char *file;
    int json, guests, verbose, dry_run, all; /* truth values, as getopt_long(3) stores them */
};

/* Parses the arguments of the command argv[0], which takes the options of `allowed`: c (-c FILE),
 * v (-v, --verbose), and the first letters of --json, --guests, --dry-run and --all. The operands,
 * at most `most_operands`, start at argv[optind] then. False: the error is logged. */
bool options_parse(int argc, char **argv, const char *allowed, int most_operands,
                   struct options *options);

/* Flushes standard output. Returns `code`, or EXIT_NO_ANSWER if the output was lost, which is
 * logged. */
int flush_output(int code);
