#include "policy_pattern.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

enum {
    UUID_DIGITS = 32,
    UUID_GLOB_DIGITS = 8, /* of fewer, `db-*` would be a glob of one in 256 UUIDs */
    MAC_BYTES = 6,
    MAC_ROOM = 3 * MAC_BYTES
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
    const char *end = first + strspn(first, "0123456789abcdefABCDEF-");
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
    for (const char *next = glob; *glob; glob = next) {
        next = *glob == '*' || *glob == '-' ? glob + 1 : after_digit(glob);
        if (!next)
            return false;
        digits += is_hex(*glob);
    }
    return digits >= UUID_GLOB_DIGITS;
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

/* As virMacAddrParse(): one digit or two for each byte. Sets the form that libvirt prints; returns
 * what follows the address, NULL if it is none. */
static const char *parse_mac(const char *text, char canonical[MAC_ROOM]) {
    for (size_t i = 0; i < MAC_BYTES; i++) {
        if (!is_hex(*text) || (i > 0 && text[-1] != ':'))
            return NULL;
        *canonical = '0';
        if (is_hex(text[1]))
            *canonical = to_lower(*text++);
        canonical++;
        *canonical++ = to_lower(*text++);
        *canonical++ = ':';
        text += i + 1 < MAC_BYTES;
    }
    canonical[-1] = '\0';
    return text;
}

bool pattern_matches_mac(const char *pattern, const char *mac) {
    char wanted[MAC_ROOM], canonical[MAC_ROOM];
    const char *behind = parse_mac(mac, canonical);
    if (behind &&
        (unsigned char)*behind <= ' ') /* libvirt takes what comes then for no part of it */
        mac = canonical;
    behind = parse_mac(pattern, wanted);
    return matches(behind && !*behind ? wanted : pattern, mac, FNM_CASEFOLD);
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
            return !*glob && (any_star ? colons < MAC_BYTES : colons == MAC_BYTES - 1);
        }
        glob = next;
    }
}

bool pattern_is_mac(const char *pattern) {
    char canonical[MAC_ROOM];
    const char *behind = parse_mac(pattern, canonical);
    return (behind && !*behind) || is_mac_glob(pattern);
}
