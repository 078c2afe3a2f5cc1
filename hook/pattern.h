/* The patterns of a policy. A pattern is a text, a glob or an address; it also matches a text that
 * is equal to it, so a name with brackets can be written as it is. All forms of a UUID or of a MAC
 * address that libvirt reads (virUUIDParse(), virMacAddrParse()) are equal. Pure. */
#pragma once

#include <stdbool.h>

enum { MAC_LENGTH = 6 };

bool pattern_matches(const char *pattern, const char *text);

/* Matches a domain by its name or UUID. A pattern that is a whole UUID is never a name. A glob with
 * at least eight hexadecimal digits is also compared with the UUID in its usual form, with dashes,
 * in any case. */
bool pattern_matches_guest(const char *pattern, const char *name, const char *uuid);

bool pattern_matches_mac(const char *pattern, const char *mac);

/* False: the pattern looks like a mistyped UUID, and as a name it would silently match nothing. The
 * rule stands in rxtrust.ini(5), under "vm". */
bool pattern_is_guest(const char *pattern);

/* Whether the pattern is a MAC address or a glob that can match one. */
bool pattern_is_mac(const char *pattern);

/* Parses six numbers of one or two hexadecimal digits with colons between them. As in libvirt,
 * anything may follow that begins with white space, a control character or a byte beyond ASCII.
 * False: it is no MAC address, or NULL. */
bool mac_parse(const char *text, unsigned char mac[MAC_LENGTH]);
