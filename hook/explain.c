/* rxtrust explain: what each interface of a guest gets at its next start, and why: by the policy,
 * and by the libvirt that runs here. */
#include "commands.h"
#include "log.h"
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

char *interface_why(const struct planned_guest *guest, size_t number,
                    const struct finding *finding) {
    const struct interface *interface = &guest->domain.interfaces[number];
    const char *type = or_dash(interface->type);
    if (finding->conclusion.verdict != NOT_MACVTAP)
        return or_end(verdict_why(&guest->plan.items[number], &finding->observed,
                                  &finding->conclusion, guest_for_shell(&guest->domain)));
    if (interface->network)
        return xasprintf("network %s gives no macvtap", interface->network);
    if (strcmp(type, "ethernet") == 0 && interface->target)
        return xasprintf("%s is no macvtap", interface->target);
    return xasprintf("type='%s' is no macvtap", type);
}

/* What is so at the next start, once the hook has done its steps. */
static struct finding foresee(const struct interface *interface, const struct plan_item *item,
                              unsigned long version) {
    bool trust = item->attachment != ATTACHED_ELSEWHERE && item->can_trust &&
                 (is_given(interface) || item->says == TRUST_YES);
    struct observed observed = {
        .all_multicast = item->want != WANT_NOTHING,
        .given = trust && is_given(interface),
        .trust = trust ? FORCE_YES : FORCE_NO,
        .live =
            item->attachment == ATTACHED_BY_NETWORK ? LIVE_BY_NETWORK : live_by_version(version),
        .network = interface->network,
    };
    unsigned steps = reconcile(item, &observed).steps;
    if (steps & (STEP_TRUST | STEP_UNTRUST))
        observed.trust = steps & STEP_TRUST ? FORCE_YES : FORCE_NO;
    return (struct finding){.observed = observed, .conclusion = reconcile(item, &observed)};
}

/* Without an answer for programs it depends on something that isn't known yet. */
static void add_row(struct table *table, const struct planned_guest *guest, size_t number,
                    unsigned long version) {
    const struct plan_item *item = &guest->plan.items[number];
    const struct finding finding = foresee(&guest->domain.interfaces[number], item, version);
    const enum verdict verdict = finding.conclusion.verdict;
    const char *name = guest_for_shell(&guest->domain);
    const char *gets = finding.observed.trust == FORCE_YES ? "trust"
                       : finding.observed.all_multicast    ? "all-multicast"
                                                           : "nothing";
    bool untrusted = verdict == MULTICAST && item->want == WANT_TRUST,
         missing = item->reason == DEVICE_MISSING, unknown = verdict == NETWORK_NOT_KNOWN;
    bool depends = untrusted && finding.observed.live == LIVE_UNKNOWN;
    char *why = interface_why(guest, number, &finding);
    char *text =
        missing     ? xasprintf("all-multicast if %s is a macvtap",
                                or_dash(guest->domain.interfaces[number].target))
        : depends   ? xasprintf("trust, where libvirt 10.1 or later runs, else all-multicast")
        : untrusted ? xasprintf("all-multicast; for trust too, run: rxtrust define %s", name)
        : verdict == TRUSTED_UNTIL_SHUTDOWN
            ? xasprintf("trust; to take it back, run: rxtrust define %s", name)
            : xasprintf("%s%s%s", unknown ? "unknown" : gets, *why ? ": " : "", why);
    table_add(table, guest, number);
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
    for (size_t i = 0; !code && i < guests.planned.count; i++) {
        const struct planned_guest *guest = guests_get(&guests, i);
        for (size_t number = 0; guest && number < guest->plan.count; number++)
            add_row(&table, guest, number, guests.dumps.daemon_version);
    }
    if (!code) {
        table_print(&table, &options, guests.complete ? "there is no network interface" : NULL);
        code = guests.complete ? EXIT_GOOD : EXIT_NOT_AS_POLICY;
    }
    table_free(&table);
    guests_free(&guests);
    return flush_output((int)code);
}
