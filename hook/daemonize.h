/* A background process: it goes on when its call is over.
 *
 * libvirt waits for its hook, and reads what the hook prints to its end: what must not hold a guest
 * up, or calls libvirt back, is done by a process that is nobody's child, in a session of its own,
 * with none of the hook's descriptors. */
#pragma once

#include <stdbool.h>

/* Has `work` done by such a process, with `user`, and returns at once. It logs to syslog, and ends
 * when the work is done, or after BACKGROUND_SECONDS (watchdog.h). False: it can't be started. */
bool daemonize(void (*work)(void *user), void *user);
