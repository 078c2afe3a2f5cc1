#include "wrap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

size_t line_width(void) {
    enum { USUAL = 80, LEAST = 40 };
    const char *columns = getenv("COLUMNS");
    char *end = NULL;
    long width = columns ? strtol(columns, &end, 10) : 0;
    return width >= LEAST && !*end ? (size_t)width : USUAL;
}

size_t text_width(const char *text, size_t length) {
    size_t characters = 0;
    for (size_t i = 0; i < length; i++)
        characters += ((unsigned char)text[i] & 0xc0) != 0x80; /* one byte of each UTF-8 sequence */
    return characters;
}

/* The length of what a line keeps together: a word, or a command that fits on one. */
static size_t piece_length(const char *text, bool command, size_t width) {
    const char *more = command ? strstr(text, " && ") : NULL;
    size_t length = more ? (size_t)(more - text) + strlen(" &&") : strlen(text);
    return command && text_width(text, length) <= width ? length : strcspn(text, " ");
}

void print_wrapped(FILE *stream, size_t column, size_t width, const char *text) {
    static const char start[] = "run: ";
    const char *mark = ""; /* ends the line where the text is broken behind the last piece */
    bool command = false;
    for (size_t gap = 0; *text; gap = 1) {
        command = command || strncmp(text, start, strlen(start)) == 0;
        size_t length = piece_length(text, command, width - INDENT);
        size_t piece = text_width(text, length);
        bool cut = command && length && text[length] && text[length - 1] != '&';
        const char *next_mark = cut ? " \\" : "";
        if ((gap || column > INDENT) && column + gap + piece + strlen(next_mark) > width) {
            (void)fprintf(stream, "%s\n", mark);
            gap = INDENT;
            column = 0;
        }
        (void)fprintf(stream, "%*s%.*s", (int)gap, "", (int)length, text);
        column += gap + piece;
        text += length + (text[length] == ' ');
        mark = next_mark;
    }
    (void)fputc('\n', stream);
}
