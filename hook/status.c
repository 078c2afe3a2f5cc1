/* rxtrust status: the state of each macvtap interface of the guests that run, or of every interface
 * of the guests named, against the policy. */
#include "commands.h"
#include "installed.h"
#include "log.h"
#include "table.h"
#include "wrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const unsigned columns[] = {COLUMN_GUEST,
                                   COLUMN_UUID | VERBOSE,
                                   COLUMN_MAC | VERBOSE,
                                   COLUMN_DEVICE,
                                   COLUMN_MODE | VERBOSE,
                                   COLUMN_STATE,
                                   COLUMN_CODE,
                                   COLUMN_MULTICAST,
                                   COLUMN_TRUST,
                                   COLUMN_POLICY | VERBOSE,
                                   COLUMN_SECTION | VERBOSE,
                                   COLUMN_WHY,
                                   COLUMNS};

/* Whether the guest hears multicast: under trust libvirt opens the macvtap's filter as the guest
 * asks, which in passthrough mode isn't to be seen on the macvtap. */
static bool hears(const struct observed *observed) {
    return observed->all_multicast ||
           (observed->trust == FORCE_YES && (observed->follows || observed->passthrough));
}

static void add_row(struct table *table, const struct planned_guest *guest, size_t number,
                    const struct finding *finding) {
    const struct observed *observed = &finding->observed;
    enum verdict verdict = finding->conclusion.verdict;
    bool looked = guest->plan.items[number].attachment != ATTACHED_ELSEWHERE && guest->domain.id &&
                  !observed->problem;
    char *why = interface_why(guest, number, finding);
    const char *cells[COLUMNS] = {
        [COLUMN_STATE] = state_names[verdict_state(verdict)],
        [COLUMN_CODE] = verdict_code(verdict),
        [COLUMN_MULTICAST] = !looked           ? NULL
                             : hears(observed) ? "yes"
                                               : "no",
        [COLUMN_TRUST] = looked ? in_force_names[observed->trust] : NULL,
        [COLUMN_WHY] = why,
    };
    table_describe(guest, number, cells);
    table_add(table, cells);
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
        print_wrapped(stdout, 0, line_width(), hook->advice);
    if (!log_has_syslog())
        print_wrapped(stdout, 0, line_width(),
                      "nothing listens on /dev/log, so what the hook logs is lost; start a syslog "
                      "daemon, or run libvirtd where one is");
}

int command_status(int argc, char **argv) {
    struct table table = {.columns = columns};
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
