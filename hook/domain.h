/* A libvirt domain as its XML describes it: who it is, its network interfaces, and the XML again
 * with trustGuestRxFilters='yes' on some of them. Pure: text in, text out. */
#pragma once

#include "xml.h"

#include <stdbool.h>
#include <stddef.h>

/* What a trustGuestRxFilters attribute says. Any value but 'yes' is a 'no'. */
enum trust { TRUST_UNSAID, TRUST_NO, TRUST_YES };
enum trust domain_trust(const char *attribute_value);

/* Texts are the XML's own, NULL where it has none; they live as long as the domain. */
struct interface {
    const char *type;
    const char *mac;
    const char *model;
    const char *network; /* the libvirt network, at every stage of a guest's life */
    const char *portgroup;
    const char *port; /* the UUID of its port on the network, once it has one */
    const char *bridge;
    const char *dev;  /* <source dev=>: the host's end; of a network interface only once it runs */
    const char *mode; /* <source mode=>: bridge, vepa, private, passthrough */
    const char *target;  /* <target dev=>: the macvtap, once the guest runs */
    const char *managed; /* <target managed=>: 'no' where somebody else made the device */
    enum trust trust;
    size_t tag_end; /* offset in the XML of the start tag's closing '>' or '/>' */
    size_t end;     /* offset in the XML of what follows the element */
};

struct domain {
    char *name;     /* "" where the XML has none */
    char *uuid;     /* likewise */
    const char *id; /* the run's number, of a guest that runs; else NULL */
    struct interface *interfaces;
    size_t count;
    struct xml_strings strings;
};

/* Parses the XML of one domain. False: it is no domain, or see xml_walk(). Call domain_free()
 * either way. */
bool domain_read(const char *xml, size_t length, struct domain *domain, struct xml_error *error);
void domain_free(struct domain *domain);

/* Returns the XML that the domain was parsed from with trustGuestRxFilters='yes' on each interface
 * for which `trust` (one for each) is true, every other byte as it was; the caller frees it. NULL:
 * *reason says why (a text that stays). */
char *domain_rewrite(const struct domain *domain, const bool *trust, const char *xml, size_t length,
                     size_t *new_length, const char **reason);

/* The element of one interface alone, with trustGuestRxFilters='yes' or without the attribute;
 * returns as above. NULL also for one that stands before the end of the metadata, where anything
 * may stand: libvirt writes its devices behind that. */
char *domain_interface_xml(const struct interface *interface, bool trust, const char *xml,
                           size_t length, size_t *new_length, const char **reason);
