#include "utf8.h"

#include <stdbool.h>

size_t utf8_sequence(const char *text) {
    static const struct {
        unsigned char first, last; /* of the first byte */
        unsigned char least, most; /* of the second */
        unsigned char length;
    } forms[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const unsigned char *bytes = (const unsigned char *)text;
    if (*bytes < 0x80) /* first, for nearly all text is of it */
        return *bytes > 0;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (*bytes < forms[i].first || *bytes > forms[i].last)
            continue;
        size_t length = 1;
        bool fits = bytes[1] >= forms[i].least && bytes[1] <= forms[i].most;
        while (fits && ++length < forms[i].length)
            fits = bytes[length] >> 6 == 2;
        return fits ? forms[i].length : 0;
    }
    return 0;
}
