/* The steps and the verdict for each combination of the desired and the observed state, compared
 * with design.md's table in other words; properties that no row may break; and the words. */
#include "network.h"
#include "reconcile.h"

#include "unit.h"

enum { DEVICE_STEPS = STEP_SET | STEP_CLEAR, LIVE_STEPS = STEP_TRUST | STEP_UNTRUST };

/* ---- All combinations ---- */

static size_t combinations;

typedef void checker(const struct plan *item, const struct observed *observed,
                     const struct conclusion *conclusion);

static void check_one(checker *check, unsigned bits, enum want want, enum in_force trust,
                      enum live live) {
    const struct plan item = {
        .attachment = ATTACHED_DIRECTLY,
        .want = want,
        .reason = want == WANT_NOTHING ? OFF_BY_POLICY : BY_POLICY,
        .decision = {.section = "default", .action = (enum policy_action)want}};
    const struct observed observed = {.passthrough = bits & 1,
                                      .all_multicast = bits & 2,
                                      .follows = bits & 4,
                                      .own_alias = bits & 8 || bits & 16,
                                      .marked = bits & 16, /* by an alias of its own, always */
                                      .filter_unknown = bits & 32,
                                      .given = bits & 64,
                                      .trust = trust,
                                      .trust_problem =
                                          trust == FORCE_UNKNOWN ? "its port is unknown" : NULL,
                                      .live = live,
                                      .daemon_version = live == LIVE_IGNORED   ? 9000000
                                                        : live == LIVE_HARMFUL ? 10000000
                                                                               : 0};
    const struct conclusion conclusion = reconcile(&item, &observed);
    check(&item, &observed, &conclusion);
    combinations++;
}

/* Calls `check` for each combination. */
static void for_each(checker *check) {
    combinations = 0;
    for (unsigned bits = 0; bits < 1U << 7; bits++)
        for (enum want want = WANT_NOTHING; want <= WANT_TRUST; want++)
            for (enum in_force trust = FORCE_NO; trust <= FORCE_UNKNOWN; trust++)
                for (enum live live = LIVE_POSSIBLE; live <= LIVE_UNKNOWN; live++)
                    check_one(check, bits, want, trust, live);
    assert_int_equal(combinations, 128 * 3 * 3 * 6);
}

#define THEN(does, tells) ((struct conclusion){.steps = (does), .verdict = (tells)})

/* "set, or libvirt follows", and never in passthrough mode. At a reconnect libvirt may have missed
 * what the guest said of its filter, so that it followed before counts for nothing. */
static bool is_heard(const struct observed *observed) {
    return observed->all_multicast || observed->passthrough ||
           (observed->follows && !observed->filter_unknown);
}

/* design.md: "wanted: trust". */
static struct conclusion expect_trust(const struct observed *observed, unsigned set) {
    if (observed->trust == FORCE_YES)
        return is_heard(observed) ? THEN(0, TRUSTED) : THEN(STEP_SET, NO_MULTICAST);
    if (observed->trust == FORCE_NO && observed->live == LIVE_POSSIBLE)
        return THEN(set | STEP_TRUST, set ? NO_MULTICAST : NOT_TRUSTED);
    return THEN(set, set ? NO_MULTICAST : MULTICAST);
}

/* "wanted: multicast". */
static struct conclusion expect_multicast(const struct observed *observed, unsigned set) {
    if (observed->trust == FORCE_YES && observed->given && observed->live == LIVE_POSSIBLE)
        return THEN(set | STEP_UNTRUST, STILL_TRUSTED);
    if (observed->trust == FORCE_YES)
        return is_heard(observed) ? THEN(0, TRUSTED_UNTIL_SHUTDOWN) : THEN(STEP_SET, NO_MULTICAST);
    return THEN(set, set ? NO_MULTICAST : MULTICAST);
}

/* "wanted: nothing". No mark is set under trust, so one that is true says that none is in force. */
static struct conclusion expect_nothing(const struct observed *observed) {
    if (observed->trust == FORCE_YES && !observed->given)
        return THEN(0, LEFT_ALONE);
    if (observed->trust == FORCE_YES)
        return observed->live == LIVE_POSSIBLE ? THEN(STEP_UNTRUST, STILL_TRUSTED)
                                               : THEN(0, TRUSTED_UNTIL_SHUTDOWN);
    if (observed->all_multicast && observed->marked)
        return THEN(STEP_CLEAR, STILL_MULTICAST);
    return THEN(0, LEFT_ALONE);
}

static void check_table(const struct plan *item, const struct observed *observed,
                        const struct conclusion *conclusion) {
    unsigned set = observed->all_multicast ? 0 : STEP_SET;
    struct conclusion expected = item->want == WANT_TRUST       ? expect_trust(observed, set)
                                 : item->want == WANT_MULTICAST ? expect_multicast(observed, set)
                                                                : expect_nothing(observed);
    /* A mark means "set now, by rxtrust". Setting and clearing write it anew. */
    bool is_true = observed->marked && observed->all_multicast && observed->trust != FORCE_YES;
    if (observed->own_alias && !is_true && !(expected.steps & DEVICE_STEPS))
        expected.steps |= STEP_UNMARK;
    if (conclusion->verdict != expected.verdict || conclusion->steps != expected.steps)
        print_error("want %d, trust %s, given %d, live %d, passthrough %d, set %d, follows %d, "
                    "alias %d, marked %d, filter unknown %d\n",
                    (int)item->want, in_force_names[observed->trust], observed->given,
                    (int)observed->live, observed->passthrough, observed->all_multicast,
                    observed->follows, observed->own_alias, observed->marked,
                    observed->filter_unknown);
    assert_int_equal(conclusion->verdict, expected.verdict);
    assert_int_equal(conclusion->steps, expected.steps);
}

/* A good verdict is true, and nothing of importance is left to do. */
static void check_good(const struct plan *item, const struct observed *observed,
                       const struct conclusion *conclusion) {
    if (!is_good(conclusion))
        return;
    assert_int_equal(conclusion->steps & (LIVE_STEPS | DEVICE_STEPS), 0);
    if (conclusion->verdict == TRUSTED)
        assert_int_equal(observed->trust, FORCE_YES);
    if (item->want != WANT_NOTHING)
        assert_true(observed->all_multicast ||
                    (observed->trust == FORCE_YES && is_heard(observed)));
    if (item->want == WANT_MULTICAST)
        assert_int_not_equal(observed->trust, FORCE_YES);
    if (item->want == WANT_NOTHING && observed->trust == FORCE_YES)
        assert_false(observed->given);
    if (item->want == WANT_NOTHING && observed->trust != FORCE_YES)
        assert_false(observed->marked && observed->all_multicast);
}

/* A step changes something, is wanted, and can be done. */
static void check_steps(const struct plan *item, const struct observed *observed,
                        const struct conclusion *conclusion) {
    unsigned steps = conclusion->steps;
    if (steps & STEP_SET)
        assert_true(!observed->all_multicast && item->want != WANT_NOTHING);
    if (steps & STEP_CLEAR) {
        assert_true(observed->all_multicast && observed->marked);
        assert_int_not_equal(observed->trust, FORCE_YES); /* under trust the flag is libvirt's */
        assert_int_equal(item->want, WANT_NOTHING);
    }
    if (steps & LIVE_STEPS)
        assert_int_equal(observed->live, LIVE_POSSIBLE);
    if (steps & STEP_TRUST) {
        assert_int_equal(observed->trust, FORCE_NO);
        assert_int_equal(item->want, WANT_TRUST);
    }
    if (steps & STEP_UNTRUST) {
        assert_true(observed->trust == FORCE_YES && observed->given);
        assert_int_not_equal(item->want, WANT_TRUST);
    }
    if (steps & STEP_UNMARK)
        assert_true(observed->own_alias && !(steps & DEVICE_STEPS));
}

/* The device and libvirt after the steps. */
static void do_steps(const struct plan *item, unsigned steps, struct observed *now) {
    if (steps & DEVICE_STEPS) {
        now->all_multicast = steps & STEP_SET;
        now->own_alias = now->marked = steps & STEP_SET && now->trust != FORCE_YES;
    }
    if (steps & STEP_UNMARK)
        now->own_alias = now->marked = false;
    if (steps & STEP_TRUST) {
        now->trust = FORCE_YES;
        now->given = true;
    }
    if (steps & STEP_UNTRUST) {
        now->trust = FORCE_NO;
        now->given = now->follows = false;
        now->all_multicast = now->own_alias = now->marked = item->want == WANT_MULTICAST;
    }
}

/* The steps come to an end, and to a good verdict but where trust stays until the shutdown. */
static void check_end(const struct plan *item, const struct observed *observed,
                      const struct conclusion *conclusion) {
    struct observed now = *observed;
    struct conclusion then = *conclusion;
    for (int round = 0; then.steps; round++) {
        assert_true(round < 4);
        do_steps(item, then.steps, &now);
        then = reconcile(item, &now);
    }
    bool stays = now.trust == FORCE_YES && item->want != WANT_TRUST &&
                 (item->want == WANT_MULTICAST || now.given);
    assert_int_equal(is_good(&then), !stays);
    assert_int_equal(then.verdict == TRUSTED_UNTIL_SHUTDOWN, stays);
    if (now.own_alias)
        assert_true(now.marked && now.all_multicast && now.trust != FORCE_YES);
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* A state that isn't good has a reason in words, and advice where `rxtrust apply` has a step to do.
 */
static void check_words(const struct plan *item, const struct observed *observed,
                        const struct conclusion *conclusion) {
    const struct interface interface = {
        .plan = *item, .observed = *observed, .conclusion = *conclusion};
    char *advised = verdict_why(&interface, "web-1");
    char *bare = verdict_why(&interface, NULL);
    assert_non_null(advised);
    assert_non_null(bare);
    enum state state = verdict_state(conclusion->verdict);
    bool helps = state == STATE_BROKEN && conclusion->steps & (DEVICE_STEPS | LIVE_STEPS);
    if (state == STATE_BROKEN || state == STATE_UNKNOWN)
        assert_true(*bare);
    assert_int_equal(ends_with(advised, "; run: rxtrust apply web-1"), helps);
    assert_int_equal(strstr(advised, "rxtrust apply") != NULL, helps);
    assert_null(strstr(bare, "rxtrust apply"));
    assert_memory_equal(advised, bare, strlen(bare));
    assert_false(ends_with(bare, "; ") || ends_with(bare, ": ") || *bare == ';');
    free(advised);
    free(bare);
}

static void test_table(void **state) {
    (void)state;
    for_each(check_table);
}
static void test_good(void **state) {
    (void)state;
    for_each(check_good);
}
static void test_steps(void **state) {
    (void)state;
    for_each(check_steps);
}
static void test_end(void **state) {
    (void)state;
    for_each(check_end);
}
static void test_words(void **state) {
    (void)state;
    for_each(check_words);
}

/* ---- Rows by name ---- */

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of reading */
static const struct row {
    const char *name;
    enum want want;
    enum reason reason;
    struct observed observed;
    unsigned steps;
    enum verdict verdict;
    const char *why;
} rows[] = {
    {"a trusted guest whose filter libvirt follows",
     WANT_TRUST,
     BY_POLICY,
     {.trust = FORCE_YES, .given = true, .follows = true},
     0,
     TRUSTED,
     ""},
    {"a guest that its owner trusts",
     WANT_TRUST,
     TRUSTED_ALREADY,
     {.trust = FORCE_YES, .follows = true},
     0,
     TRUSTED,
     "its own XML says 'yes'"},
    {"a trusted guest whose mark is left from before",
     WANT_TRUST,
     BY_POLICY,
     {.trust = FORCE_YES, .given = true, .all_multicast = true, .own_alias = true, .marked = true},
     STEP_UNMARK,
     TRUSTED,
     ""},
    {"a trusted guest that is deaf",
     WANT_TRUST,
     TRUSTED_ALREADY,
     {.trust = FORCE_YES},
     STEP_SET,
     NO_MULTICAST,
     "no multicast, so no IPv6; run: rxtrust apply web-1"},
    {"a trusted guest in passthrough mode that says nothing",
     WANT_TRUST,
     TRUSTED_ALREADY,
     {.trust = FORCE_YES, .passthrough = true},
     0,
     TRUSTED,
     "its own XML says 'yes'"},
    {"a trusted guest at a reconnect",
     WANT_TRUST,
     BY_POLICY,
     {.trust = FORCE_YES, .given = true, .follows = true, .filter_unknown = true},
     STEP_SET,
     NO_MULTICAST,
     "no multicast, so no IPv6; run: rxtrust apply web-1"},
    {"a trusted guest at a reconnect, all-multicast set",
     WANT_TRUST,
     BY_POLICY,
     {.trust = FORCE_YES,
      .given = true,
      .all_multicast = true,
      .own_alias = true,
      .marked = true,
      .filter_unknown = true},
     STEP_UNMARK,
     TRUSTED,
     ""},
    {"a trusted guest in passthrough mode at a reconnect",
     WANT_TRUST,
     TRUSTED_ALREADY,
     {.trust = FORCE_YES, .passthrough = true, .filter_unknown = true},
     0,
     TRUSTED,
     "its own XML says 'yes'"},
    {"a guest at a reconnect whose trust stays until it is shut down",
     WANT_MULTICAST,
     BY_POLICY,
     {.trust = FORCE_YES,
      .given = true,
      .follows = true,
      .filter_unknown = true,
      .live = LIVE_IGNORED,
      .daemon_version = 7000000},
     STEP_SET,
     NO_MULTICAST,
     "no multicast, so no IPv6; run: rxtrust apply web-1"},
    {"trust to be given",
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .own_alias = true, .marked = true},
     STEP_TRUST,
     NOT_TRUSTED,
     "IPv6 works, but the guest is not trusted; run: rxtrust apply web-1"},
    {"trust to be given, and all-multicast until then",
     WANT_TRUST,
     BY_POLICY,
     {.live = LIVE_POSSIBLE},
     STEP_SET | STEP_TRUST,
     NO_MULTICAST,
     "no multicast, so no IPv6; run: rxtrust apply web-1"},
    {"trust while libvirt waits",
     WANT_TRUST,
     BY_POLICY,
     {.live = LIVE_NOT_NOW},
     STEP_SET,
     NO_MULTICAST,
     "no multicast, so no IPv6; run: rxtrust apply web-1"},
    {"all-multicast while libvirt waits",
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .own_alias = true, .marked = true, .live = LIVE_NOT_NOW},
     0,
     MULTICAST,
     "IPv6 works"},
    {"a libvirt that doesn't take trust",
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .live = LIVE_IGNORED, .daemon_version = 9000004},
     0,
     MULTICAST,
     "IPv6 works; libvirt 9.0 can't change trust of a guest that runs"},
    {"libvirt 10.0",
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .live = LIVE_HARMFUL, .daemon_version = 10000000},
     0,
     MULTICAST,
     "IPv6 works; libvirt 10.0 would refuse the guest's next start"},
    {"a daemon of an unknown version",
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .live = LIVE_UNKNOWN},
     0,
     MULTICAST,
     "IPv6 works; the daemon's version is unknown"},
    {"a network that gives all-multicast",
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .live = LIVE_BY_NETWORK},
     0,
     MULTICAST,
     "IPv6 works; trust is its network's to give"},
    {"a network whose port can't be read",
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .trust = FORCE_UNKNOWN, .trust_problem = "its port is unknown"},
     0,
     MULTICAST,
     "IPv6 works; its port is unknown"},
    {"a version with a minor number of two digits",
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .given = true, .live = LIVE_IGNORED, .daemon_version = 9010001},
     0,
     TRUSTED_UNTIL_SHUTDOWN,
     "trusted until it is shut down; libvirt 9.10 can't change trust of a guest that runs; if its "
     "definition says 'yes', run: rxtrust define web-1"},
    {"multicast to be set",
     WANT_MULTICAST,
     BY_POLICY,
     {.live = LIVE_POSSIBLE},
     STEP_SET,
     NO_MULTICAST,
     "no multicast, so no IPv6; run: rxtrust apply web-1"},
    {"multicast that is set",
     WANT_MULTICAST,
     BY_POLICY,
     {.all_multicast = true, .own_alias = true, .marked = true},
     0,
     MULTICAST,
     "IPv6 works; policy = multicast in [default]"},
    {"multicast that somebody else set",
     WANT_MULTICAST,
     MODEL_UNTRUSTED,
     {.all_multicast = true},
     0,
     MULTICAST,
     "IPv6 works; libvirt can't trust this model"},
    {"a mark whose flag is gone",
     WANT_MULTICAST,
     BY_POLICY,
     {.own_alias = true, .marked = true},
     STEP_SET,
     NO_MULTICAST,
     "no multicast, so no IPv6; run: rxtrust apply web-1"},
    {"an alias of 0.1.0 that says nothing of all-multicast",
     WANT_MULTICAST,
     BY_POLICY,
     {.all_multicast = true, .own_alias = true},
     STEP_UNMARK,
     MULTICAST,
     "IPv6 works; policy = multicast in [default]"},
    {"multicast, trusted under the policy before",
     WANT_MULTICAST,
     BY_POLICY,
     {.trust = FORCE_YES, .given = true, .follows = true},
     STEP_SET | STEP_UNTRUST,
     STILL_TRUSTED,
     "still trusted; run: rxtrust apply web-1"},
    {"multicast, its port trusted",
     WANT_MULTICAST,
     BY_POLICY,
     {.trust = FORCE_YES, .follows = true, .live = LIVE_BY_NETWORK},
     0,
     TRUSTED_UNTIL_SHUTDOWN,
     "trusted until it is shut down; trust is its network's to give"},
    {"multicast, its port trusted, and deaf",
     WANT_MULTICAST,
     BY_POLICY,
     {.trust = FORCE_YES, .live = LIVE_BY_NETWORK},
     STEP_SET,
     NO_MULTICAST,
     "no multicast, so no IPv6; run: rxtrust apply web-1"},
    {"opted out, with all-multicast of rxtrust's",
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.all_multicast = true, .own_alias = true, .marked = true},
     STEP_CLEAR,
     STILL_MULTICAST,
     "still hears all multicast; run: rxtrust apply web-1"},
    {"opted out, with all-multicast of somebody else's",
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.all_multicast = true},
     0,
     LEFT_ALONE,
     "policy = off in [default]; all-multicast is set there, not marked as rxtrust's"},
    {"opted out, with groups of the guest's",
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.follows = true},
     0,
     LEFT_ALONE,
     "policy = off in [default]; groups from its trust stay until it is shut down"},
    {"opted out, with a mark whose flag is gone",
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.own_alias = true, .marked = true},
     STEP_UNMARK,
     LEFT_ALONE,
     "policy = off in [default]"},
    {"opted out, with trust of rxtrust's",
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .given = true, .follows = true},
     STEP_UNTRUST,
     STILL_TRUSTED,
     "still trusted; run: rxtrust apply web-1"},
    {"opted out, with trust of rxtrust's that libvirt can't take",
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .given = true, .live = LIVE_IGNORED, .daemon_version = 9000000},
     0,
     TRUSTED_UNTIL_SHUTDOWN,
     "trusted until it is shut down; libvirt 9.0 can't change trust of a guest that runs; if its "
     "definition says 'yes', run: rxtrust define web-1"},
    {"opted out, with trust of its owner's",
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .all_multicast = true},
     0,
     LEFT_ALONE,
     "policy = off in [default]; trusted by its own XML or network"},
    {"opted out, with trust of its owner's, and a mark from before",
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .all_multicast = true, .own_alias = true, .marked = true},
     STEP_UNMARK,
     LEFT_ALONE,
     "policy = off in [default]; trusted by its own XML or network"},
    {"'no' in the XML",
     WANT_NOTHING,
     NO_IN_XML,
     {.live = LIVE_POSSIBLE},
     0,
     LEFT_ALONE,
     "its XML says 'no'; override = yes would ignore that"},
    {"reverted",
     WANT_NOTHING,
     REVERTED,
     {.live = LIVE_POSSIBLE},
     0,
     LEFT_ALONE,
     "by rxtrust revert"},
    {"a device that can't be looked at",
     WANT_MULTICAST,
     BY_POLICY,
     {.problem = "it is not there", .own_alias = true, .marked = true},
     0,
     DEVICE_UNKNOWN,
     "cannot look at the device; it is not there"},
    {"a network that isn't known",
     WANT_NOTHING,
     NETWORK_UNKNOWN,
     {.all_multicast = true, .own_alias = true, .marked = true},
     0,
     NETWORK_NOT_KNOWN,
     "its network dmz is unknown: it is gone"},
    {"a network that isn't known, and a device that can't be looked at",
     WANT_NOTHING,
     NETWORK_UNKNOWN,
     {.problem = "it is not there"},
     0,
     NETWORK_NOT_KNOWN,
     "its network dmz is unknown: it is gone"},
};

static void test_row(void **state) {
    const struct row *row = *state;
    const struct plan item = {
        .attachment = ATTACHED_DIRECTLY,
        .said_by = SAID_BY_INTERFACE,
        .want = row->want,
        .reason = row->reason,
        .network_problem = "it is gone",
        .decision = {.section = "default", .action = (enum policy_action)row->want}};
    const struct conclusion conclusion = reconcile(&item, &row->observed);
    assert_int_equal(conclusion.verdict, row->verdict);
    assert_int_equal(conclusion.steps, row->steps);
    const struct interface interface = {
        .network = "dmz", .plan = item, .observed = row->observed, .conclusion = conclusion};
    char *why = verdict_why(&interface, "web-1");
    assert_non_null(why);
    assert_string_equal(why, row->why);
    free(why);
}

/* ---- No macvtap ---- */

static void test_no_macvtap(void **state) {
    (void)state;
    const struct observed observed = {.problem = "the XML names none", .all_multicast = true};
    struct plan item = {.attachment = ATTACHED_ELSEWHERE, .reason = NO_MACVTAP};
    struct conclusion conclusion = reconcile(&item, &observed);
    assert_int_equal(conclusion.verdict, NOT_MACVTAP);
    assert_int_equal(conclusion.steps, 0);
    assert_true(is_good(&conclusion));
    item.reason = NETWORK_UNKNOWN;
    conclusion = reconcile(&item, &observed);
    assert_int_equal(conclusion.verdict, NETWORK_NOT_KNOWN);
    assert_int_equal(conclusion.steps, 0);
    assert_false(is_good(&conclusion));
    const struct interface interface = {
        .plan = item, .observed = observed, .conclusion = conclusion};
    char *why = verdict_why(&interface, "web-1");
    assert_string_equal(why, "its network is unknown");
    free(why);
}

static const struct network_row {
    const char *name, *problem, *why;
} networks[] = {
    {"dmz", network_not_active, "its network dmz is not active; run: virsh net-start dmz"},
    {"0.a-b_C", network_not_active,
     "its network 0.a-b_C is not active; run: virsh net-start 0.a-b_C"},
    {"my dmz", network_not_active, "its network is not active: virsh net-start starts it"},
    {"a;b", network_not_active, "its network is not active: virsh net-start starts it"},
    {"--all", network_not_active, "its network is not active: virsh net-start starts it"},
    {"", network_not_active, "its network is not active: virsh net-start starts it"},
    {"my dmz", "it is gone", "its network my dmz is unknown: it is gone"},
};

static void test_network(void **state) {
    const struct network_row *row = *state;
    const struct interface interface = {.network = row->name,
                                        .plan = {.network_problem = row->problem}};
    struct text why = {0};
    assert_true(network_why(&why, &interface));
    assert_string_equal(why.data, row->why);
    text_free(&why);
}

static void test_who_trusts(void **state) {
    (void)state;
    static const char *const whys[] = {[SAID_NOWHERE] = "",
                                       [SAID_BY_INTERFACE] = "its own XML says 'yes'",
                                       [SAID_BY_PORTGROUP] = "its portgroup says 'yes'",
                                       [SAID_BY_NETWORK] = "its network says 'yes'"};
    for (enum said_by by = SAID_NOWHERE; by <= SAID_BY_NETWORK; by++) {
        const struct interface interface = {
            .plan = {.want = WANT_TRUST, .reason = TRUSTED_ALREADY, .said_by = by},
            .observed = {.trust = FORCE_YES, .follows = true},
            .conclusion = {.verdict = TRUSTED}};
        char *why = verdict_why(&interface, "web-1");
        assert_string_equal(why, whys[by]);
        free(why);
    }
}

/* ---- The verdicts' forms ---- */

static const struct form {
    const char *name; /* the code, which is stable */
    enum verdict verdict;
    const char *state;
} forms[] = {
    {"not-macvtap", NOT_MACVTAP, "ok"},
    {"opted-out", LEFT_ALONE, "opted out"},
    {"multicast", MULTICAST, "ok"},
    {"trusted", TRUSTED, "ok"},
    {"no-multicast", NO_MULTICAST, "BROKEN"},
    {"not-trusted", NOT_TRUSTED, "BROKEN"},
    {"still-multicast", STILL_MULTICAST, "BROKEN"},
    {"still-trusted", STILL_TRUSTED, "BROKEN"},
    {"trusted-until-shutdown", TRUSTED_UNTIL_SHUTDOWN, "BROKEN"},
    {"device-unknown", DEVICE_UNKNOWN, "unknown"},
    {"network-unknown", NETWORK_NOT_KNOWN, "unknown"},
    {"not-running", NOT_RUNNING, "ok"},
};

static void test_form(void **state) {
    const struct form *row = *state;
    const struct conclusion conclusion = {.verdict = row->verdict};
    assert_int_equal(COUNT(forms), NOT_RUNNING + 1);
    assert_string_equal(verdict_code(row->verdict), row->name);
    assert_string_equal(state_names[verdict_state(row->verdict)], row->state);
    assert_int_equal(is_good(&conclusion),
                     strcmp(row->state, "ok") == 0 || strcmp(row->state, "opted out") == 0);
}

static const struct reason_row {
    const char *name;
    enum reason reason;
} reasons[] = {
    {"by policy", BY_POLICY},
    {"no macvtap", NO_MACVTAP},
    {"off by policy", OFF_BY_POLICY},
    {"its XML says 'no'; override = yes would ignore that", NO_IN_XML},
    {"its portgroup says 'no'; override = yes would ignore that", NO_IN_PORTGROUP},
    {"its network says 'no'; override = yes would ignore that", NO_IN_NETWORK},
    {"its network is unknown", NETWORK_UNKNOWN},
    {"trusted by its own XML or network", TRUSTED_ALREADY},
    {"libvirt can't trust this model", MODEL_UNTRUSTED},
    {"libvirt chooses the model", MODEL_UNSAID},
    {"passthrough mode needs no trust", PASSTHROUGH},
    {"libvirt can't trust a device that it didn't make", MADE_ELSEWHERE},
    {"its device is missing", DEVICE_MISSING},
    {"by rxtrust revert", REVERTED},
};

static void test_reason(void **state) {
    const struct reason_row *row = *state;
    assert_int_equal(COUNT(reasons), REVERTED + 1);
    assert_string_equal(reason_text(row->reason), row->name);
}

static void test_versions(void **state) {
    (void)state;
    assert_int_equal(live_by_version(0), LIVE_UNKNOWN);
    assert_int_equal(live_by_version(7000000), LIVE_IGNORED);
    assert_int_equal(live_by_version(9999999), LIVE_IGNORED);
    assert_int_equal(live_by_version(10000000), LIVE_HARMFUL);
    assert_int_equal(live_by_version(10000999), LIVE_HARMFUL);
    assert_int_equal(live_by_version(10001000), LIVE_POSSIBLE);
    assert_int_equal(live_by_version(12008000), LIVE_POSSIBLE);
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(in_force_names[FORCE_NO], "no");
    assert_string_equal(in_force_names[FORCE_YES], "yes");
    assert_string_equal(in_force_names[FORCE_UNKNOWN], "unknown");
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_table),    cmocka_unit_test(test_good),
    cmocka_unit_test(test_steps),    cmocka_unit_test(test_end),
    cmocka_unit_test(test_words),    cmocka_unit_test(test_no_macvtap),
    cmocka_unit_test(test_versions), cmocka_unit_test(test_who_trusts),
    cmocka_unit_test(test_names),
};

int main(void) {
    static struct CMUnitTest
        tests[COUNT(rows) + COUNT(forms) + COUNT(reasons) + COUNT(networks) + COUNT(others)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_row, rows);
    ADD_TABLE(tests, used, test_form, forms);
    ADD_TABLE(tests, used, test_reason, reasons);
    ADD_TABLE(tests, used, test_network, networks);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
