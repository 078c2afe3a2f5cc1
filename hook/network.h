/* libvirt's active networks and their ports, from the files under /run/libvirt/network: asking
 * libvirt itself from a hook would be a deadlock. */
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

/* The files of all active networks, /run/libvirt/network/NAME.xml, not parsed yet. */
struct networks {
    struct network_file *files;
    size_t count;
    const char *problem; /* why the directory can't be read, or NULL: a text that stays */
};

/* Reads the files; the problem of a single one shows in network_read(). Call networks_free(). */
void networks_load(struct networks *networks);
void networks_free(struct networks *networks);

/* Parses the active network of this name. False: *error says why, an inactive network included.
 * Call network_free() either way. */
extern const char network_not_active[];
bool network_read(const struct networks *networks, const char *name, struct network *network,
                  struct xml_error *error);

/* The same from the text of the file. */
bool network_read_text(const char *xml, size_t length, struct network *network,
                       struct xml_error *error);

void network_free(struct network *network);

/* The portgroup of an interface that names this one; the default one if it names none (NULL). NULL:
 * there is none. */
const struct network_portgroup *network_portgroup(const struct network *network, const char *name);

/* Whether a port of a network (by the port's UUID) gives its interface trust. Of a guest that runs
 * the port decides: libvirt copied the network's word into it when it made the port
 * (/run/libvirt/network/N/ports/PORT.xml). False: that can't be known. */
bool network_port_trust(const char *network, const char *port, bool *trust);
