/* What libvirt says of one of its active networks, in /run/libvirt/network/NAME.xml: asking libvirt
 * itself from a hook would be a deadlock. */
#pragma once

#include "domain.h"
#include "xml.h"

#include <stdbool.h>
#include <stddef.h>

struct network_portgroup {
    const char *name;
    bool is_default;
    enum trust trust;
};

/* Texts live as long as the network. */
struct network {
    const char *mode; /* <forward mode=>, NULL where there is none */
    bool macvtap;     /* a guest's interface on it is a macvtap */
    enum trust trust;
    struct network_portgroup *portgroups;
    size_t portgroup_count;
    const char **devices; /* the host devices that it may give a guest */
    size_t device_count;
    struct xml_strings strings;
};

/* The text of each active network's status, unread so far. */
struct networks {
    struct network_file *files;
    size_t count;
    const char *problem; /* why they can't be had, or NULL: a text that stays */
};

/* Gets hold of them; what can't be read shows when it is asked for. networks_free() is needed. */
void networks_load(struct networks *networks);
void networks_free(struct networks *networks);

/* Reads the active network of this name. False: *error says why, an unknown network included.
 * network_free() is needed either way. */
bool network_read(const struct networks *networks, const char *name, struct network *network,
                  struct xml_error *error);

/* The same from the text of the file. */
bool network_read_text(const char *xml, size_t length, struct network *network,
                       struct xml_error *error);

void network_free(struct network *network);

/* The portgroup of an interface that names this one; the default one if it names none (NULL). NULL:
 * there is none. */
const struct network_portgroup *network_portgroup(const struct network *network, const char *name);

/* Whether a guest's port on a network (the port's UUID) gives it trust: what counts for one that
 * runs
 * (/run/libvirt/network/N/ports/PORT.xml, copied from the network when the port was made). Returns
 * NULL, or why that can't be known: a text that stays. */
const char *network_port_trust(const char *network, const char *port, bool *trust);
