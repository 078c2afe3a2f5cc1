#include "operations.h"

#include "guard.h"
#include "guest.h"
#include "live.h"
#include "log.h"
#include "stream.h"

static void give_back(void) {
    const char *problem = stream_give_back();
    if (problem)
        log_error("the domain XML can't be printed: %s", problem);
}

static void rewrite(const char *operation, bool heeded, const struct guest *guest) {
    size_t changes = 0;
    if (!guest_print(guest, &changes))
        give_back();
    else if (changes && heeded)
        log_info("%s: trustGuestRxFilters='yes' printed for %zu of %zu interfaces", operation,
                 changes, guest->reading.domain.count);
}

static void do_steps(const char *operation, unsigned steps, const struct guest *guest) {
    if (steps & STEP_REWRITE)
        rewrite(operation, steps & STEP_HEEDED, guest);
    const struct plan *plan = &guest->reading.plan;
    for (size_t i = 0; i < plan->count; i++)
        if (((steps & STEP_MULTICAST) && plan->items[i].multicast) ||
            ((steps & STEP_UNTIL_SYNC) && plan->items[i].until_sync))
            (void)guest_set_multicast(operation, &plan->items[i], true); /* it is logged */
    if (steps & STEP_LIVE)
        live_trust_detached(guest);
}

void operations_run(const char *name, unsigned steps) {
    struct guest guest;
    guard_arm(steps & STEP_REWRITE);
    if (guest_read(NULL, GUEST_FIRST_ERROR, &guest)) {
        do_steps(name, steps, &guest);
    } else {
        log_error("%s: the guest is left as it is", name);
        if (steps & STEP_REWRITE)
            give_back();
    }
    guest_free(&guest);
}
