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

static void rewrite(const char *operation, const struct guest *guest) {
    size_t changes = 0;
    if (!guest_print(guest, &changes))
        give_back();
    else if (changes)
        log_info("%s: trustGuestRxFilters='yes' printed for %zu of %zu interfaces", operation,
                 changes, guest->domain.count);
}

static void do_steps(const char *operation, unsigned steps, const struct guest *guest) {
    if (steps & STEP_REWRITE)
        rewrite(operation, guest);
    for (size_t i = 0; (steps & STEP_MULTICAST) && i < guest->plan.count; i++)
        if (guest->plan.items[i].multicast)
            (void)guest_set_multicast(operation, &guest->plan.items[i], true); /* it is logged */
    if (steps & STEP_LIVE)
        live_trust_detached(guest);
}

void operations_run(const char *name, unsigned steps) {
    struct policy policy;
    struct guest guest = {0};
    guard_arm(steps & STEP_REWRITE);
    if (guest_read_policy(NULL, 1, &policy) && guest_read(&policy, &guest)) {
        do_steps(name, steps, &guest);
    } else {
        log_error("%s: the guest is left as it is", name);
        if (steps & STEP_REWRITE)
            give_back();
    }
    guest_free(&guest);
    policy_free(&policy);
}
