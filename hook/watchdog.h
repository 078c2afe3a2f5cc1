/* The promise of a hook call: it ends, soon, with exit code 0. A non-zero one would refuse a start,
 * cancel a migration, and at `reconnect` kill a running guest; so even a crash, or a peer that
 * never ends its part of a pipe, is logged and ends in exit code 0. */
#pragma once

#include <stdbool.h>

/* Call it first in a hook call. When the call crashes or has taken 20 seconds and `rewrites`, the
 * input goes back to standard output if it was read whole and nothing is written yet. */
void watchdog_arm(bool rewrites);

/* In a child: the signals that would end the call well are again what they are by default, and none
 * is blocked. */
void watchdog_disarm(void);

/* Sees to it that the descriptors 0, 1 and 2 are open: no file opened later must be taken for one.
 */
void watchdog_descriptors(void);

/* In a child: lets go of all descriptors but `kept` (-1: none), which libvirt reads to their ends;
 * 0, 1 and 2 are /dev/null then. False: that can't be had, and they are closed. */
bool watchdog_let_go(int kept);
