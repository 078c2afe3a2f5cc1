#include "plan.h"

#include <string.h>

static bool is(const char *text, const char *word) {
    return text && strcmp(text, word) == 0;
}

/* ---- The table ---- */

enum model { MODEL_OTHER, MODEL_VIRTIO, MODEL_NONE };

/* The owner's word, and UNKNOWN: a network that can't be read may say 'no'. */
enum { SAYS_UNKNOWN = TRUST_YES + 1 };

#define ANY        (~0U)
#define ONE(value) (1U << (value))
#define NOT(value) (~ONE(value))

/* Each column but the last two is a set, a bit for each value. The first row that fits counts. */
static const struct rule {
    unsigned attachment, passthrough, model, says, override, action;
    enum want want;
    enum reason reason;
} rules[] = {
    {ONE(ATTACHED_ELSEWHERE), ANY, ANY, ANY, ANY, ANY, WANT_NOTHING, NO_MACVTAP},
    {ANY, ANY, ANY, ANY, ANY, ONE(POLICY_OFF), WANT_NOTHING, OFF_BY_POLICY},
    {ANY, ANY, ANY, ONE(TRUST_NO), ONE(false), ANY, WANT_NOTHING, NO_IN_XML},
    {ANY, ANY, ANY, ONE(SAYS_UNKNOWN), ONE(false), ANY, WANT_NOTHING, NETWORK_UNKNOWN},
    {NOT(ATTACHED_BY_NAME), ANY, ONE(MODEL_VIRTIO), ONE(TRUST_YES), ANY, ANY, WANT_TRUST,
     TRUSTED_ALREADY},
    {ANY, ANY, ANY, ANY, ANY, ONE(POLICY_MULTICAST), WANT_MULTICAST, BY_POLICY},
    {ONE(ATTACHED_BY_NAME), ANY, ANY, ANY, ANY, ANY, WANT_MULTICAST, MADE_ELSEWHERE},
    {ANY, ANY, ONE(MODEL_OTHER), ANY, ANY, ANY, WANT_MULTICAST, MODEL_UNTRUSTED},
    {ANY, ANY, ONE(MODEL_NONE), ANY, ANY, ANY, WANT_MULTICAST, MODEL_UNSAID},
    {ANY, ONE(true), ANY, ANY, ANY, ANY, WANT_MULTICAST, PASSTHROUGH},
    {ANY, ANY, ANY, ANY, ANY, ANY, WANT_TRUST, BY_POLICY},
};

static const struct rule *rule_for(const struct plan *plan, enum model model, unsigned says) {
    const struct rule *rule = rules;
    bool passthrough = is(plan->mode, "passthrough");
    while (!(rule->attachment & ONE(plan->attachment)) || !(rule->passthrough & ONE(passthrough)) ||
           !(rule->model & ONE(model)) || !(rule->says & ONE(says)) ||
           !(rule->override & ONE(plan->decision.override)) ||
           !(rule->action & ONE(plan->decision.action)))
        rule++;
    return rule;
}

/* ---- One interface ---- */

/* libvirt's own names, and QEMU's, which libvirt passes on and whose events it follows (7.0 to
 * 12.8): virtio-net, virtio-net-pci, virtio-net-ccw … */
static enum model model_of(const struct interface *interface) {
    const char *model = interface->model;
    bool virtio = is(model, "virtio") || is(model, "virtio-transitional") ||
                  is(model, "virtio-non-transitional") ||
                  (model && strncmp(model, "virtio-net", strlen("virtio-net")) == 0);
    return !model ? MODEL_NONE : virtio ? MODEL_VIRTIO : MODEL_OTHER;
}

static enum attachment attachment_of(const struct interface *interface,
                                     const struct network *network, const struct device *device) {
    if (is(interface->type, "direct"))
        return interface->network ? ATTACHED_BY_NETWORK : ATTACHED_DIRECTLY;
    if (is(interface->type, "network") && network && network->macvtap)
        return ATTACHED_BY_NETWORK;
    if (is(interface->type, "ethernet") && is(interface->managed, "no") && interface->target &&
        (!device || device->macvtap))
        return ATTACHED_BY_NAME;
    return ATTACHED_ELSEWHERE;
}

/* Finds the word that counts: the owner's on the interface, else its portgroup's, else its
 * network's, as in libvirt. The nearest is looked at last. */
static void find_trust(const struct interface *interface, const struct network *network,
                       const struct network_portgroup *group, struct plan *plan) {
    const enum trust places[] = {
        [SAID_BY_INTERFACE] = interface->owner,
        [SAID_BY_PORTGROUP] = group ? group->trust : TRUST_UNSAID,
        [SAID_BY_NETWORK] = network ? network->trust : TRUST_UNSAID,
    };
    for (enum said_by by = SAID_BY_NETWORK; by > SAID_NOWHERE; by--) {
        if (places[by] == TRUST_UNSAID)
            continue;
        plan->says = places[by];
        plan->said_by = by;
    }
}

/* Before the start we do not know which host device the network will pick: take the least of the
 * decisions over all of them. */
static struct policy_decision decide(const struct interface *interface,
                                     const struct network *network,
                                     const struct network_portgroup *group,
                                     const struct device *device, const struct plan *plan,
                                     const struct policy *policy, const struct devices *devices) {
    bool by_network = plan->attachment == ATTACHED_BY_NETWORK;
    const struct device *lower = device ? device_at(devices, device->lower) : NULL;
    const char *const *names = &interface->dev; /* one name of each host device */
    size_t count = plan->attachment != ATTACHED_BY_NAME && interface->dev;
    if (lower) {
        names = (const char *const *)lower->names;
        count = 1;
    } else if (by_network && !interface->dev && network) {
        names = network->devices;
        count = network->device_count;
    }
    struct policy_subject subject = {
        .network = by_network ? interface->network : NULL,
        .portgroup = !by_network            ? NULL
                     : interface->portgroup ? interface->portgroup
                     : group                ? group->name
                                            : NULL,
        .mac = interface->mac,
        .mode = plan->mode,
        .portgroup_unknown = by_network && !network && !interface->portgroup,
        .device_unknown = !count && (plan->attachment == ATTACHED_BY_NAME || by_network),
        .mode_unknown = !plan->mode,
    };
    struct policy_decision least = {0};
    for (size_t i = 0; i < (count ? count : 1); i++) {
        /* Alternative names of one link are equal. */
        const struct device *host = count ? device_named(devices, names[i]) : NULL;
        subject.devices = host ? (const char *const *)host->names : &names[i];
        subject.device_count = host ? host->name_count : count ? 1 : 0;
        struct policy_decision decision = policy_decide(policy, &subject);
        if (i == 0 || decision.action < least.action) {
            least.action = decision.action;
            least.section = decision.section;
        }
        if (i == 0 || decision.override < least.override) {
            least.override = decision.override;
            least.override_section = decision.override_section;
        }
    }
    return least;
}

static enum reason reason_of(const struct plan *plan, const struct rule *rule,
                             const struct interface *interface, const struct device *device) {
    static const enum reason no_by[] = {[SAID_BY_INTERFACE] = NO_IN_XML,
                                        [SAID_BY_PORTGROUP] = NO_IN_PORTGROUP,
                                        [SAID_BY_NETWORK] = NO_IN_NETWORK};
    return rule->reason == NO_IN_XML ? no_by[plan->said_by]
           : plan->attachment == ATTACHED_BY_NAME && !device && rule->want == WANT_MULTICAST
               ? DEVICE_MISSING
           : rule->reason == NO_MACVTAP && plan->network_problem && is(interface->type, "network")
               ? NETWORK_UNKNOWN
               : rule->reason;
}

struct plan plan_interface(struct interface *interface, const struct network *network,
                           const char *network_problem, const struct policy *policy,
                           const struct devices *devices) {
    const struct device *device = device_named(devices, interface->target);
    struct plan plan = {.attachment = attachment_of(interface, network, device),
                        .network_problem = network_problem};
    const struct network_portgroup *group =
        network ? network_portgroup(network, interface->portgroup) : NULL;
    device = device && device->macvtap ? device : NULL;
    plan.mode = plan.attachment == ATTACHED_ELSEWHERE  ? interface->mode
                : device                               ? device->mode
                : interface->mode                      ? interface->mode
                : network                              ? network->mode
                : plan.attachment == ATTACHED_DIRECTLY ? "vepa" /* libvirt's default */
                                                       : NULL;
    find_trust(interface, network, group, &plan);
    if (plan.attachment != ATTACHED_ELSEWHERE)
        plan.decision = decide(interface, network, group, device, &plan, policy, devices);
    bool unknown = plan.attachment == ATTACHED_BY_NETWORK && !network && plan.says == TRUST_UNSAID;
    const struct rule *rule =
        rule_for(&plan, model_of(interface), unknown ? SAYS_UNKNOWN : (unsigned)plan.says);
    plan.can_trust = model_of(interface) == MODEL_VIRTIO && plan.attachment != ATTACHED_BY_NAME;
    plan.want = rule->want;
    plan.reason = reason_of(&plan, rule, interface, device);
    interface->write =
        plan.want == WANT_TRUST && plan.says != TRUST_YES ? TRUST_YES : interface->owner;
    return plan;
}

/* ---- A whole domain ---- */

/* Trust that version 0.1.0 gave has no note yet. */
static void read_old_mark(struct interface *interface, const struct devices *devices) {
    const struct device *device = device_named(devices, interface->target);
    if (device && device->given_trust && interface->owner == TRUST_YES)
        interface->owner = TRUST_UNSAID;
}

void plan_domain(struct domain *domain, struct policy *policy, struct networks *networks,
                 const struct devices *devices) {
    policy_for_domain(policy, domain->name, domain->uuid);
    for (size_t i = 0; i < domain->count; i++) {
        struct interface *interface = &domain->interfaces[i];
        bool needs_network = is(interface->type, "network") || is(interface->type, "direct");
        const char *problem = NULL;
        const struct network *network = interface->network && needs_network
                                            ? networks_get(networks, interface->network, &problem)
                                            : NULL;
        read_old_mark(interface, devices);
        interface->plan = plan_interface(interface, network, problem, policy, devices);
    }
}

void plan_revert(struct domain *domain) {
    for (size_t i = 0; i < domain->count; i++) {
        struct plan *plan = &domain->interfaces[i].plan;
        if (plan->attachment == ATTACHED_ELSEWHERE)
            continue;
        plan->want = WANT_NOTHING;
        plan->reason = REVERTED;
    }
}
