#include "table.h"

#include "log.h"
#include "utf8.h"
#include "wrap.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GAP = 2 }; /* between columns */

static const struct head {
    const char *json, *title; /* without a title: in JSON only */
} heads[COLUMNS] = {
    [COLUMN_GUEST] = {"guest", "GUEST"},
    [COLUMN_UUID] = {"uuid", "UUID"},
    [COLUMN_MAC] = {"mac", "MAC"},
    [COLUMN_DEVICE] = {"device", "DEVICE"},
    [COLUMN_TYPE] = {"type", "TYPE"},
    [COLUMN_SOURCE] = {"source", "SOURCE"},
    [COLUMN_MODE] = {"mode", "MODE"},
    [COLUMN_MODEL] = {"model", "MODEL"},
    [COLUMN_SAYS] = {"says", "SAYS"},
    [COLUMN_STATE] = {"state", "STATE"},
    [COLUMN_CODE] = {"code", NULL},
    [COLUMN_MULTICAST] = {"multicast", "MULTICAST"},
    [COLUMN_TRUST] = {"trust", "TRUST"},
    [COLUMN_POLICY] = {"policy", "POLICY"},
    [COLUMN_OVERRIDE] = {"override", "OVERRIDE"},
    [COLUMN_SECTION] = {"section", "SECTION"},
    [COLUMN_GETS] = {"gets", NULL},
    [COLUMN_WHY] = {"why", "WHY"},
    [COLUMN_NEXT_START] = {"at_its_next_start", "AT ITS NEXT START"},
};

void table_describe(const struct planned_guest *guest, size_t number, const char **cells) {
    const struct interface *interface = &guest->domain.interfaces[number];
    const struct plan_item *item = &guest->plan.items[number];
    cells[COLUMN_GUEST] = guest->domain.name;
    cells[COLUMN_UUID] = guest->domain.uuid;
    cells[COLUMN_MAC] = interface->mac;
    cells[COLUMN_DEVICE] = interface->target;
    cells[COLUMN_MODE] = item->mode;
    if (item->attachment == ATTACHED_ELSEWHERE)
        return;
    cells[COLUMN_POLICY] = policy_action_names[item->decision.action];
    cells[COLUMN_SECTION] = item->decision.section;
}

void table_add(struct table *table, const char *const *cells) {
    table->rows = or_end(reallocarray(table->rows, table->row_count + 1, sizeof *table->rows));
    for (size_t i = 0; i < COLUMNS; i++)
        table->rows[table->row_count][i] = cells[i] ? or_end(strdup(cells[i])) : NULL;
    table->row_count++;
}

void table_free(struct table *table) {
    for (size_t row = 0; row < table->row_count; row++)
        for (size_t i = 0; i < COLUMNS; i++)
            free(table->rows[row][i]);
    free(table->rows);
    *table = (struct table){0};
}

/* ---- The table ---- */

static enum column column_name(unsigned column) {
    return column & ~(unsigned)VERBOSE;
}

static const char *shown(char *cell) {
    return cell && *cell ? replace_control_chars(cell) : "-";
}

static size_t column_width(const struct table *table, enum column column) {
    size_t most = strlen(heads[column].title);
    for (size_t row = 0; row < table->row_count; row++) {
        const char *text = shown(table->rows[row][column]);
        size_t width = text_width(text, strlen(text));
        most = width > most ? width : most;
    }
    return most;
}

/* Prints a row; NULL: the titles. A column of no width is not shown. A cell that doesn't fit beside
 * those before it begins a line of its own; the last is wrapped there. */
static void print_row(const struct table *table, const size_t *widths, size_t line, char **row) {
    const char *no_color = getenv("NO_COLOR");
    bool colour = row && isatty(STDOUT_FILENO) && !(no_color && *no_color);
    size_t gap = 0, at = 0;
    for (const unsigned *column = table->columns; *column != COLUMNS; column++) {
        enum column name = column_name(*column);
        const char *text = row ? shown(row[name]) : heads[name].title;
        bool last = column[1] == COLUMNS;
        if (!widths[name])
            continue;
        size_t width = text_width(text, strlen(text));
        if (at && at + (last ? width : widths[name]) > line) {
            (void)putchar('\n');
            gap = at = INDENT;
        }
        (void)printf("%*s", (int)gap, "");
        if (last)
            print_wrapped(stdout, at, line, text);
        else if (colour && name == COLUMN_STATE && strcmp(text, "BROKEN") == 0)
            (void)printf("\033[31m%s\033[0m", text);
        else
            (void)fputs(text, stdout);
        gap = widths[name] + GAP - width;
        at += widths[name] + GAP;
    }
}

static void print_text(const struct table *table, bool verbose) {
    size_t widths[COLUMNS] = {0}, line = verbose ? SIZE_MAX : line_width();
    for (const unsigned *column = table->columns; *column != COLUMNS; column++)
        if (heads[column_name(*column)].title && (verbose || !(*column & VERBOSE)))
            widths[column_name(*column)] = column_width(table, column_name(*column));
    if (table->row_count)
        print_row(table, widths, line, NULL);
    for (size_t row = 0; row < table->row_count; row++)
        print_row(table, widths, line, table->rows[row]);
}

/* ---- JSON ---- */

void print_json_string(const char *text) {
    (void)fputs(text ? "\"" : "null", stdout);
    while (text && *text) {
        size_t length = utf8_sequence(text);
        if (!length)
            (void)fputs("\\ufffd", stdout); /* a byte that is no UTF-8 */
        else if (iscntrl((unsigned char)*text))
            (void)printf("\\u%04x", (unsigned)*text);
        else
            (void)printf("%s%.*s", *text == '"' || *text == '\\' ? "\\" : "", (int)length, text);
        text += length ? length : 1;
    }
    (void)fputs(text ? "\"" : "", stdout);
}

static void print_json(const struct table *table) {
    (void)putchar('[');
    for (size_t row = 0; row < table->row_count; row++) {
        (void)fputs(row ? "},\n  {" : "\n  {", stdout);
        for (const unsigned *column = table->columns; *column != COLUMNS; column++) {
            enum column name = column_name(*column);
            const char *text = table->rows[row][name];
            bool truth = name == COLUMN_MULTICAST || name == COLUMN_OVERRIDE; /* yes and no */
            (void)printf("%s\"%s\": ", column == table->columns ? "" : ", ", heads[name].json);
            if (truth && text)
                (void)fputs(*text == 'y' ? "true" : "false", stdout);
            else
                print_json_string(text);
        }
    }
    (void)puts(table->row_count ? "}\n]" : "]");
}

void table_print(const struct table *table, const struct options *options) {
    if (options->json)
        print_json(table);
    else
        print_text(table, options->verbose);
}
