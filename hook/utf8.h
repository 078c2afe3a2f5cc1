/* UTF-8 as Unicode's table 3-7 has it: no overlong form, no surrogate, U+10FFFF at most. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Returns the length of the sequence at the beginning of the text, in bytes; 0: it has none, or
 * ends here. */
size_t utf8_sequence(const char *text);

/* Whether a sequence of this length is white space, a control or a format character beyond ASCII
 * (Unicode 15, categories Zs, Zl, Zp, Cc, Cf): mostly invisible, so two names that look the same
 * would differ. */
bool utf8_is_format_or_space(const char *sequence, size_t length);
