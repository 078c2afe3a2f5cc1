/* The output of a command: rows about interfaces, printed as a table for people or as JSON. */
#pragma once

#include "options.h"
#include "sandboxed_plan.h"

#include <stdbool.h>
#include <stddef.h>

/* All that a command tells of an interface. */
enum column {
    COLUMN_GUEST,
    COLUMN_UUID,
    COLUMN_MAC,
    COLUMN_DEVICE,
    COLUMN_TYPE,
    COLUMN_SOURCE,
    COLUMN_MODE,
    COLUMN_MODEL,
    COLUMN_SAYS,
    COLUMN_STATE,
    COLUMN_CODE,
    COLUMN_MULTICAST,
    COLUMN_TRUST,
    COLUMN_POLICY,
    COLUMN_OVERRIDE,
    COLUMN_SECTION,
    COLUMN_GETS,
    COLUMN_WHY,
    COLUMN_NEXT_START,
    COLUMNS,
    VERBOSE = 1 << 8 /* in the table with -v only */
};

struct table {
    const unsigned *columns; /* those of this table, some with VERBOSE; COLUMNS ends them */
    char *(*rows)[COLUMNS];  /* owned; an absent cell is NULL: '-' and null */
    size_t row_count;
};

/* Fills the cells that each table has of an interface, with texts that live as long as the guest.
 */
void table_describe(const struct planned_guest *guest, size_t number, const char **cells);

/* Adds a row of copies of these texts. */
void table_add(struct table *table, const char *const *cells);

/* Prints all rows to standard output: as a table (nothing if there is no row) in lines that fit a
 * terminal, with -v as one with all columns and without wrapping, or with --json as an array. */
void table_print(const struct table *table, const struct options *options);
void table_free(struct table *table);

/* Prints the JSON string of a text; NULL: null. */
void print_json_string(const char *text);
