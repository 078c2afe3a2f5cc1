#include "reconcile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANY        (~0U)
#define ONE(value) (1U << (value))
#define YES        ONE(true)
#define NO         ONE(false)
#define OURS       (ONE(ORIGIN_MARKED) | ONE(ORIGIN_RUN))

/* What is wanted, what is so, and what follows from it. Each column but the last two is a set, with
 * a bit for each value; the first row that fits counts. The origin is that of trust in force;
 * `waits`: the device is down, in passthrough mode. */
enum waits { READY, WAITS, AWAITED };
static const struct rule {
    unsigned want, trust, origin, follows, all_multicast, marked, waits, live;
    unsigned steps;
    enum verdict verdict;
} rules[] = {
#define W(want)  ONE(WANT_##want)
#define F(force) ONE(FORCE_##force)
#define POSSIBLE ONE(LIVE_POSSIBLE)
    /* Whose trust it is must be known before a word is said of it. */
    {W(MULTICAST), F(YES), ONE(ORIGIN_UNKNOWN), NO, NO, ANY, ONE(READY), ANY, STEP_SET,
     TRUST_OF_UNKNOWN_ORIGIN},
    {W(NOTHING) | W(MULTICAST), F(YES), ONE(ORIGIN_UNKNOWN), ANY, ANY, ANY, ANY, ANY, 0,
     TRUST_OF_UNKNOWN_ORIGIN},

    /* Opted out: what rxtrust set goes, the owner's stays. */
    {W(NOTHING), F(YES), ONE(ORIGIN_MARKED), ANY, ANY, ANY, ANY, POSSIBLE, STEP_UNTRUST,
     TRUST_LEFT},
    {W(NOTHING), F(YES), OURS, NO, YES, YES, ANY, ANY, STEP_CLEAR, TRUST_UNTIL_SHUTDOWN},
    {W(NOTHING), F(YES), OURS, ANY, ANY, ANY, ANY, ANY, 0, TRUST_UNTIL_SHUTDOWN},
    {W(NOTHING), F(YES), ANY, NO, YES, YES, ANY, ANY, STEP_CLEAR, MULTICAST_LEFT},
    {W(NOTHING), F(YES), ANY, ANY, ANY, ANY, ANY, ANY, 0, LEFT_ALONE},
    {W(NOTHING), ANY, ANY, ANY, YES, YES, ANY, ANY, STEP_CLEAR, MULTICAST_LEFT},
    {W(NOTHING), ANY, ANY, ANY, ANY, ANY, ANY, ANY, 0, LEFT_ALONE},

    /* All-multicast, and no trust that rxtrust gave. */
    {W(MULTICAST), F(YES), ONE(ORIGIN_MARKED), ANY, NO, ANY, ONE(READY), POSSIBLE,
     STEP_SET | STEP_UNTRUST, TRUST_LEFT},
    {W(MULTICAST), F(YES), ONE(ORIGIN_MARKED), ANY, ANY, ANY, ANY, POSSIBLE, STEP_UNTRUST,
     TRUST_LEFT},
    {W(MULTICAST), ANY, ANY, ANY, NO, ANY, ONE(WAITS), ANY, STEP_WAIT, MULTICAST_WAITS},
    {W(MULTICAST), ANY, ANY, ANY, NO, ANY, ONE(AWAITED), ANY, 0, MULTICAST_AWAITED},
    {W(MULTICAST), ANY, ANY, ANY, NO, ANY, ANY, ANY, STEP_SET, MULTICAST_MISSING},
    {W(MULTICAST), F(YES), OURS, ANY, ANY, ANY, ANY, ANY, 0, TRUST_UNTIL_SHUTDOWN},
    {W(MULTICAST), ANY, ANY, ANY, ANY, ANY, ANY, ANY, 0, MULTICAST},

    /* Trust, and all-multicast until libvirt follows the guest. */
    {W(TRUST), F(YES), ANY, YES, ANY, ANY, ANY, ANY, 0, TRUSTED},
    {W(TRUST), F(YES), ANY, ANY, YES, ANY, ANY, ANY, 0, TRUSTED_NOT_FOLLOWED},
    {W(TRUST), ANY, ANY, ANY, NO, ANY, ONE(WAITS), ANY, STEP_WAIT, MULTICAST_WAITS},
    {W(TRUST), ANY, ANY, ANY, NO, ANY, ONE(AWAITED), ANY, 0, MULTICAST_AWAITED},
    {W(TRUST), F(YES), ANY, ANY, NO, ANY, ANY, ANY, STEP_SET, TRUSTED_DEAF},
    {W(TRUST), F(NO), ANY, ANY, NO, ANY, ANY, POSSIBLE, STEP_SET | STEP_TRUST, NOT_TRUSTED},
    {W(TRUST), F(NO), ANY, ANY, YES, ANY, ANY, POSSIBLE, STEP_TRUST, NOT_TRUSTED},
    {W(TRUST), ANY, ANY, ANY, NO, ANY, ANY, ANY, STEP_SET, MULTICAST_MISSING},
    {W(TRUST), ANY, ANY, ANY, ANY, ANY, ANY, ANY, 0, MULTICAST},
};

bool is_contested(const struct plan_item *item) {
    return item->want == WANT_NOTHING || item->want != item->want_unsaid;
}

struct conclusion reconcile(const struct plan_item *item, const struct observed *observed) {
    bool own = observed->trust != FORCE_YES || observed->origin == ORIGIN_OWNER;
    struct conclusion conclusion = {.want = own ? item->want : item->want_unsaid,
                                    .reason = own ? item->reason : item->reason_unsaid};
    enum waits waits = !observed->passthrough || observed->up ? READY
                       : observed->awaited                    ? AWAITED
                                                              : WAITS;
    if (item->attachment == ATTACHED_ELSEWHERE ||
        (observed->no_macvtap && item->attachment == ATTACHED_BY_NAME))
        conclusion.verdict = NOT_CONCERNED;
    else if (conclusion.reason == NETWORK_UNKNOWN)
        conclusion.verdict = NETWORK_NOT_KNOWN;
    else if (observed->problem)
        conclusion.verdict = DEVICE_UNKNOWN;
    else {
        const struct rule *rule = rules;
        while (!(rule->want & ONE(conclusion.want)) || !(rule->trust & ONE(observed->trust)) ||
               !(rule->origin & ONE(observed->origin)) ||
               !(rule->follows & ONE(observed->follows)) ||
               !(rule->all_multicast & ONE(observed->all_multicast)) ||
               !(rule->marked & ONE(observed->marked)) || !(rule->waits & ONE(waits)) ||
               !(rule->live & ONE(observed->live)))
            rule++;
        conclusion.steps = rule->steps;
        conclusion.verdict = rule->verdict;
    }
    return conclusion;
}

/* 10.0 has it, and doesn't copy into the new definition that it made the macvtap; 10.1 does. */
enum live live_by_version(unsigned long version) {
    return !version             ? LIVE_UNKNOWN
           : version < 10000000 ? LIVE_IGNORED
           : version < 10001000 ? LIVE_HARMFUL
                                : LIVE_POSSIBLE;
}

/* ---- In words ---- */

const char *reason_text(enum reason reason) {
    static const char *const texts[] = {
        [BY_POLICY] = "by policy",
        [NO_MACVTAP] = "no macvtap",
        [OFF_BY_POLICY] = "off by policy",
        [NO_IN_XML] = "its XML says trustGuestRxFilters='no' (override = yes would ignore that)",
        [NO_IN_PORTGROUP] =
            "its portgroup says trustGuestRxFilters='no' (override = yes would ignore that)",
        [NO_IN_NETWORK] =
            "its network says trustGuestRxFilters='no' (override = yes would ignore that)",
        [NETWORK_UNKNOWN] = "its network can't be known",
        [TRUSTED_ALREADY] = "trustGuestRxFilters='yes' is there already",
        [MODEL_UNTRUSTED] = "this model can't be trusted",
        [MODEL_UNSAID] = "libvirt chooses the model",
        [PASSTHROUGH] = "trust gives nothing in passthrough mode",
        [MADE_ELSEWHERE] = "libvirt can't trust a device that it didn't make",
    };
    return texts[reason];
}

/* Why it is all-multicast where trust is wanted. */
static const char *why_no_trust(const struct observed *observed) {
    static const char *const texts[] = {
        [LIVE_POSSIBLE] = NULL,
        [LIVE_NOT_NOW] = NULL,
        [LIVE_IGNORED] = "libvirt before 10.0 doesn't take trust in a running guest",
        [LIVE_HARMFUL] = "libvirt 10.0 would forget its device, and refuse its next start",
        [LIVE_BY_NETWORK] = "trust of a guest that runs is its network port's",
        [LIVE_UNKNOWN] = "the daemon's version isn't known, so trust isn't sent",
    };
    return observed->trust_problem ? observed->trust_problem : texts[observed->live];
}

#define ADVICE "; run: rxtrust apply "

char *verdict_text(const struct plan_item *item, const struct observed *observed,
                   const struct conclusion *conclusion, const char *name) {
    /* Each is followed by `detail`, if there is one, and `name` where it ends with the advice. */
    static const char *const texts[] = {
        [NOT_CONCERNED] = "no macvtap",
        [LEFT_ALONE] = "as the policy says: left alone",
        [MULTICAST] = "as the policy says: all-multicast",
        [TRUSTED] = "as the policy says: trusted",
        [TRUSTED_NOT_FOLLOWED] =
            "as the policy says: trusted, all-multicast until libvirt follows the guest",
        [MULTICAST_AWAITED] = "as the policy says: all-multicast as soon as the device is up",
        [DEVICE_UNKNOWN] = "NOT as the policy says: the device",
        [NETWORK_NOT_KNOWN] = "NOT as the policy says: the network",
        [MULTICAST_MISSING] = "NOT as the policy says: no all-multicast" ADVICE,
        [MULTICAST_WAITS] = "NOT as the policy says: all-multicast once the device is up" ADVICE,
        [MULTICAST_LEFT] = "NOT as the policy says: still all-multicast" ADVICE,
        [NOT_TRUSTED] = "NOT as the policy says: not trusted" ADVICE,
        [TRUSTED_DEAF] =
            "NOT as the policy says: trusted, but its macvtap lets no multicast in" ADVICE,
        [TRUST_LEFT] = "NOT as the policy says: still trusted" ADVICE,
        [TRUST_UNTIL_SHUTDOWN] = "NOT as the policy says: trusted until it is shut down",
        [TRUST_OF_UNKNOWN_ORIGIN] =
            "NOT as the policy says: trusted, and whether its stored XML says so isn't known",
    };
    const char *text = texts[conclusion->verdict], *detail = NULL;
    switch (conclusion->verdict) {
    case LEFT_ALONE:
        detail = conclusion->reason == OFF_BY_POLICY && observed->trust == FORCE_YES
                     ? "off by policy, trusted by its own XML or network"
                     : reason_text(conclusion->reason);
        break;
    case MULTICAST:
        detail = conclusion->want == WANT_TRUST    ? why_no_trust(observed)
                 : conclusion->reason != BY_POLICY ? reason_text(conclusion->reason)
                                                   : NULL;
        break;
    case DEVICE_UNKNOWN:
        detail = observed->problem;
        break;
    case NETWORK_NOT_KNOWN:
        detail = item->network_problem;
        break;
    default:
        break;
    }
    char *line = NULL;
    size_t length = strlen(text);
    bool advises = text[length - 1] == ' ';
    if (advises && !name)
        length -= strlen(ADVICE);
    if (asprintf(&line, "%.*s%s%s%s", (int)length, text, advises && name ? name : "",
                 detail ? ": " : "", detail ? detail : "") < 0)
        return NULL;
    return line;
}
