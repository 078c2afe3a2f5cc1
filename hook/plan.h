/* The desired state of each interface of a domain: its owner's word, the policy, the libvirt
 * networks and the host's links put together. Pure. The observed state, and the steps between the
 * two, are reconcile's. */
#pragma once

#include "device.h"
#include "domain.h"
#include "network.h"
#include "policy.h"

#include <stdbool.h>
#include <stddef.h>

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

struct plan_item {
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

struct plan {
    struct plan_item *items; /* one for each interface, in the domain's order */
    size_t count;
};

/* The plan for one interface, whose `write` it sets; `network` is the status of its libvirt
 * network, NULL if it has none or if it can't be read for this problem. */
struct plan_item plan_interface(struct interface *interface, const struct network *network,
                                const char *network_problem, const struct policy *policy,
                                const struct devices *devices);

/* Narrows the policy to the domain, and plans all of its interfaces. An alias of rxtrust 0.1.0 that
 * says whose trust it is counts as a note of the domain. All arguments must outlive the plan, whose
 * texts are theirs. False: out of memory. Call plan_free() either way. */
bool plan_make(struct domain *domain, struct policy *policy, struct networks *networks,
               const struct devices *devices, struct plan *plan);
void plan_free(struct plan *plan);

/* Makes "nothing" of a plan: what rxtrust gave is to be taken back. */
void plan_revert(struct plan *plan);
