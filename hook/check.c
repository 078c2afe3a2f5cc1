/* rxtrust check: every error of a policy; and, of one without, what each section is good for. */
#include "commands.h"

#include "guest.h"
#include "log.h"
#include "running.h"
#include "table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool check(const char *file) {
    struct parsed parsed;
    const struct parse_source source = {.policy = file ? file : POLICY_FILE,
                                        .policy_required = file != NULL};
    bool good = parsed_is_good(parse(&source, &parsed), &parsed, file, NULL, 0);
    if (good && parsed.policy_missing)
        (void)printf(
            "%s: there is no such file: policy = trust holds for every macvtap interface\n",
            POLICY_FILE);
    else if (good)
        (void)printf("%s: no errors, %zu section%s; check --guests lists what each decides\n",
                     file ? file : POLICY_FILE, parsed.section_count,
                     parsed.section_count == 1 ? "" : "s");
    parsed_free(&parsed);
    return good;
}

enum { SECTION, GUEST, UUID, MAC, POLICY, OVERRIDE, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [SECTION] = {"SECTION", "section"},
    [GUEST] = {"GUEST", "guest"},
    [UUID] = {NULL, "uuid"},
    [MAC] = {"MAC", "mac"},
    [POLICY] = {"POLICY", "policy"},
    [OVERRIDE] = {"OVERRIDE", "override"},
};

static const char by_default[] = "default"; /* also without such a section */

static bool is(const char *section, const char *name) {
    return section && strcmp(section, name) == 0;
}

/* A row for each interface that the section decides. Returns how many. */
static size_t list_decided(struct table *table, const struct parsed *parsed, const char *section) {
    size_t before = table->row_count;
    for (size_t i = 0; i < parsed->count; i++) {
        const struct parsed_guest *guest = &parsed->guests[i];
        for (size_t number = 0; number < guest->plan.count; number++) {
            const struct policy_verdict *verdict = &guest->plan.items[number].verdict;
            bool policy = is(verdict->section, section);
            bool override = is(verdict->override_section, section);
            struct table_cell *row = policy || override ? table_add(table) : NULL;
            if (!row)
                continue;
            table_text(table, &row[SECTION], section);
            table_text(table, &row[GUEST], guest->domain.name);
            table_text(table, &row[UUID], guest->domain.uuid);
            table_text(table, &row[MAC], guest->domain.interfaces[number].mac);
            if (policy)
                table_text(table, &row[POLICY], policy_action_names[verdict->action]);
            if (override)
                table_truth(&row[OVERRIDE], verdict->override);
        }
    }
    return table->row_count - before;
}

static void list_sections(struct table *table, const struct parsed *parsed, const char *file) {
    if (!parsed->section_count || !is(parsed->sections[0].name, by_default))
        (void)list_decided(table, parsed, by_default);
    for (size_t i = 0; i < parsed->section_count; i++) {
        const struct parsed_section *section = &parsed->sections[i];
        if (list_decided(table, parsed, section->name) || is(section->name, by_default))
            continue;
        struct table_cell *row = table_add(table);
        if (row)
            table_text(table, &row[SECTION], section->name);
        log_error_at(file ? file : POLICY_FILE, section->line,
                     "warning: the section decides nothing for any guest that is defined");
    }
}

static bool check_guests(const char *file, bool json) {
    struct table table = {.columns = columns, .column_count = COLUMNS, .painted = COLUMNS};
    struct running running;
    bool good = running_load((char *[]){NULL}, file, AS_STORED, &running);
    if (good) {
        for (size_t i = 0; i < running.count; i++) {
            const struct parsed_guest *guest = running_guest(&running, i);
            if (guest)
                guest_warn(guest);
        }
        list_sections(&table, &running.parsed, file);
        good = table_print(&table, json) && running.complete;
    }
    table_free(&table);
    running_free(&running);
    return good;
}

int command_check(int argc, char **argv) {
    struct options options;
    if (!command_options(argc, argv, "gj", 1, &options))
        return 1;
    if (options.json && !options.guests)
        log_error("check: --json needs --guests");
    else
        return command_end(options.guests ? check_guests(argv[optind], options.json)
                                          : check(argv[optind]));
    return 1;
}
