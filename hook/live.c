#include "live.h"

#include "domain.h"
#include "log.h"
#include "device.h"
#include "virsh.h"

#include <stdlib.h>
#include <string.h>

/* A libvirt that refuses is asked this often; one that doesn't answer, as in a restart, until the
 * deadline, with pauses that double up to the longest. */
enum { ATTEMPTS = 3, PAUSE_MS = 125, LONGEST_PAUSE_MS = 1000 };

/* An attempt needs this much time, in seconds: none is begun that would be ended by the deadline
 * alone. */
enum { ATTEMPT_SECONDS = 5 };

static bool is_due(const struct plan_item *item) {
    return item->write_trust && item->attachment == ATTACHED_DIRECTLY;
}

/* Sends the interface back with trust. Returns NULL: libvirt took it, or said so; else why not,
 * which lives as long as the result. */
static const char *send_back(const struct guest *guest, const struct interface *interface,
                             time_t deadline, struct virsh_result *result) {
    const char *const call[] = {
        VIRSH, "update-device", "--live", "--", guest->parsed.domain.uuid, "/dev/stdin", NULL};
    const char *problem = NULL;
    size_t length = 0;
    char *xml =
        domain_trusted_interface(interface, guest->xml.data, guest->xml.length, &length, &problem);
    if (xml && !virsh_run(call, xml, length, deadline, result))
        problem = virsh_problem(result);
    free(xml);
    return problem;
}

/* Sends back all that are due. NULL: taken, or said so; else the last refusal, which the caller
 * frees. */
static char *send_all(const struct guest *guest, time_t deadline) {
    char *refusal = NULL;
    const struct plan *plan = &guest->parsed.plan;
    for (size_t i = 0; i < plan->count && virsh_now() < deadline; i++) {
        struct virsh_result result = {.code = VIRSH_NO_MEMORY};
        const char *problem = is_due(&plan->items[i])
                                  ? send_back(guest, plan->items[i].interface, deadline, &result)
                                  : NULL;
        if (problem) {
            free(refusal);
            refusal = strdup(problem);
        }
        virsh_result_free(&result);
    }
    return refusal;
}

static const struct interface *find_same(const struct domain *domain,
                                         const struct interface *wanted) {
    for (size_t i = 0; i < domain->count; i++) {
        const struct interface *interface = &domain->interfaces[i];
        if (strcmp(or_dash(interface->target), or_dash(wanted->target)) == 0 &&
            strcmp(or_dash(interface->mac), or_dash(wanted->mac)) == 0)
            return interface;
    }
    return NULL;
}

/* What there is instead of trust. */
static const char *instead(const struct interface *interface) {
    bool on = false;
    const char *problem = device_get(or_dash(interface->target), &on);
    return problem ? problem : on ? "all-multicast stays" : "there is no all-multicast either";
}

static bool tell(const struct interface *wanted, const struct domain *live, const char *refusal) {
    const struct interface *now = find_same(live, wanted);
    const char *mac = or_dash(wanted->mac);
    if (!now)
        log_info("live: %s: the guest has stopped, or the interface is gone", mac);
    else if (now->trust == TRUST_YES)
        log_info("live: %s: trusted, %s follows the guest's filter", mac, or_dash(now->target));
    else if (refusal)
        log_error("live: %s: not trusted, %s: %s", mac, instead(now), refusal);
    else
        log_info("live: %s: trust is not taken by this libvirt, %s", mac, instead(now));
    return !now || now->trust == TRUST_YES || !refusal;
}

/* Tells for all that were due. False: one was refused. */
static bool tell_all(const struct guest *guest, const struct virsh_result *dump,
                     const char *refusal) {
    struct parsed live;
    const char *problem = parse_domain(dump->output, dump->length, &live);
    if (problem)
        log_error("live: what virsh dumpxml printed can't be read: %s", problem);
    bool good = !problem;
    for (size_t i = 0; !problem && i < guest->parsed.plan.count; i++)
        if (is_due(&guest->parsed.plan.items[i]))
            good = tell(guest->parsed.plan.items[i].interface, &live.domain, refusal) && good;
    parsed_free(&live);
    return good;
}

enum progress { AGAIN, DONE, FAILED };

/* Why nothing is sent any more, though it was to be. */
static const char changed[] = "the policy has changed meanwhile, or can't be read";

/* An opt-out of meanwhile counts; what has come to be trusted since is not this process's. */
static bool is_still_due(const struct guest *guest) {
    const struct plan *plan = &guest->parsed.plan;
    const struct parse_source source = {
        .policy = POLICY_FILE, .xml = guest->xml.data, .length = guest->xml.length};
    struct parsed now;
    bool still = !parse(&source, &now) && now.plan.count == plan->count;
    for (size_t i = 0; still && i < plan->count; i++)
        still = !is_due(&plan->items[i]) || is_due(&now.plan.items[i]);
    parsed_free(&now);
    return still;
}

/* One attempt; unless it is AGAIN, what is true was told. `why_not`: why nothing is sent, or NULL.
 */
static enum progress attempt(const struct guest *guest, time_t deadline, const char *why_not,
                             bool refusal_counts) {
    const char *const call[] = {VIRSH, "dumpxml", "--", guest->parsed.domain.uuid, NULL};
    struct virsh_result dump;
    char *refusal = why_not ? NULL : send_all(guest, deadline);
    enum progress progress = AGAIN;
    if (virsh_run(call, NULL, 0, deadline, &dump)) {
        if (!refusal || refusal_counts)
            progress =
                tell_all(guest, &dump, why_not ? why_not : refusal) && !why_not ? DONE : FAILED;
    } else if (refusal_counts && strstr(virsh_problem(&dump), "failed to get domain")) {
        log_info("live: the guest is gone");
        progress = DONE;
    } else if (dump.code == VIRSH_MISSING || virsh_now() + ATTEMPT_SECONDS >= deadline) {
        log_error("live: not known to be trusted: virsh: %s", virsh_problem(&dump));
        progress = FAILED;
    }
    virsh_result_free(&dump);
    free(refusal);
    return progress;
}

bool live_is_due(const struct guest *guest) {
    bool due = false;
    for (size_t i = 0; i < guest->parsed.plan.count; i++)
        due = due || is_due(&guest->parsed.plan.items[i]);
    return due;
}

/* The UUID is the one that libvirt wrote, before all that others may have written into the XML: no
 * other guest is changed, whatever the XML's reader says. */
static bool is_its_own(const struct guest *guest) {
    static const char tag[] = "<uuid>";
    const char *uuid = guest->parsed.domain.uuid;
    const char *end = guest->xml.data + guest->xml.length;
    const char *found = memmem(guest->xml.data, guest->xml.length, tag, strlen(tag));
    const char *text = found ? found + strlen(tag) : end;
    return *uuid && (size_t)(end - text) > strlen(uuid) && memcmp(text, uuid, strlen(uuid)) == 0 &&
           text[strlen(uuid)] == '<';
}

static void pause_for(long ms) {
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

bool live_trust(const struct guest *guest) {
    if (!live_is_due(guest))
        return true;
    if (!is_its_own(guest)) {
        log_error("live: the guest's UUID can't be told: not trusted");
        return false;
    }
    time_t deadline = virsh_now() + LIVE_SECONDS;
    const char *why_not = NULL;
    enum progress progress = attempt(guest, deadline, why_not, false);
    long pause_ms = PAUSE_MS;
    for (int attempts = 2; progress == AGAIN; attempts++) {
        pause_for(pause_ms);
        pause_ms = 2 * pause_ms < LONGEST_PAUSE_MS ? 2 * pause_ms : LONGEST_PAUSE_MS;
        if (!why_not && !is_still_due(guest))
            why_not = changed;
        progress = attempt(guest, deadline, why_not, why_not || attempts >= ATTEMPTS);
    }
    return progress == DONE;
}
