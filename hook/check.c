/* rxtrust check: the errors of a policy; and, of one without, which guests each section decides. */
#include "clock.h"
#include "commands.h"
#include "log.h"
#include "table.h"
#include "time_limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef EXAMPLE_FILE
#define EXAMPLE_FILE "/usr/share/doc/rxtrust/rxtrust.ini"
#endif

/* ---- Sections that match no guest ---- */

static const char by_name[] = "vm:", by_default[] = "default";

/* Whether insertions, deletions and replacements of at most so many bytes make one text the
 * other. */
static bool is_near(const char *one, const char *other, int most) {
    for (; *one && *one == *other; one++)
        other++;
    if (!*one && !*other)
        return true;
    return most > 0 && ((*one && *other && is_near(one + 1, other + 1, most - 1)) ||
                        (*one && is_near(one + 1, other, most - 1)) ||
                        (*other && is_near(one, other + 1, most - 1)));
}

/* The guest whose name differs least from one that may be mistyped; NULL: none is near. */
static const char *nearest_name(const struct planned *planned, const char *name) {
    for (int most = 1; most <= 2 && most < (int)strlen(name); most++)
        for (size_t i = 0; i < planned->count; i++)
            if (!planned->guests[i].error.reason && is_near(name, planned->guests[i].name, most))
                return planned->guests[i].name;
    return NULL;
}

void check_warn_unmatched(const struct guests *guests, const char *file) {
    const struct planned *planned = &guests->planned;
    for (size_t i = 0; i < planned->section_count; i++) {
        const struct planned_section *section = &planned->sections[i];
        const char *unmatched = section->unmatched;
        if (!unmatched)
            continue;
        bool is_vm = strncmp(section->name, by_name, strlen(by_name)) == 0;
        const char *near = nearest_name(planned, unmatched);
        log_error_at(file ? file : POLICY_FILE, section->line, "[%s]%s%s matches no guest%s%s%s",
                     section->name, is_vm ? "" : ": vm = ", is_vm ? "" : unmatched,
                     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
}

/* ---- check --guests ---- */

static const struct table_column columns[] = {
    {"SECTION", 0}, {"GUEST", 0},  {"UUID", JSON_ONLY},
    {"MAC", 0},     {"POLICY", 0}, {"OVERRIDE", TRUTH},
};

static bool is(const char *section, const char *name) {
    return section && strcmp(section, name) == 0;
}

/* Adds a row for each interface that the section decides. False: there is none. */
static bool list_decided(struct table *table, const struct planned *planned, const char *section) {
    const size_t before = table->cell_count;
    for (size_t i = 0; i < planned->count; i++) {
        const struct domain *guest = &planned->guests[i];
        for (size_t number = 0; number < guest->count && !guest->error.reason; number++) {
            const struct policy_decision *decision = &guest->interfaces[number].plan.decision;
            bool policy = is(decision->section, section);
            bool override = is(decision->override_section, section);
            if (!policy && !override)
                continue;
            table_add(table, guest, &guest->interfaces[number]);
            table_set(table, "SECTION", section);
            if (!policy)
                table_set(table, "POLICY", NULL);
            if (override)
                table_set(table, "OVERRIDE", decision->override ? "yes" : "no");
        }
    }
    return table->cell_count > before;
}

static void list_sections(struct table *table, const struct planned *planned, const char *file) {
    (void)list_decided(table, planned, by_default);
    for (size_t i = 0; i < planned->section_count; i++) {
        const struct planned_section *section = &planned->sections[i];
        if (is(section->name, by_default) || list_decided(table, planned, section->name))
            continue;
        table_add(table, NULL, NULL);
        table_set(table, "SECTION", section->name);
        if (!section->unmatched)
            log_error_at(file ? file : POLICY_FILE, section->line, "warning: %s",
                         "the section decides nothing");
    }
}

static enum exit_code check_guests(const char *file, const struct options *options) {
    struct table table = TABLE_OF(columns);
    struct guests guests;
    enum exit_code code = guests_from_virsh((char *[]){NULL}, file, GUESTS_STORED, &guests);
    for (const struct domain *guest = NULL; !code && (guest = guests_next(&guests, guest));) {
        log_about_guest(guest->name);
        guests_log_networks(guest); /* no section decides there */
    }
    log_about_guest(NULL);
    if (!code) {
        list_sections(&table, &guests.planned, file);
        check_warn_unmatched(&guests, file);
        table_print(&table, options, NULL);
        code = guests.complete ? EXIT_GOOD : EXIT_NOT_AS_POLICY;
    }
    table_free(&table);
    guests_free(&guests);
    return code;
}

/* ---- check ---- */

static void print_good(const char *file, const struct planned *planned) {
    if (planned->policy_missing)
        log_info("%s: no such file: policy = trust holds for every macvtap; an example is %s",
                 POLICY_FILE, EXAMPLE_FILE);
    else
        log_info("%s: no errors, %zu section%s; check --guests lists what each decides",
                 file ? file : POLICY_FILE, planned->section_count,
                 planned->section_count == 1 ? "" : "s");
}

static enum exit_code check(const char *file) {
    struct guests guests = {.devices = {.socket = -1}};
    bool answered = virsh_dump_all(false, true, clock_now() + WARNING_SECONDS, &guests.dumps);
    if (!answered)
        virsh_dumps_free(&guests.dumps);
    enum exit_code code = guests_plan(file, ERRORS_ALL, &guests);
    if (!code) {
        print_good(file, &guests.planned);
        if (answered)
            check_warn_unmatched(&guests, file);
    }
    guests_free(&guests);
    return code;
}

int command_check(int argc, char **argv) {
    const struct options options = options_parse(argc, argv, "gj", 1);
    if (options.json && !options.guests)
        usage_error("check", "--json needs --guests", "");
    enum exit_code code =
        options.guests ? check_guests(argv[optind], &options) : check(argv[optind]);
    return flush_output((int)code);
}
