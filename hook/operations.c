#include "operations.h"

#include "confine.h"
#include "detach.h"
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
        (void)live_trust(guest); /* it is logged */
}

struct call {
    const char *name;
    unsigned steps;
    struct guest guest;
};

static void leave(const struct call *call) {
    log_error("%s: the guest is left as it is", call->name);
    if (call->steps & STEP_REWRITE)
        give_back();
}

static void run(void *user) {
    struct call *call = user;
    if (guest_read(NULL, GUEST_FIRST_ERROR, &call->guest))
        do_steps(call->name, call->steps, &call->guest);
    else
        leave(call);
}

/* A log that nobody reads must not hold a process for ever. */
enum { LONGEST = CONFINE_SECONDS + LIVE_SECONDS + 10 };

void operations_run(const char *name, unsigned steps) {
    struct call call = {.name = name, .steps = steps};
    guard_arm(steps & STEP_REWRITE);
    if (!guest_take(&call.guest)) {
        leave(&call);
    } else if (!(steps & STEP_APART)) {
        run(&call);
    } else if (!detach(run, &call, LONGEST)) {
        log_error("no process can be started for it");
        leave(&call);
    }
    guest_free(&call.guest);
}
