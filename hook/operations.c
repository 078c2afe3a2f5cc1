#include "operations.h"

#include "guard.h"
#include "guest.h"
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

/* A filter that the guest sets and libvirt follows needs no help. At a start it does: until the
 * guest has set it, and after `restore`, where the guest set it before and doesn't again. */
static bool is_followed(const struct plan_item *item) {
    return item->trust == TRUST_YES && item->can_trust;
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
    bool running = steps & STEP_LIVE;
    for (size_t i = 0; (steps & STEP_MULTICAST) && i < guest->plan.count; i++) {
        const struct plan_item *item = &guest->plan.items[i];
        if (item->multicast && !(running && is_followed(item)))
            set_multicast(operation, item);
    }
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
