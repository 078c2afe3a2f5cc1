/* libvirt's active networks and their ports, from the files under /run/libvirt/network, because
 * asking libvirt itself from a hook would be a deadlock. */
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

/* Parses the status of a network. False: *error says why. Call network_free() either way. */
bool network_read(const char *xml, size_t length, struct network *network, struct xml_error *error);
void network_free(struct network *network);

/* Returns the portgroup of this name, the default one for NULL; NULL: there is none. */
const struct network_portgroup *network_portgroup(const struct network *network, const char *name);

/* The files of all active networks, /run/libvirt/network/NAME.xml. */
struct networks {
    struct network_file *files;
    size_t count;
    const char *problem; /* why the directory can't be read, or NULL: a text that stays */
};

/* Reads the files, and parses none. Call networks_free(). */
void networks_load(struct networks *networks);
void networks_free(struct networks *networks);

extern const char network_not_active[]; /* the problem of a network that has no file there */

/* Returns the network of this name, which is parsed by the first call and lives as long as the
 * networks. NULL: *problem says why it can't be known, a text that stays. */
const struct network *networks_get(struct networks *networks, const char *name,
                                   const char **problem);

/* Tells whether a port of a network (by the port's UUID) gives its interface trust. The port of a
 * guest that runs decides, because libvirt copied the network's word into it when it made the port
 * (/run/libvirt/network/N/ports/PORT.xml). False: that is unknown, and *trust stays. */
bool network_port_trust(const char *network, const char *port, bool *trust);
