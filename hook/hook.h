/* The hook's operations: what libvirt calls a hook for, and what rxtrust does then. libvirt waits
 * for each of them, so none may call libvirt back. None fails: what it could not do is logged.
 * Where libvirt must be called after all, an operation returns true, in a background process. */
#pragma once

#include "domain.h"

struct hook_call {
    const char *operation;
    struct text xml;            /* the domain's; an operation may take it over */
    char uuid[UUID_LENGTH + 1]; /* from the text: a parser that was taken over must not name another
                                 * guest; "": there is none */
};

/* False: the guest has no macvtap, and nothing is to be done, nor a library to be loaded. */
bool hook_concerns(const struct text *xml);

/* Prints the XML that the policy wants, if it differs. libvirt parses what is printed at `migrate`
 * and `restore`; it ignores that of `prepare`, others may not. */
bool hook_print(struct hook_call *call);

/* Sets all-multicast: the devices exist, and are still down. */
bool hook_start(struct hook_call *call);

/* Finds out in the background whether trust must be changed. */
bool hook_started(struct hook_call *call);

/* After a restart of the daemon: both. */
bool hook_reconnect(struct hook_call *call);

/* Takes back all-multicast where the device outlives the guest. */
bool hook_stopped(struct hook_call *call);

/* Leaves the time in the mtime of a file (installed.h): libvirt's last call, or the last `apply`.
 */
void note_time(const char *file);
