/* A MAC address, in the forms that libvirt takes (virMacAddrParse): six numbers of one or two
 * hexadecimal digits with colons between, and anything behind them that begins with white space, a
 * control character or a byte beyond ASCII. Pure. */
#pragma once

#include <stdbool.h>

enum { MAC_LENGTH = 6 };

/* False: it is no MAC address, or NULL. */
bool mac_parse(const char *text, unsigned char mac[MAC_LENGTH]);
