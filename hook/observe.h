/* What is so at this moment of the interfaces of a guest that runs, and what follows from it: their
 * devices, by rtnetlink, and the trust that is in force, of an interface on a libvirt network its
 * port's. */
#pragma once

#include "device.h"
#include "parse.h"
#include "reconcile.h"

#include <time.h>

/* What an observer knows of all guests. */
struct observer {
    struct device_table table;
    enum live live;  /* what this libvirt can do for a guest that runs */
    time_t deadline; /* for questions to virsh; 0: none are asked, libvirt waits */
    bool waiter;     /* this process waits itself until a device is up */
};

/* Returns NULL, or why nothing can be observed: a text that stays. Call observer_close() either
 * way. */
const char *observer_open(struct observer *observer, enum live live, time_t deadline);
void observer_close(struct observer *observer);

/* One interface, as it is. */
struct finding {
    struct observed observed;
    struct device device; /* if it could be looked at */
    bool moved; /* its MAC address is not the interface's: by the mark alone it is known */
    struct conclusion conclusion;
};

struct finding observe(const struct observer *observer, const struct parsed_guest *guest,
                       size_t interface);

/* The name of the lock whose holder waits until this device of the guest is up (lock.h); the caller
 * frees it. NULL: out of memory. */
char *waiter_name(const char *uuid, int device);
