/* The administrator's commands, a file each. Each returns the exit code: 0, or 1 after an error
 * that is logged on stderr, or of `status` if what it prints isn't as the policy says. */
#pragma once

#include "act.h"
#include "observe.h"

#include <stdbool.h>

int command_check(int argc, char **argv);
int command_rewrite(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_status(int argc, char **argv);
int command_apply(int argc, char **argv);
int command_plugged(int argc, char **argv);

/* What an argument sets: -c FILE, --json, --guests. */
struct options {
    const char *file;
    bool json, guests;
};

/* Takes the options of `allowed` (getopt(3)'s letters: c, j for --json, g for --guests) and up to
 * `operands` operands, which start at argv[optind] then. False: that is logged. */
bool command_options(int argc, char **argv, const char *allowed, int operands,
                     struct options *options);

/* Makes the policy true for a guest that runs, if it isn't; `why` is the command. */
enum outcome apply_to_guest(const char *why, const struct observer *observer,
                            const struct parsed_guest *guest);

/* 0 if what was printed to standard output got there and `good`, else 1. */
int command_end(bool good);
