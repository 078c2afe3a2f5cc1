#include "domain.h"

#include "pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTRIBUTE "trustGuestRxFilters"

enum { ROOT = 1, SECTION = 2, DEVICE = 3, DETAIL = 4 };

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
    struct xml_error *error;
    struct interface *interface; /* the one whose element is open */
    struct given *note;
    size_t note_count;
    bool in_devices, in_metadata, in_note;
    struct text *text; /* where the text of the open element goes */
    struct text name, uuid;
};

static void fail(struct domain_parser *parser, const char *reason) {
    if (!parser->error->reason)
        parser->error->reason = reason;
}

static void open_interface(struct domain_parser *parser, const struct xml_element *element) {
    struct domain *domain = parser->domain;
    struct interface *grown =
        reallocarray(domain->interfaces, domain->count + 1, sizeof *domain->interfaces);
    if (!grown) {
        fail(parser, no_memory);
        return;
    }
    domain->interfaces = grown;
    parser->interface = &grown[domain->count++];
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

static void open_entry(struct domain_parser *parser, const struct xml_element *element) {
    const char *mac = xml_attribute(element, "mac"), *was = xml_attribute(element, "was");
    struct given *grown = reallocarray(parser->note, parser->note_count + 1, sizeof *parser->note);
    if (grown)
        parser->note = grown;
    else
        fail(parser, no_memory);
    for (enum trust trust = TRUST_UNSAID; grown && mac && was && trust <= TRUST_YES; trust++)
        if (strcmp(was, trust_names[trust]) == 0)
            grown[parser->note_count++] = (struct given){mac, trust};
}

static bool is_ours(const struct xml_element *element, const char *name) {
    return element->uri && strcmp(element->uri, NOTE_URI) == 0 && strcmp(element->local, name) == 0;
}

static void open_section(struct domain_parser *parser, const struct xml_element *element) {
    parser->in_devices = strcmp(element->name, "devices") == 0;
    parser->in_metadata = strcmp(element->name, "metadata") == 0 && !parser->domain->metadata_start;
    if (parser->in_metadata)
        parser->domain->metadata_start = element->tag_end;
    if (!parser->name.data && strcmp(element->name, "name") == 0)
        parser->text = &parser->name;
    if (!parser->uuid.data && strcmp(element->name, "uuid") == 0)
        parser->text = &parser->uuid;
}

static void on_open(void *user, const struct xml_element *element) {
    struct domain_parser *parser = user;
    switch (element->depth) {
    case ROOT:
        if (strcmp(element->name, "domain") != 0)
            fail(parser, "it is not a domain");
        parser->domain->id = xml_attribute(element, "id");
        parser->domain->root_end = element->tag_end;
        break;
    case SECTION:
        open_section(parser, element);
        break;
    case DEVICE:
        parser->text = NULL;
        if (parser->in_devices && strcmp(element->name, "interface") == 0)
            open_interface(parser, element);
        parser->in_note =
            parser->in_metadata && !parser->domain->note_end && is_ours(element, "given");
        if (parser->in_note)
            parser->domain->note_start = element->tag_end;
        break;
    case DETAIL:
        if (parser->interface)
            open_detail(parser->interface, element);
        if (parser->in_note && is_ours(element, "interface"))
            open_entry(parser, element);
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
    if (depth == DEVICE && parser->in_note) {
        parser->domain->note_end = end;
        parser->in_note = false;
    }
    if (depth == SECTION) {
        parser->text = NULL;
        if (parser->in_metadata)
            parser->domain->metadata_end = end;
        parser->in_metadata = false;
    }
}

static void on_text(void *user, const char *data, size_t length) {
    struct domain_parser *parser = user;
    if (parser->text && !text_append(parser->text, data, length))
        fail(parser, no_memory);
}

static bool is_same_mac(const char *a, const char *b) {
    unsigned char left[MAC_LENGTH], right[MAC_LENGTH];
    return mac_parse(a, left) && mac_parse(b, right) && memcmp(left, right, MAC_LENGTH) == 0;
}

/* Of several interfaces with one MAC address the first has the first entry, and so on. Where one
 * was plugged in or out since, nobody knows whose entry is whose: the strictest counts for all. */
static enum trust noted_word(const struct domain *domain, size_t number, const struct given *note,
                             size_t count) {
    static const unsigned char strictness[] = {[TRUST_YES] = 0, [TRUST_UNSAID] = 1, [TRUST_NO] = 2};
    const char *mac = domain->interfaces[number].mac;
    size_t rank = 0, interfaces = 0, entries = 0;
    enum trust own = TRUST_YES, strictest = TRUST_YES;
    for (size_t i = 0; i < domain->count; i++) {
        bool same = is_same_mac(domain->interfaces[i].mac, mac);
        interfaces += same;
        rank += same && i < number;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_same_mac(note[i].mac, mac))
            continue;
        own = entries++ == rank ? note[i].was : own;
        strictest = strictness[note[i].was] > strictness[strictest] ? note[i].was : strictest;
    }
    return entries == interfaces ? own : strictest;
}

/* The owner's word on each interface: what the XML says, unless the note says that the 'yes' is
 * rxtrust's. */
static void read_note(struct domain *domain, const struct given *note, size_t count) {
    for (size_t i = 0; i < domain->count; i++) {
        struct interface *interface = &domain->interfaces[i];
        interface->owner = interface->write = interface->trust;
        if (count && interface->trust == TRUST_YES)
            interface->owner = noted_word(domain, i, note, count);
        interface->given = interface->owner != interface->trust;
    }
}

bool domain_read(const char *xml, size_t length, struct domain *domain, struct xml_error *error) {
    static const struct xml_handler handler = {on_open, on_close, on_text};
    *domain = (struct domain){0};
    struct domain_parser parser = {.domain = domain, .error = error};
    bool read = xml_walk(xml, length, &handler, &parser, &domain->strings, error);
    bool named = text_append(&parser.name, "", 0) && text_append(&parser.uuid, "", 0);
    domain->name = parser.name.data;
    domain->uuid = parser.uuid.data;
    read_note(domain, parser.note, parser.note_count);
    free(parser.note);
    if (read && !named)
        *error = (struct xml_error){.reason = no_memory};
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

static const char prefixed_head[] = "<" NOTE_KEY ":given xmlns:" NOTE_KEY "=\"" NOTE_URI "\">";

/* Whether the 'yes' that the interface is to say isn't its owner's. */
static bool is_to_be_given(const struct interface *interface) {
    return interface->write == TRUST_YES && interface->owner != TRUST_YES;
}

bool domain_note(const struct domain *domain, bool for_virsh, struct text *note) {
    const char *prefix = for_virsh ? "" : NOTE_KEY ":";
    bool good = text_append(note, "", 0), needed = false;
    for (size_t i = 0; i < domain->count; i++)
        needed = needed || is_to_be_given(&domain->interfaces[i]);
    for (size_t i = 0; needed && good && i < domain->count; i++) {
        const struct interface *interface = &domain->interfaces[i];
        bool entered = is_to_be_given(interface);
        for (size_t j = 0; !entered && j < domain->count; j++)
            entered = is_to_be_given(&domain->interfaces[j]) &&
                      is_same_mac(domain->interfaces[j].mac, interface->mac);
        if (!entered)
            continue;
        unsigned char mac[MAC_LENGTH];
        good = mac_parse(interface->mac, mac) &&
               text_print(note, "%s<%sinterface mac=\"%02x:%02x:%02x:%02x:%02x:%02x\" was=\"%s\"/>",
                          note->length ? ""
                          : for_virsh  ? "<given>"
                                       : prefixed_head,
                          prefix, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
                          trust_names[interface->owner]);
    }
    return good && (!note->length || text_print(note, "</%sgiven>", prefix));
}

/* ---- The text ---- */

#define WHITE " \t\n\r"

/* A piece of the text, from `start` to before `end`, and what takes its place. */
struct edit {
    const char *start, *end;
    const char *by[3];
};

/* Scans the start tag at `tag`, whose name has this length. Returns its closing '>' or '/>'; NULL:
 * there is no such tag. *whole gets the trust attribute with the white character before it, *value
 * its value, if it is there. */
static const char *scan_tag(const char *tag, size_t length, struct edit *whole,
                            struct edit *value) {
    const size_t attribute = strlen(ATTRIBUTE);
    const char *at = tag + 1 + length, *close = NULL;
    for (;; at = close + 1) {
        const char *space = at;
        at += strspn(at, WHITE);
        if (*at == '>' || (at[0] == '/' && at[1] == '>'))
            return at;
        const char *quote = at > space ? strpbrk(at, "'\"") : NULL;
        close = quote ? strchr(quote + 1, *quote) : NULL;
        if (!close)
            return NULL;
        if (strncmp(at, ATTRIBUTE, attribute) == 0 && strchr(WHITE "=", at[attribute])) {
            *whole = (struct edit){at - 1, close + 1, {"", "", ""}};
            *value = (struct edit){quote + 1, close, {"", "", ""}};
        }
    }
}

/* The '<' of the element of this name, with a prefix or without, whose start tag ends at `tag_end`;
 * as above. NULL: it doesn't stand there. In UTF-16 the parser's offsets are not the text's, and a
 * parser that was taken over may say anything. */
static const char *element_at(const struct text *xml, size_t tag_end, const char *name,
                              struct edit *whole, struct edit *value) {
    const char *tag = tag_end < xml->length ? memrchr(xml->data, '<', tag_end) : NULL;
    size_t length = tag ? strcspn(tag + 1, WHITE "/>") : 0, least = strlen(name);
    const char *behind = tag ? tag + 1 + length : NULL;
    if (length < least || memcmp(behind - least, name, least) != 0 ||
        (length > least && behind[-(ptrdiff_t)least - 1] != ':'))
        return NULL;
    return scan_tag(tag, length, whole, value) == xml->data + tag_end ? tag : NULL;
}

/* The edit that makes the interface say `write`. Returns the '<' of its element, or NULL. */
static const char *edit_interface(const struct interface *interface, const struct text *xml,
                                  struct edit *edit) {
    enum trust says = interface->write;
    struct edit value = {0};
    *edit = (struct edit){.by = {"", "", ""}};
    bool bounded = interface->tag_end < interface->end && interface->end <= xml->length;
    const char *tag =
        bounded ? element_at(xml, interface->tag_end, "interface", edit, &value) : NULL;
    bool has = edit->start != NULL;
    if (!tag || xml->data[interface->end - 1] != '>' || has != (interface->trust != TRUST_UNSAID))
        return NULL;
    if (!has)
        edit->start = edit->end = xml->data + interface->tag_end;
    if (has && says != TRUST_UNSAID)
        *edit = (struct edit){value.start, value.end, {"", trust_names[says], ""}};
    else if (says != TRUST_UNSAID)
        *edit = (struct edit){edit->start, edit->end, {" " ATTRIBUTE "='", trust_names[says], "'"}};
    return tag;
}

static const char *skip_white_back(const char *at, const char *from) {
    while (at > from && strchr(WHITE, at[-1]))
        at--;
    return at;
}

/* What follows the element whose start tag stands at `tag`, has a name of this length and ends at
 * `close`. NULL: it doesn't end; an element of its name in it is none that rxtrust wrote. */
static const char *end_of(const char *tag, const char *close) {
    size_t length = strcspn(tag + 1, WHITE "/>");
    if (*close == '/')
        return close + 2;
    for (const char *at = close; (at = strstr(at, "</")); at += 2) {
        const char *behind = at + 2 + length;
        if (strncmp(at + 2, tag + 1, length) == 0 && behind[strspn(behind, WHITE)] == '>')
            return behind + strspn(behind, WHITE) + 1;
    }
    return NULL;
}

/* The edit that puts the note in the place of the one that is there. An element that held nothing
 * else goes with it. Whatever the parser says, nothing beyond the metadata is taken for a note. */
static bool replace_note(const struct domain *domain, const struct text *xml, const char *metadata,
                         const struct text *note, struct edit *edit) {
    const char *from = xml->data + domain->metadata_start, *end = xml->data + domain->note_end;
    const char *behind = xml->data + domain->metadata_end;
    const char *tag = element_at(xml, domain->note_start, "given", edit, edit);
    const char *close = tag ? strstr(tag, "</metadata") : NULL;
    if (!tag || tag < from || !close || close < end ||
        end_of(tag, xml->data + domain->note_start) != end)
        return false;
    *edit = (struct edit){
        skip_white_back(tag, from), end, {note->length ? "\n    " : "", note->data, ""}};
    if (!note->length && edit->start == from + 1 && end + strspn(end, WHITE) == close &&
        end_of(metadata, from) == behind)
        *edit = (struct edit){skip_white_back(metadata, xml->data), behind, {"", "", ""}};
    return true;
}

/* The edit that gives the XML this note. */
static bool edit_note(const struct domain *domain, const struct text *xml, const struct text *note,
                      struct edit *edit) {
    static const char open[] = "\n  <metadata>\n    ", end[] = "\n  </metadata>", line[] = "\n    ";
    struct edit unused;
    if (domain->root_end >= xml->length || domain->metadata_start >= xml->length ||
        domain->metadata_end > xml->length || domain->note_end > xml->length)
        return false;
    const char *metadata = element_at(xml, domain->metadata_start, "metadata", &unused, &unused);
    const char *from = xml->data + domain->metadata_start, *root = xml->data + domain->root_end;
    bool bounded =
        domain->metadata_end > domain->metadata_start && domain->metadata_end <= xml->length;
    if (domain->metadata_start && (!metadata || !bounded))
        return false;
    if (domain->note_end)
        return *from == '>' && replace_note(domain, xml, metadata, note, edit);
    if (domain->metadata_start)
        *edit = *from == '>' ? (struct edit){from + 1, from + 1, {line, note->data, ""}}
                             : (struct edit){from,
                                             from + 2,
                                             {&open[sizeof "\n  <metadata" - 1], note->data, end}};
    else
        *edit = (struct edit){root + 1, root + 1, {open, note->data, end}};
    return domain->metadata_start ||
           (element_at(xml, domain->root_end, "domain", &unused, &unused) && *root == '>');
}

/* Appends the text from *from to the edit, and what it puts there. */
static bool append_edit(struct text *out, const char **from, const struct edit *edit) {
    bool good = edit->start >= *from && text_append(out, *from, (size_t)(edit->start - *from));
    for (size_t i = 0; good && i < sizeof edit->by / sizeof *edit->by; i++)
        good = text_append(out, edit->by[i], strlen(edit->by[i]));
    *from = edit->end;
    return good;
}

static bool rewrite(const struct domain *domain, const struct text *xml, const struct text *note,
                    struct text *out) {
    const char *from = xml->data;
    struct edit edit;
    bool good = true, changes = false;
    for (size_t i = 0; i < domain->count; i++)
        changes = changes || domain->interfaces[i].write != domain->interfaces[i].trust;
    bool note_left = changes && (note->length || domain->note_end);
    for (size_t i = 0; good && i <= domain->count; i++) {
        const struct interface *interface = i < domain->count ? &domain->interfaces[i] : NULL;
        /* The metadata may stand before, between or behind the devices. */
        if (note_left && (!interface || interface->tag_end > domain->metadata_start)) {
            good = edit_note(domain, xml, note, &edit) && append_edit(out, &from, &edit);
            note_left = false;
        }
        if (good && interface && interface->write != interface->trust)
            good = edit_interface(interface, xml, &edit) >= from && append_edit(out, &from, &edit);
    }
    return good && text_append(out, from, (size_t)(xml->data + xml->length - from));
}

bool domain_rewrite(const struct domain *domain, const struct text *xml, struct text *out,
                    const char **reason) {
    struct text note = {0};
    *reason = domain_note(domain, false, &note)
                  ? NULL
                  : "an interface that would be trusted has no MAC address for the note";
    if (!*reason && !rewrite(domain, xml, &note, out))
        *reason = misplaced;
    text_free(&note);
    return !*reason;
}

bool domain_interface_xml(const struct interface *interface, const struct text *xml,
                          struct text *out, const char **reason) {
    struct edit edit;
    const char *from = edit_interface(interface, xml, &edit);
    const char *end = from ? xml->data + interface->end : NULL;
    *reason = !from || strstr(from, "</metadata>") ? misplaced : NULL;
    if (!*reason &&
        (!append_edit(out, &from, &edit) || !text_append(out, from, (size_t)(end - from))))
        *reason = no_memory;
    return !*reason;
}

bool domain_target_stands(const struct interface *interface, const struct text *xml) {
    struct text element = {0}, target = {0};
    const char *reason = NULL;
    bool stands = domain_interface_xml(interface, xml, &element, &reason) &&
                  text_print(&target, "<target dev='%s'", interface->target) &&
                  (strstr(element.data, target.data) ||
                   (target.data[strlen("<target dev=")] = target.data[target.length - 1] = '"',
                    strstr(element.data, target.data)));
    text_free(&element);
    text_free(&target);
    return stands;
}

bool domain_find_uuid(const struct text *xml, char uuid[UUID_LENGTH + 1]) {
    static const char tag[] = "<uuid>";
    const char *found = xml->length ? strstr(xml->data, tag) : NULL;
    found = found ? found + strlen(tag) : "";
    (void)snprintf(uuid, UUID_LENGTH + 1, "%s", found);
    return strspn(uuid, "0123456789abcdefABCDEF-") == UUID_LENGTH && found[UUID_LENGTH] == '<';
}
