/* The output of a command: rows of cells, printed as a table for people or as JSON. No line of a
 * table is wider than LINE_WIDTH for ordinary names: the last column is wrapped. */
#pragma once

#include "options.h"

#include <stdbool.h>
#include <stddef.h>

enum { LINE_WIDTH = 80, MOST_COLUMNS = 12 };

struct table_column {
    const char *title; /* NULL: in JSON only */
    const char *json;  /* NULL: in the table only */
    bool verbose;      /* in the table with -v only; not the last column */
    bool truth;        /* "yes" and "no", in JSON true and false */
    const char *alarm; /* this value is red on a terminal */
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    char **cells; /* row after row, owned; an absent one is NULL: '-' and null */
    size_t row_count;
};

/* Adds a row of copies of these texts, one for each column, absent where NULL. */
void table_add(struct table *table, const char *const *texts);

/* Prints all rows to standard output: as a table (nothing if there is no row), with -v as one with
 * all columns and without wrapping, or with --json as an array. */
void table_print(const struct table *table, const struct options *options);
void table_free(struct table *table);

/* Prints the JSON string of a text; NULL: null. */
void print_json_string(const char *text);

/* Prints a paragraph of lines no wider than LINE_WIDTH. Like the table it keeps a command after
 * "run: " on one line if that can be. */
void print_wrapped(const char *text);
