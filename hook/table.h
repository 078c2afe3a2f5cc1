/* The output of a command: rows about interfaces, printed as a table for people or as JSON. */
#pragma once

#include "options.h"
#include "sandboxed_plan.h"

#include <stddef.h>

enum { VERBOSE = 1, JSON_ONLY = 2, TRUTH = 4 };

struct table_column {
    const char *title; /* in JSON it is written in small letters, with _ for a space */
    int when;          /* VERBOSE: with -v only; TRUTH: "yes" and "no" are true and false in JSON */
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    char **cells; /* row after row, the first has the titles; owned; an absent one is NULL */
    size_t cell_count;
};

#define TABLE_OF(head)                                                                             \
    { .columns = (head), .column_count = sizeof(head) / sizeof *(head) }

/* Adds a row about this interface: whatever its guest's XML and the plan tell. NULL: an empty
 * row. */
void table_add(struct table *table, const struct domain *guest, const struct interface *interface);

/* Sets a cell of the last row to a copy of the text; NULL: absent, '-' and null. */
void table_set(struct table *table, const char *title, const char *text);

/* Prints all rows to standard output: as a table in lines that fit a terminal, with -v as one with
 * all columns and without wrapping, or with --json as an array. `nothing` stands in for a table
 * without rows; NULL: nothing is printed then. */
void table_print(const struct table *table, const struct options *options, const char *nothing);
void table_free(struct table *table);

/* Prints the JSON string of a text; NULL: null. */
void print_json_string(const char *text);
