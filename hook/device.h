/* The macvtaps of the host, by rtnetlink, and the one flag that rxtrust sets on them: with
 * all-multicast a macvtap receives every multicast frame, IPv6 neighbour discovery among them,
 * whatever its receive filter says.
 *
 * What rxtrust sets it marks on the device, in the link's alias (`ip link` shows it), and takes
 * nothing else back.
 *
 * In passthrough mode the kernel counts all-multicast on the host device only while the macvtap is
 * up (drivers/net/macvlan.c, macvlan_change_rx_flags() and macvlan_open(), up to Linux 6.18): set
 * while down and cleared while up, the host device's counter falls below zero, and no macvtap with
 * all-multicast comes up on it any more. So there one request brings the device up and changes the
 * flag, in this order (net/core/dev.c, __dev_change_flags()): libvirt may set it down at any time.
 */
#pragma once

#include "mac.h"
#include "stream.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

enum { UUID_LENGTH = 36 };

/* What the alias says that rxtrust has set; or that it has set nothing, and whose device it is. */
enum device_marks { MARK_MULTICAST = 1, MARK_TRUST = 2, MARK_GUEST = 4 };

struct device {
    int index; /* of the link; a name may be another device's later */
    char name[IF_NAMESIZE];
    bool up;
    bool passthrough;
    bool all_multicast;
    bool follows;       /* libvirt put multicast groups of the guest, or promiscuous mode, on it */
    bool foreign_alias; /* the alias is somebody else's: the device can't be marked */
    bool retired;       /* its guest has stopped: until a run has it again, nothing is set */
    unsigned marks;     /* of enum device_marks */
    char guest[UUID_LENGTH + 1]; /* the UUID of the guest that the marks were set for, or "" */
    unsigned char mac[MAC_LENGTH];
};

/* A socket, and the multicast groups of all devices as they were when it was opened. */
struct device_table {
    int socket;
    struct stream_text groups;
};

/* Texts that are returned, here and below: NULL, or why it can't be done; they stay.
 * device_table_close() is needed either way. */
const char *device_table_open(struct device_table *table);
void device_table_close(struct device_table *table);

/* What is so of the macvtap of this name. A device of another kind is an error: not_a_macvtap. */
extern const char not_a_macvtap[];
const char *device_get(const struct device_table *table, const char *name, struct device *device);

/* All macvtaps in passthrough mode: the XML of a guest that has stopped names no device, yet it is
 * there. The caller frees list->devices, either way. */
struct device_list {
    struct device *devices;
    size_t count;
};
const char *device_list_passthrough(const struct device_table *table, struct device_list *list);

/* Sets all-multicast if it is among the marks, else clears it, and marks the device so for the
 * guest of this UUID, in one request. In passthrough mode a device that is down is brought up to
 * clear it, and stays up: whether libvirt has set it up meanwhile can't be seen. Setting it there
 * is refused. */
const char *device_set(const struct device_table *table, const struct device *device,
                       const char *uuid, unsigned marks);

/* Changes the marks alone. */
const char *device_set_marks(const struct device_table *table, const struct device *device,
                             const char *uuid, unsigned marks);

/* Says on the device, in the place of all marks, that the guest of this UUID has stopped. */
const char *device_retire(const struct device_table *table, const struct device *device,
                          const char *uuid);

/* Waits, for as long as it takes, until one of the devices of these indexes is up, or is not marked
 * as the device of the guest of this UUID any more. */
const char *device_wait_until_up(const int *devices, size_t count, const char *uuid);
