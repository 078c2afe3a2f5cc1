/* rxtrust status: what is so of each macvtap interface of the guests that run, and whether it is
 * what the policy says. */
#include "commands.h"

#include "installed.h"
#include "log.h"
#include "observe.h"
#include "running.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>

enum { GUEST, UUID, MAC, DEVICE, POLICY, SECTION, TRUST, ALL_MULTICAST, VERDICT, GOOD, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [GUEST] = {"GUEST", "guest"},
    [UUID] = {NULL, "uuid"},
    [MAC] = {"MAC", "mac"},
    [DEVICE] = {"DEVICE", "device"},
    [POLICY] = {"POLICY", "policy"},
    [SECTION] = {"SECTION", "section"},
    [TRUST] = {"TRUST", "trust"},
    [ALL_MULTICAST] = {"ALL-MULTICAST", "all_multicast"},
    [VERDICT] = {"VERDICT", "verdict"},
    [GOOD] = {NULL, "good"},
};

static void fill(struct table *table, const struct parsed_guest *guest, size_t number,
                 const struct finding *finding) {
    static const char *const in_force[] = {
        [FORCE_NO] = "no", [FORCE_YES] = "yes", [FORCE_UNKNOWN] = "unknown"};
    const struct plan_item *item = &guest->plan.items[number];
    const struct interface *interface = &guest->domain.interfaces[number];
    char *verdict =
        verdict_text(item, &finding->observed, &finding->conclusion, guest->domain.name);
    struct table_cell *row = table_add(table);
    if (row) {
        table_text(table, &row[GUEST], guest->domain.name);
        table_text(table, &row[UUID], guest->domain.uuid);
        table_text(table, &row[MAC], interface->mac);
        table_text(table, &row[DEVICE], interface->target);
        table_text(table, &row[POLICY], policy_action_names[item->verdict.action]);
        table_text(table, &row[SECTION], item->verdict.section);
        table_text(table, &row[TRUST], in_force[finding->observed.trust]);
        if (!finding->observed.problem)
            table_truth(&row[ALL_MULTICAST], finding->observed.all_multicast);
        table_text(table, &row[VERDICT], verdict);
        table_truth(&row[GOOD], is_good(&finding->conclusion));
    }
    table->bad = table->bad || !verdict;
    free(verdict);
}

/* False: an interface isn't what the policy says. */
static bool report(struct running *running, const struct observer *observer, struct table *table) {
    bool good = true;
    for (size_t i = 0; i < running->count; i++) {
        const struct parsed_guest *guest = running_guest(running, i);
        for (size_t number = 0; guest && number < guest->plan.count; number++) {
            struct finding finding = observe(observer, guest, number);
            if (finding.conclusion.verdict == NOT_CONCERNED)
                continue;
            fill(table, guest, number, &finding);
            good = good && is_good(&finding.conclusion);
        }
    }
    return good;
}

int command_status(int argc, char **argv) {
    struct table table = {.columns = columns, .column_count = COLUMNS, .painted = VERDICT};
    struct running running = {0};
    struct observer observer = {.table = {.socket = -1}};
    struct options options;
    if (!command_options(argc, argv, "j", 0, &options))
        return 1;
    bool installed = installed_is_called();
    bool loaded = running_load((char *[]){NULL}, NULL, THAT_RUN, &running);
    const char *problem =
        loaded ? observer_open(&observer, live_by_version(running.dumps.daemon_version),
                               virsh_now() + VIRSH_ANSWER_SECONDS)
               : NULL;
    if (problem)
        log_error("the devices can't be looked at: %s", problem);
    bool good = loaded && !problem && report(&running, &observer, &table);
    if (loaded && !problem && (options.json || table.row_count))
        good = table_print(&table, options.json) && good;
    else if (loaded && !problem)
        (void)puts("no running guest has an interface on macvtap");
    good = good && running.complete && installed;
    table_free(&table);
    observer_close(&observer);
    running_free(&running);
    return command_end(good);
}
