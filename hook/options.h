/* What the commands share: their options, and the ends that a command, unlike the hook, may come to
 * at once. */
#pragma once

#include <stdbool.h>

struct options {
    const char *file;
    int json, guests, verbose, dry_run, all; /* truth values, as getopt_long(3) stores them */
};

/* Parses the arguments of the command argv[0], which takes the options of `allowed`: c (-c FILE),
 * v (-v, --verbose), and the first letters of --json, --guests, --dry-run and --all. The operands,
 * at most `most_operands`, start at argv[optind] then. An error ends the command. */
struct options options_parse(int argc, char **argv, const char *allowed, int most_operands);

/* Ends the command with EXIT_USAGE, and logs the problem and what it is about. */
void usage_error(const char *command, const char *problem, const char *about)
    __attribute__((noreturn));

/* Returns its argument, or ends the command if that is NULL: memory ran out. */
void *or_end(void *allocated);

/* Prints into a text that the caller frees. */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Flushes standard output. Returns `code`, or EXIT_NO_ANSWER if the output was lost, which is
 * logged. */
int flush_output(int code);
