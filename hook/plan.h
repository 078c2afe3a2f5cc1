/* The desired state of each interface of a domain: its owner's word, the policy, the libvirt
 * networks and the host's links put together. Pure. The observed state, and the steps between the
 * two, are reconcile's. */
#pragma once

#include "device.h"
#include "domain.h"
#include "network.h"
#include "policy.h"

/* The plan for one interface, whose `write` it sets; `network` is the status of its libvirt
 * network, NULL if it has none or if it can't be read for this problem. */
struct plan plan_interface(struct interface *interface, const struct network *network,
                           const char *network_problem, const struct policy *policy,
                           const struct devices *devices);

/* Narrows the policy to the domain, and plans all of its interfaces. An alias of rxtrust 0.1.0 that
 * says whose trust it is counts as a note of the domain. All arguments must outlive the plans,
 * whose texts are theirs. */
void plan_domain(struct domain *domain, struct policy *policy, struct networks *networks,
                 const struct devices *devices);

/* Makes "nothing" of all plans: what rxtrust gave is to be taken back. */
void plan_revert(struct domain *domain);
