/* A MAC address, in the forms that libvirt takes (virMacAddrParse): six numbers of one or two
 * hexadecimal digits with colons between. Pure. */
#pragma once

#include <stdbool.h>

enum { MAC_LENGTH = 6 };

/* Parses the whole text. False: it is no MAC address, or NULL. */
bool mac_parse(const char *text, unsigned char mac[MAC_LENGTH]);
