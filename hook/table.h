/* What a command prints: rows of cells, as a table for people or as JSON. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct table_column {
    const char *title; /* NULL: in JSON only */
    const char *json;  /* NULL: in the table only */
};

/* A text, which the table owns; NULL is absent: '-' and null. Or a truth value. */
struct table_cell {
    enum { CELL_TEXT, CELL_FALSE, CELL_TRUE } kind;
    char *text;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    struct table_cell *cells; /* row after row */
    size_t row_count;
    size_t painted; /* the column whose colour shows the row's last one, a truth value; on a
                     * terminal */
    bool bad;       /* memory ran out */
};

/* Adds a row. Returns its cells, all absent; NULL: out of memory. */
struct table_cell *table_add(struct table *table);

/* Set a cell; the text is copied, NULL too. */
void table_text(struct table *table, struct table_cell *cell, const char *text);
void table_truth(struct table_cell *cell, bool truth);

/* Prints it to standard output. False: out of memory, which is logged. */
bool table_print(const struct table *table, bool json);
void table_free(struct table *table);
