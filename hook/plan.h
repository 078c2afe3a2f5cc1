/* What should be true of each interface of a domain: its XML, the policy and the libvirt networks
 * put together. Pure. */
#pragma once

#include "domain.h"
#include "network.h"
#include "policy.h"

#include <stdbool.h>
#include <stddef.h>

enum attachment {
    ATTACHED_ELSEWHERE, /* no macvtap: a bridge, NAT, user, hostdev … */
    ATTACHED_DIRECTLY,  /* type='direct', to a host device that the interface names */
    ATTACHED_BY_NETWORK /* to a libvirt network that gives macvtap */
};

struct plan_item {
    struct interface *interface;
    enum attachment attachment;
    const char *mode;            /* bridge, vepa, private, passthrough; NULL where unknown */
    enum trust trust;            /* what the interface says, else its portgroup, else its network */
    const char *network_problem; /* why the interface's network can't be told, or NULL */
    bool can_trust;              /* trust works for this model: virtio-net */
    bool trusted;                /* its XML, or its network's, gives it trust that works */
    struct policy_verdict verdict;
    bool write_trust; /* the policy asks for trust that the XML doesn't give */
    bool multicast;   /* the policy asks for all-multicast: no trusted filter does it already */
    bool until_sync;  /* trusted, and not opted out: all-multicast at a start, which libvirt ends
                       * when  it follows the guest's filter. Of a guest that arrives by a migration
                       * some  releases (7.0) don't, until the guest changes it. */
};

struct plan_network;

struct plan {
    struct plan_item *items; /* one for each interface, in the domain's order */
    size_t count;
    struct plan_network *networks;
    size_t network_count;
};

/* The decision for one interface; `network` is the status of its libvirt network, NULL if it has
 * none or it can't be read. */
struct plan_item plan_interface(struct interface *interface, const struct network *network,
                                const struct policy *policy);

/* Narrows the policy to the domain, and plans all of its interfaces. The plan's texts are those of
 * domain and policy, which must outlive it. False: out of memory. plan_free() is due either way. */
bool plan_make(const struct domain *domain, struct policy *policy, const struct networks *networks,
               struct plan *plan);
void plan_free(struct plan *plan);
