/* The observed state of an interface of a guest that runs: its device by rtnetlink, and the trust
 * in force, of an interface on a libvirt network its port's; and the conclusion. */
#pragma once

#include "device.h"
#include "reconcile.h"
#include "sandboxed_plan.h"

struct finding {
    struct observed observed;
    struct device *device; /* among the devices that were given; NULL if it couldn't be looked at */
    struct conclusion conclusion;
};

/* Judges interface `number` of the guest as the listed devices are. `live` says what libvirt can do
 * for this guest; `at_reconnect`: libvirt may have missed what the guest told meanwhile. */
struct finding observe(const struct devices *devices, const struct planned_guest *guest,
                       size_t number, unsigned long daemon_version, enum live live,
                       bool at_reconnect);
