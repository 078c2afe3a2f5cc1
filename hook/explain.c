/* rxtrust explain: what each interface of a guest gets at its next start, and why: by the policy,
 * and by the libvirt that runs here. */
#include "commands.h"
#include "log.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
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

char *explain_no_macvtap(const struct interface *interface) {
    const char *type = or_dash(interface->type);
    bool device = strcmp(type, "ethernet") == 0 && interface->target;
    return interface->network ? xasprintf("network %s gives no macvtap", interface->network)
           : device           ? xasprintf("%s is no macvtap", interface->target)
                              : xasprintf("type='%s' is no macvtap", type);
}

/* What an interface gets: a word for programs, NULL where it depends on something that isn't known
 * yet; and the same with the reason for people, owned. */
struct fate {
    const char *gets;
    char *text;
};

/* Trust that the policy gives and the XML doesn't comes while the guest runs. */
static struct fate explain_live(enum live live, unsigned long version) {
    switch (live) {
    case LIVE_POSSIBLE:
        return (struct fate){trust, xasprintf("trust")};
    case LIVE_UNKNOWN:
        return (struct fate){
            NULL, xasprintf("trust, where libvirt 10.1 or later runs, else all-multicast")};
    case LIVE_BY_NETWORK:
        return (struct fate){multicast, xasprintf("all-multicast; trust is its network's to give")};
    default:
        return (struct fate){
            multicast, xasprintf("all-multicast; libvirt %lu.%lu can't trust a guest that runs",
                                 version / 1000000, version / 1000 % 1000)};
    }
}

static struct fate explain_fate(const struct interface *interface, const struct plan_item *item,
                                unsigned long version) {
    static const char *const places[] = {"its XML", "its XML", "its portgroup", "its network"};
    enum live live =
        item->attachment == ATTACHED_BY_NETWORK ? LIVE_BY_NETWORK : live_by_version(version);
    const char *gets = item->want == WANT_NOTHING ? nothing : multicast;
    const char *section = item->decision.section, *place = places[item->said_by];
    if (item->reason == NETWORK_UNKNOWN)
        return (struct fate){NULL, xasprintf("unknown: %s", or_dash(item->network_problem))};
    if (item->reason == DEVICE_MISSING)
        return (struct fate){
            NULL, xasprintf("all-multicast if %s is a macvtap", or_dash(interface->target))};
    if (item->reason == OFF_BY_POLICY && item->says == TRUST_YES && item->can_trust)
        return (struct fate){
            trust, xasprintf("trust: %s says 'yes', and policy = off in [%s] leaves it alone",
                             place, section)};
    if (item->says == TRUST_YES && item->can_trust)
        return (struct fate){trust, xasprintf("trust: %s says 'yes'", place)};
    if (is_given(interface) && (item->want == WANT_TRUST || live != LIVE_POSSIBLE))
        return (struct fate){
            trust, xasprintf("trust: rxtrust define wrote it into its XML%s",
                             item->want == WANT_TRUST ? "" : "; run it again to take it back")};
    if (item->want == WANT_TRUST)
        return explain_live(live, version);
    if (item->reason == OFF_BY_POLICY || item->reason == BY_POLICY)
        return (struct fate){gets, xasprintf("%s: policy = %s in [%s]", gets,
                                             policy_action_names[item->decision.action], section)};
    char *no_macvtap = item->reason == NO_MACVTAP ? explain_no_macvtap(interface) : NULL;
    struct fate fate = {
        gets, xasprintf("%s: %s", gets, no_macvtap ? no_macvtap : reason_text(item->reason))};
    free(no_macvtap);
    return fate;
}

static void add_row(struct table *table, const struct planned_guest *guest, size_t number,
                    unsigned long version) {
    const struct interface *interface = &guest->domain.interfaces[number];
    const struct plan_item *item = &guest->plan.items[number];
    struct fate fate = explain_fate(interface, item, version);
    bool concerns = item->attachment != ATTACHED_ELSEWHERE;
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
                         [GETS] = fate.gets,
                         [FATE] = fate.text,
                     });
    free(fate.text);
}

int command_explain(int argc, char **argv) {
    struct table table = {.columns = columns, .column_count = COLUMNS};
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
