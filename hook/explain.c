/* rxtrust explain: what each interface of a guest gets at its next start, and why: by the policy,
 * and by the libvirt that runs here. */
#include "commands.h"
#include "log.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const unsigned columns[] = {COLUMN_GUEST,
                                   COLUMN_UUID | VERBOSE,
                                   COLUMN_MAC,
                                   COLUMN_TYPE | VERBOSE,
                                   COLUMN_SOURCE,
                                   COLUMN_MODE | VERBOSE,
                                   COLUMN_MODEL | VERBOSE,
                                   COLUMN_SAYS | VERBOSE,
                                   COLUMN_POLICY | VERBOSE,
                                   COLUMN_SECTION | VERBOSE,
                                   COLUMN_GETS,
                                   COLUMN_NEXT_START,
                                   COLUMNS};

/* Why an interface is no concern of rxtrust's; the caller frees it. */
static char *explain_no_macvtap(const struct interface *interface) {
    const char *type = or_dash(interface->type);
    bool device = strcmp(type, "ethernet") == 0 && interface->target;
    return interface->network ? xasprintf("network %s gives no macvtap", interface->network)
           : device           ? xasprintf("%s is no macvtap", interface->target)
                              : xasprintf("type='%s' is no macvtap", type);
}

char *interface_why(const struct planned_guest *guest, size_t number,
                    const struct finding *finding) {
    return finding->conclusion.verdict == NOT_MACVTAP
               ? explain_no_macvtap(&guest->domain.interfaces[number])
               : or_end(verdict_why(&guest->plan.items[number], &finding->observed,
                                    &finding->conclusion, guest_for_shell(&guest->domain)));
}

/* What is so at the next start, once the hook has done its steps. */
static struct finding foresee(const struct interface *interface, const struct plan_item *item,
                              unsigned long version) {
    bool trust = item->attachment != ATTACHED_ELSEWHERE && item->can_trust &&
                 (interface->given || item->says == TRUST_YES);
    struct observed observed = {
        .all_multicast = item->want != WANT_NOTHING,
        .given = trust && interface->given,
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

/* The same in words, which the caller frees. *gets: one word for programs, NULL where it depends on
 * something that isn't known yet. */
static char *explain(const struct planned_guest *guest, size_t number, unsigned long version,
                     const char **gets) {
    const struct interface *interface = &guest->domain.interfaces[number];
    const struct plan_item *item = &guest->plan.items[number];
    const struct finding finding = foresee(interface, item, version);
    const enum verdict verdict = finding.conclusion.verdict;
    const char *name = guest_for_shell(&guest->domain);
    bool untrusted = verdict == MULTICAST && item->want == WANT_TRUST;
    *gets = NULL;
    if (item->reason == DEVICE_MISSING)
        return xasprintf("all-multicast if %s is a macvtap", or_dash(interface->target));
    if (untrusted && finding.observed.live == LIVE_UNKNOWN)
        return xasprintf("trust, where libvirt 10.1 or later runs, else all-multicast");
    if (verdict != NETWORK_NOT_KNOWN)
        *gets = finding.observed.trust == FORCE_YES ? "trust"
                : finding.observed.all_multicast    ? "all-multicast"
                                                    : "nothing";
    if (untrusted)
        return xasprintf("all-multicast; for trust too, run: rxtrust define %s", name);
    if (verdict == TRUSTED_UNTIL_SHUTDOWN)
        return xasprintf("trust; to take it back, run: rxtrust define %s", name);
    char *why = interface_why(guest, number, &finding);
    char *text = xasprintf("%s%s%s", *gets ? *gets : "unknown", *why ? ": " : "", why);
    free(why);
    return text;
}

static void add_row(struct table *table, const struct planned_guest *guest, size_t number,
                    unsigned long version) {
    const struct interface *interface = &guest->domain.interfaces[number];
    const char *gets = NULL;
    char *text = explain(guest, number, version, &gets);
    const char *cells[COLUMNS] = {
        [COLUMN_TYPE] = interface->type,
        [COLUMN_SOURCE] = interface->network  ? interface->network
                          : interface->bridge ? interface->bridge
                          : interface->dev    ? interface->dev
                                              : interface->target,
        [COLUMN_MODEL] = interface->model,
        [COLUMN_SAYS] = trust_names[guest->plan.items[number].says],
        [COLUMN_GETS] = gets,
        [COLUMN_NEXT_START] = text,
    };
    table_describe(guest, number, cells);
    table_add(table, cells);
    free(text);
}

int command_explain(int argc, char **argv) {
    struct table table = {.columns = columns};
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
        if (!table.row_count && !options.json && guests.complete)
            (void)puts("there is no network interface");
        table_print(&table, &options);
        code = guests.complete ? EXIT_GOOD : EXIT_NOT_AS_POLICY;
    }
    table_free(&table);
    guests_free(&guests);
    return flush_output((int)code);
}
