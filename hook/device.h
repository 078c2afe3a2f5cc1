/* The host's links as rtnetlink lists them, and the one flag that rxtrust sets on macvtaps: with
 * all-multicast a macvtap receives every multicast frame, IPv6 neighbour discovery among them.
 *
 * The mark is the macvtap's alias (`ip link` shows it), set and cleared in the request that sets or
 * clears the flag. It means: rxtrust set all-multicast, and that is still so. Nothing else is taken
 * back.
 *
 * In passthrough mode the kernel counts all-multicast on the host device when the flag changes on a
 * macvtap that is up, and never when a macvtap comes up or goes down (drivers/net/macvlan.c,
 * macvlan_change_rx_flags(), macvlan_open(), macvlan_stop(); run on Linux 5.10 to 7.2). So there
 * the flag changes only while the macvtap is down. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct device {
    int index;
    int lower;    /* the index of the host device under a macvtap; 0: there is none here */
    char **names; /* its name, then its alternative names; owned */
    size_t name_count;
    bool macvtap;
    const char *mode; /* of a macvtap: bridge, vepa, private, passthrough; NULL: another one */
    bool up;
    bool all_multicast;
    bool follows; /* libvirt put groups of the guest, or promiscuous mode, on it */
    bool promiscuous;
    bool own_alias;     /* the alias is rxtrust's, and says: */
    bool marked;        /* all-multicast is rxtrust's */
    bool given_trust;   /* the guest's trust is rxtrust's: an alias of version 0.1.0 */
    bool foreign_alias; /* the alias is somebody else's: it stays, and the device can't be marked */
};

struct devices {
    int socket; /* -1: not open */
    struct device *items;
    size_t count;
};

/* Problems are returned here and below as texts that stay; NULL: there is none. */

/* Lists all links. Call devices_close() either way. */
const char *devices_open(struct devices *devices);
void devices_close(struct devices *devices);

/* The link that had this name or alternative name when the links were listed, or that has this
 * index; NULL: there is none. */
struct device *device_named(const struct devices *devices, const char *name);
struct device *device_at(const struct devices *devices, int index);

/* Looks at the link of this index again. A problem: it is gone, or can't be looked at. */
const char *device_refresh(struct device *device);

/* Sets or clears all-multicast, marks the device or takes the mark away, and clears promiscuous
 * mode if asked to; in passthrough mode while the device is down. The request names the index: a
 * device that has got the name meanwhile is not touched. Call device_refresh() to see the outcome.
 */
struct device_change {
    bool all_multicast, marked, clear_promiscuous;
};
const char *device_change(const struct devices *devices, const struct device *device,
                          struct device_change change);

/* Takes the mark away and leaves the flag as it is. */
const char *device_unmark(const struct devices *devices, const struct device *device);
