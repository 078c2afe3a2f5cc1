/* The administrator's commands, a file each, and what they share. Each returns one of enum
 * exit_code (guests.h). */
#pragma once

#include "guests.h"

#include <stdbool.h>

int command_status(int argc, char **argv);
int command_apply(int argc, char **argv); /* and revert: by its name, argv[0] */
int command_define(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_check(int argc, char **argv);
int command_rewrite(int argc, char **argv);
int command_plugged(int argc, char **argv);

/* Warns of each section whose `vm` matches none of the guests, which must be all that are defined;
 * `file` is the policy's, NULL: the installed one. */
void check_warn_unmatched(const struct guests *guests, const char *file);

/* Why an interface is as it was found, and the next step if there is one; the caller frees it. */
char *interface_why(const struct domain *guest, const struct interface *interface);
