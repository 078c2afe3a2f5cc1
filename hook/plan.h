/* What is wanted for each interface of a domain: its XML, the policy and the libvirt networks put
 * together. Pure. What is so, and what is to be done about the difference, is reconcile's. */
#pragma once

#include "domain.h"
#include "network.h"
#include "policy.h"

#include <stdbool.h>
#include <stddef.h>

enum attachment {
    ATTACHED_ELSEWHERE,  /* no macvtap: a bridge, NAT, user, hostdev … */
    ATTACHED_DIRECTLY,   /* type='direct', to a host device that the interface names */
    ATTACHED_BY_NETWORK, /* to a libvirt network that gives macvtap */
    ATTACHED_BY_NAME /* type='ethernet', to a device that somebody else made: perhaps a macvtap */
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
    NETWORK_UNKNOWN, /* what it says of trust can't be known: perhaps 'no' */
    TRUSTED_ALREADY, /* the XML, the portgroup or the network says 'yes' */
    MODEL_UNTRUSTED, /* libvirt trusts virtio-net only */
    MODEL_UNSAID,    /* libvirt chooses it */
    PASSTHROUGH,     /* trust gives nothing there, and can break the host device's counter */
    MADE_ELSEWHERE   /* libvirt can't trust a device that it didn't make */
};

/* Where the trust that counts for an interface is said: the first of these that says something. */
enum said_by { SAID_NOWHERE, SAID_BY_INTERFACE, SAID_BY_PORTGROUP, SAID_BY_NETWORK };

struct plan_item {
    enum attachment attachment;
    const char *mode; /* bridge, vepa, private, passthrough; NULL where unknown */
    enum trust trust; /* what is said of trust, and where */
    enum said_by said_by;
    const char *network_problem; /* why the interface's network can't be known, or NULL */
    struct policy_verdict verdict;
    enum want want;
    enum reason reason;
    enum want want_unsaid; /* what would be wanted if the interface itself said nothing of trust: */
    enum reason reason_unsaid; /* the 'yes' of a running guest may be rxtrust's own */
    bool can_trust;            /* trust can be in force: not on a model that libvirt can't trust */
    bool write_trust;          /* the XML gets trustGuestRxFilters='yes' */
};

struct plan {
    struct plan_item *items; /* one for each interface, in the domain's order */
    size_t count;
    struct plan_network *networks;
    size_t network_count;
};

/* The plan for one interface; `network` is the status of its libvirt network, NULL if it has none
 * or it can't be read. */
struct plan_item plan_interface(const struct interface *interface, const struct network *network,
                                const struct policy *policy);

/* Narrows the policy to the domain, and plans all of its interfaces. The plan's texts are those of
 * domain and policy, which must outlive it. False: out of memory. Call plan_free() either way. */
bool plan_make(const struct domain *domain, struct policy *policy, const struct networks *networks,
               struct plan *plan);
void plan_free(struct plan *plan);
