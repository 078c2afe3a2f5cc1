/* rxtrust status: the state of each macvtap interface of the guests that run, or of every interface
 * of the guests named, against the policy. */
#include "commands.h"
#include "installed.h"
#include "log.h"
#include "reconcile.h"
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

static void add_row(struct table *table, const struct domain *guest,
                    const struct interface *interface) {
    const struct observed *observed = &interface->observed;
    const enum verdict verdict = interface->conclusion.verdict;
    bool looked =
        interface->plan.attachment != ATTACHED_ELSEWHERE && guest->id && !observed->problem;
    char *why = interface_why(guest, interface);
    table_add(table, guest, interface);
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
    for (struct domain *guest = NULL; !code && (guest = guests_next(&guests, guest));) {
        guests_observe(&guests, guest);
        for (size_t i = 0; i < guest->count; i++) {
            const struct interface *interface = &guest->interfaces[i];
            good = good && is_good(&interface->conclusion);
            if (*names || interface->conclusion.verdict != NOT_MACVTAP)
                add_row(&table, guest, interface);
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
