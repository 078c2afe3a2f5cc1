#include "reconcile.h"

#include "io.h"
#include "log.h"
#include "network.h"

#include <string.h>

#define ANY        (~0U)
#define ONE(value) (1U << (value))
#define YES        ONE(true)
#define NO         ONE(false)
#define W(want)    ONE(WANT_##want)
#define F(force)   ONE(FORCE_##force)
#define POSSIBLE   ONE(LIVE_POSSIBLE)
#define UNFORCED   (ONE(FORCE_NO) | ONE(FORCE_UNKNOWN))

/* Wanted and observed on the left, steps and verdict on the right. Each column of the left side is
 * a set, with a bit for each value; the first row that fits counts. The verdict is about what was
 * observed: with steps beside it, it stays only if they fail. `given`: the trust in force is
 * rxtrust's. `set`: all-multicast. `hears` counts under trust: the flag is set, libvirt follows the
 * guest's filter, or the mode is passthrough, where it does so from the guest's start on. */
static const struct rule {
    unsigned want, trust, given, live, set, hears, marked;
    unsigned steps;
    enum verdict verdict;
} rules[] = {
    {W(TRUST), F(YES), ANY, ANY, ANY, NO, ANY, STEP_SET, NO_MULTICAST},
    {W(TRUST), F(YES), ANY, ANY, ANY, ANY, ANY, 0, TRUSTED},
    {W(TRUST), F(NO), ANY, POSSIBLE, NO, ANY, ANY, STEP_SET | STEP_TRUST, NO_MULTICAST},
    {W(TRUST), F(NO), ANY, POSSIBLE, YES, ANY, ANY, STEP_TRUST, NOT_TRUSTED},
    {W(TRUST), UNFORCED, ANY, ANY, NO, ANY, ANY, STEP_SET, NO_MULTICAST},
    {W(TRUST), UNFORCED, ANY, ANY, YES, ANY, ANY, 0, MULTICAST},

    {W(MULTICAST), F(YES), YES, POSSIBLE, NO, ANY, ANY, STEP_SET | STEP_UNTRUST, STILL_TRUSTED},
    {W(MULTICAST), F(YES), YES, POSSIBLE, YES, ANY, ANY, STEP_UNTRUST, STILL_TRUSTED},
    {W(MULTICAST), F(YES), ANY, ANY, ANY, NO, ANY, STEP_SET, NO_MULTICAST},
    {W(MULTICAST), F(YES), ANY, ANY, ANY, ANY, ANY, 0, TRUSTED_UNTIL_SHUTDOWN},
    {W(MULTICAST), UNFORCED, ANY, ANY, NO, ANY, ANY, STEP_SET, NO_MULTICAST},
    {W(MULTICAST), UNFORCED, ANY, ANY, YES, ANY, ANY, 0, MULTICAST},

    {W(NOTHING), F(YES), YES, POSSIBLE, ANY, ANY, ANY, STEP_UNTRUST, STILL_TRUSTED},
    {W(NOTHING), F(YES), YES, ANY, ANY, ANY, ANY, 0, TRUSTED_UNTIL_SHUTDOWN},
    {W(NOTHING), F(YES), NO, ANY, ANY, ANY, ANY, 0, LEFT_ALONE},
    {W(NOTHING), UNFORCED, ANY, ANY, YES, ANY, YES, STEP_CLEAR, STILL_MULTICAST},
    {W(NOTHING), UNFORCED, ANY, ANY, ANY, ANY, ANY, 0, LEFT_ALONE},
};

static const struct rule *rule_for(const struct plan *plan, const struct observed *observed) {
    const struct rule *rule = rules;
    bool hears = observed->all_multicast || observed->passthrough ||
                 (observed->follows && !observed->filter_unknown);
    while (!(rule->want & ONE(plan->want)) || !(rule->trust & ONE(observed->trust)) ||
           !(rule->given & ONE(observed->given)) || !(rule->live & ONE(observed->live)) ||
           !(rule->set & ONE(observed->all_multicast)) || !(rule->hears & ONE(hears)) ||
           !(rule->marked & ONE(observed->marked)))
        rule++;
    return rule;
}

struct conclusion reconcile(const struct plan *plan, const struct observed *observed) {
    if (plan->attachment == ATTACHED_ELSEWHERE)
        return (struct conclusion){.verdict = plan->reason == NETWORK_UNKNOWN ? NETWORK_NOT_KNOWN
                                                                              : NOT_MACVTAP};
    if (plan->reason == NETWORK_UNKNOWN)
        return (struct conclusion){.verdict = NETWORK_NOT_KNOWN};
    if (observed->problem)
        return (struct conclusion){.verdict = DEVICE_UNKNOWN};
    const struct rule *rule = rule_for(plan, observed);
    bool is_true = observed->marked && observed->all_multicast && observed->trust != FORCE_YES;
    bool stale = observed->own_alias && !is_true && !(rule->steps & (STEP_SET | STEP_CLEAR));
    return (struct conclusion){.steps = rule->steps | (stale ? STEP_UNMARK : 0U),
                               .verdict = rule->verdict};
}

/* 10.0 takes trust, and forgets in the new definition that it made the macvtap; mended in 10.1. */
enum live live_by_version(unsigned long version) {
    return !version             ? LIVE_UNKNOWN
           : version < 10000000 ? LIVE_IGNORED
           : version < 10001000 ? LIVE_HARMFUL
                                : LIVE_POSSIBLE;
}

/* ---- In words ---- */

const char *const in_force_names[] = {
    [FORCE_NO] = "no", [FORCE_YES] = "yes", [FORCE_UNKNOWN] = "unknown"};

const char *const state_names[] = {[STATE_OK] = "ok",
                                   [STATE_OPTED_OUT] = "opted out",
                                   [STATE_BROKEN] = "BROKEN",
                                   [STATE_UNKNOWN] = "unknown"};

/* `why` begins the reason; `advises`: rxtrust apply may mend it. */
static const struct verdict_form {
    const char *code, *why;
    enum state state;
    bool advises;
} forms[] = {
    [NOT_MACVTAP] = {"not-macvtap", "no macvtap", STATE_OK, false},
    [LEFT_ALONE] = {"opted-out", "", STATE_OPTED_OUT, false},
    [MULTICAST] = {"multicast", "IPv6 works", STATE_OK, false},
    [TRUSTED] = {"trusted", "", STATE_OK, false},
    [NO_MULTICAST] = {"no-multicast", "no multicast, so no IPv6", STATE_BROKEN, true},
    [NOT_TRUSTED] = {"not-trusted", "IPv6 works, but the guest is not trusted", STATE_BROKEN, true},
    [STILL_MULTICAST] = {"still-multicast", "still hears all multicast", STATE_BROKEN, true},
    [STILL_TRUSTED] = {"still-trusted", "still trusted", STATE_BROKEN, true},
    [TRUSTED_UNTIL_SHUTDOWN] = {"trusted-until-shutdown", "trusted until it is shut down",
                                STATE_BROKEN, false},
    [DEVICE_UNKNOWN] = {"device-unknown", "cannot look at the device", STATE_UNKNOWN, false},
    [NETWORK_NOT_KNOWN] = {"network-unknown", "", STATE_UNKNOWN, false},
    [NOT_RUNNING] = {"not-running", "it doesn't run; it gets what the policy says at its start",
                     STATE_OK, false},
};

enum state verdict_state(enum verdict verdict) {
    return forms[verdict].state;
}

const char *verdict_code(enum verdict verdict) {
    return forms[verdict].code;
}

const char *reason_text(enum reason reason) {
    static const char *const texts[] = {
        [BY_POLICY] = "by policy",
        [NO_MACVTAP] = "no macvtap",
        [OFF_BY_POLICY] = "off by policy",
        [NO_IN_XML] = "its XML says 'no'; override = yes would ignore that",
        [NO_IN_PORTGROUP] = "its portgroup says 'no'; override = yes would ignore that",
        [NO_IN_NETWORK] = "its network says 'no'; override = yes would ignore that",
        [NETWORK_UNKNOWN] = "its network is unknown",
        [TRUSTED_ALREADY] = "trusted by its own XML or network",
        [MODEL_UNTRUSTED] = "libvirt can't trust this model",
        [MODEL_UNSAID] = "libvirt chooses the model",
        [PASSTHROUGH] = "passthrough mode needs no trust",
        [MADE_ELSEWHERE] = "libvirt can't trust a device that it didn't make",
        [DEVICE_MISSING] = "its device is missing",
        [REVERTED] = "by rxtrust revert",
    };
    return texts[reason];
}

/* Appends why trust can't be changed while the guest runs; nothing if it can. False: out of memory;
 * so below. */
static bool say_why_not_live(struct text *text, const struct observed *observed) {
    static const char *const texts[] = {
        [LIVE_POSSIBLE] = "",
        [LIVE_NOT_NOW] = "",
        [LIVE_IGNORED] = "can't change trust of a guest that runs",
        [LIVE_HARMFUL] = "would refuse the guest's next start",
        [LIVE_BY_NETWORK] = "trust is its network's to give",
        [LIVE_UNKNOWN] = "the daemon's version is unknown",
    };
    const unsigned long version = observed->daemon_version;
    if (observed->trust_problem)
        return text_print(text, "%s", observed->trust_problem);
    if (observed->live != LIVE_IGNORED && observed->live != LIVE_HARMFUL)
        return text_print(text, "%s", texts[observed->live]);
    return text_print(text, "libvirt %lu.%lu %s", version / 1000000, version / 1000 % 1000,
                      texts[observed->live]);
}

bool network_why(struct text *text, const struct interface *interface) {
    const char *network = interface->network, *problem = interface->plan.network_problem;
    if (!network || !problem)
        return text_print(text, "its network is unknown");
    if (strcmp(problem, network_not_active) != 0)
        return text_print(text, "its network %s is unknown: %s", network, problem);
    if (!is_plain_name(network))
        return text_print(text, "its network is not active: virsh net-start starts it");
    return text_print(text, "its network %s is not active; run: virsh net-start %s", network,
                      network);
}

static bool say_reason(struct text *text, const struct plan *plan) {
    return plan->reason == BY_POLICY || plan->reason == OFF_BY_POLICY
               ? text_print(text, "policy = %s in [%s]", policy_action_names[plan->decision.action],
                            plan->decision.section)
               : text_print(text, "%s", reason_text(plan->reason));
}

/* Appends the detail that follows the verdict's `why`, if there is one. */
static bool say_detail(struct text *text, const struct interface *interface, const char *guest) {
    static const char *const by[] = {"", "its own XML says 'yes'", "its portgroup says 'yes'",
                                     "its network says 'yes'"};
    const struct plan *plan = &interface->plan;
    const struct observed *observed = &interface->observed;
    const char *detail = "";
    switch (interface->conclusion.verdict) {
    case MULTICAST:
        return plan->want == WANT_TRUST ? say_why_not_live(text, observed) : say_reason(text, plan);
    case TRUSTED:
        detail = plan->reason == TRUSTED_ALREADY ? by[plan->said_by] : "";
        break;
    case LEFT_ALONE:
        detail = observed->trust == FORCE_YES ? "; trusted by its own XML or network"
                 : observed->follows          ? "; groups from its trust stay until it is shut down"
                 : observed->all_multicast ? "; all-multicast is set there, not marked as rxtrust's"
                                           : "";
        return say_reason(text, plan) && text_print(text, "%s", detail);
    case TRUSTED_UNTIL_SHUTDOWN:
        detail = guest && observed->given && plan->reason != REVERTED
                     ? "; if its definition says 'yes', run: rxtrust define "
                     : "";
        return say_why_not_live(text, observed) &&
               text_print(text, "%s%s", detail, *detail ? guest : "");
    case DEVICE_UNKNOWN:
        detail = observed->problem;
        break;
    case NETWORK_NOT_KNOWN:
        return network_why(text, interface);
    default:
        break;
    }
    return text_print(text, "%s", detail ? detail : "");
}

char *verdict_why(const struct interface *interface, const char *guest) {
    const struct verdict_form *form = &forms[interface->conclusion.verdict];
    struct text text = {0}, detail = {0};
    bool advises = guest && form->advises;
    bool good =
        say_detail(&detail, interface, guest) &&
        text_print(&text, "%s%s%s%s%s", form->why, *form->why && detail.length ? "; " : "",
                   detail.data, advises ? "; run: rxtrust apply " : "", advises ? guest : "");
    text_free(&detail);
    if (!good)
        text_free(&text);
    return text.data;
}
