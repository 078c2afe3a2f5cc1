#include "observe.h"

#include "network.h"
#include "reconcile.h"

#include <string.h>

/* An attribute of the live XML is in force where libvirt heeds it; of an interface on a libvirt
 * network its port decides, whatever the XML says. A 'yes' of rxtrust's was there before the port.
 */
static void observe_trust(struct interface *interface) {
    struct observed *observed = &interface->observed;
    bool trust = interface->trust == TRUST_YES;
    bool unknown = interface->plan.attachment == ATTACHED_BY_NETWORK &&
                   !network_port_trust(interface->network, interface->port, &trust) &&
                   !is_given(interface);
    if (unknown)
        observed->trust_problem = "whether its network port is trusted is unknown";
    observed->trust = unknown                              ? FORCE_UNKNOWN
                      : trust && interface->plan.can_trust ? FORCE_YES
                                                           : FORCE_NO;
    observed->given = observed->trust == FORCE_YES && is_given(interface);
}

static void observe_device(const struct interface *interface, struct observed *observed) {
    const struct device *device = observed->device;
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

void observe(const struct devices *devices, struct domain *guest, unsigned long daemon_version,
             enum live live, bool at_reconnect) {
    for (size_t i = 0; i < guest->count; i++) {
        struct interface *interface = &guest->interfaces[i];
        bool by_network = interface->plan.attachment == ATTACHED_BY_NETWORK;
        interface->observed = (struct observed){
            .device = device_named(devices, interface->target),
            .live = by_network && live == LIVE_POSSIBLE ? LIVE_BY_NETWORK : live,
            .daemon_version = daemon_version,
            .filter_unknown = at_reconnect,
        };
        if (interface->plan.attachment != ATTACHED_ELSEWHERE) {
            observe_trust(interface);
            observe_device(interface, &interface->observed);
        }
        interface->conclusion = reconcile(&interface->plan, &interface->observed);
        if (!guest->id && interface->conclusion.verdict != NOT_MACVTAP)
            interface->conclusion = (struct conclusion){.verdict = NOT_RUNNING};
    }
}
