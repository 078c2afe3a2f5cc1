/* The promise of a hook call: it ends, soon, with exit code 0. Any other code would refuse a start,
 * cancel a migration, and at `reconnect` kill a running guest. So a crash, a signal, or a peer that
 * never reads its pipe is logged, and ends in exit code 0 all the same. */
#pragma once

#include <signal.h>
#include <sys/types.h>

/* Call it first in a hook call. After so many seconds, and on every signal that ends a process, the
 * process logs that and exits with 0, at once, whatever blocks. 0 seconds: no limit from now on. */
void watchdog_arm(unsigned seconds);

/* In a child: restores the default action of every signal, and blocks none. */
void watchdog_disarm(void);

/* Blocks every signal, so that no handler of the parent's runs in a child that is forked now;
 * sigprocmask(SIG_SETMASK, before, NULL) ends that. */
void watchdog_block(sigset_t *before);

/* The watchdog kills this process group before it ends this process; 0: none. */
void watchdog_kill_group(pid_t group);

/* From now on neither a signal nor the time limit ends the process, until
 * sigprocmask(SIG_SETMASK, before, NULL). Call it before the first byte of XML is printed: libvirt
 * would refuse half an XML, and so the guest. A reader that is gone ends the write with EPIPE.
 * A reader that never reads blocks it for ever; libvirt reads its hook's output to the end, or
 * closes it. */
void watchdog_begin_output(sigset_t *before);
