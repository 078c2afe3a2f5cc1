#include "settle.h"

#include "clock.h"
#include "lock.h"
#include "log.h"
#include "observe.h"
#include "plan.h"
#include "reconcile.h"
#include "time_limits.h"

#include <stdlib.h>
#include <string.h>

enum { DEVICE_STEPS = STEP_SET | STEP_CLEAR | STEP_UNMARK, LIVE_STEPS = STEP_TRUST | STEP_UNTRUST };

/* ---- A device ---- */

/* Does the steps that need no libvirt. Returns NULL, or why one failed. */
static const char *change_device(const struct devices *devices, const struct interface *interface) {
    unsigned steps = interface->conclusion.steps;
    return device_change(devices, interface->observed.device,
                         (struct device_change){.flag = steps & STEP_SET     ? FLAG_SET
                                                        : steps & STEP_CLEAR ? FLAG_CLEAR
                                                                             : FLAG_STAYS,
                                                .marked = steps & STEP_SET &&
                                                          interface->observed.trust != FORCE_YES});
}

static void log_change(const char *why, const struct interface *interface, const char *problem) {
    const struct plan *plan = &interface->plan;
    const char *mac = or_dash(interface->mac), *name = interface->observed.device->names[0];
    bool on = interface->conclusion.steps & STEP_SET;
    if (problem)
        log_error("%s: %s: cannot change all-multicast on %s: %s", why, mac, name, problem);
    else if (interface->conclusion.steps & STEP_UNMARK)
        return;
    else if (!on && plan->reason != OFF_BY_POLICY)
        log_info("%s: %s: all-multicast taken back from %s: %s", why, mac, name,
                 reason_text(plan->reason));
    else
        log_info("%s: %s: all-multicast %s %s: policy = %s in [%s]", why, mac,
                 on ? "set on" : "taken back from", name,
                 policy_action_names[plan->decision.action], plan->decision.section);
}

/* Advice that has just failed isn't given again. */
static void log_verdict(const char *why, const struct domain *guest,
                        const struct interface *interface, const char *refusal) {
    enum verdict verdict = interface->conclusion.verdict;
    bool good = is_good(&interface->conclusion);
    if (verdict == NOT_MACVTAP)
        return;
    char *text = verdict_why(interface, refusal ? NULL : guest_for_shell(guest));
    const char *reason = text ? text : "out of memory";
    log_line(!good, good ? "" : "rxtrust: ", "%s: %s: %s: %s%s%s%s%s", why, or_dash(interface->mac),
             or_dash(interface->target), verdict_code(verdict), *reason ? ": " : "", reason,
             refusal ? "; last attempt: " : "", refusal ? refusal : "");
    free(text);
}

/* ---- While libvirt waits ---- */

void settle_devices(const char *why, const struct guests *guests, bool at_reconnect) {
    struct domain *guest = guests_next(guests, NULL);
    observe(&guests->devices, guest, 0, LIVE_NOT_NOW, at_reconnect);
    for (size_t i = 0; i < guest->count; i++) {
        const struct interface *interface = &guest->interfaces[i];
        if (interface->conclusion.steps & DEVICE_STEPS)
            log_change(why, interface, change_device(&guests->devices, interface));
        else if (verdict_state(interface->conclusion.verdict) == STATE_UNKNOWN)
            log_verdict(why, guest, interface, NULL);
    }
}

/* ---- With libvirt's help ---- */

/* The attempts on one interface. */
struct tries {
    unsigned device, live;
    char *refusal; /* of the last one, or NULL; owned */
    int set_on;    /* the index of a device on which all-multicast was set, or 0 */
};

struct attempt {
    const char *why;
    const char *uuid;
    bool revert;
    time_t deadline;
    struct tries *tries; /* one for each interface */
    size_t count;
    bool pauses; /* before the next round: libvirt refused, or did not answer */
};

static void refuse(struct tries *tries, const char *problem) {
    free(tries->refusal);
    tries->refusal = problem ? strdup(problem) : NULL;
}

/* Does what can be done without libvirt. True: look again. */
static bool settle_device(const char *why, const struct devices *devices,
                          const struct interface *interface, struct tries *tries) {
    unsigned steps = interface->conclusion.steps;
    if (!(steps & DEVICE_STEPS) || tries->device >= 2 * ATTEMPTS)
        return false;
    const char *problem = change_device(devices, interface);
    tries->device++;
    if (problem || !(steps & STEP_UNMARK)) /* which follows a refusal */
        refuse(tries, problem);
    if (!problem)
        log_change(why, interface, NULL);
    if (!problem && steps & STEP_SET)
        tries->set_on = interface->observed.device->index;
    return true;
}

/* Sets the note that belongs to the live XML with `write` on its interfaces. */
static const char *set_note(const struct attempt *attempt, const struct domain *domain) {
    struct text note = {0};
    struct virsh_result result = {0};
    const char *problem =
        domain_note(domain, true, &note) ? NULL : "cannot write the note: out of memory";
    if (!problem && !virsh_set_note(attempt->uuid, &note, attempt->deadline, &result)) {
        log_error("%s: virsh cannot note that the trust is rxtrust's: %s", attempt->why,
                  virsh_problem(&result));
        problem = "virsh refused the note";
    }
    virsh_result_free(&result);
    text_free(&note);
    return problem;
}

/* Gives trust, noted before, or takes it back. What came by it goes with it: libvirt made the
 * device promiscuous perhaps, and set all-multicast. */
static void change_trust(struct attempt *attempt, const struct guests *guests,
                         const struct domain *guest, struct interface *interface,
                         struct tries *tries) {
    const struct device *device = interface->observed.device;
    bool trust = interface->conclusion.steps & STEP_TRUST;
    bool multicast = interface->plan.want == WANT_MULTICAST;
    struct virsh_result result = {0};
    struct text element = {0};
    for (size_t i = 0; i < guest->count; i++) /* the note is about what all say then */
        guest->interfaces[i].write = guest->interfaces[i].trust;
    interface->write = trust ? TRUST_YES : interface->owner;
    const char *problem = trust ? set_note(attempt, guest) : NULL;
    /* Should the process end in between, the mark tells the next one to finish it. An alias of
     * version 0.1.0 stays until then: nothing else says who gave the trust. */
    if (!problem && !trust && !device->given_trust)
        problem = device_change(&guests->devices, device, (struct device_change){.marked = true});
    if (!problem && domain_interface_xml(interface, &guests->dumps.texts[0], &element, &problem) &&
        !virsh_update_device(attempt->uuid, &element, attempt->deadline, &result))
        problem = virsh_problem(&result);
    if (!problem && !trust)
        problem = device_change(&guests->devices, device,
                                (struct device_change){.flag = multicast ? FLAG_SET : FLAG_CLEAR,
                                                       .marked = multicast,
                                                       .clear_promiscuous = true});
    if (!problem && !trust) {
        log_info("%s: %s: trust taken back", attempt->why, or_dash(interface->mac));
        /* A note that stays by mistake counts for nothing. */
        (void)set_note(attempt, guest);
    }
    attempt->pauses = problem || tries->live;
    tries->live++;
    refuse(tries, problem ? problem : "libvirt said yes, and did not do it: see its daemon's log");
    virsh_result_free(&result);
    text_free(&element);
}

static bool make_room(struct attempt *attempt, size_t count) {
    struct tries *grown = reallocarray(attempt->tries, count + 1, sizeof *grown);
    if (!grown)
        return false;
    attempt->tries = grown;
    for (; attempt->count < count; attempt->count++)
        grown[attempt->count] = (struct tries){0};
    return true;
}

/* One round: the steps that need no libvirt, and one that does, for the XML is old after it. What
 * is so then the next round sees, and whether the guest still runs. */
static enum outcome settle_round(struct attempt *attempt, const struct guests *guests,
                                 struct domain *guest) {
    const size_t count = guest->count;
    size_t next = count; /* the interface that needs libvirt, and had the fewest attempts: one that
                          * libvirt refuses must not keep the others waiting */
    bool late = clock_now() + ATTEMPT_SECONDS >= attempt->deadline, again = false, good = true;
    if (!make_room(attempt, count)) {
        log_error("%s: out of memory", attempt->why);
        return OUTCOME_BAD;
    }
    guests_observe(guests, guest);
    struct tries *tries = attempt->tries;
    for (size_t i = 0; !late && i < count; i++) {
        const struct interface *interface = &guest->interfaces[i];
        again = settle_device(attempt->why, &guests->devices, interface, &tries[i]) || again;
        if (interface->conclusion.steps & LIVE_STEPS && tries[i].live < ATTEMPTS &&
            (next == count || tries[i].live < tries[next].live))
            next = i;
    }
    if (next < count) {
        change_trust(attempt, guests, guest, &guest->interfaces[next], &tries[next]);
        again = true;
    }
    for (size_t i = 0; !again && i < count; i++) {
        bool is = is_good(&guest->interfaces[i].conclusion);
        log_verdict(attempt->why, guest, &guest->interfaces[i], is ? NULL : tries[i].refusal);
        good = good && is;
    }
    return again ? OUTCOME_AGAIN : good ? OUTCOME_GOOD : OUTCOME_BAD;
}

/* The guest stopped after its call of `stopped` had been answered: nobody else clears what was set
 * since on a device that somebody else made. */
static void clear_after_stop(const struct attempt *attempt, const struct devices *devices) {
    for (size_t i = 0; i < attempt->count; i++) {
        const struct device *device = device_at(devices, attempt->tries[i].set_on);
        const char *problem =
            device && device->marked
                ? device_change(devices, device, (struct device_change){.flag = FLAG_CLEAR})
                : NULL;
        if (problem)
            log_error("%s: cannot take all-multicast back from %s: %s", attempt->why,
                      device->names[0], problem);
    }
}

static enum outcome try_once(struct attempt *attempt) {
    struct guests guests;
    enum exit_code code = guests_from_uuid(attempt->uuid, attempt->revert ? no_policy : NULL,
                                           attempt->deadline, &guests);
    struct domain *guest = guests_next(&guests, NULL);
    enum outcome outcome = OUTCOME_BAD;
    if (code == EXIT_NO_ANSWER && guests.dumps.result.code &&
        guests.dumps.result.code != VIRSH_MISSING &&
        clock_now() + ATTEMPT_SECONDS < attempt->deadline) {
        outcome = OUTCOME_AGAIN;
        attempt->pauses = true;
    } else if (code == EXIT_NO_ANSWER) {
        log_error("%s: cannot look at the guest, so nothing more is done: %s", attempt->why,
                  guests.problem);
        outcome = OUTCOME_NO_ANSWER;
    } else if (!code && (!guest || !guest->id)) {
        log_info("%s: the guest is gone", attempt->why);
        clear_after_stop(attempt, &guests.devices);
        outcome = OUTCOME_GONE;
    } else if (!code) {
        if (attempt->revert)
            plan_revert(guest);
        outcome = settle_round(attempt, &guests, guest);
    }
    guests_free(&guests);
    return outcome;
}

enum outcome settle_guest(const char *why, const char *uuid, bool revert, time_t deadline) {
    struct attempt attempt = {.why = why, .uuid = uuid, .revert = revert, .deadline = deadline};
    long pause_ms = PAUSE_MS;
    struct lock lock;
    const char *problem = lock_acquire(uuid, deadline, &lock);
    enum outcome outcome = problem ? OUTCOME_BAD : OUTCOME_AGAIN;
    if (problem)
        log_error("%s: cannot lock the guest: %s", why, problem);
    while (outcome == OUTCOME_AGAIN) {
        attempt.pauses = false;
        outcome = try_once(&attempt);
        if (outcome != OUTCOME_AGAIN || !attempt.pauses)
            continue;
        clock_pause(pause_ms);
        pause_ms *= pause_ms < LONGEST_PAUSE_MS ? 2 : 1;
    }
    lock_release(&lock);
    for (size_t i = 0; i < attempt.count; i++)
        free(attempt.tries[i].refusal);
    free(attempt.tries);
    return outcome;
}
