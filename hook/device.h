/* The host's links as rtnetlink lists them, and the flag that rxtrust sets on macvtaps: with it a
 * macvtap receives every multicast frame, IPv6 neighbour discovery among them.
 *
 * The flag is all-multicast; in passthrough mode it is promiscuous mode, which opens the same
 * filter (drivers/net/macvlan.c, macvlan_set_mac_lists()). There all-multicast is counted on the
 * host device when it changes on a macvtap that is up, and never when a macvtap comes up or goes
 * down: set while down and cleared while up, by libvirt or by hand, the count falls below zero, and
 * no macvtap that has the flag comes up there any more. Promiscuous mode isn't counted there, in
 * any order (since Linux 6.7, and the stable releases of November 2023; before, it is as
 * all-multicast).
 *
 * The mark is the macvtap's alias (`ip link` shows it), set and cleared in the request that sets or
 * clears the flag. It means: rxtrust set the flag, and that is still so. Nothing else is taken
 * back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct device {
    char **names; /* its name, then its alternative names; owned */
    size_t name_count;
    const char *mode; /* of a macvtap: bridge, vepa, private, passthrough; NULL: another one */
    int index;
    int lower; /* the index of the host device under a macvtap; 0: there is none here */
    bool macvtap;
    bool all_multicast; /* every multicast frame arrives: by the flag */
    bool follows;       /* libvirt put groups of the guest, or promiscuous mode, on it */
    bool own_alias;     /* the alias is rxtrust's, and says: */
    bool marked;        /* the flag is rxtrust's */
    bool old_mark;      /* so version 0.1.0 said, which set all-multicast in passthrough mode too */
    bool given_trust;   /* the guest's trust is rxtrust's: version 0.1.0 */
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

/* Sets `follows` also where libvirt only put groups of the guest on a link. */
void devices_read_groups(const struct devices *devices);
void devices_close(struct devices *devices);

/* The link that had this name or alternative name when the links were listed, or that has this
 * index; NULL: there is none. */
struct device *device_named(const struct devices *devices, const char *name);
struct device *device_at(const struct devices *devices, int index);

/* Sets or clears the flag, marks the device or takes the mark away, and clears promiscuous mode too
 * if asked to. The request names the index: a device that has got the name meanwhile is not
 * touched. List the links again to see the outcome. */
struct device_change {
    enum { FLAG_STAYS, FLAG_CLEAR, FLAG_SET } flag;
    bool marked, clear_promiscuous;
};
const char *device_change(const struct devices *devices, const struct device *device,
                          struct device_change change);
