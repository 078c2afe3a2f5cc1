#include "mac.h"

#include <ctype.h>
#include <stdlib.h>

bool mac_parse(const char *text, unsigned char mac[MAC_LENGTH]) {
    for (int i = 0; text && i < MAC_LENGTH; i++) {
        bool last = i == MAC_LENGTH - 1;
        char *end = NULL;
        if (!isxdigit((unsigned char)*text)) /* strtoul() alone would take a sign and white space */
            return false;
        unsigned long byte = strtoul(text, &end, 16);
        if (end - text > 2 || (last ? (signed char)*end > ' ' : *end != ':'))
            return false;
        mac[i] = (unsigned char)byte;
        text = end + 1;
    }
    return text;
}
