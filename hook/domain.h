/* A libvirt domain as its XML describes it: name, network interfaces, rxtrust's note, and the XML
 * again with another word of trust on some interfaces. Pure. */
#pragma once

#include "io.h"
#include "xml.h"

#include <stdbool.h>
#include <stddef.h>

/* What a trustGuestRxFilters attribute says. Any value but 'yes' is a 'no'. */
enum trust { TRUST_UNSAID, TRUST_NO, TRUST_YES };
enum trust domain_trust(const char *attribute_value);
extern const char *const trust_names[]; /* unsaid, no, yes: as in the note */

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
    enum trust trust;    /* what the XML says now */
    enum trust owner;    /* what it said before rxtrust gave trust, by the note */
    enum trust write;    /* what it is to say; the same as `trust` until that is changed */
    size_t tag_end;      /* offset in the XML of the start tag's closing '>' or '/>' */
    size_t end;          /* offset in the XML of what follows the element */
};

/* The note says that the 'yes' is rxtrust's. */
static inline bool is_given(const struct interface *interface) {
    return interface->owner != interface->trust;
}

struct domain {
    char *name;     /* "" where the XML has none */
    char *uuid;     /* likewise */
    const char *id; /* the run's number, of a guest that runs; else NULL */
    struct interface *interfaces;
    size_t count;
    size_t parent_tag_end; /* as in an interface, of <metadata>; without it, of the root */
    size_t note_tag_end;   /* likewise, of the note in the metadata */
    size_t note_end;       /* likewise; 0: there is no note */
    struct xml_strings strings;
};

/* Parses the XML of one domain. False: it is no domain, or see xml_walk(). Call domain_free()
 * either way. */
bool domain_read(const char *xml, size_t length, struct domain *domain, struct xml_error *error);
void domain_free(struct domain *domain);

/* Appends the note (libvirt's metadata, namespace NOTE_URI) for a domain whose interfaces say
 * `write`: an entry for each 'yes' that isn't its owner's, and "" where there is none. Where one of
 * several interfaces with one MAC address has an entry, each of these has one, in their order.
 * `for_virsh`: without the namespace, which virsh adds. False: out of memory, or an interface has
 * no MAC address to be known by. */
#define NOTE_URI "urn:rxtrust:1"
#define NOTE_KEY "rxtrust"
bool domain_note(const struct domain *domain, bool for_virsh, struct text *note);

/* Appends the XML that the domain was parsed from with `write` on its interfaces and the note that
 * belongs to it, every other byte as it was. The parser is not believed: what doesn't stand where
 * it says is refused. False: *reason says why (a text that stays). */
bool domain_rewrite(const struct domain *domain, const struct text *xml, struct text *out,
                    const char **reason);

/* Does the same with the element of one interface alone, which must stand behind the metadata. */
bool domain_interface_xml(const struct interface *interface, const struct text *xml,
                          struct text *out, const char **reason);

/* Tells whether the element stands there and names this target as libvirt writes it. */
bool domain_target_stands(const struct interface *interface, const struct text *xml);

/* Finds the UUID that libvirt wrote, before all that others may have written; *uuid gets 36
 * characters and a NUL. False: there is none. */
enum { UUID_LENGTH = 36 };
bool domain_find_uuid(const struct text *xml, char uuid[UUID_LENGTH + 1]);
