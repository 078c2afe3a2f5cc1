/* The observed state of the interfaces of a guest that runs: the device by rtnetlink, and the trust
 * in force, of an interface on a libvirt network its port's. */
#pragma once

#include "device.h"
#include "domain.h"

/* Observes and judges all interfaces by the listed devices. `live` says what libvirt can do for
 * this guest; `at_reconnect`: libvirt may have missed what the guest told meanwhile. */
void observe(const struct devices *devices, struct domain *guest, unsigned long daemon_version,
             enum live live, bool at_reconnect);
