/* What follows from each combination of what is wanted and what is so: the properties that no row
 * of the table may break, looked at over all of them, and the rows that matter by name. */
#include "unit.h"

#include "../../hook/reconcile.h"

enum { DEVICE_STEPS = STEP_SET | STEP_CLEAR, LIVE_STEPS = STEP_TRUST | STEP_UNTRUST };

/* ---- All of them ---- */

/* Calls `check` for each combination there is. */
static void for_each(void (*check)(const struct plan_item *item, const struct observed *observed,
                                   const struct conclusion *conclusion)) {
    size_t looked_at = 0;
    for (unsigned bits = 0; bits < 1U << 6; bits++)
        for (unsigned want = WANT_NOTHING; want <= WANT_TRUST; want++)
            for (unsigned unsaid = WANT_NOTHING; unsaid <= WANT_TRUST; unsaid++)
                for (unsigned trust = FORCE_NO; trust <= FORCE_UNKNOWN; trust++)
                    for (unsigned origin = ORIGIN_OWNER; origin <= ORIGIN_UNKNOWN; origin++)
                        for (unsigned live = LIVE_POSSIBLE; live <= LIVE_UNKNOWN; live++) {
                            const struct plan_item item = {.attachment = ATTACHED_DIRECTLY,
                                                           .want = want,
                                                           .want_unsaid = unsaid,
                                                           .verdict = {.section = "default"}};
                            const struct observed observed = {.up = bits & 1,
                                                              .passthrough = bits & 2,
                                                              .all_multicast = bits & 4,
                                                              .follows = bits & 8,
                                                              .marked = bits & 16,
                                                              .awaited = bits & 32,
                                                              .trust = trust,
                                                              .origin = origin,
                                                              .live = live};
                            const struct conclusion conclusion = reconcile(&item, &observed);
                            check(&item, &observed, &conclusion);
                            looked_at++;
                        }
    assert_int_equal(looked_at, 64 * 3 * 3 * 3 * 4 * 6);
}

static bool receives(const struct observed *observed) {
    return observed->all_multicast || (observed->trust == FORCE_YES && observed->follows);
}

/* A good verdict is one that holds, and there is nothing left to do. */
static void check_good(const struct plan_item *item, const struct observed *observed,
                       const struct conclusion *conclusion) {
    (void)item;
    if (!is_good(conclusion))
        return;
    assert_int_equal(conclusion->steps, 0);
    if (conclusion->verdict == TRUSTED || conclusion->verdict == TRUSTED_NOT_FOLLOWED)
        assert_int_equal(observed->trust, FORCE_YES);
    if (conclusion->want == WANT_NOTHING)
        assert_false(observed->trust != FORCE_YES && observed->marked && observed->all_multicast);
    else
        assert_true(receives(observed) || conclusion->verdict == MULTICAST_AWAITED);
    if (conclusion->want != WANT_TRUST && observed->trust == FORCE_YES && !observed->awaited)
        assert_int_equal(observed->origin, ORIGIN_OWNER);
}

/* A step does something, is one that was wanted, and can be done. */
static void check_steps(const struct plan_item *item, const struct observed *observed,
                        const struct conclusion *conclusion) {
    (void)item;
    if (conclusion->steps & STEP_SET)
        assert_true(!observed->all_multicast && conclusion->want != WANT_NOTHING);
    if (conclusion->steps & STEP_CLEAR) {
        assert_true(observed->all_multicast && observed->marked);
        assert_int_equal(conclusion->want, WANT_NOTHING);
    }
    if (conclusion->steps & LIVE_STEPS)
        assert_int_equal(observed->live, LIVE_POSSIBLE);
    if (conclusion->steps & STEP_TRUST) {
        assert_int_equal(observed->trust, FORCE_NO);
        assert_int_equal(conclusion->want, WANT_TRUST);
    }
    if (conclusion->steps & STEP_UNTRUST) {
        assert_int_equal(observed->trust, FORCE_YES);
        assert_int_equal(observed->origin, ORIGIN_MARKED);
        assert_int_not_equal(conclusion->want, WANT_TRUST);
    }
    if (conclusion->steps & STEP_WAIT)
        assert_true(observed->passthrough && !observed->up && !observed->all_multicast);
}

/* In passthrough mode nothing is set on a device that is down. */
static void check_passthrough(const struct plan_item *item, const struct observed *observed,
                              const struct conclusion *conclusion) {
    (void)item;
    if (observed->passthrough && !observed->up)
        assert_false(conclusion->steps & STEP_SET);
}

/* What is wanted is what the XML and the policy say; without the 'yes' that may be rxtrust's own.
 */
static void check_want(const struct plan_item *item, const struct observed *observed,
                       const struct conclusion *conclusion) {
    bool own = observed->trust == FORCE_YES && observed->origin != ORIGIN_OWNER;
    assert_int_equal(conclusion->want, own ? item->want_unsaid : item->want);
}

/* Following the steps comes to an end, and to a good verdict if libvirt takes what is sent. */
static void check_end(const struct plan_item *item, const struct observed *observed,
                      const struct conclusion *conclusion) {
    /* Where the interface's own 'yes' makes a difference it is in force, or libvirt can't change
     * it. */
    if (item->want != item->want_unsaid && observed->trust != FORCE_YES &&
        observed->live == LIVE_POSSIBLE)
        return;
    struct plan_item planned = *item;
    struct observed now = *observed;
    struct conclusion then = *conclusion;
    for (int round = 0; then.steps; round++) {
        assert_true(round < 4);
        if (then.steps & STEP_SET)
            now.all_multicast = now.marked = true;
        if (then.steps & STEP_CLEAR)
            now.all_multicast = now.marked = false;
        if (then.steps & STEP_TRUST) {
            now.trust = FORCE_YES;
            now.origin = ORIGIN_MARKED;
        }
        if (then.steps & STEP_UNTRUST) {
            now.trust = FORCE_NO;
            now.origin = ORIGIN_OWNER;
            planned.want = planned.want_unsaid; /* the XML says nothing any more */
        }
        if (then.steps & STEP_WAIT)
            now.up = true;
        then = reconcile(&planned, &now);
    }
    if (observed->origin == ORIGIN_OWNER && item->want == item->want_unsaid)
        assert_true(is_good(&then));
}

/* The table once more, as what the design says in words. */
static struct conclusion expected(enum want want, const struct observed *observed) {
#define THEN(does, tells) ((struct conclusion){.steps = (does), .verdict = (tells), .want = want})
    bool yes = observed->trust == FORCE_YES, possible = observed->live == LIVE_POSSIBLE;
    bool marked = yes && observed->origin == ORIGIN_MARKED;
    bool ours = marked || (yes && observed->origin == ORIGIN_RUN);
    bool unknown = yes && observed->origin == ORIGIN_UNKNOWN;
    bool down = observed->passthrough && !observed->up, missing = !observed->all_multicast;
    bool followed = yes && observed->follows;
    bool left = !missing && observed->marked && !followed;
    unsigned set = missing ? STEP_SET : 0;

    if (want == WANT_NOTHING)
        return unknown              ? THEN(0, TRUST_OF_UNKNOWN_ORIGIN)
               : marked && possible ? THEN(STEP_UNTRUST, TRUST_LEFT)
               : ours               ? THEN(left ? STEP_CLEAR : 0, TRUST_UNTIL_SHUTDOWN)
               : left               ? THEN(STEP_CLEAR, MULTICAST_LEFT)
                                    : THEN(0, LEFT_ALONE);
    if (want == WANT_MULTICAST && unknown)
        return THEN(down || followed ? 0 : set, TRUST_OF_UNKNOWN_ORIGIN);
    if (want == WANT_MULTICAST && marked && possible)
        return THEN(STEP_UNTRUST | (down ? 0 : set), TRUST_LEFT);
    if (want == WANT_TRUST && followed)
        return THEN(0, TRUSTED);
    if (missing && down)
        return observed->awaited ? THEN(0, MULTICAST_AWAITED) : THEN(STEP_WAIT, MULTICAST_WAITS);
    if (want == WANT_MULTICAST)
        return missing ? THEN(set, MULTICAST_MISSING)
               : ours  ? THEN(0, TRUST_UNTIL_SHUTDOWN)
                       : THEN(0, MULTICAST);
    if (yes)
        return THEN(set, missing ? TRUSTED_DEAF : TRUSTED_NOT_FOLLOWED);
    if (observed->trust == FORCE_NO && possible)
        return THEN(set | STEP_TRUST, NOT_TRUSTED);
    return THEN(set, missing ? MULTICAST_MISSING : MULTICAST);
#undef THEN
}

static void check_table(const struct plan_item *item, const struct observed *observed,
                        const struct conclusion *conclusion) {
    (void)item;
    const struct conclusion wanted = expected(conclusion->want, observed);
    assert_int_equal(conclusion->verdict, wanted.verdict);
    assert_int_equal(conclusion->steps, wanted.steps);
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
static void test_passthrough(void **state) {
    (void)state;
    for_each(check_passthrough);
}
static void test_want(void **state) {
    (void)state;
    for_each(check_want);
}
static void test_end(void **state) {
    (void)state;
    for_each(check_end);
}

/* ---- Rows by name ---- */

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of reading */
static const struct row {
    const char *name;
    enum want want, want_unsaid;
    enum reason reason;
    struct observed observed;
    unsigned steps;
    const char *text;
} rows[] = {
    {"a trusted guest whose filter libvirt follows",
     WANT_TRUST,
     WANT_TRUST,
     BY_POLICY,
     {.up = true, .trust = FORCE_YES, .origin = ORIGIN_MARKED, .follows = true},
     0,
     "as the policy says: trusted"},
    {"a trusted guest that isn't followed yet",
     WANT_TRUST,
     WANT_TRUST,
     BY_POLICY,
     {.trust = FORCE_YES, .origin = ORIGIN_MARKED, .all_multicast = true, .marked = true},
     0,
     "as the policy says: trusted, all-multicast until libvirt follows the guest"},
    {"a trusted guest that hears no multicast",
     WANT_TRUST,
     WANT_TRUST,
     TRUSTED_ALREADY,
     {.trust = FORCE_YES},
     STEP_SET,
     "NOT as the policy says: trusted, but its macvtap lets no multicast in; run: rxtrust apply "
     "web-1"},
    {"trust to be given",
     WANT_TRUST,
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .marked = true},
     STEP_TRUST,
     "NOT as the policy says: not trusted; run: rxtrust apply web-1"},
    {"trust while libvirt waits",
     WANT_TRUST,
     WANT_TRUST,
     BY_POLICY,
     {.live = LIVE_NOT_NOW},
     STEP_SET,
     "NOT as the policy says: no all-multicast; run: rxtrust apply web-1"},
    {"a libvirt that doesn't take trust",
     WANT_TRUST,
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .marked = true, .live = LIVE_IGNORED},
     0,
     "as the policy says: all-multicast: libvirt before 10.0 doesn't take trust in a running "
     "guest"},
    {"libvirt 10.0",
     WANT_TRUST,
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .marked = true, .live = LIVE_HARMFUL},
     0,
     "as the policy says: all-multicast: libvirt 10.0 would forget its device, and refuse its next "
     "start"},
    {"a network whose port isn't trusted",
     WANT_TRUST,
     WANT_TRUST,
     TRUSTED_ALREADY,
     {.live = LIVE_BY_NETWORK},
     STEP_SET,
     "NOT as the policy says: no all-multicast; run: rxtrust apply web-1"},
    {"a network whose port can't be looked at",
     WANT_TRUST,
     WANT_TRUST,
     TRUSTED_ALREADY,
     {.all_multicast = true, .trust = FORCE_UNKNOWN, .trust_problem = "it isn't known"},
     0,
     "as the policy says: all-multicast: it isn't known"},
    {"opted out, with all-multicast of rxtrust's",
     WANT_NOTHING,
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.all_multicast = true, .marked = true},
     STEP_CLEAR,
     "NOT as the policy says: still all-multicast; run: rxtrust apply web-1"},
    {"opted out, with all-multicast of somebody else's",
     WANT_NOTHING,
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.all_multicast = true},
     0,
     "as the policy says: left alone: off by policy"},
    {"opted out, with trust of rxtrust's",
     WANT_NOTHING,
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .origin = ORIGIN_MARKED, .follows = true},
     STEP_UNTRUST,
     "NOT as the policy says: still trusted; run: rxtrust apply web-1"},
    {"opted out, with trust that was saved and restored",
     WANT_NOTHING,
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .origin = ORIGIN_RUN, .follows = true},
     0,
     "NOT as the policy says: trusted until it is shut down"},
    {"opted out, with trust of the owner's",
     WANT_NOTHING,
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .origin = ORIGIN_OWNER, .follows = true},
     0,
     "as the policy says: left alone: off by policy, trusted by its own XML or network"},
    {"opted out, with trust of nobody knows whom",
     WANT_NOTHING,
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .origin = ORIGIN_UNKNOWN},
     0,
     "NOT as the policy says: trusted, and whether its stored XML says so isn't known"},
    {"'no' in the XML",
     WANT_NOTHING,
     WANT_NOTHING,
     NO_IN_XML,
     {.up = true},
     0,
     "as the policy says: left alone: its XML says trustGuestRxFilters='no' (override = yes would "
     "ignore that)"},
    {"multicast, trusted under the policy before",
     WANT_TRUST,
     WANT_MULTICAST,
     BY_POLICY,
     {.trust = FORCE_YES, .origin = ORIGIN_MARKED, .follows = true},
     STEP_SET | STEP_UNTRUST,
     "NOT as the policy says: still trusted; run: rxtrust apply web-1"},
    {"passthrough, down",
     WANT_MULTICAST,
     WANT_MULTICAST,
     PASSTHROUGH,
     {.passthrough = true},
     STEP_WAIT,
     "NOT as the policy says: all-multicast once the device is up; run: rxtrust apply web-1"},
    {"passthrough, down and awaited",
     WANT_MULTICAST,
     WANT_MULTICAST,
     PASSTHROUGH,
     {.passthrough = true, .awaited = true},
     0,
     "as the policy says: all-multicast as soon as the device is up"},
    {"passthrough, set",
     WANT_MULTICAST,
     WANT_MULTICAST,
     PASSTHROUGH,
     {.passthrough = true, .up = true, .all_multicast = true, .marked = true},
     0,
     "as the policy says: all-multicast: trust gives nothing in passthrough mode"},
    {"trust to be given, and all-multicast until then",
     WANT_TRUST,
     WANT_TRUST,
     BY_POLICY,
     {.up = true},
     STEP_SET | STEP_TRUST,
     "NOT as the policy says: not trusted; run: rxtrust apply web-1"},
    {"a daemon whose version isn't known",
     WANT_TRUST,
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .live = LIVE_UNKNOWN},
     0,
     "as the policy says: all-multicast: the daemon's version isn't known, so trust isn't sent"},
    {"a network that gives all-multicast",
     WANT_TRUST,
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .live = LIVE_BY_NETWORK},
     0,
     "as the policy says: all-multicast: trust of a guest that runs is its network port's"},
    {"all-multicast while libvirt waits",
     WANT_TRUST,
     WANT_TRUST,
     BY_POLICY,
     {.all_multicast = true, .live = LIVE_NOT_NOW},
     0,
     "as the policy says: all-multicast"},
    {"passthrough with trust of the owner's, down",
     WANT_TRUST,
     WANT_MULTICAST,
     TRUSTED_ALREADY,
     {.passthrough = true, .trust = FORCE_YES},
     STEP_WAIT,
     "NOT as the policy says: all-multicast once the device is up; run: rxtrust apply web-1"},
    {"passthrough with trust of the owner's, down and awaited",
     WANT_TRUST,
     WANT_MULTICAST,
     TRUSTED_ALREADY,
     {.passthrough = true, .awaited = true, .trust = FORCE_YES},
     0,
     "as the policy says: all-multicast as soon as the device is up"},
    {"opted out, with trust that was saved, and all-multicast of rxtrust's",
     WANT_NOTHING,
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .origin = ORIGIN_RUN, .all_multicast = true, .marked = true},
     STEP_CLEAR,
     "NOT as the policy says: trusted until it is shut down"},
    {"opted out, with trust of the owner's, and all-multicast of rxtrust's",
     WANT_NOTHING,
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .all_multicast = true, .marked = true},
     STEP_CLEAR,
     "NOT as the policy says: still all-multicast; run: rxtrust apply web-1"},
    {"opted out, with trust of rxtrust's that libvirt can't take",
     WANT_NOTHING,
     WANT_NOTHING,
     OFF_BY_POLICY,
     {.trust = FORCE_YES, .origin = ORIGIN_MARKED, .follows = true, .live = LIVE_IGNORED},
     0,
     "NOT as the policy says: trusted until it is shut down"},
    {"multicast, with trust of nobody knows whom",
     WANT_MULTICAST,
     WANT_MULTICAST,
     BY_POLICY,
     {.up = true, .trust = FORCE_YES, .origin = ORIGIN_UNKNOWN},
     STEP_SET,
     "NOT as the policy says: trusted, and whether its stored XML says so isn't known"},
    {"multicast that is set, with trust of nobody knows whom",
     WANT_MULTICAST,
     WANT_MULTICAST,
     BY_POLICY,
     {.trust = FORCE_YES, .origin = ORIGIN_UNKNOWN, .all_multicast = true},
     0,
     "NOT as the policy says: trusted, and whether its stored XML says so isn't known"},
    {"multicast that is set, trusted under the policy before",
     WANT_TRUST,
     WANT_MULTICAST,
     BY_POLICY,
     {.trust = FORCE_YES, .origin = ORIGIN_MARKED, .all_multicast = true},
     STEP_UNTRUST,
     "NOT as the policy says: still trusted; run: rxtrust apply web-1"},
    {"multicast, with trust that was saved and restored",
     WANT_TRUST,
     WANT_MULTICAST,
     BY_POLICY,
     {.trust = FORCE_YES, .origin = ORIGIN_RUN, .all_multicast = true},
     0,
     "NOT as the policy says: trusted until it is shut down"},
    {"multicast to be set",
     WANT_MULTICAST,
     WANT_MULTICAST,
     BY_POLICY,
     {.up = true},
     STEP_SET,
     "NOT as the policy says: no all-multicast; run: rxtrust apply web-1"},
    {"multicast that is set",
     WANT_MULTICAST,
     WANT_MULTICAST,
     BY_POLICY,
     {.all_multicast = true},
     0,
     "as the policy says: all-multicast"},
    {"a device that can't be looked at",
     WANT_MULTICAST,
     WANT_MULTICAST,
     BY_POLICY,
     {.problem = "No such device"},
     0,
     "NOT as the policy says: the device: No such device"},
    {"a network that isn't known",
     WANT_NOTHING,
     WANT_NOTHING,
     NETWORK_UNKNOWN,
     {.up = true},
     0,
     "NOT as the policy says: the network: it is gone"},
};

static void test_row(void **state) {
    const struct row *row = *state;
    const struct plan_item item = {.attachment = ATTACHED_DIRECTLY,
                                   .want = row->want,
                                   .want_unsaid = row->want_unsaid,
                                   .reason = row->reason,
                                   .reason_unsaid = row->reason,
                                   .network_problem = "it is gone",
                                   .verdict = {.section = "default"}};
    const struct conclusion conclusion = reconcile(&item, &row->observed);
    assert_int_equal(conclusion.steps, row->steps);
    char *text = verdict_text(&item, &row->observed, &conclusion, "web-1");
    assert_non_null(text);
    assert_string_equal(text, row->text);
    assert_int_equal(is_good(&conclusion), strncmp(text, "NOT ", 4) != 0);
    free(text);
    text = verdict_text(&item, &row->observed, &conclusion, NULL);
    assert_non_null(text);
    const char *advice = strstr(row->text, "; run: ");
    assert_int_equal(strlen(text), advice ? (size_t)(advice - row->text) : strlen(row->text));
    assert_memory_equal(text, row->text, strlen(text));
    free(text);
}

static const struct reason_row {
    const char *name;
    enum reason reason;
} reasons[] = {
    {"by policy", BY_POLICY},
    {"no macvtap", NO_MACVTAP},
    {"off by policy", OFF_BY_POLICY},
    {"its XML says trustGuestRxFilters='no' (override = yes would ignore that)", NO_IN_XML},
    {"its portgroup says trustGuestRxFilters='no' (override = yes would ignore that)",
     NO_IN_PORTGROUP},
    {"its network says trustGuestRxFilters='no' (override = yes would ignore that)", NO_IN_NETWORK},
    {"its network can't be known", NETWORK_UNKNOWN},
    {"trustGuestRxFilters='yes' is there already", TRUSTED_ALREADY},
    {"this model can't be trusted", MODEL_UNTRUSTED},
    {"libvirt chooses the model", MODEL_UNSAID},
    {"trust gives nothing in passthrough mode", PASSTHROUGH},
    {"libvirt can't trust a device that it didn't make", MADE_ELSEWHERE},
};

static void test_reason(void **state) {
    const struct reason_row *row = *state;
    assert_string_equal(reason_text(row->reason), row->name);
}

/* Of a network that isn't known nothing else is said, also of a device that can't be looked at; and
 * what counts of a trusted guest may be why it would be so without its own 'yes'. */
static void test_reason_that_counts(void **state) {
    (void)state;
    const struct plan_item item = {.attachment = ATTACHED_BY_NETWORK,
                                   .want = WANT_TRUST,
                                   .reason = TRUSTED_ALREADY,
                                   .want_unsaid = WANT_NOTHING,
                                   .reason_unsaid = NETWORK_UNKNOWN};
    struct observed observed = {.problem = "No such device", .trust = FORCE_YES};
    assert_int_equal(reconcile(&item, &observed).verdict, DEVICE_UNKNOWN);
    assert_int_equal(reconcile(&item, &observed).reason, TRUSTED_ALREADY);
    observed.origin = ORIGIN_MARKED;
    assert_int_equal(reconcile(&item, &observed).verdict, NETWORK_NOT_KNOWN);
    assert_int_equal(reconcile(&item, &observed).reason, NETWORK_UNKNOWN);
    assert_int_equal(reconcile(&item, &observed).steps, 0);
    observed.trust = FORCE_NO;
    assert_int_equal(reconcile(&item, &observed).reason, TRUSTED_ALREADY);
}

/* ---- What is no macvtap, and versions ---- */

static void test_not_concerned(void **state) {
    (void)state;
    const struct observed none = {.no_macvtap = true, .problem = "it is not a macvtap"};
    const struct plan_item by_name = {.attachment = ATTACHED_BY_NAME, .want = WANT_MULTICAST};
    const struct plan_item direct = {.attachment = ATTACHED_DIRECTLY, .want = WANT_MULTICAST};
    const struct plan_item elsewhere = {.attachment = ATTACHED_ELSEWHERE};
    assert_int_equal(reconcile(&by_name, &none).verdict, NOT_CONCERNED);
    assert_int_equal(reconcile(&direct, &none).verdict, DEVICE_UNKNOWN);
    const struct conclusion conclusion = reconcile(&elsewhere, &none);
    assert_int_equal(conclusion.verdict, NOT_CONCERNED);
    char *text = verdict_text(&elsewhere, &none, &conclusion, "web-1");
    assert_non_null(text);
    assert_string_equal(text, "no macvtap");
    free(text);
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

static void test_origin(void **state) {
    (void)state;
    const struct plan_item agreed = {.want = WANT_TRUST, .want_unsaid = WANT_TRUST};
    const struct plan_item contested = {.want = WANT_TRUST, .want_unsaid = WANT_MULTICAST};
    const struct plan_item opted_out = {.want = WANT_NOTHING, .want_unsaid = WANT_NOTHING};
    assert_false(is_contested(&agreed));
    assert_true(is_contested(&contested));
    assert_true(is_contested(&opted_out));
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_good),        cmocka_unit_test(test_steps),
    cmocka_unit_test(test_passthrough), cmocka_unit_test(test_want),
    cmocka_unit_test(test_end),         cmocka_unit_test(test_not_concerned),
    cmocka_unit_test(test_versions),    cmocka_unit_test(test_origin),
    cmocka_unit_test(test_table),       cmocka_unit_test(test_reason_that_counts),
};

int main(void) {
    static struct CMUnitTest tests[COUNT(rows) + COUNT(reasons) + COUNT(others)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_row, rows);
    ADD_TABLE(tests, used, test_reason, reasons);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("reconcile", tests, NULL, NULL);
}
