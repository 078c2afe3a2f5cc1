#include "plan.h"

#include <stdlib.h>
#include <string.h>

struct plan_network {
    const char *name;
    struct network network;
    const char *problem;
};

static bool is(const char *text, const char *word) {
    return text && strcmp(text, word) == 0;
}

static enum attachment attachment(const struct interface *interface,
                                  const struct network *network) {
    if (is(interface->type, "direct"))
        return interface->network ? ATTACHED_BY_NETWORK : ATTACHED_DIRECTLY;
    if (is(interface->type, "network") && network && network->macvtap)
        return ATTACHED_BY_NETWORK;
    return ATTACHED_ELSEWHERE;
}

struct plan_item plan_interface(struct interface *interface, const struct network *network,
                                const struct policy *policy) {
    struct plan_item item = {
        .interface = interface,
        .attachment = attachment(interface, network),
        .mode = interface->mode ? interface->mode
                : network       ? network->mode
                                : NULL,
        .trust = interface->trust,
        .can_trust = is(interface->model, "virtio") ||
                     is(interface->model, "virtio-transitional") ||
                     is(interface->model, "virtio-non-transitional"),
    };
    if (item.attachment == ATTACHED_ELSEWHERE)
        return item;
    if (item.attachment == ATTACHED_DIRECTLY && !item.mode)
        item.mode = "vepa"; /* libvirt's default */
    if (item.trust == TRUST_UNSAID && network)
        item.trust = network_trust(network, interface->portgroup);
    item.trusted = item.trust == TRUST_YES && item.can_trust;

    bool by_network = item.attachment == ATTACHED_BY_NETWORK;
    item.verdict = policy_decide(
        policy, &(struct policy_subject){.network = by_network ? interface->network : NULL,
                                         .portgroup = by_network ? interface->portgroup : NULL,
                                         .devices = &interface->dev,
                                         .device_count = interface->dev != NULL,
                                         .mac = interface->mac,
                                         .mode = item.mode});
    bool opted_out =
        item.verdict.action == POLICY_OFF ||
        (!item.verdict.override &&
         (item.trust == TRUST_NO || (item.trust == TRUST_UNSAID && by_network && !network)));
    item.multicast = !opted_out && !item.trusted;
    item.until_sync = !opted_out && item.trusted;
    item.write_trust = !opted_out && item.verdict.action == POLICY_TRUST && item.can_trust &&
                       item.trust != TRUST_YES;
    return item;
}

/* Returns the network of this name, read at most once for a domain; NULL: out of memory. Names are
 * kept once by the domain, so equal ones have one address. */
static const struct plan_network *network_named(struct plan *plan, const struct networks *networks,
                                                const char *name) {
    for (size_t i = 0; i < plan->network_count; i++)
        if (plan->networks[i].name == name)
            return &plan->networks[i];
    struct plan_network *grown =
        reallocarray(plan->networks, plan->network_count + 1, sizeof *grown);
    if (!grown)
        return NULL;
    plan->networks = grown;
    struct plan_network *network = &grown[plan->network_count++];
    struct xml_error error = {0};
    network->name = name;
    network->problem =
        network_read(networks, name, &network->network, &error) ? NULL : error.reason;
    return network;
}

bool plan_make(const struct domain *domain, struct policy *policy, const struct networks *networks,
               struct plan *plan) {
    *plan = (struct plan){.items = calloc(domain->count + 1, sizeof(struct plan_item))};
    if (!plan->items)
        return false;
    policy_for_domain(policy, domain->name, domain->uuid);
    for (size_t i = 0; i < domain->count; i++) {
        struct interface *interface = &domain->interfaces[i];
        const struct plan_network *network = NULL;
        if (interface->network &&
            (is(interface->type, "network") || is(interface->type, "direct")) &&
            !(network = network_named(plan, networks, interface->network)))
            return false;
        const char *problem = network ? network->problem : NULL;
        plan->items[i] =
            plan_interface(interface, network && !problem ? &network->network : NULL, policy);
        plan->items[i].network_problem = problem;
        interface->write_trust = plan->items[i].write_trust;
        plan->count++;
    }
    return true;
}

void plan_free(struct plan *plan) {
    for (size_t i = 0; i < plan->network_count; i++)
        network_free(&plan->networks[i].network);
    free(plan->networks);
    free(plan->items);
    *plan = (struct plan){0};
}
