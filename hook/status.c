/* rxtrust status: what is true of each macvtap interface of the guests that run, and whether it is
 * what the policy says. */
#include "commands.h"

#include "guest.h"
#include "log.h"
#include "device.h"
#include "running.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum column { GUEST, MAC, DEVICE, POLICY, TRUST, ALL_MULTICAST, VERDICT, COLUMNS };

static const struct {
    const char *title;
    const char *json;
} columns[COLUMNS] = {
    [GUEST] = {"GUEST", "guest"},      [MAC] = {"MAC", "mac"},
    [DEVICE] = {"DEVICE", "device"},   [POLICY] = {"POLICY", "policy"},
    [TRUST] = {"TRUST", "trust"},      [ALL_MULTICAST] = {"ALL-MULTICAST", "all_multicast"},
    [VERDICT] = {"VERDICT", "verdict"}};

struct row {
    char *cells[COLUMNS];
    const char *action;
    char *section;
    char *uuid;
    bool good;
};

struct report {
    struct row *rows;
    size_t count;
};

/* ---- Judging ---- */

/* Returns the verdict, which the caller frees; NULL: out of memory. */
static char *judge(const struct guest *guest, const struct plan_item *item, const char *problem,
                   bool all_multicast, bool *good) {
    const char *name = guest->parsed.domain.name;
    char *verdict = NULL;
    int length = 0;
    *good = false;
    if (!problem && !item->multicast && !item->trusted)
        problem = item->network_problem;
    if (problem)
        length = asprintf(&verdict, "NOT what the policy says: %s", problem);
    else if (guest_is_trusted_against_policy(guest, item))
        length =
            asprintf(&verdict, "NOT what the policy says: trusted until %s is shut down", name);
    else if (!item->trusted && all_multicast != item->multicast)
        length = asprintf(&verdict, "NOT what the policy says: rxtrust apply %s", name);
    else {
        *good = true;
        if (item->verdict.action == POLICY_OFF)
            length = asprintf(&verdict, "off by policy [%s]", item->verdict.section);
        else
            length = asprintf(&verdict, "%s",
                              item->trusted     ? "multicast works, trusted"
                              : item->multicast ? "multicast works"
                                                : "opted out in the XML");
    }
    return length < 0 ? NULL : verdict;
}

static char *copy(const char *text) {
    return strdup(text ? text : "-");
}

/* Fills a row; false: out of memory. */
static bool fill(struct row *row, const struct guest *guest, const struct plan_item *item) {
    static const char *const said[] = {
        [TRUST_UNSAID] = "-", [TRUST_NO] = "no", [TRUST_YES] = "yes"};
    const struct interface *interface = item->interface;
    bool all_multicast = false;
    const char *problem = interface->target ? device_get(interface->target, &all_multicast)
                                            : "the XML names no device";
    row->cells[GUEST] = copy(guest->parsed.domain.name);
    row->cells[MAC] = copy(interface->mac);
    row->cells[DEVICE] = copy(interface->target);
    row->action = policy_action_names[item->verdict.action];
    if (asprintf(&row->cells[POLICY], "%s [%s]", row->action, item->verdict.section) < 0)
        row->cells[POLICY] = NULL;
    row->cells[TRUST] = copy(said[item->trust]);
    row->cells[ALL_MULTICAST] = copy(problem ? NULL : all_multicast ? "yes" : "no");
    row->cells[VERDICT] = judge(guest, item, problem, all_multicast, &row->good);
    row->section = copy(item->verdict.section);
    row->uuid = copy(guest->parsed.domain.uuid);
    bool complete = row->section && row->uuid;
    for (size_t i = 0; i < COLUMNS; i++)
        complete = complete && row->cells[i];
    return complete;
}

static bool report_guest(void *user, const struct guest *guest) {
    struct report *report = user;
    bool good = true;
    for (size_t i = 0; good && i < guest->parsed.plan.count; i++) {
        if (guest->parsed.plan.items[i].attachment == ATTACHED_ELSEWHERE)
            continue;
        struct row *grown = reallocarray(report->rows, report->count + 1, sizeof *grown);
        good = grown != NULL;
        if (grown) {
            report->rows = grown;
            grown[report->count] = (struct row){0};
            good = fill(&grown[report->count++], guest, &guest->parsed.plan.items[i]);
        }
    }
    if (!good)
        log_error("out of memory");
    return good;
}

/* ---- Printing ---- */

/* In characters, as far as one byte of each UTF-8 sequence tells. */
static size_t width(const char *text) {
    size_t characters = 0;
    for (; *text; text++)
        characters += ((unsigned char)*text & 0xc0) != 0x80;
    return characters;
}

static void print_cell(const char *text, size_t wide) {
    (void)printf("%s%*s", text, (int)(wide - width(text)) + 2, "");
}

static void print_table(const struct report *report) {
    size_t wide[COLUMNS];
    bool colour = isatty(STDOUT_FILENO);
    for (size_t column = 0; column < COLUMNS; column++) {
        wide[column] = width(columns[column].title);
        for (size_t i = 0; i < report->count; i++) {
            size_t cell = width(log_defuse(report->rows[i].cells[column]));
            wide[column] = cell > wide[column] ? cell : wide[column];
        }
    }
    for (size_t column = 0; column < VERDICT; column++)
        print_cell(columns[column].title, wide[column]);
    (void)puts(columns[VERDICT].title);
    for (size_t i = 0; i < report->count; i++) {
        const struct row *row = &report->rows[i];
        for (size_t column = 0; column < VERDICT; column++)
            print_cell(row->cells[column], wide[column]);
        const char *paint = !colour ? "" : row->good ? "\033[32m" : "\033[31m";
        (void)printf("%s%s%s\n", paint, row->cells[VERDICT], colour ? "\033[0m" : "");
    }
}

static void print_json_string(const char *text) {
    (void)putchar('"');
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f)
            (void)printf("\\u%04x", (unsigned)*c);
        else
            (void)printf("%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
    }
    (void)putchar('"');
}

static void print_json(const struct report *report) {
    (void)putchar('[');
    for (size_t i = 0; i < report->count; i++) {
        const struct row *row = &report->rows[i];
        (void)printf("%s\n  {", i ? "," : "");
        for (size_t column = 0; column < COLUMNS; column++) {
            (void)printf("\"%s\": ", columns[column].json);
            if (column == ALL_MULTICAST)
                (void)printf("%s", strcmp(row->cells[column], "yes") == 0  ? "true"
                                   : strcmp(row->cells[column], "no") == 0 ? "false"
                                                                           : "null");
            else
                print_json_string(column == POLICY ? row->action : row->cells[column]);
            (void)printf(", ");
        }
        (void)printf("\"uuid\": ");
        print_json_string(row->uuid);
        (void)printf(", \"section\": ");
        print_json_string(row->section);
        (void)printf(", \"good\": %s}", row->good ? "true" : "false");
    }
    (void)puts(report->count ? "\n]" : "]");
}

static void free_report(const struct report *report) {
    for (size_t i = 0; i < report->count; i++) {
        for (size_t column = 0; column < COLUMNS; column++)
            free(report->rows[i].cells[column]);
        free(report->rows[i].section);
        free(report->rows[i].uuid);
    }
    free(report->rows);
}

int command_status(int argc, char **argv) {
    struct report report = {0};
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !json) {
        log_error("status takes --json and nothing else");
        return 1;
    }
    bool good =
        guest_check_policy(NULL, NULL) && running_for_each((char *[]){NULL}, report_guest, &report);
    if (good && json)
        print_json(&report);
    else if (good && report.count)
        print_table(&report);
    else if (good)
        (void)puts("no running guest has an interface on macvtap");
    for (size_t i = 0; i < report.count; i++)
        good = good && report.rows[i].good;
    free_report(&report);
    return fflush(stdout) == 0 && good ? 0 : 1;
}
