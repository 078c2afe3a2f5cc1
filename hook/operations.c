#include "operations.h"

#include "guard.h"
#include "guest.h"
#include "live.h"
#include "log.h"
#include "multicast.h"
#include "stream.h"

static const char *or_dash(const char *text) {
    return text ? text : "-";
}

static void give_back(void) {
    const char *problem = stream_give_back();
    if (problem)
        log_error("the domain XML can't be printed: %s", problem);
}

static void rewrite(const char *operation, const struct guest *guest) {
    size_t changes = 0;
    if (!guest_print(guest, &changes))
        give_back();
    else if (changes)
        log_info("%s: trustGuestRxFilters='yes' printed for %zu of %zu interfaces", operation,
                 changes, guest->domain.count);
}

static void set_multicast(const char *operation, const struct plan_item *item) {
    const struct interface *interface = item->interface;
    const char *problem =
        interface->target ? multicast_set(interface->target, true) : "the XML names no device";
    if (problem)
        log_error("%s: %s: no all-multicast on %s: %s", operation, or_dash(interface->mac),
                  or_dash(interface->target), problem);
    else
        log_info("%s: %s: all-multicast on %s, by policy = %s in [%s]", operation,
                 or_dash(interface->mac), interface->target,
                 policy_treatment_names[item->verdict.treatment], item->verdict.section);
}

static void do_steps(const char *operation, unsigned steps, const struct guest *guest) {
    if (steps & STEP_REWRITE)
        rewrite(operation, guest);
    for (size_t i = 0; (steps & STEP_MULTICAST) && i < guest->plan.count; i++)
        if (guest->plan.items[i].multicast)
            set_multicast(operation, &guest->plan.items[i]);
    if (steps & STEP_LIVE)
        live_trust(guest);
}

void operations_run(const char *name, unsigned steps) {
    struct guest guest;
    guard_arm(steps & STEP_REWRITE);
    if (guest_read(NULL, 1, &guest)) {
        do_steps(name, steps, &guest);
    } else {
        log_error("%s: the guest is left as it is", name);
        if (steps & STEP_REWRITE)
            give_back();
    }
    guest_free(&guest);
}
