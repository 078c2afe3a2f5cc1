#include "domain.h"

#include <stdlib.h>
#include <string.h>

#define ATTRIBUTE "trustGuestRxFilters"

enum { ROOT = 1, SECTION = 2, DEVICE = 3, DETAIL = 4 };

struct text {
    char *data; /* NULL or ended by a NUL */
    size_t length;
};

struct domain_parser {
    struct domain *domain;
    struct xml_error *error;
    size_t room;
    struct interface *interface; /* the one whose element is open */
    bool in_devices;
    struct text *text; /* where the text of the open element goes */
    struct text name;
    struct text uuid;
};

enum trust domain_trust(const char *value) {
    return !value ? TRUST_UNSAID : strcmp(value, "yes") == 0 ? TRUST_YES : TRUST_NO;
}

static void fail(struct domain_parser *parser, const char *reason) {
    if (!parser->error->reason)
        parser->error->reason = reason;
}

static void open_interface(struct domain_parser *parser, const struct xml_element *element) {
    struct domain *domain = parser->domain;
    if (domain->count == parser->room) {
        size_t room = parser->room ? 2 * parser->room : 8;
        struct interface *grown = reallocarray(domain->interfaces, room, sizeof *grown);
        if (!grown) {
            fail(parser, "out of memory");
            return;
        }
        domain->interfaces = grown;
        parser->room = room;
    }
    parser->interface = &domain->interfaces[domain->count++];
    *parser->interface = (struct interface){
        .type = xml_attribute(element, "type"),
        .trust = domain_trust(xml_attribute(element, ATTRIBUTE)),
        .tag_end = element->tag_end,
    };
}

/* The details that count; of two alike the first, as in libvirt. */
static const struct detail {
    const char *element;
    const char *attribute;
    size_t offset;
} details[] = {
    {"mac", "address", offsetof(struct interface, mac)},
    {"model", "type", offsetof(struct interface, model)},
    {"source", "network", offsetof(struct interface, network)},
    {"source", "portgroup", offsetof(struct interface, portgroup)},
    {"source", "bridge", offsetof(struct interface, bridge)},
    {"source", "dev", offsetof(struct interface, dev)},
    {"source", "mode", offsetof(struct interface, mode)},
    {"source", "portid", offsetof(struct interface, port)},
    {"target", "dev", offsetof(struct interface, target)},
    {"target", "managed", offsetof(struct interface, managed)},
};

static void open_detail(struct interface *interface, const struct xml_element *element) {
    for (size_t i = 0; i < sizeof details / sizeof *details; i++) {
        const char **place = (const char **)(void *)((char *)interface + details[i].offset);
        if (!*place && strcmp(element->name, details[i].element) == 0)
            *place = xml_attribute(element, details[i].attribute);
    }
}

static void on_open(void *user, const struct xml_element *element) {
    struct domain_parser *parser = user;
    switch (element->depth) {
    case ROOT:
        if (strcmp(element->name, "domain") != 0)
            fail(parser, "it is not a domain");
        parser->domain->id = xml_attribute(element, "id");
        break;
    case SECTION:
        parser->in_devices = strcmp(element->name, "devices") == 0;
        if (!parser->name.data && strcmp(element->name, "name") == 0)
            parser->text = &parser->name;
        if (!parser->uuid.data && strcmp(element->name, "uuid") == 0)
            parser->text = &parser->uuid;
        break;
    case DEVICE:
        parser->text = NULL;
        if (parser->in_devices && strcmp(element->name, "interface") == 0)
            open_interface(parser, element);
        break;
    case DETAIL:
        if (parser->interface)
            open_detail(parser->interface, element);
        break;
    default:
        break;
    }
}

static void on_close(void *user, unsigned depth, size_t end) {
    struct domain_parser *parser = user;
    if (depth == DEVICE && parser->interface) {
        parser->interface->end = end;
        parser->interface = NULL;
    }
    if (depth == SECTION)
        parser->text = NULL;
}

static void on_text(void *user, const char *data, size_t length) {
    struct domain_parser *parser = user;
    struct text *text = parser->text;
    if (!text)
        return;
    char *grown = realloc(text->data, text->length + length + 1);
    if (!grown) {
        fail(parser, "out of memory");
        return;
    }
    memcpy(grown + text->length, data, length);
    text->data = grown;
    text->length += length;
    text->data[text->length] = '\0';
}

static char *text_or_empty(const struct text *text) {
    return text->data ? text->data : strdup("");
}

bool domain_read(const char *xml, size_t length, struct domain *domain, struct xml_error *error) {
    static const struct xml_handler handler = {on_open, on_close, on_text};
    *domain = (struct domain){0};
    struct domain_parser parser = {.domain = domain, .error = error};
    bool read = xml_walk(xml, length, &handler, &parser, &domain->strings, error);
    domain->name = text_or_empty(&parser.name);
    domain->uuid = text_or_empty(&parser.uuid);
    if (read && (!domain->name || !domain->uuid)) {
        *error = (struct xml_error){.reason = "out of memory"};
        read = false;
    }
    return read;
}

void domain_free(struct domain *domain) {
    xml_strings_free(&domain->strings);
    free(domain->name);
    free(domain->uuid);
    free(domain->interfaces);
    *domain = (struct domain){0};
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct span {
    const char *start;
    size_t length;
};

/* The attribute in a start tag, from its '<' to before its '>': its value, and the whole of it with
 * the white space before. That the tag is well-formed is known from the parser, so a quote that
 * opens also closes and no '<' stands inside; the bound holds all the same. */
static bool find_attribute(const char *tag, const char *end, struct span *value,
                           struct span *whole) {
    const char *at = tag;
    while (at < end && !is_space(*at))
        at++;
    while (at < end) {
        const char *space = at;
        while (at < end && is_space(*at))
            at++;
        const char *name = at;
        while (at < end && !is_space(*at) && *at != '=')
            at++;
        size_t name_length = (size_t)(at - name);
        while (at < end && *at != '\'' && *at != '"')
            at++;
        const char *close = at < end ? memchr(at + 1, *at, (size_t)(end - at - 1)) : NULL;
        if (!close)
            return false;
        if (name_length == strlen(ATTRIBUTE) && memcmp(name, ATTRIBUTE, name_length) == 0) {
            *value = (struct span){at + 1, (size_t)(close - at - 1)};
            *whole = (struct span){space, (size_t)(close + 1 - space)};
            return true;
        }
        at = close + 1;
    }
    return false;
}

/* One change of the text: of an interface's element, which starts at `element`, the span `replaced`
 * gives way to `by`. */
struct edit {
    const char *element;
    struct span replaced;
    const char *by;
};

/* Returns the '>' of the tag that begins at `tag`, or NULL. */
static const char *end_of_tag(const char *tag, const char *limit) {
    char quote = '\0';
    for (const char *at = tag; at < limit; at++) {
        if (quote)
            quote = (char)(*at == quote ? '\0' : quote);
        else if (*at == '"' || *at == '\'')
            quote = *at;
        else if (*at == '>')
            return at;
    }
    return NULL;
}

/* The edit that gives an interface trust, or takes its attribute away. False: the text at the place
 * is not the start tag of an interface as it was parsed: in UTF-16, where the parser's places are
 * not the text's, or by a parser that was taken over. */
static bool find_edit(const struct interface *interface, const char *xml, size_t length, bool trust,
                      struct edit *edit) {
    static const char start[] = "<interface";
    if (interface->tag_end >= interface->end || interface->end > length)
        return false;
    const char *end = xml + interface->tag_end;
    const char *tag = memrchr(xml, '<', interface->tag_end);
    if (xml[interface->end - 1] != '>' || !tag || (size_t)(end - tag) < sizeof start ||
        memcmp(tag, start, sizeof start - 1) != 0 || !is_space(tag[sizeof start - 1]))
        return false;
    const char *close = end_of_tag(tag, xml + interface->end);
    if (!close || (close != end && !(*end == '/' && close == end + 1)))
        return false;
    struct span value, whole;
    bool says = find_attribute(tag, end, &value, &whole);
    *edit = !says   ? (struct edit){tag, {end, 0}, trust ? " " ATTRIBUTE "='yes'" : ""}
            : trust ? (struct edit){tag, value, "yes"}
                    : (struct edit){tag, whole, ""};
    return says == (interface->trust != TRUST_UNSAID);
}

static const char misplaced[] = "the place of an interface in it can't be found";

/* Appends to `to` the text from `from` to the edit, and what it puts there. */
static char *append(char *to, const char *from, const struct edit *edit) {
    to = mempcpy(to, from, (size_t)(edit->replaced.start - from));
    return stpcpy(to, edit->by);
}

enum { LONGEST_EDIT = sizeof " " ATTRIBUTE "='yes'" };

char *domain_rewrite(const struct domain *domain, const bool *trust, const char *xml, size_t length,
                     size_t *new_length, const char **reason) {
    size_t most = length;
    for (size_t i = 0; i < domain->count; i++)
        most += trust[i] ? LONGEST_EDIT : 0;
    char *out = malloc(most);
    if (!out) {
        *reason = "out of memory";
        return NULL;
    }
    char *to = out;
    const char *from = xml;
    for (size_t i = 0; i < domain->count; i++) {
        struct edit edit;
        if (!trust[i])
            continue;
        if (!find_edit(&domain->interfaces[i], xml, length, true, &edit) || edit.element < from) {
            *reason = misplaced;
            free(out);
            return NULL;
        }
        to = append(to, from, &edit);
        from = edit.replaced.start + edit.replaced.length;
    }
    to = mempcpy(to, from, (size_t)(xml + length - from));
    *new_length = (size_t)(to - out);
    return out;
}

char *domain_interface_xml(const struct interface *interface, bool trust, const char *xml,
                           size_t length, size_t *new_length, const char **reason) {
    struct edit edit;
    static const char metadata[] = "</metadata>";
    if (!find_edit(interface, xml, length, trust, &edit) ||
        memmem(edit.element, (size_t)(xml + length - edit.element), metadata, strlen(metadata))) {
        *reason = misplaced;
        return NULL;
    }
    const char *end = xml + interface->end;
    char *out = malloc((size_t)(end - edit.element) + LONGEST_EDIT);
    if (!out) {
        *reason = "out of memory";
        return NULL;
    }
    char *to = append(out, edit.element, &edit);
    const char *from = edit.replaced.start + edit.replaced.length;
    to = mempcpy(to, from, (size_t)(end - from));
    *new_length = (size_t)(to - out);
    return out;
}
