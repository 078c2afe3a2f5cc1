#include "settle.h"

#include "clock.h"
#include "lock.h"
#include "log.h"
#include "time_limits.h"

#include <stdlib.h>
#include <string.h>

enum { DEVICE_STEPS = STEP_SET | STEP_CLEAR | STEP_UNMARK, LIVE_STEPS = STEP_TRUST | STEP_UNTRUST };

/* ---- A device ---- */

/* Does the steps that need no libvirt. Returns NULL, or why one failed. */
static const char *change_device(const struct devices *devices, const struct finding *finding) {
    unsigned steps = finding->conclusion.steps;
    return device_change(
        devices, finding->device,
        (struct device_change){.flag = steps & STEP_SET     ? FLAG_SET
                                       : steps & STEP_CLEAR ? FLAG_CLEAR
                                                            : FLAG_STAYS,
                               .marked = steps & STEP_SET && finding->observed.trust != FORCE_YES});
}

static void log_change(const char *why, const struct planned_guest *guest, size_t number,
                       const struct finding *finding, const char *problem) {
    const struct plan_item *item = &guest->plan.items[number];
    const char *mac = or_dash(guest->domain.interfaces[number].mac);
    const char *name = finding->device->names[0];
    bool on = finding->conclusion.steps & STEP_SET;
    if (problem)
        log_error("%s: %s: cannot change all-multicast on %s: %s", why, mac, name, problem);
    else if (finding->conclusion.steps & STEP_UNMARK)
        return;
    else if (!on && item->reason != OFF_BY_POLICY)
        log_info("%s: %s: all-multicast taken back from %s: %s", why, mac, name,
                 reason_text(item->reason));
    else
        log_info("%s: %s: all-multicast %s %s: policy = %s in [%s]", why, mac,
                 on ? "set on" : "taken back from", name,
                 policy_action_names[item->decision.action], item->decision.section);
}

/* Advice that has just failed isn't given again. */
static void log_verdict(const char *why, const struct planned_guest *guest, size_t number,
                        const struct finding *finding, const char *refusal) {
    const struct interface *interface = &guest->domain.interfaces[number];
    enum verdict verdict = finding->conclusion.verdict;
    bool good = is_good(&finding->conclusion);
    if (verdict == NOT_MACVTAP)
        return;
    char *text = verdict_why(&guest->plan.items[number], &finding->observed, &finding->conclusion,
                             refusal ? NULL : guest_for_shell(&guest->domain));
    const char *reason = text ? text : "out of memory";
    log_line(!good, good ? "" : "rxtrust: ", "%s: %s: %s: %s%s%s%s%s", why, or_dash(interface->mac),
             or_dash(interface->target), verdict_code(verdict), *reason ? ": " : "", reason,
             refusal ? "; last attempt: " : "", refusal ? refusal : "");
    free(text);
}

/* ---- While libvirt waits ---- */

void settle_devices(const char *why, struct guests *guests, bool at_reconnect) {
    const struct planned_guest *guest = guests_get(guests, 0);
    for (size_t i = 0; guest && i < guest->plan.count; i++) {
        struct finding finding = observe(&guests->devices, guest, i, 0, LIVE_NOT_NOW, at_reconnect);
        if (finding.conclusion.steps & DEVICE_STEPS)
            log_change(why, guest, i, &finding, change_device(&guests->devices, &finding));
        else if (verdict_state(finding.conclusion.verdict) == STATE_UNKNOWN)
            log_verdict(why, guest, i, &finding, NULL);
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
static bool settle_device(struct attempt *attempt, const struct devices *devices,
                          const struct planned_guest *guest, size_t number,
                          const struct finding *finding) {
    struct tries *tries = &attempt->tries[number];
    if (!(finding->conclusion.steps & DEVICE_STEPS) || tries->device >= 2 * ATTEMPTS)
        return false;
    const char *problem = change_device(devices, finding);
    tries->device++;
    if (problem || !(finding->conclusion.steps & STEP_UNMARK)) /* which follows a refusal */
        refuse(tries, problem);
    if (!problem)
        log_change(attempt->why, guest, number, finding, NULL);
    if (!problem && finding->conclusion.steps & STEP_SET)
        tries->set_on = finding->device->index;
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
                         const struct planned_guest *guest, size_t number,
                         const struct finding *finding) {
    struct interface *interface = &guest->domain.interfaces[number];
    bool trust = finding->conclusion.steps & STEP_TRUST;
    bool multicast = guest->plan.items[number].want == WANT_MULTICAST;
    struct virsh_result result = {0};
    struct text element = {0};
    for (size_t i = 0; i < guest->domain.count; i++) /* the note is about what all say then */
        guest->domain.interfaces[i].write = guest->domain.interfaces[i].trust;
    interface->write = trust ? TRUST_YES : interface->owner;
    const char *problem = trust ? set_note(attempt, &guest->domain) : NULL;
    /* Should the process end in between, the mark tells the next one to finish it. An alias of
     * version 0.1.0 stays until then: nothing else says who gave the trust. */
    if (!problem && !trust && !finding->device->given_trust)
        problem = device_change(&guests->devices, finding->device,
                                (struct device_change){.marked = true});
    if (!problem && domain_interface_xml(interface, &guests->dumps.texts[0], &element, &problem) &&
        !virsh_update_device(attempt->uuid, &element, attempt->deadline, &result))
        problem = virsh_problem(&result);
    if (!problem && !trust)
        problem = device_change(&guests->devices, finding->device,
                                (struct device_change){.flag = multicast ? FLAG_SET : FLAG_CLEAR,
                                                       .marked = multicast,
                                                       .clear_promiscuous = true});
    if (!problem && !trust) {
        log_info("%s: %s: trust taken back", attempt->why, or_dash(interface->mac));
        /* A note that stays by mistake counts for nothing. */
        (void)set_note(attempt, &guest->domain);
    }
    attempt->pauses = problem || attempt->tries[number].live;
    attempt->tries[number].live++;
    refuse(&attempt->tries[number],
           problem ? problem : "libvirt said yes, and did not do it: see its daemon's log");
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
static enum outcome settle_round(struct attempt *attempt, struct guests *guests,
                                 const struct planned_guest *guest) {
    const size_t count = guest->plan.count;
    size_t next = count; /* the interface that needs libvirt, and had the fewest attempts: one that
                          * libvirt refuses must not keep the others waiting */
    bool late = clock_now() + ATTEMPT_SECONDS >= attempt->deadline, again = false, good = true;
    if (!make_room(attempt, count)) {
        log_error("%s: out of memory", attempt->why);
        return OUTCOME_BAD;
    }
    for (size_t i = 0; !late && i < count; i++) {
        struct finding finding = guests_observe(guests, guest, i);
        unsigned tried = attempt->tries[i].live;
        again = settle_device(attempt, &guests->devices, guest, i, &finding) || again;
        if (finding.conclusion.steps & LIVE_STEPS && tried < ATTEMPTS &&
            (next == count || tried < attempt->tries[next].live))
            next = i;
    }
    if (next < count) {
        struct finding finding = guests_observe(guests, guest, next);
        change_trust(attempt, guests, guest, next, &finding);
        again = true;
    }
    for (size_t i = 0; !again && i < count; i++) {
        struct finding finding = guests_observe(guests, guest, i);
        bool is = is_good(&finding.conclusion);
        log_verdict(attempt->why, guest, i, &finding, is ? NULL : attempt->tries[i].refusal);
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
    const struct planned_guest *guest = guests_get(&guests, 0);
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
    } else if (!code && (!guest || !guest->domain.id)) {
        log_info("%s: the guest is gone", attempt->why);
        clear_after_stop(attempt, &guests.devices);
        outcome = OUTCOME_GONE;
    } else if (!code) {
        if (attempt->revert)
            plan_revert(&guests.planned.guests[0].plan);
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
