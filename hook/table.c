#include "table.h"

#include "log.h"
#include "utf8.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GAP = 2, INDENT = 4 };
static const char command[] = "run: ";

void table_add(struct table *table, const char *const *texts) {
    const size_t count = table->column_count;
    table->cells =
        or_end(reallocarray(table->cells, (table->row_count + 1) * count, sizeof *table->cells));
    for (size_t i = 0; i < count; i++)
        table->cells[table->row_count * count + i] = texts[i] ? or_end(strdup(texts[i])) : NULL;
    table->row_count++;
}

void table_free(struct table *table) {
    for (size_t i = 0; i < table->row_count * table->column_count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct table){0};
}

/* ---- Wrapped text ---- */

static bool is_command(const char *text) {
    return strncmp(text, command, strlen(command)) == 0;
}

/* Counts characters by one byte of each UTF-8 sequence. */
static size_t text_width(const char *text, size_t length) {
    size_t characters = 0;
    for (size_t i = 0; i < length; i++)
        characters += ((unsigned char)text[i] & 0xc0) != 0x80;
    return characters;
}

/* How many bytes of the text go on a line of this width. */
static size_t line_length(const char *text, size_t width) {
    const char *both = is_command(text) ? strstr(text, " && ") : NULL;
    if (text_width(text, strlen(text)) <= width)
        return strlen(text);
    if (both)
        return (size_t)(both - text) + strlen(" &&");
    size_t best = 0, end = strcspn(text, " ");
    do {
        best = end;
        if (!text[end] || (end && text[end - 1] == ';' && is_command(text + end + 1)))
            break;
        end += 1 + strcspn(text + end + 1, " ");
    } while (text_width(text, end) <= width);
    return best;
}

static bool fits(const char *text, size_t width) {
    bool good = true;
    for (size_t length = 0; *text; text += length + (text[length] == ' ')) {
        length = line_length(text, width);
        good = good && text_width(text, length) <= width && !(is_command(text) && text[length]);
    }
    return good;
}

/* Prints the text and a newline in lines that end before `end`. The cursor stands at `column`;
 * further lines begin at `indent`. */
static void wrap(const char *text, size_t column, size_t indent, size_t end) {
    for (size_t length = 0;; column = indent) {
        length = line_length(text, end - column);
        (void)printf("%.*s\n", (int)length, text);
        text += length + (text[length] == ' ');
        if (!*text)
            return;
        (void)printf("%*s", (int)indent, "");
    }
}

void print_wrapped(const char *text) {
    wrap(text, 0, INDENT, LINE_WIDTH);
}

/* ---- The table ---- */

static const char *shown(char *cell) {
    return cell && *cell ? replace_control_chars(cell) : "-";
}

static size_t column_width(const struct table *table, size_t column) {
    size_t most = strlen(table->columns[column].title);
    for (size_t row = 0; row < table->row_count; row++) {
        const char *text = shown(table->cells[row * table->column_count + column]);
        size_t width = text_width(text, strlen(text));
        most = width > most ? width : most;
    }
    return most;
}

/* Prints a row; NULL: the titles. A column of no width is not shown. The last cell stands below the
 * row where even its wrapped text is wider than what is left of the lines, which end at `end`. */
static void print_row(const struct table *table, const size_t *widths, size_t end, char **row) {
    const char *no_color = getenv("NO_COLOR");
    bool colour = row && isatty(STDOUT_FILENO) && !(no_color && *no_color);
    size_t gap = 0, at = 0, last = table->column_count - 1;
    for (size_t column = 0; column < last; column++) {
        const struct table_column *head = &table->columns[column];
        if (!widths[column])
            continue;
        const char *text = row ? shown(row[column]) : head->title;
        bool red = colour && head->alarm && strcmp(text, head->alarm) == 0;
        (void)printf("%*s%s%s%s", (int)gap, "", red ? "\033[31m" : "", text, red ? "\033[0m" : "");
        gap = widths[column] + GAP - text_width(text, strlen(text));
        at += widths[column] + GAP;
    }
    const char *text = !row        ? or_dash(table->columns[last].title)
                       : row[last] ? replace_control_chars(row[last])
                                   : "-";
    bool beside = at < end && fits(text, end - at);
    size_t indent = beside ? at : INDENT;
    if (*text)
        (void)printf("%s%*s", beside ? "" : "\n", beside ? (int)gap : INDENT, "");
    wrap(text, indent, indent, end);
}

static void print_text(const struct table *table, bool verbose) {
    size_t widths[MOST_COLUMNS] = {0}, end = verbose ? SIZE_MAX : LINE_WIDTH;
    for (size_t column = 0; column < table->column_count; column++)
        if (table->columns[column].title && (verbose || !table->columns[column].verbose))
            widths[column] = column_width(table, column);
    if (table->row_count)
        print_row(table, widths, end, NULL);
    for (size_t row = 0; row < table->row_count; row++)
        print_row(table, widths, end, table->cells + row * table->column_count);
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
    for (size_t i = 0; i < table->row_count * count; i++) {
        const struct table_column *column = &table->columns[i % count];
        const char *text = table->cells[i];
        if (i % count == 0)
            (void)printf("%s\n  {", i ? "}," : "");
        if (!column->json)
            continue;
        (void)printf("%s\"%s\": ", i % count ? ", " : "", column->json);
        if (column->truth && text)
            (void)fputs(*text == 'y' ? "true" : "false", stdout);
        else
            print_json_string(text);
    }
    (void)puts(table->row_count ? "}\n]" : "]");
}

void table_print(const struct table *table, const struct options *options) {
    if (options->json)
        print_json(table);
    else
        print_text(table, options->verbose);
}
