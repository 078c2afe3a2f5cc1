/* One network interface of a domain, and all that is known of it. Each step fills in its part, in
 * this order: domain.c what the XML says, plan.c what is wanted, observe.c what is so, reconcile.c
 * the steps from the one to the other and the verdict. */
#pragma once

#include "policy.h"

#include <stdbool.h>
#include <stddef.h>

/* What a trustGuestRxFilters attribute says. Any value but 'yes' is a 'no'. */
enum trust { TRUST_UNSAID, TRUST_NO, TRUST_YES };

/* ---- What is wanted ---- */

enum attachment {
    ATTACHED_ELSEWHERE,  /* no macvtap: a bridge, NAT, user, hostdev … */
    ATTACHED_DIRECTLY,   /* type='direct', to a host device that the interface names */
    ATTACHED_BY_NETWORK, /* to a libvirt network that gives macvtap */
    ATTACHED_BY_NAME     /* type='ethernet', to a macvtap that somebody else made */
};

enum want {
    WANT_NOTHING,
    WANT_MULTICAST, /* all-multicast on the device */
    WANT_TRUST      /* trust in force; all-multicast where it isn't, or while libvirt doesn't follow
                     * the guest's receive filter yet */
};

/* Why it is wanted. */
enum reason {
    BY_POLICY,
    NO_MACVTAP,
    OFF_BY_POLICY,
    NO_IN_XML, /* trustGuestRxFilters='no': an opt-out of the guest's owner, or of the network's */
    NO_IN_PORTGROUP,
    NO_IN_NETWORK,
    NETWORK_UNKNOWN, /* the network can't be read: perhaps it says 'no' */
    TRUSTED_ALREADY, /* the XML, the portgroup or the network says 'yes' */
    MODEL_UNTRUSTED, /* libvirt trusts virtio-net only */
    MODEL_UNSAID,    /* libvirt chooses it */
    PASSTHROUGH,     /* every MAC address arrives there without trust */
    MADE_ELSEWHERE,  /* libvirt can't trust a device that it didn't make */
    DEVICE_MISSING,  /* likewise, and the device isn't there yet: perhaps it is no macvtap */
    REVERTED         /* the administrator takes back what rxtrust gave */
};

/* Where the word of trust that counts is said: the first of these that says something. */
enum said_by { SAID_NOWHERE, SAID_BY_INTERFACE, SAID_BY_PORTGROUP, SAID_BY_NETWORK };

struct plan {
    enum attachment attachment;
    bool can_trust;   /* trust can be in force: not on a model that libvirt can't trust */
    const char *mode; /* bridge, vepa, private, passthrough; NULL where unknown */
    enum trust says;  /* the owner's word of trust, and where it stands */
    enum said_by said_by;
    const char *network_problem; /* why the interface's network can't be known, or NULL */
    struct policy_decision decision;
    enum want want;
    enum reason reason;
};

/* ---- What is so ---- */

enum in_force { FORCE_NO, FORCE_YES, FORCE_UNKNOWN };

/* Whether trust can be given to, or taken from, the guest that runs. */
enum live {
    LIVE_POSSIBLE,
    LIVE_NOT_NOW, /* libvirt waits for this process: calling it would be a deadlock */
    LIVE_IGNORED, /* libvirt before 10.0 says that it did it, and doesn't */
    LIVE_HARMFUL, /* libvirt 10.0 forgets that the device is its own: the next start is refused */
    LIVE_BY_NETWORK, /* the interface would lose its port on the libvirt network */
    LIVE_UNKNOWN     /* the daemon's version can't be known */
};

struct observed {
    const struct device *device; /* among those that were listed; NULL: it isn't */
    const char *problem;         /* why the device can't be looked at, or NULL */
    bool passthrough, all_multicast, follows, own_alias, marked; /* as in device.h */
    bool filter_unknown; /* libvirt may have missed changes of the guest's filter: at reconnect */
    bool given;          /* the trust in force is rxtrust's */
    enum in_force trust;
    const char *trust_problem; /* why trust is unknown, or NULL */
    enum live live;
    unsigned long daemon_version; /* for the words; 0: unknown */
};

/* ---- What follows ---- */

enum step {
    STEP_SET = 1,     /* all-multicast on the device, marked unless trust is in force */
    STEP_CLEAR = 2,   /* take back all-multicast */
    STEP_TRUST = 4,   /* update-device with 'yes', noted before */
    STEP_UNTRUST = 8, /* update-device with the owner's word; then the flag is set and marked where
                       * all-multicast is wanted, else cleared */
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

struct conclusion {
    unsigned steps; /* of enum step */
    enum verdict verdict;
};

/* ---- All of it ---- */

/* Texts are the XML's own, NULL where it has none; they live as long as the domain. */
struct interface {
    const char *type;
    const char *mac;
    const char *model;
    const char *network; /* the libvirt network, at every stage of a guest's life */
    const char *portgroup;
    const char *port; /* the UUID of its port on the network, once it has one */
    const char *bridge;
    const char *dev;  /* <source dev=>: the host's end; of a network interface only once it runs */
    const char *mode; /* <source mode=>: bridge, vepa, private, passthrough */
    const char *target;  /* <target dev=>: the macvtap, once the guest runs */
    const char *managed; /* <target managed=>: 'no' where somebody else made the device */
    enum trust trust;    /* what the XML says now */
    enum trust owner;    /* what it said before rxtrust gave trust, by the note */
    enum trust write;    /* what it is to say; the same as `trust` until that is changed */
    size_t tag_end;      /* offset in the XML of the start tag's closing '>' or '/>' */
    size_t end;          /* offset in the XML of what follows the element */

    struct plan plan;
    struct observed observed;
    struct conclusion conclusion;
};

/* The note says that the 'yes' is rxtrust's. */
static inline bool is_given(const struct interface *interface) {
    return interface->owner != interface->trust;
}
