/* rxtrust apply: makes the policy true for guests that run, be it that they started before the hook
 * was there, that an interface was plugged in, or that the policy has changed. */
#include "commands.h"

#include "guest.h"
#include "live.h"
#include "log.h"
#include "device.h"
#include "running.h"

#include <stdio.h>

/* All-multicast where the policy asks for it; taken back where the guest is opted out. A trusted
 * interface's is libvirt's to set. */
static bool apply_multicast(const struct guest *guest, const struct plan_item *item) {
    bool on = false;
    if (item->attachment == ATTACHED_ELSEWHERE)
        return true;
    if (item->network_problem && !item->multicast && !item->trusted)
        return false; /* it is logged; what the network says of trust isn't known */
    if (item->trusted) {
        bool against = guest_is_trusted_against_policy(guest, item);
        if (against)
            log_error("apply: %s: trusted until the guest is shut down",
                      or_dash(item->interface->mac));
        return !against;
    }
    const char *device = item->interface->target ? item->interface->target : "";
    const char *problem = device_get(device, &on);
    return (!problem && on == item->multicast) ||
           guest_set_multicast("apply", item, item->multicast);
}

static bool apply(void *count, const struct guest *guest) {
    bool good = true;
    const struct plan *plan = &guest->parsed.plan;
    for (size_t i = 0; i < plan->count; i++)
        good = apply_multicast(guest, &plan->items[i]) && good;
    good = live_trust(guest) && good;
    *(size_t *)count += good;
    return good;
}

int command_apply(int argc, char **argv) {
    size_t good_guests = 0;
    char **names = argv + 1;
    if (argc > 1 && argv[1][0] == '-' && argv[1][1] == '-' && !argv[1][2])
        names++;
    bool good = guest_check_policy(NULL, NULL) && running_for_each(names, apply, &good_guests);
    if (good)
        (void)printf("%zu guest%s as the policy says\n", good_guests, good_guests == 1 ? "" : "s");
    return fflush(stdout) == 0 && good ? 0 : 1;
}
