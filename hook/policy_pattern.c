#include "policy_pattern.h"

#include "mac.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define HEX "0123456789abcdefABCDEF"

enum {
    UUID_DIGITS = 32,
    UUID_GLOB_DIGITS = 8 /* of fewer, `db-*` would be a glob of one in 256 UUIDs */
};

static bool is_hex(char c) {
    return isxdigit((unsigned char)c);
}

static char to_lower(char c) {
    return (char)tolower((unsigned char)c);
}

static const char *skip_white(const char *text) {
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* A pattern also matches itself, brackets and all. `flags` as of fnmatch(3), to which a backslash
 * is special too. */
static bool matches(const char *pattern, const char *text, int flags) {
    return strcmp(pattern, text) == 0 ||
           (strpbrk(pattern, "*?[\\") && fnmatch(pattern, text, flags) == 0);
}

bool pattern_matches(const char *pattern, const char *text) {
    return matches(pattern, text, 0);
}

/* ---- Elements of a glob of hexadecimal digits: one digit each, but for the star ---- */

/* The ] of the bracket expression that begins here; NULL: it isn't one of digits. */
static const char *bracket_end(const char *bracket) {
    const char *first = bracket + 1 + (bracket[1] == '!' || bracket[1] == '^');
    const char *end = first + strspn(first, HEX "-");
    return *end == ']' && end > first ? end : NULL;
}

static bool bracket_matches(const char *bracket, const char *end, char digit) {
    bool negated = bracket[1] == '!' || bracket[1] == '^';
    bool found = false;
    for (const char *c = bracket + 1 + negated; c < end; c++) {
        char least = to_lower(*c);
        if (c[1] == '-' && c + 2 < end)
            c += 2;
        found = found || (least <= digit && digit <= to_lower(*c));
    }
    return found != negated;
}

/* What follows the element that begins here, if it can be one digit; else NULL. */
static const char *after_digit(const char *glob) {
    const char *last = *glob == '['                    ? bracket_end(glob)
                       : is_hex(*glob) || *glob == '?' ? glob
                                                       : NULL;
    return last ? last + 1 : NULL;
}

/* ---- UUIDs ---- */

/* As virUUIDParse(): dashes and spaces between the pairs of digits, white space around. */
static bool parse_uuid(const char *text, char digits[UUID_DIGITS + 1]) {
    size_t count = 0;
    text = skip_white(text);
    while (count < UUID_DIGITS) {
        if (*text == '-' || *text == ' ') {
            text++;
            continue;
        }
        if (!is_hex(text[0]) || !is_hex(text[1]))
            return false;
        digits[count++] = to_lower(*text++);
        digits[count++] = to_lower(*text++);
    }
    digits[count] = '\0';
    return !*skip_white(text);
}

static bool is_uuid_glob(const char *glob) {
    size_t digits = 0;
    while (glob && *glob) {
        digits += is_hex(*glob);
        glob = *glob == '*' || *glob == '-' ? glob + 1 : after_digit(glob);
    }
    return glob && digits >= UUID_GLOB_DIGITS;
}

/* Digit by digit, whatever dashes stand between them. */
static bool uuid_glob_matches(const char *glob, const char *digits) {
    const char *star = NULL, *behind_star = NULL;
    while (*glob || *digits) {
        const char *next = after_digit(glob);
        if (*glob == '-') {
            glob++;
        } else if (*glob == '*') {
            star = ++glob;
            behind_star = digits;
        } else if (*digits && next &&
                   (*glob == '?' || (*glob == '[' ? bracket_matches(glob, next - 1, *digits)
                                                  : to_lower(*glob) == *digits))) {
            glob = next;
            digits++;
        } else if (star && *behind_star) { /* the star takes one more */
            glob = star;
            digits = ++behind_star;
        } else {
            return false;
        }
    }
    return true;
}

bool pattern_matches_guest(const char *pattern, const char *name, const char *uuid) {
    char wanted[UUID_DIGITS + 1], digits[UUID_DIGITS + 1];
    if (parse_uuid(pattern, wanted))
        return parse_uuid(uuid, digits) && strcmp(wanted, digits) == 0;
    return matches(pattern, name, 0) ||
           (strpbrk(pattern, "*?[") && is_uuid_glob(pattern) && parse_uuid(uuid, digits) &&
            uuid_glob_matches(pattern, digits));
}

/* ---- MAC addresses ---- */

/* A policy has nothing behind an address. */
static bool parse_mac(const char *pattern, unsigned char mac[MAC_LENGTH]) {
    return mac_parse(pattern, mac) && !pattern[strspn(pattern, HEX ":")];
}

bool pattern_matches_mac(const char *pattern, const char *mac) {
    unsigned char wanted[MAC_LENGTH], has[MAC_LENGTH];
    char text[sizeof "52:54:00:12:34:56"];
    if (!mac_parse(mac, has))
        return matches(pattern, mac, FNM_CASEFOLD);
    if (parse_mac(pattern, wanted))
        return memcmp(wanted, has, MAC_LENGTH) == 0;
    (void)snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", has[0], has[1], has[2],
                   has[3], has[4], has[5]);
    return matches(pattern, text, FNM_CASEFOLD);
}

/* A byte has two digits, but where a star stands beside it, which may be one of them. */
static bool is_mac_glob(const char *glob) {
    size_t colons = 0, digits = 0;
    bool star = false, any_star = false;
    for (;;) {
        const char *next = after_digit(glob);
        if (next) {
            digits++;
        } else if (digits > 2 || (digits < 2 && !star && *glob != '*')) {
            return false;
        } else if (*glob == '*' || *glob == ':') {
            star = *glob == '*';
            any_star = any_star || star;
            colons += !star;
            digits = 0;
            next = glob + 1;
        } else {
            return !*glob && (any_star ? colons < MAC_LENGTH : colons == MAC_LENGTH - 1);
        }
        glob = next;
    }
}

bool pattern_is_mac(const char *pattern) {
    unsigned char mac[MAC_LENGTH];
    return parse_mac(pattern, mac) || is_mac_glob(pattern);
}
