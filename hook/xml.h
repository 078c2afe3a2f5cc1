/* One pass over a document from outside, by libxml2's SAX interface. No tree is built, so memory
 * does not grow with the document. Each start tag is reported with the place where it ends in the
 * text, so that the text can be edited there and its rest stays as it came.
 *
 * A document type is refused before its content is looked at, so no entity is ever declared,
 * expanded or fetched. Depth is limited to 256, libxml2's own default. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Strings that live until xml_strings_free(). */
struct xml_strings {
    void *dictionary;
};

/* It and its path live as long as the call-back. */
struct xml_element {
    const char *path; /* "domain/devices/interface", the names from the root's on; a name with a
                       * namespace is "{URI}name", and "{}name" if the URI has a '/' */
    size_t tag_end;   /* offset in the document of the tag's closing '>' or '/>' */
    const void *walk; /* this and the rest: for xml_attribute() */
    const void *first;
    int attributes;
};

/* Only `open` must be there. */
struct xml_handler {
    void (*open)(void *user, const struct xml_element *element);
    /* `end` is the offset in the document of what follows the element. */
    void (*close)(void *user, const char *path, size_t end);
    void (*text)(void *user, const char *text, size_t length); /* comes in pieces */
};

struct xml_error {
    const char *reason; /* static; never a piece of the document, which may hold passwords */
    size_t line;        /* 0: not about a line */
};

/* Calls the handler for each element and text of the document, until it sets the error's reason.
 * False: it did so, the document is not well-formed or is refused, or memory ran out. Zero
 * `strings` before their first use, and free them in every case. */
bool xml_walk(const char *document, size_t length, const struct xml_handler *handler, void *user,
              struct xml_strings *strings, struct xml_error *error);

/* Returns the value of an attribute without a prefix, which is kept among the walk's strings. NULL:
 * there is none, or memory ran out, and then xml_walk() will return false. */
const char *xml_attribute(const struct xml_element *element, const char *name);

void xml_strings_free(struct xml_strings *strings);
