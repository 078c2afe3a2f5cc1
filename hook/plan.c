#include "plan.h"

#include <stdlib.h>
#include <string.h>

static bool is(const char *text, const char *word) {
    return text && strcmp(text, word) == 0;
}

/* ---- What is wanted: one table ---- */

enum model { MODEL_OTHER, MODEL_VIRTIO, MODEL_NONE };

/* What the XML says, and UNKNOWN: a network that can't be read may say 'no'. */
enum { SAYS_UNKNOWN = TRUST_YES + 1 };

#define ANY        (~0U)
#define ONE(value) (1U << (value))
#define NOT(value) (~ONE(value))

/* Each column but the last three is a set, with a bit for each value; the first row that fits
 * counts.
 */
static const struct rule {
    unsigned attachment, passthrough, model, says, override, action;
    enum want want;
    enum reason reason;
    bool write_trust;
} rules[] = {
    {ONE(ATTACHED_ELSEWHERE), ANY, ANY, ANY, ANY, ANY, WANT_NOTHING, NO_MACVTAP, false},
    {ANY, ANY, ANY, ANY, ANY, ONE(POLICY_OFF), WANT_NOTHING, OFF_BY_POLICY, false},
    {ANY, ANY, ANY, ONE(TRUST_NO), ONE(false), ANY, WANT_NOTHING, NO_IN_XML, false},
    {ANY, ANY, ANY, ONE(SAYS_UNKNOWN), ONE(false), ANY, WANT_NOTHING, NETWORK_UNKNOWN, false},
    {NOT(ATTACHED_BY_NAME), ANY, ONE(MODEL_VIRTIO), ONE(TRUST_YES), ANY, ANY, WANT_TRUST,
     TRUSTED_ALREADY, false},
    {ANY, ANY, ANY, ANY, ANY, ONE(POLICY_MULTICAST), WANT_MULTICAST, BY_POLICY, false},
    {ONE(ATTACHED_BY_NAME), ANY, ANY, ANY, ANY, ANY, WANT_MULTICAST, MADE_ELSEWHERE, false},
    {ANY, ANY, ONE(MODEL_OTHER), ANY, ANY, ANY, WANT_MULTICAST, MODEL_UNTRUSTED, false},
    {ANY, ANY, ONE(MODEL_NONE), ANY, ANY, ANY, WANT_MULTICAST, MODEL_UNSAID, false},
    {ANY, ONE(true), ANY, ANY, ANY, ANY, WANT_MULTICAST, PASSTHROUGH, false},
    {ANY, ANY, ANY, ANY, ANY, ANY, WANT_TRUST, BY_POLICY, true},
};

static const struct rule *rule_for(const struct plan_item *item, enum model model, unsigned says) {
    const struct rule *rule = rules;
    bool passthrough = is(item->mode, "passthrough");
    while (!(rule->attachment & ONE(item->attachment)) || !(rule->passthrough & ONE(passthrough)) ||
           !(rule->model & ONE(model)) || !(rule->says & ONE(says)) ||
           !(rule->override & ONE(item->verdict.override)) ||
           !(rule->action & ONE(item->verdict.action)))
        rule++;
    return rule;
}

/* ---- One interface ---- */

static enum attachment attachment_of(const struct interface *interface,
                                     const struct network *network) {
    if (is(interface->type, "direct"))
        return interface->network ? ATTACHED_BY_NETWORK : ATTACHED_DIRECTLY;
    if (is(interface->type, "network") && network && network->macvtap)
        return ATTACHED_BY_NETWORK;
    if (is(interface->type, "ethernet") && is(interface->managed, "no") && interface->target)
        return ATTACHED_BY_NAME;
    return ATTACHED_ELSEWHERE;
}

static enum model model_of(const struct interface *interface) {
    static const char *const trusted[] = {"virtio", "virtio-transitional",
                                          "virtio-non-transitional"};
    for (size_t i = 0; i < sizeof trusted / sizeof *trusted; i++)
        if (is(interface->model, trusted[i]))
            return MODEL_VIRTIO;
    return interface->model ? MODEL_OTHER : MODEL_NONE;
}

/* What is said of trust: by the interface, else its portgroup, else its network, as in libvirt. */
static void find_trust(enum trust by_interface, const struct network *network,
                       const struct network_portgroup *group, struct plan_item *item) {
    const struct {
        enum trust trust;
        enum said_by said_by;
    } places[] = {
        {by_interface, SAID_BY_INTERFACE},
        {group ? group->trust : TRUST_UNSAID, SAID_BY_PORTGROUP},
        {network ? network->trust : TRUST_UNSAID, SAID_BY_NETWORK},
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (places[i].trust == TRUST_UNSAID)
            continue;
        item->trust = places[i].trust;
        item->said_by = places[i].said_by;
        return;
    }
}

static enum reason reason_of(const struct rule *rule, enum said_by said_by) {
    static const enum reason by[] = {[SAID_BY_INTERFACE] = NO_IN_XML,
                                     [SAID_BY_PORTGROUP] = NO_IN_PORTGROUP,
                                     [SAID_BY_NETWORK] = NO_IN_NETWORK};
    return rule->reason == NO_IN_XML ? by[said_by] : rule->reason;
}

/* Which of its devices a network will give isn't known before: nobody is trusted, nor a 'no' gone
 * over, that isn't on each of them. */
static struct policy_verdict decide(const struct policy *policy,
                                    const struct policy_subject *subject) {
    struct policy_subject on_one = *subject;
    on_one.device_count = subject->device_count ? 1 : 0;
    struct policy_verdict least = policy_decide(policy, &on_one);
    for (size_t i = 1; i < subject->device_count; i++) {
        on_one.devices = &subject->devices[i];
        struct policy_verdict verdict = policy_decide(policy, &on_one);
        verdict.override = verdict.override && least.override;
        least.override = verdict.override;
        if (verdict.action < least.action)
            least = verdict;
    }
    return least;
}

struct plan_item plan_interface(const struct interface *interface, const struct network *network,
                                const struct policy *policy) {
    struct plan_item item = {.attachment = attachment_of(interface, network)};
    const struct network_portgroup *group =
        network ? network_portgroup(network, interface->portgroup) : NULL;
    bool by_network = item.attachment == ATTACHED_BY_NETWORK;
    bool on_device = item.attachment == ATTACHED_DIRECTLY || (by_network && interface->dev);
    item.mode = interface->mode                        ? interface->mode
                : network                              ? network->mode
                : item.attachment == ATTACHED_DIRECTLY ? "vepa" /* libvirt's default */
                                                       : NULL;
    find_trust(interface->trust, network, group, &item);
    if (item.attachment != ATTACHED_ELSEWHERE)
        item.verdict = decide(
            policy,
            &(struct policy_subject){.network = by_network ? interface->network : NULL,
                                     .portgroup = !by_network            ? NULL
                                                  : interface->portgroup ? interface->portgroup
                                                  : group                ? group->name
                                                                         : NULL,
                                     .devices = on_device ? (const char *const *)&interface->dev
                                                : by_network && network ? network->devices
                                                                        : NULL,
                                     .device_count = on_device ? (interface->dev != NULL)
                                                     : by_network && network ? network->device_count
                                                                             : 0,
                                     .mac = interface->mac,
                                     .mode = item.mode});
    /* As if the interface said nothing: then its portgroup or network counts. */
    struct plan_item silent = {0};
    find_trust(TRUST_UNSAID, network, group, &silent);
    unsigned unsaid = by_network && !network ? SAYS_UNKNOWN : (unsigned)silent.trust;
    unsigned says = item.trust == TRUST_UNSAID ? unsaid : (unsigned)item.trust;
    const struct rule *rule = rule_for(&item, model_of(interface), says);
    const struct rule *otherwise =
        interface->trust == TRUST_YES ? rule_for(&item, model_of(interface), unsaid) : rule;
    item.can_trust = model_of(interface) != MODEL_OTHER && item.attachment != ATTACHED_BY_NAME;
    item.want = rule->want;
    item.reason = reason_of(rule, item.said_by);
    item.write_trust = rule->write_trust;
    item.want_unsaid = otherwise->want;
    item.reason_unsaid = reason_of(otherwise, otherwise == rule ? item.said_by : silent.said_by);
    return item;
}

/* ---- A whole domain ---- */

struct plan_network {
    const char *name;
    struct network network;
    const char *problem;
};

/* Returns the network of this name, parsed at most once for a domain; NULL: out of memory. */
static const struct plan_network *network_named(struct plan *plan, const struct networks *networks,
                                                const char *name) {
    for (size_t i = 0; i < plan->network_count; i++)
        if (plan->networks[i].name == name) /* equal texts of a domain have one address */
            return &plan->networks[i];
    struct plan_network *grown =
        reallocarray(plan->networks, plan->network_count + 1, sizeof *grown);
    if (!grown)
        return NULL;
    plan->networks = grown;
    struct plan_network *network = &grown[plan->network_count++];
    struct xml_error error;
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
        const struct interface *interface = &domain->interfaces[i];
        const struct plan_network *network = NULL;
        if (interface->network &&
            (is(interface->type, "network") || is(interface->type, "direct")) &&
            !(network = network_named(plan, networks, interface->network)))
            return false;
        const char *problem = network ? network->problem : NULL;
        plan->items[i] =
            plan_interface(interface, network && !problem ? &network->network : NULL, policy);
        plan->items[i].network_problem = problem;
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
