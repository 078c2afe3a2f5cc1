/* What is to be done about one interface: what is wanted (plan.h) against what is so (observe.h).
 * Pure.
 *
 * This is the one place that judges: the hook's operations, apply, status and the background
 * process do the steps that it names, or show its verdict. */
#pragma once

#include "plan.h"

#include <stdbool.h>

enum in_force { FORCE_NO, FORCE_YES, FORCE_UNKNOWN };

/* Whose trust it is that is in force. */
enum origin {
    ORIGIN_OWNER,  /* the guest's stored XML says so too */
    ORIGIN_MARKED, /* rxtrust gave it to this device */
    ORIGIN_RUN, /* only this run's XML has it: given before the guest was saved or moved, or by hand
                 */
    ORIGIN_UNKNOWN
};

/* Whether trust can be given to, or taken from, the guest that runs. */
enum live {
    LIVE_POSSIBLE,
    LIVE_NOT_NOW, /* libvirt waits for this process: calling it would be a deadlock */
    LIVE_IGNORED, /* libvirt before 10.0 says that it did it, and doesn't */
    LIVE_HARMFUL, /* libvirt 10.0 forgets that the device is its own: the next start is refused */
    LIVE_BY_NETWORK, /* the interface would lose its port on the libvirt network */
    LIVE_UNKNOWN     /* the daemon's version can't be known */
};

/* What is so of one interface at this moment. */
struct observed {
    const char *problem; /* why the device can't be looked at, or NULL */
    bool no_macvtap;     /* the device is none: not of rxtrust's concern */
    bool up;             /* of the device: as in device.h */
    bool passthrough;
    bool all_multicast;
    bool follows;
    bool marked;  /* all-multicast is rxtrust's */
    bool awaited; /* a background process waits until the device is up */
    enum in_force trust;
    const char *trust_problem; /* why trust is unknown, or NULL */
    enum origin origin;        /* of trust that is in force */
    enum live live;
};

enum step {
    STEP_SET = 1,     /* all-multicast on the device */
    STEP_CLEAR = 2,   /* take back what rxtrust set */
    STEP_TRUST = 4,   /* update-device, with the attribute */
    STEP_UNTRUST = 8, /* update-device, without it */
    STEP_WAIT = 16    /* until the device is up, then again */
};

enum verdict {
    NOT_CONCERNED, /* no macvtap: there is nothing to say */
    LEFT_ALONE,
    MULTICAST,
    TRUSTED,
    TRUSTED_NOT_FOLLOWED, /* and all-multicast meanwhile */
    MULTICAST_AWAITED,    /* set as soon as the device is up */
    DEVICE_UNKNOWN,       /* from here on not what the policy says */
    NETWORK_NOT_KNOWN,
    MULTICAST_MISSING,
    MULTICAST_WAITS,
    MULTICAST_LEFT,
    NOT_TRUSTED,
    TRUSTED_DEAF, /* the device neither follows the guest nor takes all multicast */
    TRUST_LEFT,
    TRUST_UNTIL_SHUTDOWN,
    TRUST_OF_UNKNOWN_ORIGIN
};

struct conclusion {
    unsigned steps; /* of enum step; none can be missing while the verdict is good */
    enum verdict verdict;
    enum want want; /* what counted, and why */
    enum reason reason;
};

struct conclusion reconcile(const struct plan_item *item, const struct observed *observed);

/* The 'yes' of a guest that runs may be rxtrust's own: then what is wanted depends on its origin,
 * which must be asked for. */
bool is_contested(const struct plan_item *item);

static inline bool is_good(const struct conclusion *conclusion) {
    return conclusion->verdict < DEVICE_UNKNOWN;
}

/* Whether a daemon of this version (as virsh.h counts) takes trust for a guest that runs. */
enum live live_by_version(unsigned long version);

/* The verdict in words. Returns a text that the caller frees; NULL: out of memory. `name` is the
 * guest's, for what an administrator can do; NULL: no advice is given. */
char *verdict_text(const struct plan_item *item, const struct observed *observed,
                   const struct conclusion *conclusion, const char *name);

/* Why something is wanted, in words; a text that stays. */
const char *reason_text(enum reason reason);
