/* rxtrust explain: what each interface of a guest gets at its next start, and why: by the policy,
 * and by the libvirt that runs here. */
#include "commands.h"
#include "log.h"
#include "options.h"
#include "table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { GUEST, UUID, MAC, TYPE, SOURCE, MODE, MODEL, SAYS, POLICY, SECTION, GETS, FATE, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [GUEST] = {.title = "GUEST", .json = "guest"},
    [UUID] = {.title = "UUID", .json = "uuid", .verbose = true},
    [MAC] = {.title = "MAC", .json = "mac"},
    [TYPE] = {.title = "TYPE", .json = "type", .verbose = true},
    [SOURCE] = {.title = "SOURCE", .json = "source"},
    [MODE] = {.title = "MODE", .json = "mode", .verbose = true},
    [MODEL] = {.title = "MODEL", .json = "model", .verbose = true},
    [SAYS] = {.title = "SAYS", .json = "says", .verbose = true},
    [POLICY] = {.title = "POLICY", .json = "policy", .verbose = true},
    [SECTION] = {.title = "SECTION", .json = "section", .verbose = true},
    [GETS] = {.json = "gets"},
    [FATE] = {.title = "AT ITS NEXT START", .json = "at_its_next_start"},
};

static const char nothing[] = "nothing", multicast[] = "all-multicast", trust[] = "trust";

bool explain_no_macvtap(const struct interface *interface, struct text *why) {
    const char *type = or_dash(interface->type);
    bool device = strcmp(type, "ethernet") == 0 && interface->target;
    return interface->network ? text_print(why, "network %s gives no macvtap", interface->network)
           : device           ? text_print(why, "%s is no macvtap", interface->target)
                              : text_print(why, "type='%s' is no macvtap", type);
}

/* Trust that the policy gives and the XML doesn't comes while the guest runs. Returns what the
 * guest gets, as below. */
static const char *explain_live(enum live live, unsigned long version, struct text *fate,
                                bool *good) {
    if (live == LIVE_POSSIBLE)
        *good = text_print(fate, "trust");
    else if (live == LIVE_UNKNOWN)
        *good = text_print(fate, "trust, where libvirt 10.1 or later runs, else all-multicast");
    else if (live == LIVE_BY_NETWORK)
        *good = text_print(fate, "all-multicast; trust is its network's to give");
    else
        *good = text_print(fate, "all-multicast; libvirt %lu.%lu can't trust a guest that runs",
                           version / 1000000, version / 1000 % 1000);
    return live == LIVE_POSSIBLE ? trust : live == LIVE_UNKNOWN ? NULL : multicast;
}

/* Says in `fate` what the interface gets, and why. Returns the first in one word for programs;
 * NULL: it depends on something that isn't known yet. */
static const char *explain_fate(const struct interface *interface, const struct plan_item *item,
                                unsigned long version, struct text *fate, bool *good) {
    static const char *const places[] = {"its XML", "its XML", "its portgroup", "its network"};
    enum live live =
        item->attachment == ATTACHED_BY_NETWORK ? LIVE_BY_NETWORK : live_by_version(version);
    const char *gets = item->want == WANT_NOTHING ? nothing : multicast;
    const char *section = item->decision.section;
    if (item->reason == NETWORK_UNKNOWN) {
        *good = text_print(fate, "unknown: %s", or_dash(item->network_problem));
        gets = NULL;
    } else if (item->reason == DEVICE_MISSING) {
        *good = text_print(fate, "all-multicast if %s is a macvtap", interface->target);
        gets = NULL;
    } else if (item->says == TRUST_YES && item->can_trust) {
        bool off = item->reason == OFF_BY_POLICY;
        *good = text_print(fate, "trust: %s says 'yes'", places[item->said_by]) &&
                (!off || text_print(fate, ", and policy = off in [%s] leaves it alone", section));
        gets = trust;
    } else if (interface->given && (item->want == WANT_TRUST || live != LIVE_POSSIBLE)) {
        *good = text_print(fate, "trust: rxtrust define wrote it into its XML%s",
                           item->want == WANT_TRUST ? "" : "; run it again to take it back");
        gets = trust;
    } else if (item->want == WANT_TRUST)
        gets = explain_live(live, version, fate, good);
    else if (item->reason == NO_MACVTAP)
        *good = text_print(fate, "nothing: ") && explain_no_macvtap(interface, fate);
    else if (item->reason == OFF_BY_POLICY || item->reason == BY_POLICY)
        *good = text_print(fate, "%s: policy = %s in [%s]", gets,
                           policy_action_names[item->decision.action], section);
    else
        *good = text_print(fate, "%s: %s", gets, reason_text(item->reason));
    return gets;
}

static void add_row(struct table *table, const struct planned_guest *guest, size_t number,
                    unsigned long version) {
    const struct interface *interface = &guest->domain.interfaces[number];
    const struct plan_item *item = &guest->plan.items[number];
    struct text fate = {0};
    bool good = false, concerns = item->attachment != ATTACHED_ELSEWHERE;
    const char *gets = explain_fate(interface, item, version, &fate, &good);
    table->failed = table->failed || !good;
    table_add(table, (const char *const[COLUMNS]){
                         [GUEST] = guest->domain.name,
                         [UUID] = guest->domain.uuid,
                         [MAC] = interface->mac,
                         [TYPE] = interface->type,
                         [SOURCE] = interface->network  ? interface->network
                                    : interface->bridge ? interface->bridge
                                    : interface->dev    ? interface->dev
                                                        : interface->target,
                         [MODE] = item->mode,
                         [MODEL] = interface->model,
                         [SAYS] = trust_names[item->says],
                         [POLICY] = concerns ? policy_action_names[item->decision.action] : NULL,
                         [SECTION] = concerns ? item->decision.section : NULL,
                         [GETS] = gets,
                         [FATE] = fate.data,
                     });
    text_free(&fate);
}

int command_explain(int argc, char **argv) {
    struct table table = {.columns = columns, .column_count = COLUMNS};
    struct options options;
    struct guests guests;
    if (!options_parse(argc, argv, "cjv", argc, &options))
        return EXIT_USAGE;
    char *const *names = argv + optind;
    bool from_stdin = *names && strcmp(*names, "-") == 0;
    if (from_stdin && names[1]) {
        log_error("explain: - takes no guests beside it; see rxtrust explain --help");
        return EXIT_USAGE;
    }
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
        bool good = table_print(&table, options.json      ? TABLE_JSON
                                        : options.verbose ? TABLE_VERBOSE
                                                          : TABLE_SHORT);
        code = !good ? EXIT_NO_ANSWER : guests.complete ? EXIT_GOOD : EXIT_NOT_AS_POLICY;
    }
    table_free(&table);
    guests_free(&guests);
    return flush_output((int)code);
}
