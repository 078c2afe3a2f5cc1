/* The patterns of a policy: what they match, and which match nothing that there is. Pure.
 *
 * A pattern is a text, a glob, or an address: libvirt takes UUIDs and MAC addresses in several
 * forms (virUUIDParse() and virMacAddrParse()), and all forms of one are the same. */
#pragma once

#include <stdbool.h>

bool pattern_matches(const char *pattern, const char *text);

/* A domain's name or UUID. A pattern that is a whole UUID is never a name; a glob is one of UUIDs
 * too if enough of a UUID is written out. */
bool pattern_matches_guest(const char *pattern, const char *name, const char *uuid);

bool pattern_matches_mac(const char *pattern, const char *mac);

/* Is it a MAC address, or a glob that can match one? */
bool pattern_is_mac(const char *pattern);
