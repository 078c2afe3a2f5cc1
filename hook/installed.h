/* Whether libvirt calls this program as its hook. The hook leaves the time of the last call at
 * LAST_CALL. A call since the hooks last changed, and since the last start of a guest, proves that
 * the hook works, whatever its file looks like. Without that proof the files count. */
#pragma once

#include "lock.h"

#include <time.h>

#define LAST_CALL RUN_DIRECTORY "/last-call" /* its mtime is the time */

/* The same for the last `rxtrust apply`: guests that started without the hook before it are mended,
 * and prove nothing about a hook that was mended then too. */
#define LAST_APPLY RUN_DIRECTORY "/last-apply"

enum hook_state {
    HOOK_MISSING,        /* there is no hook */
    HOOK_FOREIGN,        /* there are only hooks of others */
    HOOK_NOT_EXECUTABLE, /* ours is there, but can't be run */
    HOOK_UNKNOWN,        /* this user can't know */
    HOOK_IN_PLACE,       /* no call since the hooks changed, and no guest missed one */
    HOOK_NOT_CALLED,     /* a guest started after the hook was there, and it wasn't called */
    HOOK_WORKS
};
extern const char *const hook_state_names[];

struct hook_report {
    enum hook_state state;
    time_t last_call; /* 0: not known */
    char *advice; /* the problem and the next step, which the caller frees; NULL: there is none */
};
struct hook_report hook_look(void);
