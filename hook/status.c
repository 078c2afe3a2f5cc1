/* rxtrust status: the state of each macvtap interface of the guests that run, or of every interface
 * of the guests named, against the policy. */
#include "commands.h"
#include "installed.h"
#include "log.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GUEST, UUID, MAC, DEVICE, MODE, STATE, CODE, HEARS, TRUST, POLICY, SECTION, WHY, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [GUEST] = {.title = "GUEST", .json = "guest"},
    [UUID] = {.title = "UUID", .json = "uuid", .verbose = true},
    [MAC] = {.title = "MAC", .json = "mac", .verbose = true},
    [DEVICE] = {.title = "DEVICE", .json = "device"},
    [MODE] = {.title = "MODE", .json = "mode", .verbose = true},
    [STATE] = {.title = "STATE", .json = "state", .alarm = "BROKEN"},
    [CODE] = {.json = "code"},
    [HEARS] = {.title = "MULTICAST", .json = "multicast", .truth = true},
    [TRUST] = {.title = "TRUST", .json = "trust"},
    [POLICY] = {.title = "POLICY", .json = "policy", .verbose = true},
    [SECTION] = {.title = "SECTION", .json = "section", .verbose = true},
    [WHY] = {.title = "WHY", .json = "why"},
};

/* Whether the guest hears multicast: under trust libvirt opens the macvtap's filter as the guest
 * asks, which in passthrough mode isn't to be seen on the macvtap. */
static bool hears(const struct observed *observed) {
    return observed->all_multicast ||
           (observed->trust == FORCE_YES && (observed->follows || observed->passthrough));
}

static void add_row(struct table *table, const struct planned_guest *guest, size_t number,
                    const struct finding *finding) {
    const struct plan_item *item = &guest->plan.items[number];
    const struct interface *interface = &guest->domain.interfaces[number];
    const struct observed *observed = &finding->observed;
    enum verdict verdict = finding->conclusion.verdict;
    bool concerns = verdict != NOT_MACVTAP;
    bool looked = item->attachment != ATTACHED_ELSEWHERE && guest->domain.id && !observed->problem;
    char *why = concerns ? or_end(verdict_why(item, observed, &finding->conclusion,
                                              guest_for_shell(&guest->domain)))
                         : explain_no_macvtap(interface);
    table_add(table, (const char *const[COLUMNS]){
                         [GUEST] = guest->domain.name,
                         [UUID] = guest->domain.uuid,
                         [MAC] = interface->mac,
                         [DEVICE] = interface->target,
                         [MODE] = item->mode,
                         [STATE] = state_names[verdict_state(verdict)],
                         [CODE] = verdict_code(verdict),
                         [HEARS] = !looked           ? NULL
                                   : hears(observed) ? "yes"
                                                     : "no",
                         [TRUST] = looked ? in_force_names[observed->trust] : NULL,
                         [POLICY] = concerns ? policy_action_names[item->decision.action] : NULL,
                         [SECTION] = concerns ? item->decision.section : NULL,
                         [WHY] = why,
                     });
    free(why);
}

/* False: an interface isn't as the policy says. `all`: also those that are no macvtap. */
static bool fill(struct table *table, const struct guests *guests, bool all) {
    bool good = true;
    for (size_t i = 0; i < guests->planned.count; i++) {
        const struct planned_guest *guest = guests_get(guests, i);
        for (size_t number = 0; guest && number < guest->plan.count; number++) {
            struct finding finding = guests_observe(guests, guest, number);
            if (finding.conclusion.verdict == NOT_MACVTAP && !all)
                continue;
            add_row(table, guest, number, &finding);
            good = good && is_good(&finding.conclusion);
        }
    }
    return good;
}

static void print_hook_json(const struct hook_report *hook) {
    char time[sizeof "2026-01-01T00:00:00Z"] = "";
    struct tm parts;
    if (hook->last_call && gmtime_r(&hook->last_call, &parts))
        (void)strftime(time, sizeof time, "%FT%TZ", &parts);
    (void)printf("{\"hook\": {\"state\": \"%s\", \"last_call\": ", hook_state_names[hook->state]);
    print_json_string(*time ? time : NULL);
    (void)fputs(", \"advice\": ", stdout);
    print_json_string(hook->advice);
    (void)printf(", \"syslog\": %s},\n\"interfaces\": ", log_has_syslog() ? "true" : "false");
}

static void print_hook_text(const struct hook_report *hook) {
    if (hook->advice)
        print_wrapped(hook->advice);
    if (!log_has_syslog())
        print_wrapped("nothing listens on /dev/log, so what the hook logs is lost; start a syslog "
                      "daemon, or run libvirtd where one is");
}

int command_status(int argc, char **argv) {
    struct table table = {.columns = columns, .column_count = COLUMNS};
    const struct options options = options_parse(argc, argv, "jv", argc);
    struct guests guests;
    char *const *names = argv + optind;
    enum exit_code code =
        guests_from_virsh(names, NULL, *names ? GUESTS_ALL : GUESTS_RUNNING, &guests);
    if (!code) {
        bool good = fill(&table, &guests, *names) && guests.complete;
        struct hook_report hook = hook_look();
        if (options.json)
            print_hook_json(&hook);
        else
            print_hook_text(&hook);
        table_print(&table, &options);
        if (options.json)
            (void)puts("}");
        else if (!table.row_count && guests.complete)
            (void)puts(*names ? "no guest named has a network interface"
                              : "no running guest has an interface on macvtap");
        code = good && !hook.advice ? EXIT_GOOD : EXIT_NOT_AS_POLICY;
        free(hook.advice);
    }
    table_free(&table);
    guests_free(&guests);
    return flush_output((int)code);
}
