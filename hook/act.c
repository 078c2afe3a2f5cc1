#include "act.h"

#include "lock.h"
#include "log.h"
#include "observe.h"
#include "update_device.h"
#include "virsh.h"
#include "watchdog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A step that libvirt refuses, or that changes nothing, is tried so often; a libvirt that doesn't
 * answer, as in a restart, until the deadline, with pauses that double up to the longest. */
enum { ATTEMPTS = 3, PAUSE_MS = 125, LONGEST_PAUSE_MS = 1000 };

/* None is begun that would be ended by the deadline alone; in seconds. */
enum { ATTEMPT_SECONDS = 5 };

enum { DEVICE_STEPS = STEP_SET | STEP_CLEAR, LIVE_STEPS = STEP_TRUST | STEP_UNTRUST };

/* ---- A device ---- */

/* Between processes that set a flag and the one that takes it back when the guest stops. */
static const char *lock_device(int index, struct lock *lock) {
    char *name = NULL;
    if (asprintf(&name, "link-%d", index) < 0) {
        *lock = (struct lock){.fd = -1};
        return "out of memory";
    }
    const char *problem = lock_acquire(name, virsh_now() + ATTEMPT_SECONDS, lock);
    free(name);
    return problem;
}

/* It bears the guest's UUID, and the guest hasn't stopped. */
static bool is_named(const struct device *device, const char *uuid) {
    return !device->retired && strcasecmp(device->guest, uuid) == 0;
}

static const char guest_has_stopped[] = "the guest has stopped";
static const char is_anothers[] = "the device is another's by now";

static const char *look_again(const struct observer *observer, const struct device *seen,
                              struct device *device) {
    const char *problem = device_get(&observer->table, seen->name, device);
    return !problem && device->index != seen->index ? is_anothers : problem;
}

static const char *lock_and_look(const struct observer *observer, const struct device *seen,
                                 struct device *device, struct lock *lock) {
    const char *problem = lock_device(seen->index, lock);
    *device = (struct device){0};
    return problem ? problem : look_again(observer, seen, device);
}

/* Under the device's lock, as it is now: in passthrough mode it may have gone down since, or the
 * guest may have stopped, and then it bears its name no more. */
static const char *set_in_passthrough(const struct observer *observer, const struct device *seen,
                                      const char *uuid, unsigned marks) {
    struct lock lock;
    struct device device;
    const char *problem = lock_and_look(observer, seen, &device, &lock);
    if (problem == is_anothers || (!problem && !is_named(&device, uuid)))
        problem = guest_has_stopped;
    if (!problem)
        problem = device_set(&observer->table, &device, uuid, marks);
    lock_release(&lock);
    return problem;
}

/* What another has set meanwhile stays marked. */
static const char *name_device(const struct observer *observer, const struct device *seen,
                               const char *uuid) {
    struct lock lock;
    struct device device;
    const char *problem = lock_and_look(observer, seen, &device, &lock);
    if (!problem && !is_named(&device, uuid))
        problem = device_set_marks(&observer->table, &device, uuid, device.marks | MARK_GUEST);
    lock_release(&lock);
    return problem;
}

/* What stays marked of these. A device whose MAC address the guest has changed, which libvirt
 * doesn't change back, must still be known when the guest is opted in again. */
static unsigned marks_left(const struct finding *finding, unsigned marks) {
    return marks | (finding->moved ? MARK_GUEST : 0U);
}

/* The mark of trust goes with the trust, which outlives the flag. */
static unsigned marks_after(const struct finding *finding, bool on) {
    unsigned trust = finding->observed.trust == FORCE_NO && !on ? 0 : MARK_TRUST;
    return marks_left(finding, (finding->device.marks & trust) | (on ? MARK_MULTICAST : 0U));
}

/* In passthrough mode a device must bear the guest's UUID before something is set on it: by that
 * alone the call at the guest's stop, whose XML names no device, knows it, and keeps it as it is
 * then. */
static bool must_be_named(const struct finding *finding, const char *uuid) {
    return finding->device.passthrough && finding->conclusion.steps & (STEP_SET | STEP_WAIT) &&
           !is_named(&finding->device, uuid);
}

/* Of what was set for another guest that had the device the stop of the one that starts on it now
 * is to know. */
static bool inherits(const struct finding *finding, const char *uuid) {
    return finding->device.passthrough && finding->device.marks & MARK_MULTICAST &&
           finding->conclusion.want != WANT_NOTHING && !finding->observed.problem &&
           !is_named(&finding->device, uuid);
}

/* Does the steps that need no libvirt. False: one failed, which is logged, as is what was done.
 * True: look again. */
static bool act_on_device(const char *why, const struct observer *observer,
                          const struct parsed_guest *guest, size_t number,
                          const struct finding *finding) {
    const struct plan_item *item = &guest->plan.items[number];
    bool on = finding->conclusion.steps & STEP_SET;
    unsigned marks = marks_after(finding, on);
    const char *uuid = guest->domain.uuid;
    const char *mac = or_dash(guest->domain.interfaces[number].mac), *name = finding->device.name;
    const char *problem = finding->device.passthrough
                              ? set_in_passthrough(observer, &finding->device, uuid, marks)
                              : device_set(&observer->table, &finding->device, uuid, marks);
    if (problem == guest_has_stopped)
        return true; /* which virsh knows better: it may run again */
    if (problem)
        log_error("%s: %s: all-multicast on %s can't be %s: %s", why, mac, name,
                  on ? "set" : "taken back", problem);
    else if (finding->conclusion.want == WANT_NOTHING &&
             finding->conclusion.reason != OFF_BY_POLICY)
        log_info("%s: %s: no more all-multicast on %s: %s", why, mac, name,
                 reason_text(finding->conclusion.reason));
    else
        log_info("%s: %s: %s %s, by policy = %s in [%s]", why, mac,
                 on ? "all-multicast on" : "no more all-multicast on", name,
                 policy_action_names[item->verdict.action], item->verdict.section);
    return !problem;
}

static void log_verdict(const char *why, const struct parsed_guest *guest, size_t number,
                        const struct finding *finding, const char *refusal, bool advise) {
    const struct interface *interface = &guest->domain.interfaces[number];
    if (finding->conclusion.verdict == NOT_CONCERNED)
        return;
    char *text = verdict_text(&guest->plan.items[number], &finding->observed, &finding->conclusion,
                              advise ? guest->domain.name : NULL);
    bool good = is_good(&finding->conclusion);
    const char *shown = text ? text : "out of memory";
    if (good)
        log_info("%s: %s: %s: %s", why, or_dash(interface->mac), or_dash(interface->target), shown);
    else
        log_error("%s: %s: %s: %s%s%s", why, or_dash(interface->mac), or_dash(interface->target),
                  shown, refusal ? "; last attempt: " : "", refusal ? refusal : "");
    free(text);
}

/* ---- While libvirt waits ---- */

void act_on_devices(const char *why, const struct parsed_guest *guest) {
    struct observer observer;
    const char *problem = observer_open(&observer, LIVE_NOT_NOW, 0);
    if (problem)
        log_error("%s: the devices can't be looked at: %s", why, problem);
    for (size_t i = 0; !problem && i < guest->plan.count; i++) {
        struct finding finding = observe(&observer, guest, i);
        /* libvirt waits: the guest can't stop in between. Without the name the background sees to
         * it. */
        if (must_be_named(&finding, guest->domain.uuid) || inherits(&finding, guest->domain.uuid))
            (void)name_device(&observer, &finding.device, guest->domain.uuid);
        if (finding.conclusion.steps & DEVICE_STEPS)
            (void)act_on_device(why, &observer, guest, i, &finding); /* it is logged */
        /* Whose the trust is that is in force is asked in the background. */
        else if (!is_good(&finding.conclusion) && !(finding.conclusion.steps & STEP_WAIT) &&
                 finding.conclusion.verdict != TRUST_OF_UNKNOWN_ORIGIN)
            log_verdict(why, guest, i, &finding, NULL, true);
    }
    observer_close(&observer);
}

/* Under the device's lock: nobody sets the flag in between. A device that is retired stays as it is
 * then. */
static void take_back(const char *why, const struct observer *observer, const struct device *found,
                      const char *uuid, bool retire) {
    struct lock lock;
    struct device device;
    const char *problem = lock_and_look(observer, found, &device, &lock);
    bool own = !problem && is_named(&device, uuid);
    bool set = own && device.all_multicast && device.marks & MARK_MULTICAST;
    if (set)
        problem = device_set(&observer->table, &device, uuid, 0);
    if (!problem && own)
        problem = retire ? device_retire(&observer->table, &device, uuid)
                         : device_set_marks(&observer->table, &device, uuid, 0);
    lock_release(&lock);
    if (problem && (set || found->marks & MARK_MULTICAST))
        log_error("%s: all-multicast can't be taken back from %s: %s", why, found->name, problem);
    else if (set)
        log_info("%s: all-multicast is taken back from %s, as passthrough mode needs", why,
                 found->name);
}

/* Of a device that libvirt names itself the XML at the stop has no name. */
static bool was_made_elsewhere(const struct stream_text *xml, const struct device *device) {
    char target[sizeof "<target dev=''" + IF_NAMESIZE];
    int length = snprintf(target, sizeof target, "<target dev='%s'", device->name);
    return memmem(xml->data, xml->length, target, (size_t)length);
}

/* A device that somebody else made outlives the guest, and serves its next run: it isn't retired.
 */
void act_after_stop(const char *why, const char *uuid, const struct stream_text *xml) {
    struct observer observer;
    struct device_list list = {0};
    const char *problem = observer_open(&observer, LIVE_NOT_NOW, 0);
    if (!problem)
        problem = device_list_passthrough(&observer.table, &list);
    for (size_t i = 0; !problem && i < list.count; i++) {
        const struct device *device = &list.devices[i];
        if (is_named(device, uuid))
            take_back(why, &observer, device, uuid, xml && !was_made_elsewhere(xml, device));
    }
    if (problem)
        log_error("%s: the devices can't be looked at: %s", why, problem);
    free(list.devices);
    observer_close(&observer);
}

/* ---- With libvirt's help ---- */

struct attempt {
    const char *why;
    const char *uuid;
    time_t deadline;
    bool waiter;
    unsigned rounds; /* in which something was to be done */
    long pause_ms;
    char *refusal;         /* what came of the last step that needs libvirt, or NULL */
    size_t refused_number; /* of which interface */
    bool refused;
    int *waits_for; /* the indexes of devices that are down, in passthrough mode */
    size_t waits_count;
};

static void pause_longer(struct attempt *attempt) {
    virsh_pause(attempt->pause_ms);
    attempt->pause_ms =
        2 * attempt->pause_ms < LONGEST_PAUSE_MS ? 2 * attempt->pause_ms : LONGEST_PAUSE_MS;
}

/* Gives or takes back trust: marked before it is given, so that what is marked is all that rxtrust
 * can have given. */
static void act_live(struct attempt *attempt, const struct observer *observer,
                     const struct interface *interface, const struct finding *finding,
                     const struct virsh_text *xml) {
    bool trust = finding->conclusion.steps & STEP_TRUST;
    struct virsh_result result = {0};
    struct device device = {0};
    free(attempt->refusal);
    attempt->refusal = NULL;
    const char *problem = look_again(observer, &finding->device, &device);
    if (!problem && trust)
        problem =
            device_set_marks(&observer->table, &device, attempt->uuid, device.marks | MARK_TRUST);
    if (!problem)
        problem = update_device(attempt->uuid, interface, trust, xml, attempt->deadline, &result);
    /* With trust libvirt may take back all-multicast too; then nothing is left to be marked. */
    if (!problem && !trust)
        problem = look_again(observer, &finding->device, &device);
    if (!problem && !trust)
        problem = device_set_marks(
            &observer->table, &device, attempt->uuid,
            marks_left(finding, device.marks & (device.all_multicast ? MARK_MULTICAST : 0U)));
    attempt->refused = problem;
    attempt->refusal = strdup(problem ? problem : "libvirt said yes, and did not do it");
    virsh_result_free(&result);
}

/* One round: all steps that need no libvirt, and one that does, for the XML is old after it. */
static enum outcome settle(struct attempt *attempt, const struct parsed_guest *guest,
                           const struct virsh_text *xml, enum live live) {
    struct observer observer;
    bool good = true, acted = false, sent = false;
    int *waits_for = reallocarray(attempt->waits_for, guest->plan.count + 1, sizeof *waits_for);
    const char *problem = observer_open(&observer, live, attempt->deadline);
    observer.waiter = attempt->waiter;
    attempt->waits_for = waits_for ? waits_for : attempt->waits_for;
    attempt->waits_count = 0;
    if (!waits_for)
        problem = "out of memory";
    bool last = attempt->rounds >= ATTEMPTS + 2 * guest->plan.count ||
                virsh_now() + ATTEMPT_SECONDS >= attempt->deadline;
    if (problem)
        log_error("%s: the devices can't be looked at: %s", attempt->why, problem);
    for (size_t i = 0; !problem && i < guest->plan.count; i++) {
        const struct interface *interface = &guest->domain.interfaces[i];
        struct finding finding = observe(&observer, guest, i);
        unsigned steps = finding.conclusion.steps & (last ? (unsigned)STEP_WAIT : ~0U);
        /* And then it must be seen that the guest still runs. */
        if (!last && must_be_named(&finding, attempt->uuid) &&
            !name_device(&observer, &finding.device, attempt->uuid)) {
            acted = true;
            continue;
        }
        if (steps & DEVICE_STEPS)
            acted = act_on_device(attempt->why, &observer, guest, i, &finding) || acted;
        if (steps & LIVE_STEPS && !sent) {
            act_live(attempt, &observer, interface, &finding, xml);
            attempt->refused_number = i;
            sent = true;
        }
        if (steps & STEP_WAIT && !must_be_named(&finding, attempt->uuid))
            attempt->waits_for[attempt->waits_count++] = finding.device.index;
        else
            good = good && is_good(&finding.conclusion);
    }
    bool again = !problem && (acted || sent) && !last;
    for (size_t i = 0; !problem && !again && i < guest->plan.count; i++) {
        struct finding finding = observe(&observer, guest, i);
        if (finding.conclusion.steps & STEP_WAIT && !must_be_named(&finding, attempt->uuid))
            log_info("%s: %s: all-multicast as soon as %s is up", attempt->why,
                     or_dash(guest->domain.interfaces[i].mac), finding.device.name);
        else
            log_verdict(attempt->why, guest, i, &finding,
                        i == attempt->refused_number ? attempt->refusal : NULL, attempt->waiter);
    }
    observer_close(&observer);
    attempt->rounds++;
    if (again && attempt->refused)
        pause_longer(attempt);
    return again ? OUTCOME_AGAIN : problem || !good ? OUTCOME_BAD : OUTCOME_GOOD;
}

/* What was set after libvirt's call at the stop nobody else takes back. Should the next run have
 * begun, its process waits for this one's lock. */
static enum outcome is_gone(const struct attempt *attempt) {
    log_info("%s: the guest is gone", attempt->why);
    if (attempt->rounds)
        act_after_stop(attempt->why, attempt->uuid, NULL);
    return OUTCOME_GONE;
}

/* What virsh dumped, parsed by the policy as it is now. */
static enum outcome parse_and_settle(struct attempt *attempt, const struct virsh_dumps *dumps) {
    const struct parse_text text = {dumps->texts[0].data, dumps->texts[0].length};
    const struct parse_source source = {.policy = POLICY_FILE, .texts = &text, .count = 1};
    struct parsed parsed;
    enum outcome outcome = OUTCOME_BAD;
    const char *problem = parse(&source, &parsed);
    const struct parsed_guest *guest = parsed.count ? &parsed.guests[0] : NULL;
    if (!problem)
        problem = parsed.policy_error_count ? parsed.policy_errors[0].reason
                  : guest                   ? guest->error.reason
                                            : NULL;
    if (problem || !guest)
        log_error("%s: nothing is done for this guest: policy or live XML: %s", attempt->why,
                  problem ? problem : "nothing was parsed");
    else if (!guest->domain.id) {
        outcome = is_gone(attempt);
    } else {
        outcome = settle(attempt, guest, &dumps->texts[0], live_by_version(dumps->daemon_version));
    }
    parsed_free(&parsed);
    return outcome;
}

static enum outcome try_once(struct attempt *attempt) {
    struct virsh_dumps dumps;
    attempt->waits_count = 0;
    enum outcome outcome = OUTCOME_AGAIN;
    bool dumped = virsh_dump(&attempt->uuid, 1, false, attempt->deadline, &dumps);
    if (dumped && dumps.texts[0].length) {
        outcome = parse_and_settle(attempt, &dumps);
    } else if (dumped) {
        outcome = is_gone(attempt);
    } else if (dumps.result.code == VIRSH_MISSING || dumps.result.code == VIRSH_NO_MEMORY ||
               virsh_now() + ATTEMPT_SECONDS >= attempt->deadline) {
        log_error("%s: libvirt can't be asked, so nothing more is done: virsh: %s", attempt->why,
                  virsh_problem(&dumps.result));
        outcome = OUTCOME_BAD;
    } else {
        pause_longer(attempt);
    }
    virsh_dumps_free(&dumps);
    return outcome;
}

static enum outcome act(struct attempt *attempt) {
    struct lock lock;
    const char *problem = lock_acquire(attempt->uuid, attempt->deadline, &lock);
    enum outcome outcome = problem ? OUTCOME_BAD : OUTCOME_AGAIN;
    if (problem)
        log_error("%s: the guest's lock can't be had: %s", attempt->why, problem);
    while (outcome == OUTCOME_AGAIN)
        outcome = try_once(attempt);
    lock_release(&lock);
    free(attempt->refusal);
    return outcome;
}

enum outcome act_on_guest(const char *why, const char *uuid, time_t deadline, bool *waits) {
    struct attempt attempt = {.why = why, .uuid = uuid, .deadline = deadline, .pause_ms = PAUSE_MS};
    enum outcome outcome = act(&attempt);
    *waits = attempt.waits_count;
    free(attempt.waits_for);
    return outcome;
}

/* ---- In the background ---- */

/* Takes the locks of the devices for which nobody waits yet, and forgets the others. */
static const char *lock_devices(struct attempt *attempt, struct lock *locks) {
    const char *problem = NULL;
    size_t count = 0;
    for (size_t i = 0; !problem && i < attempt->waits_count; i++) {
        char *name = waiter_name(attempt->uuid, attempt->waits_for[i]);
        problem = name ? lock_acquire(name, 0, &locks[count]) : "out of memory";
        free(name);
        if (!problem)
            attempt->waits_for[count++] = attempt->waits_for[i];
        else
            lock_release(&locks[count]);
        if (problem == lock_busy)
            problem = NULL;
    }
    attempt->waits_count = count;
    return problem;
}

/* Waits for the devices, however long the guest is paused. False: others wait for them. */
static bool wait_for_devices(struct attempt *attempt) {
    struct lock *locks = calloc(attempt->waits_count, sizeof *locks);
    const char *problem = locks ? lock_devices(attempt, locks) : "out of memory";
    if (!problem && attempt->waits_count) {
        watchdog_arm(0);
        problem = device_wait_until_up(attempt->waits_for, attempt->waits_count, attempt->uuid);
        watchdog_arm(BACKGROUND_SECONDS);
    }
    if (problem)
        log_error("%s: no all-multicast: waiting until the device is up failed: %s", attempt->why,
                  problem);
    for (size_t i = 0; locks && i < attempt->waits_count; i++)
        lock_release(&locks[i]);
    free(locks);
    return !problem && attempt->waits_count;
}

void act_in_background(void *user) {
    const struct task *task = user;
    bool again = true;
    while (again) {
        struct attempt attempt = {.why = task->why,
                                  .uuid = task->uuid,
                                  .deadline = virsh_now() + ACT_SECONDS,
                                  .waiter = true,
                                  .pause_ms = PAUSE_MS};
        (void)act(&attempt); /* it is logged */
        again = attempt.waits_count && wait_for_devices(&attempt);
        free(attempt.waits_for);
    }
}
