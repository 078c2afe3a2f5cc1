/* Descriptors that are open, and the background process. */
#pragma once

#include <stdbool.h>

/* Opens /dev/null as those of 0, 1 and 2 that are closed, so that no file opened later becomes one
 * of them. */
void descriptors_fill(void);

/* In a child: closes all descriptors but `kept` (-1: none), then makes 0, 1 and 2 /dev/null. The
 * closing comes first, because libvirt waits until the hook's pipes are closed. False: /dev/null
 * cannot be opened, and they stay closed. */
bool descriptors_release(int kept);

/* Starts a background process, and returns in both, like fork(2). libvirt waits for its hook, and
 * reads the hook's output to the end; so work that takes time or calls libvirt back is done by an
 * orphan in a session of its own, with none of the hook's descriptors. It logs to syslog, and ends
 * after BACKGROUND_SECONDS at the latest, or at once if it can't let go of them, which is logged.
 */
enum daemon { DAEMON_NOT_STARTED, DAEMON_STARTED, DAEMON_IS_THIS };
enum daemon daemonize(void);
