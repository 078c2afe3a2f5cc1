/* rxtrust explain: what the policy wants for each interface of a guest, which section decides, and
 * what happens at a start. */
#include "commands.h"

#include "guest.h"
#include "installed.h"
#include "log.h"
#include "reconcile.h"
#include "running.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAC, TYPE, SOURCE, MODE, MODEL, SAYS, POLICY, SECTION, AT_A_START, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [MAC] = {"MAC", "mac"},
    [TYPE] = {"TYPE", "type"},
    [SOURCE] = {"SOURCE", "source"},
    [MODE] = {"MODE", "mode"},
    [MODEL] = {"MODEL", "model"},
    [SAYS] = {"TRUST", "trust"},
    [POLICY] = {"POLICY", "policy"},
    [SECTION] = {"SECTION", "section"},
    [AT_A_START] = {"AT A START", "at_a_start"},
};

/* What is wanted, and why if that isn't the policy's own word. Returns a text that the caller
 * frees; NULL: out of memory. */
static char *at_a_start(const struct plan_item *item) {
    static const char *const wants[] = {[WANT_NOTHING] = "nothing",
                                        [WANT_MULTICAST] = "all-multicast",
                                        [WANT_TRUST] = "all-multicast, then trust"};
    const char *want =
        item->reason == TRUSTED_ALREADY ? "all-multicast until libvirt follows the guest"
        : item->want == WANT_TRUST && item->attachment == ATTACHED_BY_NETWORK ? "all-multicast"
                                                                              : wants[item->want];
    const char *why = item->reason == BY_POLICY ? NULL : reason_text(item->reason);
    if (item->network_problem && item->want == WANT_NOTHING && item->reason != OFF_BY_POLICY)
        why = item->network_problem;
    else if (item->want == WANT_TRUST && item->reason == BY_POLICY)
        why = item->attachment == ATTACHED_BY_NETWORK ? "trust is its network's to give"
                                                      : "where libvirt takes it";
    char *text = NULL;
    return asprintf(&text, "%s%s%s", want, why ? ": " : "", why ? why : "") < 0 ? NULL : text;
}

static void explain(struct table *table, const struct interface *interface,
                    const struct plan_item *item) {
    static const char *const says[] = {
        [TRUST_UNSAID] = NULL, [TRUST_NO] = "no", [TRUST_YES] = "yes"};
    struct table_cell *row = table_add(table);
    char *fate = at_a_start(item);
    if (row && fate) {
        table_text(table, &row[MAC], interface->mac);
        table_text(table, &row[TYPE], interface->type);
        table_text(table, &row[SOURCE],
                   interface->network  ? interface->network
                   : interface->bridge ? interface->bridge
                   : interface->dev    ? interface->dev
                                       : interface->target);
        table_text(table, &row[MODE], item->mode);
        table_text(table, &row[MODEL], interface->model);
        table_text(table, &row[SAYS], says[item->trust]);
        if (item->attachment != ATTACHED_ELSEWHERE) {
            table_text(table, &row[POLICY], policy_action_names[item->verdict.action]);
            table_text(table, &row[SECTION], item->verdict.section);
        }
        table_text(table, &row[AT_A_START], fate);
    }
    table->bad = table->bad || !fate;
    free(fate);
}

static bool explain_all(const struct parsed_guest *guest, bool json) {
    struct table table = {.columns = columns, .column_count = COLUMNS, .painted = COLUMNS};
    for (size_t i = 0; i < guest->plan.count; i++)
        explain(&table, &guest->domain.interfaces[i], &guest->plan.items[i]);
    bool good = table_print(&table, json);
    table_free(&table);
    return good;
}

static bool explain_known(char **names, const struct options *options) {
    struct running running;
    (void)installed_is_called(); /* it is logged */
    bool good = running_load(names, options->file, AS_STORED, &running) && running.complete;
    const struct parsed_guest *guest = good ? running_guest(&running, 0) : NULL;
    good = guest && explain_all(guest, options->json);
    running_free(&running);
    return good;
}

static bool explain_stdin(const struct options *options) {
    struct guest guest;
    bool good = guest_from_stdin(&guest) && guest_parse(options->file, 0, &guest) &&
                explain_all(&guest.parsed.guests[0], options->json);
    guest_free(&guest);
    return good;
}

int command_explain(int argc, char **argv) {
    struct options options;
    if (!command_options(argc, argv, "cj", 1, &options))
        return 1;
    return command_end(optind < argc ? explain_known(argv + optind, &options)
                                     : explain_stdin(&options));
}
