/* rxtrust explain: what each interface of a guest gets at its next start, and why: by the policy,
 * and by the libvirt that runs here. */
#include "commands.h"
#include "log.h"
#include "reconcile.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct table_column columns[] = {
    {"GUEST", 0},        {"UUID", VERBOSE},    {"MAC", 0},          {"TYPE", VERBOSE},
    {"SOURCE", 0},       {"MODE", VERBOSE},    {"MODEL", VERBOSE},  {"SAYS", VERBOSE},
    {"POLICY", VERBOSE}, {"SECTION", VERBOSE}, {"GETS", JSON_ONLY}, {"AT ITS NEXT START", 0},
};

char *interface_why(const struct domain *guest, const struct interface *interface) {
    const char *type = or_dash(interface->type);
    if (interface->conclusion.verdict != NOT_MACVTAP)
        return or_end(verdict_why(interface, guest_for_shell(guest)));
    if (interface->network)
        return xasprintf("network %s gives no macvtap", interface->network);
    if (strcmp(type, "ethernet") == 0 && interface->target)
        return xasprintf("%s is no macvtap", interface->target);
    return xasprintf("type='%s' is no macvtap", type);
}

/* Finds what is so at the next start, once the hook has done its steps. */
static void foresee(struct interface *interface, unsigned long version) {
    const struct plan *plan = &interface->plan;
    struct observed *observed = &interface->observed;
    bool trust = plan->attachment != ATTACHED_ELSEWHERE && plan->can_trust &&
                 (is_given(interface) || plan->says == TRUST_YES);
    *observed = (struct observed){
        .all_multicast = plan->want != WANT_NOTHING,
        .given = trust && is_given(interface),
        .trust = trust ? FORCE_YES : FORCE_NO,
        .live =
            plan->attachment == ATTACHED_BY_NETWORK ? LIVE_BY_NETWORK : live_by_version(version),
    };
    unsigned steps = reconcile(plan, observed).steps;
    if (steps & (STEP_TRUST | STEP_UNTRUST))
        observed->trust = steps & STEP_TRUST ? FORCE_YES : FORCE_NO;
    interface->conclusion = reconcile(plan, observed);
}

/* Without an answer for programs it depends on something that isn't known yet. */
static void add_row(struct table *table, const struct domain *guest,
                    const struct interface *interface) {
    const struct plan *plan = &interface->plan;
    const struct observed *observed = &interface->observed;
    const enum verdict verdict = interface->conclusion.verdict;
    const char *name = guest_for_shell(guest);
    const char *gets = observed->trust == FORCE_YES ? "trust"
                       : observed->all_multicast    ? "all-multicast"
                                                    : "nothing";
    bool untrusted = verdict == MULTICAST && plan->want == WANT_TRUST,
         missing = plan->reason == DEVICE_MISSING, unknown = verdict == NETWORK_NOT_KNOWN;
    bool depends = untrusted && observed->live == LIVE_UNKNOWN;
    char *why = interface_why(guest, interface);
    char *text =
        missing     ? xasprintf("all-multicast if %s is a macvtap", or_dash(interface->target))
        : depends   ? xasprintf("trust, where libvirt 10.1 or later runs, else all-multicast")
        : untrusted ? xasprintf("all-multicast; for trust too, run: rxtrust define %s", name)
        : verdict == TRUSTED_UNTIL_SHUTDOWN
            ? xasprintf("trust; to take it back, run: rxtrust define %s", name)
            : xasprintf("%s%s%s", unknown ? "unknown" : gets, *why ? ": " : "", why);
    table_add(table, guest, interface);
    table_set(table, "GETS", missing || depends || unknown ? NULL : gets);
    table_set(table, "AT ITS NEXT START", text);
    free(text);
    free(why);
}

int command_explain(int argc, char **argv) {
    struct table table = TABLE_OF(columns);
    const struct options options = options_parse(argc, argv, "cjv", argc);
    struct guests guests;
    char *const *names = argv + optind;
    bool from_stdin = *names && strcmp(*names, "-") == 0;
    if (from_stdin && names[1])
        usage_error("explain", "- takes no guests beside it", "");
    enum exit_code code = from_stdin
                              ? guests_from_stdin(options.file, &guests)
                              : guests_from_virsh(names, options.file, GUESTS_STORED, &guests);
    for (struct domain *guest = NULL; !code && (guest = guests_next(&guests, guest));)
        for (size_t i = 0; i < guest->count; i++) {
            foresee(&guest->interfaces[i], guests.dumps.daemon_version);
            add_row(&table, guest, &guest->interfaces[i]);
        }
    if (!code) {
        table_print(&table, &options, guests.complete ? "there is no network interface" : NULL);
        code = guests.complete ? EXIT_GOOD : EXIT_NOT_AS_POLICY;
    }
    table_free(&table);
    guests_free(&guests);
    return flush_output((int)code);
}
