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

enum { GAP = 2, MOST_COLUMNS = 16 };

void table_set(struct table *table, const char *title, const char *text) {
    const size_t count = table->column_count;
    for (size_t i = 0; i < count; i++) {
        char **cell = &table->cells[table->cell_count - count + i];
        if (strcmp(table->columns[i].title, title) != 0)
            continue;
        free(*cell);
        *cell = text ? or_end(strdup(text)) : NULL;
    }
}

static void add_row(struct table *table) {
    const size_t count = table->column_count;
    table->cells =
        or_end(reallocarray(table->cells, table->cell_count + count, sizeof *table->cells));
    for (size_t i = 0; i < count; i++)
        table->cells[table->cell_count++] = NULL;
}

void table_add(struct table *table, const struct domain *guest, const struct interface *interface) {
    if (!table->cells) {
        add_row(table);
        for (size_t i = 0; i < table->column_count; i++)
            table_set(table, table->columns[i].title, table->columns[i].title);
    }
    add_row(table);
    if (!guest)
        return;
    const struct plan *plan = &interface->plan;
    bool concerns = plan->attachment != ATTACHED_ELSEWHERE;
    const char *const cells[][2] = {
        {"GUEST", guest->name},
        {"UUID", guest->uuid},
        {"MAC", interface->mac},
        {"DEVICE", interface->target},
        {"TYPE", interface->type},
        {"SOURCE", interface->network  ? interface->network
                   : interface->bridge ? interface->bridge
                   : interface->dev    ? interface->dev
                                       : interface->target},
        {"MODE", plan->mode},
        {"MODEL", interface->model},
        {"SAYS", trust_names[plan->says]},
        {"POLICY", concerns ? policy_action_names[plan->decision.action] : NULL},
        {"SECTION", concerns ? plan->decision.section : NULL},
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        table_set(table, cells[i][0], cells[i][1]);
}

void table_free(struct table *table) {
    while (table->cell_count)
        free(table->cells[--table->cell_count]);
    free(table->cells);
    table->cells = NULL;
}

/* ---- The table ---- */

static const char *shown(char *cell) {
    return cell && *cell ? replace_control_chars(cell) : "-";
}

/* Prints a row. A column of no width is not shown. A cell that doesn't fit beside those before it
 * begins a line of its own; the last is wrapped there. */
static void print_row(const size_t *widths, size_t count, size_t line, char **row) {
    const char *no_color = getenv("NO_COLOR");
    bool colour = isatty(STDOUT_FILENO) && !(no_color && *no_color);
    size_t gap = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = shown(row[i]);
        size_t width = text_width(text, strlen(text));
        bool last = i + 1 == count, red = colour && strcmp(text, "BROKEN") == 0;
        if (!widths[i])
            continue;
        if (last && row[i] && !*row[i]) { /* nothing is to be said, rather than not known */
            (void)putchar('\n');
            continue;
        }
        if (at && at + (last ? width : widths[i]) > line) {
            (void)putchar('\n');
            gap = at = INDENT;
        }
        (void)printf("%*s", (int)gap, "");
        if (last)
            print_wrapped(stdout, at, line, text);
        else
            (void)printf("%s%s%s", red ? "\033[31m" : "", text, red ? "\033[0m" : "");
        gap = widths[i] + GAP - width;
        at += widths[i] + GAP;
    }
}

static void print_text(const struct table *table, bool verbose) {
    const size_t count = table->column_count, line = verbose ? SIZE_MAX : line_width();
    size_t widths[MOST_COLUMNS] = {0};
    for (size_t i = 0; i < table->cell_count; i++) {
        const char *text = shown(table->cells[i]);
        size_t *most = &widths[i % count], width = text_width(text, strlen(text));
        int when = table->columns[i % count].when;
        if (!(when & JSON_ONLY) && (verbose || !(when & VERBOSE)) && width > *most)
            *most = width;
    }
    for (size_t i = 0; i < table->cell_count; i += count)
        print_row(widths, count, line, table->cells + i);
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
    const size_t count = table->column_count;
    (void)putchar('[');
    for (size_t i = count; i < table->cell_count; i++) {
        const struct table_column *column = &table->columns[i % count];
        const char *text = table->cells[i];
        (void)fputs(i % count ? ", \"" : i > count ? "},\n  {\"" : "\n  {\"", stdout);
        for (const char *letter = column->title; *letter; letter++)
            (void)putchar(*letter == ' ' ? '_' : tolower((unsigned char)*letter));
        (void)fputs("\": ", stdout);
        if (column->when & TRUTH && text)
            (void)fputs(*text == 'y' ? "true" : "false", stdout);
        else
            print_json_string(text && *text ? text : NULL);
    }
    (void)puts(table->cells ? "}\n]" : "]");
}

void table_print(const struct table *table, const struct options *options, const char *nothing) {
    if (options->json)
        print_json(table);
    else if (table->cells)
        print_text(table, options->verbose);
    else if (nothing)
        (void)puts(nothing);
}
