#include "operations.h"

#include "sandbox.h"
#include "daemonize.h"
#include "watchdog.h"
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
                 changes, guest->parsed.domain.count);
}

struct call {
    const char *name;
    unsigned steps;
    struct guest guest;
};

static void trust_live(void *user) {
    const struct call *call = user;
    (void)live_trust(&call->guest); /* it is logged */
}

/* Two answers to wait for, virsh's time, and what a log may take that nobody reads. */
enum { LONGEST = 2 * SANDBOX_SECONDS + LIVE_SECONDS + 10 };

static void go_apart(struct call *call, void (*work)(void *user)) {
    if (!daemonize(work, call, LONGEST))
        log_error("%s: no process can be started: not trusted", call->name);
}

/* An opt-out after the fact counts from a guest's shutdown on: a saved guest, or one that migrates,
 * brings its trust along. */
static void tell_of_trust(const char *operation, const struct plan_item *item) {
    if (item->trusted && item->verdict.action != POLICY_TRUST)
        log_info(
            "%s: %s: its XML or its network trusts it, which policy = %s in [%s] doesn't take back",
            operation, or_dash(item->interface->mac),
            policy_action_names[item->verdict.action], item->verdict.section);
}

/* libvirt needn't wait even until it is read: all of it is done apart. */
static bool is_all_apart(const struct call *call) {
    return call->steps == STEP_LIVE;
}

static void do_steps(struct call *call) {
    const struct guest *guest = &call->guest;
    unsigned steps = call->steps;
    if (steps & STEP_REWRITE)
        rewrite(call->name, steps & STEP_HEEDED, guest);
    const struct plan *plan = &guest->parsed.plan;
    for (size_t i = 0; i < plan->count; i++) {
        if (steps & STEP_UNTIL_SYNC)
            tell_of_trust(call->name, &plan->items[i]);
        if (((steps & STEP_MULTICAST) && plan->items[i].multicast) ||
            ((steps & STEP_UNTIL_SYNC) && plan->items[i].until_sync))
            (void)guest_set_multicast(call->name, &plan->items[i], true); /* it is logged */
    }
    if ((steps & STEP_LIVE) && live_is_due(guest)) {
        if (is_all_apart(call))
            trust_live(call);
        else
            go_apart(call, trust_live);
    }
}

static void leave(const struct call *call) {
    log_error("%s: the guest is left as it is", call->name);
    if (call->steps & STEP_REWRITE)
        give_back();
}

static void run(void *user) {
    struct call *call = user;
    if (guest_read(NULL, GUEST_FIRST_ERROR, &call->guest))
        do_steps(call);
    else
        leave(call);
}

/* What is set on a device is set while libvirt waits: later its name could be another guest's. */
void operations_run(const char *name, unsigned steps) {
    struct call call = {.name = name, .steps = steps};
    watchdog_arm(steps & STEP_REWRITE);
    if (!guest_take(&call.guest))
        leave(&call);
    else if (is_all_apart(&call))
        go_apart(&call, run);
    else
        run(&call);
    guest_free(&call.guest);
}
