/* What a process has open. */
#pragma once

#include <stdbool.h>

/* Opens those of 0, 1 and 2 that are closed: no file opened later must be taken for one. */
void descriptors_fill(void);

/* In a child: closes all but `kept` (-1: none), among them the pipes whose ends libvirt waits for,
 * before it opens anything; 0, 1 and 2 are /dev/null then. False: that can't be had, and they stay
 * closed. */
bool descriptors_release(int kept);
