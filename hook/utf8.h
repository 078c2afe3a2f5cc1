/* UTF-8, well-formed as in Unicode's table 3-7: neither overlong nor a surrogate, and U+10FFFF at
 * most. Pure. */
#pragma once

#include <stddef.h>

/* The length of the sequence that the text begins with; 0: it is none, or the text's end. */
size_t utf8_sequence(const char *text);
