#include "mac.h"

#include <ctype.h>
#include <stdlib.h>

bool mac_parse(const char *text, unsigned char mac[MAC_LENGTH]) {
    for (int i = 0; text && i < MAC_LENGTH; i++) {
        char *end = NULL;
        /* strtoul() alone would take a sign, white space and 0x. */
        if (!isxdigit((unsigned char)*text) || text[1] == 'x' || text[1] == 'X')
            return false;
        unsigned long byte = strtoul(text, &end, 16);
        if (end - text > 2 || *end != (i < MAC_LENGTH - 1 ? ':' : '\0'))
            return false;
        mac[i] = (unsigned char)byte;
        text = end + 1;
    }
    return text;
}
