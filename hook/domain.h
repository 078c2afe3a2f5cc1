/* A libvirt domain as its XML describes it: name, network interfaces, rxtrust's note, and the XML
 * again with another word of trust on some interfaces. Pure. */
#pragma once

#include "interface.h"
#include "io.h"
#include "xml.h"

#include <stdbool.h>
#include <stddef.h>

enum trust domain_trust(const char *attribute_value);
extern const char *const trust_names[]; /* unsaid, no, yes: as in the note */

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
    struct xml_error error; /* with a reason: its XML can't be parsed, and nothing else counts */
    bool left_out;          /* it wasn't named, or doesn't run where that is asked for */
};

/* Parses the XML of one domain. False: domain->error says why, and nothing else counts. Call
 * domain_free() either way. */
bool domain_read(const char *xml, size_t length, struct domain *domain);
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
 * characters and a NUL, or "" if there is none. */
enum { UUID_LENGTH = 36 };
void domain_find_uuid(const struct text *xml, char uuid[UUID_LENGTH + 1]);
