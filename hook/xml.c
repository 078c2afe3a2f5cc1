#include "xml.h"

#include "io.h"
#include "libxml2.h"

#include <string.h>

enum { DEEPEST = 256, CHUNK = 32 * 1024 };

struct walk {
    const struct libxml2 *libxml2;
    const struct xml_handler *handler;
    void *user;
    struct xml_strings *strings;
    struct xml_error *error;
    xmlParserCtxtPtr parser;
    const char *document;
    size_t length;
    struct text path; /* of the open element */
    unsigned depth;
};

/* Returns the parser's offset. In the call-back of a start tag that is its '>' or '/>'. */
static size_t position(const struct walk *walk) {
#if LIBXML_VERSION >= 21400
    unsigned long bytes = 0;
    if (walk->libxml2->XML_POSITION(walk->parser, 0, NULL, NULL, NULL, &bytes))
        return walk->length;
#else
    long bytes = walk->libxml2->XML_POSITION(walk->parser);
    if (bytes < 0)
        return walk->length;
#endif
    return (size_t)bytes < walk->length ? (size_t)bytes : walk->length;
}

static void refuse(struct walk *walk, const char *reason) {
    if (!walk->error->reason) {
        walk->error->reason = reason;
        walk->error->line = 1;
        const char *end = walk->document + position(walk);
        for (const char *c = walk->document; (c = memchr(c, '\n', (size_t)(end - c))); c++)
            walk->error->line++;
    }
    walk->libxml2->xmlStopParser(walk->parser);
}

static void on_document_type(void *user, const xmlChar *name, const xmlChar *public_id,
                             const xmlChar *system_id) {
    (void)name, (void)public_id, (void)system_id;
    refuse(user, "it has a document type");
}

/* SAX2 passes each attribute as five pointers. */
enum { NAME, PREFIX, URI, VALUE, VALUE_END, FIELDS };

static bool append_to_path(struct text *path, const char *name, const char *prefix,
                           const char *uri) {
    const char *slash = path->length ? "/" : "", *shown = uri && !strchr(uri, '/') ? uri : "";
    if (prefix || uri)
        return text_print(path, "%s{%s}%s", slash, shown, name);
    return text_append(path, slash, strlen(slash)) && text_append(path, name, strlen(name));
}

static void on_open(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                    int namespaces, const xmlChar **namespace_list, int attributes, int defaulted,
                    const xmlChar **attribute_list) {
    (void)namespaces, (void)namespace_list, (void)defaulted;
    struct walk *walk = user;
    if (walk->error->reason)
        return;
    if (++walk->depth > DEEPEST) {
        refuse(walk, "its elements are nested too deep");
    } else if (!append_to_path(&walk->path, (const char *)name, (const char *)prefix,
                               (const char *)uri)) {
        walk->error->reason = "out of memory";
    } else {
        const struct xml_element element = {.path = walk->path.data,
                                            .tag_end = position(walk),
                                            .walk = walk,
                                            .first = attribute_list,
                                            .attributes = attributes};
        walk->handler->open(walk->user, &element);
    }
}

static void on_close(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) {
    (void)name, (void)prefix, (void)uri;
    struct walk *walk = user;
    if (walk->error->reason)
        return;
    if (walk->handler->close)
        walk->handler->close(walk->user, walk->path.data, position(walk));
    const char *slash = strrchr(walk->path.data, '/');
    walk->path.length = slash ? (size_t)(slash - walk->path.data) : 0;
    walk->path.data[walk->path.length] = '\0';
    walk->depth--;
}

static void on_text(void *user, const xmlChar *text, int length) {
    struct walk *walk = user;
    if (!walk->error->reason && walk->handler->text)
        walk->handler->text(walk->user, (const char *)text, (size_t)length);
}

const char *xml_attribute(const struct xml_element *element, const char *name) {
    const struct walk *walk = element->walk;
    const xmlChar *const *attribute = element->first;
    for (int i = 0; i < element->attributes; i++, attribute += FIELDS) {
        if (attribute[PREFIX] || strcmp((const char *)attribute[NAME], name) != 0)
            continue;
        const xmlChar *kept =
            walk->libxml2->xmlDictLookup(walk->strings->dictionary, attribute[VALUE],
                                         (int)(attribute[VALUE_END] - attribute[VALUE]));
        if (!kept)
            walk->error->reason = "out of memory";
        return (const char *)kept;
    }
    return NULL;
}

static void parse(struct walk *walk) {
    const struct libxml2 *libxml2 = walk->libxml2;
    size_t fed = 0;
    do {
        size_t left = walk->length - fed;
        int chunk = left < CHUNK ? (int)left : CHUNK;
        bool last = (size_t)chunk == left;
        int code = libxml2->xmlParseChunk(walk->parser, walk->document + fed, chunk, last);
        if (code != XML_ERR_OK && !walk->error->reason) {
            const xmlError *error = libxml2->xmlCtxtGetLastError(walk->parser);
            bool memory = code == XML_ERR_NO_MEMORY;
            walk->error->reason = memory ? "out of memory" : "it isn't well-formed XML";
            walk->error->line = !memory && error && error->line > 0 ? (size_t)error->line : 0;
        }
        fed += (size_t)chunk;
    } while (fed < walk->length && !walk->error->reason);
}

bool xml_walk(const char *document, size_t length, const struct xml_handler *handler, void *user,
              struct xml_strings *strings, struct xml_error *error) {
    *error = (struct xml_error){0};
    struct walk walk = {.libxml2 = library_libxml2(&error->reason),
                        .handler = handler,
                        .user = user,
                        .strings = strings,
                        .error = error,
                        .document = document,
                        .length = length};
    if (!walk.libxml2)
        return false;
    xmlSAXHandler sax = {
        .initialized = XML_SAX2_MAGIC,
        .internalSubset = on_document_type,
        .startElementNs = on_open,
        .endElementNs = on_close,
        .characters = on_text,
        .cdataBlock = on_text,
        .ignorableWhitespace = on_text,
    };
    if (!strings->dictionary)
        strings->dictionary = walk.libxml2->xmlDictCreate();
    walk.parser = walk.libxml2->xmlCreatePushParserCtxt(&sax, &walk, NULL, 0, NULL);
    /* NOERROR, NOWARNING: libxml2's own messages may quote the document. NOENT: without a document
     * type there are only the five entities of XML itself. IGNORE_ENC: libvirt's XML is UTF-8
     * whatever a declaration says, and a conversion would move every offset.
     */
    if (!strings->dictionary || !walk.parser ||
        walk.libxml2->xmlCtxtUseOptions(
            walk.parser, XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_NOENT | XML_PARSE_NOERROR |
                             XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC) != 0)
        error->reason = "out of memory";
    else
        parse(&walk);
    if (walk.parser)
        walk.libxml2->xmlFreeParserCtxt(walk.parser);
    text_free(&walk.path);
    return !error->reason;
}

void xml_strings_free(struct xml_strings *strings) {
    const char *reason = NULL;
    if (strings->dictionary)
        library_libxml2(&reason)->xmlDictFree(strings->dictionary);
    strings->dictionary = NULL;
}
