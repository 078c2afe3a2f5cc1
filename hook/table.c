#include "table.h"

#include "log.h"
#include "utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct table_cell *table_add(struct table *table) {
    struct table_cell *grown =
        reallocarray(table->cells, (table->row_count + 1) * table->column_count, sizeof *grown);
    if (!grown) {
        table->bad = true;
        return NULL;
    }
    table->cells = grown;
    struct table_cell *row = grown + table->row_count++ * table->column_count;
    memset(row, 0, table->column_count * sizeof *row);
    return row;
}

void table_text(struct table *table, struct table_cell *cell, const char *text) {
    cell->text = text ? strdup(text) : NULL;
    table->bad = table->bad || (text && !cell->text);
}

void table_truth(struct table_cell *cell, bool truth) {
    cell->kind = truth ? CELL_TRUE : CELL_FALSE;
}

static const char *shown(const struct table_cell *cell) {
    return cell->kind == CELL_TRUE    ? "yes"
           : cell->kind == CELL_FALSE ? "no"
           : cell->text               ? log_defuse(cell->text)
                                      : "-";
}

/* In characters, counted by one byte of each UTF-8 sequence. */
static size_t width(const char *text) {
    size_t characters = 0;
    for (; *text; text++)
        characters += ((unsigned char)*text & 0xc0) != 0x80;
    return characters;
}

static size_t width_of(const struct table *table, size_t column) {
    size_t most = width(table->columns[column].title);
    for (size_t row = 0; row < table->row_count; row++) {
        size_t cell = width(shown(&table->cells[row * table->column_count + column]));
        most = cell > most ? cell : most;
    }
    return most;
}

/* A row: of cells, or (NULL) of titles. No white space ends a line. */
static void print_row(const struct table *table, const size_t *wide, const struct table_cell *row) {
    size_t gap = 0;
    bool colour = row && isatty(STDOUT_FILENO);
    for (size_t column = 0; column < table->column_count; column++) {
        if (!table->columns[column].title)
            continue;
        const char *text = row ? shown(&row[column]) : table->columns[column].title;
        bool paint = colour && column == table->painted;
        bool good = row && row[table->column_count - 1].kind == CELL_TRUE;
        (void)printf("%*s%s%s%s", (int)gap, "",
                     !paint ? ""
                     : good ? "\033[32m"
                            : "\033[31m",
                     text, paint ? "\033[0m" : "");
        gap = wide[column] - width(text) + 2;
    }
    (void)putchar('\n');
}

static bool print_text(const struct table *table) {
    size_t *wide = calloc(table->column_count, sizeof *wide);
    for (size_t column = 0; wide && column < table->column_count; column++)
        wide[column] = table->columns[column].title ? width_of(table, column) : 0;
    if (wide)
        print_row(table, wide, NULL);
    for (size_t row = 0; wide && row < table->row_count; row++)
        print_row(table, wide, table->cells + row * table->column_count);
    free(wide);
    return wide;
}

/* ---- JSON ---- */

static void print_string(const char *text) {
    (void)putchar('"');
    while (*text) {
        size_t length = utf8_sequence(text);
        if (!length)
            (void)fputs("\\ufffd", stdout); /* a byte that is no UTF-8 */
        else if (iscntrl((unsigned char)*text))
            (void)printf("\\u%04x", (unsigned)*text);
        else
            (void)printf("%s%.*s", *text == '"' || *text == '\\' ? "\\" : "", (int)length, text);
        text += length ? length : 1;
    }
    (void)putchar('"');
}

static void print_json(const struct table *table) {
    (void)putchar('[');
    for (size_t row = 0; row < table->row_count; row++) {
        const char *before = "";
        (void)printf("%s\n  {", row ? "," : "");
        for (size_t column = 0; column < table->column_count; column++) {
            const struct table_cell *cell = &table->cells[row * table->column_count + column];
            if (!table->columns[column].json)
                continue;
            (void)printf("%s\"%s\": ", before, table->columns[column].json);
            before = ", ";
            if (cell->kind == CELL_TEXT && cell->text)
                print_string(cell->text);
            else
                (void)fputs(cell->kind == CELL_TRUE    ? "true"
                            : cell->kind == CELL_FALSE ? "false"
                                                       : "null",
                            stdout);
        }
        (void)putchar('}');
    }
    (void)puts(table->row_count ? "\n]" : "]");
}

bool table_print(const struct table *table, bool json) {
    bool good = !table->bad;
    if (good && json)
        print_json(table);
    else if (good)
        good = print_text(table);
    if (!good)
        log_error("out of memory");
    return good;
}

void table_free(struct table *table) {
    for (size_t i = 0; i < table->row_count * table->column_count; i++)
        free(table->cells[i].text);
    free(table->cells);
    *table = (struct table){0};
}
