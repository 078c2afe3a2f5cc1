#include "pattern.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEX   "0123456789abcdefABCDEF"
#define GLOB  "*?["
#define WHITE " \t\n\v\f\r"

enum {
    UUID_DIGITS = 32,
    UUID_LENGTH = UUID_DIGITS + 4,
    UUID_GLOB_DIGITS = 8, /* with fewer, `db*` would match the UUID of one guest in 256 */
    UUID_LIKE_DIGITS = 28,
};

/* A backslash is special to fnmatch(3) too. `flags` are its flags. */
static bool matches(const char *pattern, const char *text, int flags) {
    return strcmp(pattern, text) == 0 ||
           (strpbrk(pattern, GLOB "\\") && fnmatch(pattern, text, flags) == 0);
}

bool pattern_matches(const char *pattern, const char *text) {
    return matches(pattern, text, 0);
}

static size_t count_digits(const char *text) {
    size_t digits = 0;
    while (*text)
        digits += isxdigit((unsigned char)*text++) != 0;
    return digits;
}

/* Writes the usual form: lower case, with dashes. Like virUUIDParse() it takes dashes and spaces
 * between pairs of digits, and white space around all. */
static bool parse_uuid(const char *text, char uuid[UUID_LENGTH + 1]) {
    size_t length = 0;
    text += strspn(text, WHITE);
    while (length < UUID_LENGTH) {
        text += strspn(text, "- ");
        for (int i = 0; i < 2; i++, text++) {
            if (!isxdigit((unsigned char)*text))
                return false;
            uuid[length++] = (char)tolower((unsigned char)*text);
        }
        if (length == 8 || length == 13 || length == 18 || length == 23)
            uuid[length++] = '-';
    }
    uuid[length] = '\0';
    return !text[strspn(text, WHITE)];
}

bool pattern_matches_guest(const char *pattern, const char *name, const char *uuid) {
    char wanted[UUID_LENGTH + 1], usual[UUID_LENGTH + 1];
    if (parse_uuid(pattern, wanted))
        return parse_uuid(uuid, usual) && strcmp(wanted, usual) == 0;
    return matches(pattern, name, 0) ||
           (count_digits(pattern) >= UUID_GLOB_DIGITS && strpbrk(pattern, GLOB) &&
            parse_uuid(uuid, usual) && fnmatch(pattern, usual, FNM_CASEFOLD) == 0);
}

/* A long text is meant as a UUID if it has nothing but digits, or no more letters and digits than a
 * UUID: an O for a 0. With more letters it is a name, as `vm-UUID`. */
bool pattern_is_guest(const char *pattern) {
    char uuid[UUID_LENGTH + 1];
    size_t digits = count_digits(pattern), others = 0;
    for (const char *c = pattern; *c; c++)
        others += !strchr(HEX "-{} ", *c);
    bool resembles = strlen(pattern) >= UUID_LIKE_DIGITS &&
                     (!others || (digits >= UUID_LIKE_DIGITS && digits + others <= UUID_DIGITS));
    bool is_glob_with_dashes = strchr(pattern, '-') && strpbrk(pattern, GLOB);
    return strncasecmp(pattern, "urn:uuid:", 9) != 0 &&
           (!resembles || is_glob_with_dashes || parse_uuid(pattern, uuid));
}

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

bool pattern_matches_mac(const char *pattern, const char *mac) {
    unsigned char wanted[MAC_LENGTH], has[MAC_LENGTH];
    char usual[sizeof "52:54:00:12:34:56"];
    if (!mac_parse(mac, has))
        return matches(pattern, mac, FNM_CASEFOLD);
    if (mac_parse(pattern, wanted))
        return memcmp(wanted, has, MAC_LENGTH) == 0;
    (void)snprintf(usual, sizeof usual, "%02x:%02x:%02x:%02x:%02x:%02x", has[0], has[1], has[2],
                   has[3], has[4], has[5]);
    return matches(pattern, usual, FNM_CASEFOLD);
}

/* In a glob, each digit and each bracket expression of digits stands for some digit: with zeros in
 * their place it must match the address of zeros. */
bool pattern_is_mac(const char *pattern) {
    unsigned char mac[MAC_LENGTH];
    char shape[256] = ""; /* longer than inih's lines */
    const char *c = pattern;
    for (size_t length = 0; *c && length < sizeof shape - 1; c++, length++) {
        shape[length] = '0';
        if (*c == '[') {
            c += c[1] == '!' || c[1] == '^' ? 2 : 1;
            size_t inside = strspn(c, HEX "-");
            if (!inside || c[inside] != ']')
                return false;
            c += inside;
        } else if (!isxdigit((unsigned char)*c)) {
            shape[length] = *c;
        }
    }
    return (!*c && fnmatch(shape, "00:00:00:00:00:00", FNM_NOESCAPE) == 0) ||
           (mac_parse(pattern, mac) && !pattern[strspn(pattern, HEX ":")]);
}
