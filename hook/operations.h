/* The hook's operations: what libvirt tells, and what is done about it. See the table in main.c. */
#pragma once

#include <stdbool.h>

enum operation_steps {
    STEP_REWRITE = 1,    /* the domain XML, with the policy in it, to standard output */
    STEP_MULTICAST = 2,  /* all-multicast on each macvtap that the policy gives it */
    STEP_LIVE = 4,       /* trust in the running guest, in a process of its own; if it is the only
                          * step, that one also reads, and libvirt waits for nothing */
    STEP_UNTIL_SYNC = 8, /* all-multicast also on a macvtap that is trusted, until that works */
    STEP_HEEDED = 16,    /* libvirt uses what was printed: the log tells of it */
};

/* Does an operation's steps (bits of the above) for the guest whose XML is on standard input. What
 * can't be done is logged; where XML must be printed, it is then the input. Never fails. */
void operations_run(const char *name, unsigned steps);
