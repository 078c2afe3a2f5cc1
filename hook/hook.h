/* The hook's operations: what libvirt calls a hook for, and what rxtrust does then. Each gets the
 * operation's name and the domain XML, which it may take over. None fails: what it could not do is
 * logged. libvirt waits for each of them, so none may call libvirt back. */
#pragma once

#include "io.h"

/* False: the guest has no macvtap, and nothing is to be done, nor a library to be loaded. */
bool hook_concerns(const struct text *xml);

/* Prints the XML that the policy wants, if it differs. libvirt ignores it, others may not. */
void hook_prepare(const char *operation, struct text *xml);

/* Likewise; libvirt uses it: at `migrate` and `restore` it parses anew what is printed. */
void hook_arrive(const char *operation, struct text *xml);

/* Sets all-multicast: the devices exist, and are still down. */
void hook_start(const char *operation, struct text *xml);

/* Changes trust, in the background. */
void hook_started(const char *operation, struct text *xml);

/* After a restart of the daemon: both. */
void hook_reconnect(const char *operation, struct text *xml);

/* Takes back all-multicast where the device outlives the guest. */
void hook_stopped(const char *operation, struct text *xml);

/* Leaves the time in the mtime of a file (installed.h): libvirt's last call, or the last `apply`.
 */
void note_time(const char *file);
