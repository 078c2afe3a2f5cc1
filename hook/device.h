/* All-multicast on a macvtap, by rtnetlink: the device then takes every multicast frame, those of
 * IPv6 neighbour discovery among them, whatever the guest's filter says. */
#pragma once

#include <stdbool.h>

/* Sets all-multicast on the macvtap of this name, or takes it away, and changes no other flag.
 * Returns NULL, or why it couldn't: a text that stays. A device of another kind is an error, and is
 * left alone. */
const char *device_set(const char *device, bool on);

/* Tells in *on whether it is set; returns as above. */
const char *device_get(const char *device, bool *on);
