/* The steps from the observed state of one interface to the desired one (plan.h), and the verdict.
 * Pure. This is the one place that judges: the hook's operations, apply, revert, status and the
 * background process do the steps that it names, or show its verdict. */
#pragma once

#include "plan.h"

#include <stdbool.h>

enum in_force { FORCE_NO, FORCE_YES, FORCE_UNKNOWN };
extern const char *const in_force_names[]; /* no, yes, unknown */

/* Whether trust can be given to, or taken from, the guest that runs. */
enum live {
    LIVE_POSSIBLE,
    LIVE_NOT_NOW, /* libvirt waits for this process: calling it would be a deadlock */
    LIVE_IGNORED, /* libvirt before 10.0 says that it did it, and doesn't */
    LIVE_HARMFUL, /* libvirt 10.0 forgets that the device is its own: the next start is refused */
    LIVE_BY_NETWORK, /* the interface would lose its port on the libvirt network */
    LIVE_UNKNOWN     /* the daemon's version can't be known */
};

/* Whether a daemon of this version (10.1.2 is 10001002; 0: unknown) takes trust for a guest that
 * runs. */
enum live live_by_version(unsigned long version);

struct observed {
    const char *problem; /* why the device can't be looked at, or NULL */
    bool passthrough, all_multicast, follows, own_alias, marked; /* as in device.h */
    bool filter_unknown; /* libvirt may have missed changes of the guest's filter: at reconnect */
    bool given;          /* the trust in force is rxtrust's */
    enum in_force trust;
    const char *trust_problem; /* why trust is unknown, or NULL */
    enum live live;
    unsigned long daemon_version; /* for the words; 0: unknown */
    const char *network;          /* likewise: the libvirt network of the interface, or NULL */
};

enum step {
    STEP_SET = 1,     /* all-multicast on the device, marked unless trust is in force */
    STEP_CLEAR = 2,   /* take back all-multicast */
    STEP_TRUST = 4,   /* update-device with 'yes', noted before */
    STEP_UNTRUST = 8, /* update-device with the owner's word */
    STEP_UNMARK = 16  /* drop a mark that isn't true any more */
};

enum verdict {
    NOT_MACVTAP,
    LEFT_ALONE,
    MULTICAST,
    TRUSTED,
    NO_MULTICAST,
    NOT_TRUSTED,
    STILL_MULTICAST,
    STILL_TRUSTED,
    TRUSTED_UNTIL_SHUTDOWN,
    DEVICE_UNKNOWN,
    NETWORK_NOT_KNOWN,
    NOT_RUNNING /* the guest doesn't run; it gets what the policy says at its start */
};

/* What an administrator makes of a verdict. */
enum state { STATE_OK, STATE_OPTED_OUT, STATE_BROKEN, STATE_UNKNOWN };
extern const char *const state_names[]; /* ok, opted out, BROKEN, unknown */
enum state verdict_state(enum verdict verdict);
const char *verdict_code(enum verdict verdict); /* stable, for --json: no-multicast … */

struct conclusion {
    unsigned steps; /* of enum step */
    enum verdict verdict;
};

struct conclusion reconcile(const struct plan_item *item, const struct observed *observed);

/* True: the interface is as the policy says. */
static inline bool is_good(const struct conclusion *conclusion) {
    return verdict_state(conclusion->verdict) <= STATE_OPTED_OUT;
}

/* Why, in a few words, and the next step if there is one. Returns a text that the caller frees, ""
 * where nothing needs to be said; NULL: out of memory. `guest` is the guest's name or UUID as a
 * shell takes it, for the advice; NULL: no advice is given. */
char *verdict_why(const struct plan_item *item, const struct observed *observed,
                  const struct conclusion *conclusion, const char *guest);

/* Appends why a libvirt network isn't known, by the problem with it, and how to start it. False:
 * out of memory. */
bool network_why(struct text *text, const char *network, const char *problem);

/* Why something is wanted, in words; a text that stays. */
const char *reason_text(enum reason reason);
