/* Text for people, in lines that fit a terminal. */
#pragma once

#include <stddef.h>
#include <stdio.h>

enum { INDENT = 4 }; /* of what continues a line */

/* How many columns a line has: COLUMNS in the environment if that is a number of 40 or more, as for
 * less, man and ls; else 80. */
size_t line_width(void);

/* The columns of this many bytes: one for each character. */
size_t text_width(const char *text, size_t length);

/* Prints the text and a newline in lines of `width` columns; the cursor stands at `column`. A
 * command, from "run: " on, is broken behind " &&" only, so that it can be copied; where it is
 * wider than a line, behind a backslash. */
void print_wrapped(FILE *stream, size_t column, size_t width, const char *text);
