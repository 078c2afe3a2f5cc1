#include "observe.h"

#include "lock.h"
#include "mac.h"
#include "network.h"
#include "virsh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *observer_open(struct observer *observer, enum live live, time_t deadline) {
    *observer = (struct observer){.live = live, .deadline = deadline};
    return device_table_open(&observer->table);
}

void observer_close(struct observer *observer) {
    device_table_close(&observer->table);
}

char *waiter_name(const char *uuid, int device) {
    char *name = NULL;
    return asprintf(&name, "%s.wait-%d", uuid, device) < 0 ? NULL : name;
}

static bool is_awaited(const char *uuid, int device) {
    char *name = waiter_name(uuid, device);
    bool is = name && lock_is_held(name);
    free(name);
    return is;
}

static void observe_trust(const struct interface *interface, const struct plan_item *item,
                          struct observed *observed) {
    bool trust = interface->trust == TRUST_YES;
    if (item->attachment == ATTACHED_BY_NETWORK &&
        network_port_trust(interface->network, interface->port, &trust))
        observed->trust_problem = "whether its port on the network is trusted isn't known";
    observed->trust = observed->trust_problem    ? FORCE_UNKNOWN
                      : trust && item->can_trust ? FORCE_YES
                                                 : FORCE_NO;
}

/* A device of another MAC address is another guest's by now, unless a trusted guest changed its
 * own, which libvirt follows; if it is marked, the mark names the guest. One that somebody else
 * made is known by its name. */
static void observe_device(const struct observer *observer, const struct interface *interface,
                           const struct plan_item *item, const char *uuid,
                           struct finding *finding) {
    unsigned char mac[MAC_LENGTH];
    struct observed *observed = &finding->observed;
    const struct device *device = &finding->device;
    observed->problem = interface->target
                            ? device_get(&observer->table, interface->target, &finding->device)
                            : "the XML names none";
    observed->no_macvtap = observed->problem == not_a_macvtap;
    if (observed->problem)
        return;
    if (device->passthrough && device->foreign_alias && !device->all_multicast &&
        item->want != WANT_NOTHING)
        observed->problem = "it has an alias of somebody else's, so all-multicast can't be taken "
                            "back at the stop, as passthrough mode needs";
    bool same = item->attachment == ATTACHED_BY_NAME ||
                (mac_parse(interface->mac, mac) && memcmp(mac, device->mac, MAC_LENGTH) == 0);
    finding->moved = !same;
    bool own = same || strcasecmp(device->guest, uuid) == 0;
    bool is_anothers = !own && *device->guest && !device->retired;
    if (!own && (observed->trust != FORCE_YES || is_anothers) && item->want != WANT_NOTHING)
        observed->problem = "it has another MAC address than the interface";
    observed->up = device->up;
    observed->passthrough = device->passthrough;
    observed->all_multicast = device->all_multicast;
    observed->follows = device->follows || !same;
    observed->marked = own && device->marks & MARK_MULTICAST;
    observed->origin = own && device->marks & MARK_TRUST ? ORIGIN_MARKED : ORIGIN_UNKNOWN;
}

/* The same interface in the guest's stored XML: what it says of trust, or its network does. */
static enum origin stored_origin(const struct parsed_guest *stored, const char *mac) {
    for (size_t i = 0; mac && i < stored->plan.count; i++) {
        const char *other = stored->domain.interfaces[i].mac;
        if (other && strcmp(other, mac) == 0)
            return stored->plan.items[i].trust == TRUST_YES ? ORIGIN_OWNER : ORIGIN_RUN;
    }
    return ORIGIN_RUN;
}

static enum origin ask_origin(const char *uuid, const char *mac, time_t deadline) {
    struct virsh_dumps dumps;
    struct parsed parsed = {0};
    enum origin origin = ORIGIN_UNKNOWN;
    if (virsh_dump(&uuid, 1, true, deadline, &dumps)) {
        const struct parse_text text = {dumps.texts[0].data, dumps.texts[0].length};
        const struct parse_source source = {.policy = POLICY_FILE, .texts = &text, .count = 1};
        if (!parse(&source, &parsed) && parsed.count == 1 && !parsed.guests[0].error.reason)
            origin = stored_origin(&parsed.guests[0], mac);
    }
    parsed_free(&parsed);
    virsh_dumps_free(&dumps);
    return origin;
}

struct finding observe(const struct observer *observer, const struct parsed_guest *guest,
                       size_t number) {
    const struct interface *interface = &guest->domain.interfaces[number];
    const struct plan_item *item = &guest->plan.items[number];
    struct finding finding = {.observed = {.origin = ORIGIN_UNKNOWN, .live = observer->live}};
    struct observed *observed = &finding.observed;
    if (item->attachment == ATTACHED_ELSEWHERE) {
        finding.conclusion = reconcile(item, observed);
        return finding;
    }
    if (item->attachment == ATTACHED_BY_NETWORK && observer->live == LIVE_POSSIBLE)
        observed->live = LIVE_BY_NETWORK;
    observe_trust(interface, item, observed);
    observe_device(observer, interface, item, guest->domain.uuid, &finding);
    /* What rxtrust gave stands on the interface; what doesn't is its portgroup's or network's. */
    bool may_be_given = observed->trust == FORCE_YES && interface->trust == TRUST_YES;
    if (observed->origin == ORIGIN_UNKNOWN && !(may_be_given && is_contested(item)))
        observed->origin = ORIGIN_OWNER;
    else if (observed->origin == ORIGIN_UNKNOWN && observer->deadline)
        observed->origin = ask_origin(guest->domain.uuid, interface->mac, observer->deadline);
    observed->awaited = !observer->waiter && observed->passthrough && !observed->up &&
                        is_awaited(guest->domain.uuid, finding.device.index);
    finding.conclusion = reconcile(item, observed);
    return finding;
}
