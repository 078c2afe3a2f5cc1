#include "observe.h"

#include "network.h"

#include <string.h>

/* An attribute of the live XML is in force where libvirt heeds it; of an interface on a libvirt
 * network its port decides, whatever the XML says. A 'yes' of rxtrust's was there before the port.
 */
static void observe_trust(const struct interface *interface, const struct plan_item *item,
                          struct observed *observed) {
    bool trust = interface->trust == TRUST_YES;
    bool unknown = item->attachment == ATTACHED_BY_NETWORK &&
                   !network_port_trust(interface->network, interface->port, &trust) &&
                   !is_given(interface);
    if (unknown)
        observed->trust_problem = "whether its network port is trusted is unknown";
    observed->trust = unknown ? FORCE_UNKNOWN : trust && item->can_trust ? FORCE_YES : FORCE_NO;
    observed->given = observed->trust == FORCE_YES && is_given(interface);
}

static void observe_device(const struct interface *interface, const struct device *device,
                           struct observed *observed) {
    observed->problem = !interface->target ? "the XML names no device"
                        : !device          ? "it is not there"
                        : !device->macvtap ? "it is no macvtap"
                                           : NULL;
    if (observed->problem)
        return;
    observed->passthrough = device->mode && strcmp(device->mode, "passthrough") == 0;
    observed->all_multicast = device->all_multicast;
    observed->follows = device->follows;
    /* The alias of version 0.1.0 says who gave the trust as long as it is in force. */
    observed->own_alias =
        device->own_alias && !(device->given_trust && observed->trust == FORCE_YES);
    observed->marked = device->marked;
}

struct finding observe(const struct devices *devices, const struct planned_guest *guest,
                       size_t number, unsigned long daemon_version, enum live live,
                       bool at_reconnect) {
    const struct interface *interface = &guest->domain.interfaces[number];
    const struct plan_item *item = &guest->plan.items[number];
    bool by_network = item->attachment == ATTACHED_BY_NETWORK;
    struct finding finding = {
        .observed = {.live = by_network && live == LIVE_POSSIBLE ? LIVE_BY_NETWORK : live,
                     .daemon_version = daemon_version,
                     .filter_unknown = at_reconnect,
                     .network = interface->network},
        .device = device_named(devices, interface->target),
    };
    if (item->attachment != ATTACHED_ELSEWHERE) {
        observe_trust(interface, item, &finding.observed);
        observe_device(interface, finding.device, &finding.observed);
    }
    finding.conclusion = reconcile(item, &finding.observed);
    if (!guest->domain.id && finding.conclusion.verdict != NOT_MACVTAP)
        finding.conclusion = (struct conclusion){.verdict = NOT_RUNNING};
    return finding;
}
