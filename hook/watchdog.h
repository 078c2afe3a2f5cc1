/* The promise of a hook call: it ends, soon, with exit code 0. Another one would refuse a start,
 * cancel a migration, and at `reconnect` kill a running guest; so even a crash, a signal, or a peer
 * that never reads its pipe is logged and ends in exit code 0. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* How long a hook call may take while libvirt waits, and a background process; in seconds. */
enum { BACKGROUND_SECONDS = 70 };
#ifndef SANITIZED
enum { WATCHDOG_SECONDS = 20 };
#else /* valgrind's processes are slow, on a machine with other work all the more */
enum { WATCHDOG_SECONDS = 120 };
#endif

/* Call it first in a hook call. After so many seconds, and on every signal that ends a process, the
 * process logs that and exits with 0: at once, whatever blocks. 0: no limit of time from now on. */
void watchdog_arm(unsigned seconds);

/* In a child: signals do again what they do by default, and none is blocked. */
void watchdog_disarm(void);

/* Blocks every signal, for a fork() after which none must run a handler of the parent's in the
 * child; sigprocmask(SIG_SETMASK, before, NULL) ends that. */
void watchdog_block(sigset_t *before);

/* The process group that ends with this process when the watchdog ends it; 0: none. */
void watchdog_take_along(pid_t group);
