/* What a process gives up before it reads what comes from outside. */
#pragma once

#include <stdbool.h>

/* From now on, and with no way back: no capability, no privilege by exec, nobody's user and group
 * if it was root's; it ends with its parent; it dumps no core; at most 1 GiB of memory and files of
 * 64 MiB; and no system call but those that allocate memory and read and write what is open. What
 * the kernel was built without (seccomp) is done without. False: any other failure. */
bool privileges_give_up(void);

/* Ends the process. */
__attribute__((noreturn)) void privileges_exit(int code);
