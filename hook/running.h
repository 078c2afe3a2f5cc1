/* The guests that run, as virsh tells. */
#pragma once

#include "guest.h"

/* Calls `visit` for each running guest named (by name or UUID; the list ends with NULL), or, if it
 * is empty, for all that run. Goes on after a failure. False: a visit was false, or a guest, or
 * virsh, couldn't be asked, or a guest doesn't run; that is logged. */
bool running_for_each(char *const *names, bool (*visit)(void *user, const struct guest *guest),
                      void *user);
