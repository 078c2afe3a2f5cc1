/* rxtrust status: the state of each macvtap interface of the guests that run, or of every interface
 * of the guests named, against the policy. */
#include "commands.h"
#include "installed.h"
#include "log.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct table_column columns[] = {
    {"GUEST", 0},      {"UUID", VERBOSE},   {"MAC", VERBOSE},     {"DEVICE", 0},
    {"MODE", VERBOSE}, {"STATE", 0},        {"CODE", JSON_ONLY},  {"MULTICAST", TRUTH},
    {"TRUST", 0},      {"POLICY", VERBOSE}, {"SECTION", VERBOSE}, {"WHY", 0},
};

/* Whether the guest hears multicast: under trust libvirt opens the macvtap's filter as the guest
 * asks, which in passthrough mode isn't to be seen on the macvtap. */
static bool hears(const struct observed *observed) {
    return observed->all_multicast ||
           (observed->trust == FORCE_YES && (observed->follows || observed->passthrough));
}

static void add_row(struct table *table, const struct planned_guest *guest, size_t number,
                    const struct finding *finding) {
    const struct observed *observed = &finding->observed;
    const enum verdict verdict = finding->conclusion.verdict;
    bool looked = guest->plan.items[number].attachment != ATTACHED_ELSEWHERE && guest->domain.id &&
                  !observed->problem;
    char *why = interface_why(guest, number, finding);
    table_add(table, guest, number);
    table_set(table, "STATE", state_names[verdict_state(verdict)]);
    table_set(table, "CODE", verdict_code(verdict));
    table_set(table, "MULTICAST", !looked ? NULL : hears(observed) ? "yes" : "no");
    table_set(table, "TRUST", looked ? in_force_names[observed->trust] : NULL);
    table_set(table, "WHY", why);
    free(why);
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
        log_info("%s", hook->advice);
    if (!log_has_syslog())
        log_info("nothing listens on /dev/log, so what the hook logs is lost; start a syslog "
                 "daemon, or run libvirtd where one is");
}

int command_status(int argc, char **argv) {
    struct table table = TABLE_OF(columns);
    const struct options options = options_parse(argc, argv, "jv", argc);
    struct guests guests;
    char *const *names = argv + optind;
    enum exit_code code =
        guests_from_virsh(names, NULL, *names ? GUESTS_ALL : GUESTS_RUNNING, &guests);
    bool good = guests.complete;
    for (size_t i = 0; !code && i < guests.planned.count; i++) {
        const struct planned_guest *guest = guests_get(&guests, i);
        for (size_t number = 0; guest && number < guest->plan.count; number++) {
            struct finding finding = guests_observe(&guests, guest, number);
            good = good && is_good(&finding.conclusion);
            if (*names || finding.conclusion.verdict != NOT_MACVTAP)
                add_row(&table, guest, number, &finding);
        }
    }
    if (code != EXIT_NO_ANSWER) { /* of a policy with an error, too */
        const char *nothing = *names ? "no guest named has a network interface"
                                     : "no running guest has an interface on macvtap";
        struct hook_report hook = hook_look();
        (options.json ? print_hook_json : print_hook_text)(&hook);
        table_print(&table, &options, code || !guests.complete ? NULL : nothing);
        if (options.json)
            (void)puts("}");
        code = code ? code : good && !hook.advice ? EXIT_GOOD : EXIT_NOT_AS_POLICY;
        free(hook.advice);
    }
    table_free(&table);
    guests_free(&guests);
    return flush_output((int)code);
}
