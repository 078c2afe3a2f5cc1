/* The administrator's commands. Each returns the exit code: 0, or 1 after an error that is told on
 * stderr, with nothing on standard output. */
#pragma once

int command_check(int argc, char **argv);
int command_rewrite(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_status(int argc, char **argv);
int command_apply(int argc, char **argv);
