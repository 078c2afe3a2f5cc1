/* One pass over a document from outside, by libxml2's SAX interface: no tree is built, so memory
 * doesn't grow with the document, and each start tag is reported with the place where it ends in
 * the text, so the text can be edited where it stands and the rest of it stays as it came.
 *
 * A document type is refused before anything in it is looked at: no entity is ever declared, let
 * alone expanded or fetched. Depth is limited to 256, as libxml2 does by default. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Strings that live until xml_strings_free(): each text is kept once, so equal ones have one
 * address. */
struct xml_strings {
    void *dictionary;
};

struct xml_element {
    const char *name;  /* lives as long as the call-back; "" for an element in a namespace */
    unsigned depth;    /* the root is 1 */
    size_t tag_end;    /* offset in the document of the tag's closing '>' or '/>' */
    const void *walk;  /* for xml_attribute() */
    const void *first; /* likewise */
    int attributes;    /* likewise */
};

struct xml_handler {
    void (*open)(void *user, const struct xml_element *element);
    /* May be NULL. `end` is the offset in the document of what follows the element. */
    void (*close)(void *user, unsigned depth, size_t end);
    void (*text)(void *user, const char *text, size_t length); /* may be NULL; comes in pieces */
};

struct xml_error {
    const char
        *reason; /* a text that stays; never a piece of the document: it may hold passwords */
    unsigned long line; /* 0: not about a line */
};

/* Calls the handler for each element and text of the document, until the handler sets the error's
 * reason. False: it did, or the document isn't well-formed, or is refused, or memory ran out;
 * *error says which. `strings` is made by the first use (zero it before), and must be freed
 * whatever is returned. */
bool xml_walk(const char *document, size_t length, const struct xml_handler *handler, void *user,
              struct xml_strings *strings, struct xml_error *error);

/* The attribute's value, kept among the walk's strings; NULL if it isn't there. If memory runs out,
 * NULL too, and xml_walk() will return false. */
const char *xml_attribute(const struct xml_element *element, const char *name);

void xml_strings_free(struct xml_strings *strings);
