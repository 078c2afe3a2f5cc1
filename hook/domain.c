#include "domain.h"

#include "pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTRIBUTE "trustGuestRxFilters"

#define INTERFACE "domain/devices/interface"
#define METADATA  "domain/metadata"
#define NOTE      METADATA "/{" NOTE_URI "}given"
#define ENTRY     NOTE "/{" NOTE_URI "}interface"

static const char no_memory[] = "out of memory";
static const char misplaced[] = "the place of an interface or of the metadata in it can't be found";

const char *const trust_names[] = {
    [TRUST_UNSAID] = "unsaid", [TRUST_NO] = "no", [TRUST_YES] = "yes"};

enum trust domain_trust(const char *value) {
    return !value ? TRUST_UNSAID : strcmp(value, "yes") == 0 ? TRUST_YES : TRUST_NO;
}

/* ---- Reading ---- */

/* An entry of the note. */
struct given {
    const char *mac;
    enum trust was;
};

struct domain_parser {
    struct domain *domain;
    struct given *note;
    size_t note_count;
    bool note_over;    /* or the metadata: only the first counts */
    struct text *text; /* where the text of the open element goes */
    struct text name, uuid;
};

static void open_interface(struct domain_parser *parser, const struct xml_element *element) {
    struct domain *domain = parser->domain;
    struct interface *grown =
        reallocarray(domain->interfaces, domain->count + 1, sizeof *domain->interfaces);
    if (!grown) {
        domain->error.reason = no_memory;
        return;
    }
    domain->interfaces = grown;
    grown[domain->count++] = (struct interface){
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
    const char *name = element->path + strlen(INTERFACE "/");
    for (size_t i = 0; i < sizeof details / sizeof *details; i++) {
        const char **place = (const char **)(void *)((char *)interface + details[i].offset);
        if (!*place && strcmp(name, details[i].element) == 0)
            *place = xml_attribute(element, details[i].attribute);
    }
}

static void open_entry(struct domain_parser *parser, const struct xml_element *element) {
    const char *mac = xml_attribute(element, "mac"), *was = xml_attribute(element, "was");
    struct given *grown = reallocarray(parser->note, parser->note_count + 1, sizeof *parser->note);
    if (grown)
        parser->note = grown;
    else
        parser->domain->error.reason = no_memory;
    for (enum trust trust = TRUST_UNSAID; grown && mac && was && trust <= TRUST_YES; trust++)
        if (strcmp(was, trust_names[trust]) == 0)
            grown[parser->note_count++] = (struct given){mac, trust};
}

static void on_open(void *user, const struct xml_element *element) {
    struct domain_parser *parser = user;
    struct domain *domain = parser->domain;
    const char *path = element->path;
    parser->text = NULL;
    if (strcmp(path, INTERFACE) == 0) {
        open_interface(parser, element);
    } else if (strncmp(path, INTERFACE "/", strlen(INTERFACE "/")) == 0) {
        open_detail(&domain->interfaces[domain->count - 1], element);
    } else if (strcmp(path, "domain/name") == 0 && !parser->name.data) {
        parser->text = &parser->name;
    } else if (strcmp(path, "domain/uuid") == 0 && !parser->uuid.data) {
        parser->text = &parser->uuid;
    } else if (strcmp(path, METADATA) == 0 && !parser->note_over) {
        domain->parent_tag_end = element->tag_end;
    } else if (strcmp(path, NOTE) == 0 && !parser->note_over) {
        domain->note_tag_end = element->tag_end;
    } else if (strcmp(path, ENTRY) == 0 && !parser->note_over) {
        open_entry(parser, element);
    } else if (strcmp(path, "domain") == 0) {
        domain->id = xml_attribute(element, "id");
        domain->parent_tag_end = element->tag_end;
    } else if (!strchr(path, '/')) {
        domain->error.reason = "it is not a domain";
    }
}

static void on_close(void *user, const char *path, size_t end) {
    struct domain_parser *parser = user;
    struct domain *domain = parser->domain;
    parser->text = NULL;
    if (strcmp(path, INTERFACE) == 0)
        domain->interfaces[domain->count - 1].end = end;
    else if (strcmp(path, NOTE) == 0 && !parser->note_over)
        domain->note_end = end;
    parser->note_over = parser->note_over || domain->note_end || strcmp(path, METADATA) == 0;
}

static void on_text(void *user, const char *data, size_t length) {
    struct domain_parser *parser = user;
    if (parser->text && !text_append(parser->text, data, length))
        parser->domain->error.reason = no_memory;
}

static bool is_same_mac(const char *a, const char *b) {
    unsigned char left[MAC_LENGTH], right[MAC_LENGTH];
    return mac_parse(a, left) && mac_parse(b, right) && memcmp(left, right, MAC_LENGTH) == 0;
}

/* Returns the owner's word by the note. Several interfaces with one MAC address have their entries
 * in their order. Where one was plugged in or out since, nobody knows whose entry is whose: the
 * strictest counts for all. */
static enum trust noted_word(const struct domain *domain, size_t number, const struct given *note,
                             size_t count) {
    const char *mac = domain->interfaces[number].mac;
    size_t rank = 0, interfaces = 0, entries = 0;
    bool said[] = {[TRUST_UNSAID] = false, [TRUST_NO] = false, [TRUST_YES] = false};
    enum trust own = TRUST_YES;
    for (size_t i = 0; i < domain->count; i++) {
        bool same = is_same_mac(domain->interfaces[i].mac, mac);
        interfaces += same;
        rank += same && i < number;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_same_mac(note[i].mac, mac))
            continue;
        own = entries++ == rank ? note[i].was : own;
        said[note[i].was] = true;
    }
    return entries == interfaces ? own
           : said[TRUST_NO]      ? TRUST_NO
           : said[TRUST_UNSAID]  ? TRUST_UNSAID
                                 : TRUST_YES;
}

/* Finds the owner's words: what the XML says, unless the note says that the 'yes' is rxtrust's. */
static void read_note(struct domain *domain, const struct given *note, size_t count) {
    for (size_t i = 0; i < domain->count; i++) {
        struct interface *interface = &domain->interfaces[i];
        interface->owner = interface->write = interface->trust;
        if (count && interface->trust == TRUST_YES)
            interface->owner = noted_word(domain, i, note, count);
    }
}

bool domain_read(const char *xml, size_t length, struct domain *domain) {
    static const struct xml_handler handler = {on_open, on_close, on_text};
    *domain = (struct domain){0};
    struct domain_parser parser = {.domain = domain};
    bool read =
        length && xml_walk(xml, length, &handler, &parser, &domain->strings, &domain->error);
    bool named = text_append(&parser.name, "", 0) && text_append(&parser.uuid, "", 0);
    domain->name = parser.name.data;
    domain->uuid = parser.uuid.data;
    read_note(domain, parser.note, parser.note_count);
    free(parser.note);
    if (!length || (read && !named))
        domain->error.reason = length ? no_memory : "there is no XML";
    return read && named;
}

void domain_free(struct domain *domain) {
    xml_strings_free(&domain->strings);
    free(domain->name);
    free(domain->uuid);
    free(domain->interfaces);
    *domain = (struct domain){0};
}

/* ---- The note ---- */

/* Whether the 'yes' that the interface is to say isn't its owner's. */
static bool is_to_be_given(const struct interface *interface) {
    return interface->write == TRUST_YES && interface->owner != TRUST_YES;
}

static bool needs_entry(const struct domain *domain, const struct interface *interface) {
    bool needs = is_to_be_given(interface);
    for (size_t i = 0; !needs && i < domain->count; i++)
        needs = is_to_be_given(&domain->interfaces[i]) &&
                is_same_mac(domain->interfaces[i].mac, interface->mac);
    return needs;
}

static bool append_entry(struct text *note, const char *prefix, const struct interface *interface) {
    unsigned char mac[MAC_LENGTH];
    return mac_parse(interface->mac, mac) &&
           text_print(note, "<%sinterface mac=\"%02x:%02x:%02x:%02x:%02x:%02x\" was=\"%s\"/>",
                      prefix, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
                      trust_names[interface->owner]);
}

bool domain_note(const struct domain *domain, bool for_virsh, struct text *note) {
    const char *prefix = for_virsh ? "" : NOTE_KEY ":";
    const char *namespace = for_virsh ? "" : " xmlns:" NOTE_KEY "=\"" NOTE_URI "\"";
    bool good = text_append(note, "", 0), needed = false;
    for (size_t i = 0; i < domain->count; i++)
        needed = needed || is_to_be_given(&domain->interfaces[i]);
    if (!needed)
        return good;
    good = good && text_print(note, "<%sgiven%s>", prefix, namespace);
    for (size_t i = 0; good && i < domain->count; i++)
        if (needs_entry(domain, &domain->interfaces[i]))
            good = append_entry(note, prefix, &domain->interfaces[i]);
    return good && text_print(note, "</%sgiven>", prefix);
}

/* ---- The text ---- */

#define WHITE        " \t\n\r"
#define METADATA_END "</metadata"

/* A start tag in the text. */
struct tag {
    const char *open, *close;              /* its '<', and its '>' or '/>' */
    const char *attribute, *attribute_end; /* the trust attribute and a white character before it */
};

/* Finds the start tag of an element of this name, with a prefix or without, that ends at `tag_end`.
 * False: none does. In UTF-16 the parser's offsets are not the text's, and a parser that was taken
 * over may say anything. */
static bool find_tag(const struct text *xml, size_t tag_end, const char *name, struct tag *tag) {
    const size_t length = strlen(name), trust = strlen(ATTRIBUTE);
    const char *open = tag_end < xml->length ? memrchr(xml->data, '<', tag_end) : NULL;
    const char *at = open ? open + 1 + strcspn(open + 1, WHITE "/>") : NULL;
    if (!at || at - open <= (ptrdiff_t)length || memcmp(at - length, name, length) != 0 ||
        !strchr("<:", at[-(ptrdiff_t)length - 1]))
        return false;
    *tag = (struct tag){open, xml->data + tag_end, NULL, NULL};
    for (const char *end = at; at += strspn(at, WHITE), *at != '>' && *at != '/'; at = end) {
        const char *quote = at > end ? strpbrk(at, "'\"") : NULL;
        end = quote ? strchr(quote + 1, *quote) : NULL;
        if (!end)
            return false;
        end++;
        if (strncmp(at, ATTRIBUTE, trust) == 0 && strchr(WHITE "=", at[trust]))
            *tag = (struct tag){open, tag->close, at - 1, end};
    }
    return at == tag->close && (*at == '>' || at[1] == '>');
}

/* Finds the start tag of an interface whose element stands where the parser says. */
static bool find_interface(const struct interface *interface, const struct text *xml,
                           struct tag *tag) {
    return interface->tag_end < interface->end && interface->end <= xml->length &&
           xml->data[interface->end - 1] == '>' &&
           find_tag(xml, interface->tag_end, "interface", tag) &&
           (tag->attribute != NULL) == (interface->trust != TRUST_UNSAID);
}

/* Finds it, but not in metadata, which may hold anything and which libvirt writes before. */
static bool find_device(const struct interface *interface, const struct text *xml,
                        struct tag *tag) {
    return find_interface(interface, xml, tag) && !strstr(tag->open, METADATA_END ">");
}

/* Returns what follows the element, which has none of the same name inside; NULL: it has no end. */
static const char *end_of(const struct tag *tag) {
    size_t length = strcspn(tag->open + 1, WHITE "/>");
    if (*tag->close == '/')
        return tag->close + strlen("/>");
    for (const char *at = tag->close; (at = strstr(at, "</")); at++) {
        const char *behind = at + strlen("</") + length;
        if (strncmp(at + strlen("</"), tag->open + 1, length) == 0 &&
            behind[strspn(behind, WHITE)] == '>')
            return behind + strspn(behind, WHITE) + 1;
    }
    return NULL;
}

static const char *skip_white_back(const char *at, const char *from) {
    while (at > from && strchr(WHITE, at[-1]))
        at--;
    return at;
}

/* A text that is written anew. */
struct writer {
    const char *from; /* all before it was written, or left out */
    struct text *out;
};

/* Writes the text up to `start`, and `by` in the place of what stands from there up to `end`.
 * False: out of memory, or it would be no step forward. */
static bool replace(struct writer *writer, const char *start, const char *end, const char *by) {
    bool good = writer->from <= start && start <= end &&
                text_append(writer->out, writer->from, (size_t)(start - writer->from)) &&
                text_append(writer->out, by, strlen(by));
    writer->from = end;
    return good;
}

static bool write_trust(struct writer *writer, const struct tag *tag, enum trust word) {
    static const char *const attributes[] = {"", " " ATTRIBUTE "='no'", " " ATTRIBUTE "='yes'"};
    if (!tag->attribute)
        return replace(writer, tag->close, tag->close, attributes[word]);
    if (word == TRUST_UNSAID)
        return replace(writer, tag->attribute, tag->attribute_end, "");
    const char *value = strpbrk(tag->attribute, "'\"") + 1;
    return replace(writer, value, tag->attribute_end - 1, trust_names[word]);
}

/* Finds the note that is there; *end gets what follows it. False: it doesn't stand where the parser
 * says, or not in the metadata, whose content begins at `from`. */
static bool find_note(const struct domain *domain, const struct text *xml, const char *from,
                      struct tag *note, const char **end) {
    bool found = find_tag(xml, domain->note_tag_end, "given", note) && note->open >= from;
    const char *metadata_end = found ? strstr(note->open, METADATA_END) : NULL;
    *end = metadata_end ? end_of(note) : NULL;
    return *end && *end <= metadata_end && (size_t)(*end - xml->data) == domain->note_end;
}

/* Writes the note in the place of the one that is there and of the white space before it, or else
 * at the beginning of the metadata. The element is made for a note, and goes with the last one if
 * it holds nothing else. */
static bool write_note(struct writer *writer, const struct domain *domain, const struct text *xml,
                       const char *note) {
    struct tag parent, old;
    bool metadata = find_tag(xml, domain->parent_tag_end, "metadata", &parent);
    if (!metadata && !find_tag(xml, domain->parent_tag_end, "domain", &parent))
        return false;
    bool empty = *parent.close == '/', wraps = empty || !metadata;
    const char *start = empty ? parent.close : parent.close + 1;
    const char *end = empty ? parent.close + strlen("/>") : start;
    if (empty && !metadata)
        return false;
    if (domain->note_end) {
        if (wraps || !find_note(domain, xml, start, &old, &end))
            return false;
        const char *behind = end + strspn(end, WHITE), *content = start;
        start = skip_white_back(old.open, content);
        if (!*note && start == content &&
            strncmp(behind, METADATA_END, strlen(METADATA_END)) == 0) {
            start = skip_white_back(parent.open, xml->data);
            end = end_of(&parent);
        }
    }
    const char *head = !metadata ? "\n  <metadata>" : empty ? ">" : "";
    return end && replace(writer, start, end, head) &&
           replace(writer, end, end, *note ? "\n    " : "") && replace(writer, end, end, note) &&
           replace(writer, end, end, wraps ? "\n  </metadata>" : "");
}

bool domain_rewrite(const struct domain *domain, const struct text *xml, struct text *out,
                    const char **reason) {
    struct writer writer = {.from = xml->data, .out = out};
    const char *end = xml->data + xml->length;
    struct text note = {0};
    struct tag tag;
    bool good = domain_note(domain, false, &note), changes = false;
    *reason =
        good ? misplaced : "an interface that would be trusted has no MAC address for the note";
    for (size_t i = 0; i < domain->count; i++)
        changes = changes || domain->interfaces[i].write != domain->interfaces[i].trust;
    bool note_left = changes && (note.length || domain->note_end);
    for (size_t i = 0; good && i <= domain->count; i++) {
        const struct interface *interface = i < domain->count ? &domain->interfaces[i] : NULL;
        /* The metadata may stand before, between or behind the devices. */
        if (note_left && (!interface || interface->tag_end > domain->parent_tag_end)) {
            good = write_note(&writer, domain, xml, note.data);
            note_left = false;
        }
        if (good && interface && interface->write != interface->trust)
            good = find_interface(interface, xml, &tag) && tag.open >= writer.from &&
                   write_trust(&writer, &tag, interface->write);
    }
    good = good && replace(&writer, end, end, "");
    text_free(&note);
    *reason = good ? NULL : *reason;
    return good;
}

bool domain_interface_xml(const struct interface *interface, const struct text *xml,
                          struct text *out, const char **reason) {
    struct tag tag;
    *reason = misplaced;
    if (!find_device(interface, xml, &tag))
        return false;
    struct writer writer = {.from = tag.open, .out = out};
    const char *end = xml->data + interface->end;
    bool good = write_trust(&writer, &tag, interface->write) && replace(&writer, end, end, "");
    *reason = good ? NULL : no_memory;
    return good;
}

bool domain_target_stands(const struct interface *interface, const struct text *xml) {
    struct text target = {0};
    struct tag tag;
    bool stands = false;
    if (find_device(interface, xml, &tag) &&
        text_print(&target, "<target dev='%s'", interface->target)) {
        size_t length = (size_t)(xml->data + interface->end - tag.open);
        stands = memmem(tag.open, length, target.data, target.length);
        target.data[strlen("<target dev=")] = target.data[target.length - 1] = '"';
        stands = stands || memmem(tag.open, length, target.data, target.length);
    }
    text_free(&target);
    return stands;
}

void domain_find_uuid(const struct text *xml, char uuid[UUID_LENGTH + 1]) {
    static const char tag[] = "<uuid>";
    const char *found = xml->length ? strstr(xml->data, tag) : NULL;
    found = found ? found + strlen(tag) : "";
    (void)snprintf(uuid, UUID_LENGTH + 1, "%s", found);
    if (strspn(uuid, "0123456789abcdefABCDEF-") != UUID_LENGTH || found[UUID_LENGTH] != '<')
        *uuid = '\0';
}
