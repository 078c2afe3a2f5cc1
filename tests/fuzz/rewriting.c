/* Tests what must hold of every rewriting. There are two judges: libxml2's tree, which the program
 * doesn't use, as it works on the text; and the way back, by `policy = off`, which must end at the
 * input byte for byte. */
#include "domain.h"
#include "fuzz.h"
#include "pattern.h"
#include "plan.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>

#include <string.h>

#define ATTRIBUTE "trustGuestRxFilters"

const struct devices no_devices = {.socket = -1};

/* No larger than it must be, so that a step over either end is seen. */
static struct text copy_text(const char *data, size_t length) {
    struct text text = {.data = malloc(length + 1), .length = length, .room = length + 1};
    PROPERTY(text.data);
    if (length)
        memcpy(text.data, data, length);
    text.data[length] = '\0';
    return text;
}

bool read_policy(const char *text, size_t length, struct policy *policy) {
    *policy = (struct policy){.text = copy_text(text, length)};
    return policy_parse(policy);
}

char *spell_uuid(const char *uuid, size_t seed) {
    enum { BYTES = 16, MOST_SEPARATORS = 14 /* a section's name has room for no more */ };
    char spelled[4 * BYTES + 1], *to = spelled;
    size_t separators = 0;
    uuid += strspn(uuid, " \t\n\v\f\r");
    for (size_t i = 0; i < BYTES; i++) {
        char pair[3] = "";
        int length = 0;
        uuid += strspn(uuid, "- ");
        if (sscanf(uuid, "%2[0-9a-fA-F]%n", pair, &length) != 1 || length != 2)
            return NULL;
        uuid += 2;
        bool separated = i && separators < MOST_SEPARATORS && seed >> i % 8 & 1;
        separators += separated;
        to += sprintf(to, seed >> i % 5 & 1 ? "%s%02X" : "%s%02x",
                      !separated          ? ""
                      : seed >> i % 3 & 1 ? "-"
                                          : " ",
                      (unsigned)strtoul(pair, NULL, 16));
    }
    return uuid[strspn(uuid, " \t\n\v\f\r")] ? NULL : strdup(spelled);
}

char *spell_mac(const char *mac, size_t seed) {
    static const char *const forms[] = {"%x:%X:%02x:%02X:%x:%X", "%02X:%x:%X:%x:%02x:%02x",
                                        "%02x:%02x:%02x:%02x:%02x:%02x"};
    unsigned byte[6] = {0};
    char *spelled = NULL;
    const char *rest = mac;
    for (size_t i = 0; i < 6; i++) {
        size_t digits = strspn(rest, "0123456789abcdefABCDEF");
        if (digits < 1 || digits > 2 || rest[digits] != (i < 5 ? ':' : '\0'))
            return NULL;
        byte[i] = (unsigned)strtoul(rest, NULL, 16);
        rest += digits + (i < 5);
    }
    PROPERTY(asprintf(&spelled, forms[seed % 3], byte[0], byte[1], byte[2], byte[3], byte[4],
                      byte[5]) > 0);
    return spelled;
}

/* Those of the sandbox. */
static struct networks *active_networks(void) {
    static struct networks networks;
    static bool loaded;
    if (!loaded)
        networks_load(&networks);
    loaded = true;
    return &networks;
}

xmlDocPtr parse_tree(const char *xml, size_t length) {
    return xmlReadMemory(xml, (int)length, NULL, NULL,
                         XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_NOENT | XML_PARSE_NOERROR |
                             XML_PARSE_NOWARNING | XML_PARSE_IGNORE_ENC);
}

bool is_element(const xmlNode *node, const char *name) {
    return node->type == XML_ELEMENT_NODE && !node->ns &&
           strcmp((const char *)node->name, name) == 0;
}

static xmlNode *first_from(xmlNode *node, const char *name) {
    while (node && !is_element(node, name))
        node = node->next;
    return node;
}

/* The interface after this one in /domain/devices/interface; NULL: the first one. */
static xmlNode *next_interface(xmlDocPtr tree, xmlNode *interface) {
    xmlNode *devices =
        interface ? interface->parent : first_from(xmlDocGetRootElement(tree)->children, "devices");
    xmlNode *from = interface ? interface->next : devices ? devices->children : NULL;
    while (devices) {
        xmlNode *found = first_from(from, "interface");
        if (found)
            return found;
        devices = first_from(devices->next, "devices");
        from = devices ? devices->children : NULL;
    }
    return NULL;
}

static bool has_value(const xmlNode *node, const char *attribute, const char *wanted) {
    xmlChar *value = xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)attribute);
    bool same = value ? wanted && strcmp((const char *)value, wanted) == 0 : !wanted;
    xmlFree(value);
    return same;
}

static bool is_virtio(const xmlNode *interface) {
    xmlNode *model = first_from(interface->children, "model");
    while (model && has_value(model, "type", NULL))
        model = first_from(model->next, "model");
    xmlChar *type = model ? xmlGetNoNsProp(model, (const xmlChar *)"type") : NULL;
    const char *name = type ? (const char *)type : "";
    bool virtio = strcmp(name, "virtio") == 0 || strcmp(name, "virtio-transitional") == 0 ||
                  strcmp(name, "virtio-non-transitional") == 0 ||
                  strncmp(name, "virtio-net", strlen("virtio-net")) == 0;
    xmlFree(type);
    return virtio;
}

/* The first <metadata> of the domain, and rxtrust's note in it; NULL: there is none. */
static xmlNode *metadata_of(xmlDocPtr tree) {
    return first_from(xmlDocGetRootElement(tree)->children, "metadata");
}

static xmlNode *note_of(xmlDocPtr tree) {
    xmlNode *metadata = metadata_of(tree);
    xmlNode *note = metadata ? metadata->children : NULL;
    while (note && !(note->type == XML_ELEMENT_NODE && note->ns &&
                     strcmp((const char *)note->ns->href, NOTE_URI) == 0 &&
                     strcmp((const char *)note->name, "given") == 0))
        note = note->next;
    return note;
}

/* Interface by interface: what may change, and to what. */
static void check_interfaces(xmlDocPtr before, xmlDocPtr after, const struct domain *domain) {
    xmlNode *was = next_interface(before, NULL);
    xmlNode *is = next_interface(after, NULL);
    bool noted = note_of(before);
    for (size_t i = 0; i < domain->count; i++) {
        const struct interface *interface = &domain->interfaces[i];
        const struct plan *item = &interface->plan;
        PROPERTY(was && is);
        PROPERTY(has_value(was, ATTRIBUTE, "yes") == (interface->trust == TRUST_YES));
        PROPERTY(has_value(was, ATTRIBUTE, NULL) == (interface->trust == TRUST_UNSAID));
        PROPERTY(!is_given(interface) || (noted && interface->trust == TRUST_YES));
        if (interface->write == interface->trust) {
            PROPERTY(has_value(was, ATTRIBUTE, NULL) == has_value(is, ATTRIBUTE, NULL));
            PROPERTY(has_value(was, ATTRIBUTE, "yes") == has_value(is, ATTRIBUTE, "yes"));
            PROPERTY(has_value(was, ATTRIBUTE, "no") == has_value(is, ATTRIBUTE, "no"));
        } else if (interface->write != TRUST_YES) {
            PROPERTY(is_given(interface) && interface->write == interface->owner);
            PROPERTY(has_value(is, ATTRIBUTE, interface->write == TRUST_NO ? "no" : NULL));
        } else {
            PROPERTY(has_value(is, ATTRIBUTE, "yes"));
            PROPERTY(!has_value(was, ATTRIBUTE, "yes"));
        }
        if (interface->write == TRUST_YES && interface->owner != TRUST_YES) {
            PROPERTY(is_virtio(was));
            PROPERTY(has_value(was, "type", "direct") || has_value(was, "type", "network"));
            PROPERTY(item->decision.action == POLICY_TRUST);
            PROPERTY(interface->owner == TRUST_UNSAID || item->decision.override);
        }
        was = next_interface(before, was);
        is = next_interface(after, is);
    }
    PROPERTY(!was && !is);
}

static bool is_blank(const xmlNode *node) {
    const char *text = node->type == XML_TEXT_NODE ? (const char *)node->content : "x";
    return !text[strspn(text, " \t\r\n")];
}

/* The canonical form without the attribute, the note, a <metadata> that is empty then, and all
 * white space; NULL where there is none: it doesn't take relative names of namespaces. */
static xmlChar *canonical_rest(xmlDocPtr tree) {
    xmlChar *text = NULL;
    xmlNode *note = note_of(tree), *metadata = metadata_of(tree);
    for (xmlNode *interface = next_interface(tree, NULL); interface;
         interface = next_interface(tree, interface))
        (void)xmlUnsetProp(interface, (const xmlChar *)ATTRIBUTE);
    if (note) {
        xmlUnlinkNode(note);
        xmlFreeNode(note);
    }
    const xmlNode *child = metadata ? metadata->children : NULL;
    while (child && is_blank(child))
        child = child->next;
    if (metadata && !child) {
        xmlUnlinkNode(metadata);
        xmlFreeNode(metadata);
    }
    if (xmlC14NDocDumpMemory(tree, NULL, XML_C14N_1_0, NULL, 1, &text) < 0)
        return NULL;
    xmlChar *to = text;
    for (const xmlChar *from = text; *from; from++)
        if (!strchr(" \t\r\n", *from))
            *to++ = *from;
    *to = '\0';
    return text;
}

static void check_trees(const struct text *xml, const struct text *out,
                        const struct domain *domain) {
    xmlDocPtr before = parse_tree(xml->data, xml->length);
    xmlDocPtr after = parse_tree(out->data, out->length);
    PROPERTY(before);
    PROPERTY(after);
    check_interfaces(before, after, domain);
    xmlChar *rest_before = canonical_rest(before);
    xmlChar *rest_after = canonical_rest(after);
    PROPERTY(rest_before ? rest_after && xmlStrcmp(rest_before, rest_after) == 0 : !rest_after);
    xmlFree(rest_before);
    xmlFree(rest_after);
    xmlFreeDoc(before);
    xmlFreeDoc(after);
}

/* Each interface's element alone, as it is sent back to a running guest: one with a type, then. */
static void check_slices(const struct domain *domain, const struct text *xml,
                         const struct text *out) {
    for (size_t i = 0; i < domain->count; i++) {
        const struct interface *interface = &domain->interfaces[i];
        const char *reason = NULL;
        struct text slice = {0};
        if (!interface->type)
            continue;
        if (!domain_interface_xml(interface, xml, &slice, &reason)) {
            /* It could be an element of the metadata. */
            PROPERTY(reason && strstr(xml->data + interface->tag_end, "</metadata>"));
            continue;
        }
        xmlDocPtr tree = parse_tree(slice.data, slice.length);
        PROPERTY(tree);
        const xmlNode *root = xmlDocGetRootElement(tree);
        PROPERTY(is_element(root, "interface"));
        PROPERTY(has_value(root, ATTRIBUTE, "yes") == (interface->write == TRUST_YES));
        /* Another word than 'no' means the same, and stays where nothing else changes. */
        PROPERTY(interface->write == TRUST_NO ||
                 memmem(out->data, out->length, slice.data, slice.length));
        xmlFreeDoc(tree);
        text_free(&slice);
    }
}

/* Rewrites what was rewritten by another policy, or by the same. */
static void rewrite_again(struct policy *policy, const struct text *xml, struct text *out) {
    struct domain domain;
    const char *reason = NULL;
    PROPERTY(domain_read(xml->data, xml->length, &domain));
    plan_domain(&domain, policy, active_networks(), &no_devices);
    PROPERTY(domain_rewrite(&domain, xml, out, &reason));
    domain_free(&domain);
}

static bool is_same(const struct text *a, const struct text *b) {
    return a->length == b->length && memcmp(a->data, b->data, a->length) == 0;
}

/* An input whose way back has another end: it has a note already, or a <metadata> that goes with
 * the note because it is empty, or says of trust another thing than 'yes' and 'no'. */
static bool has_way_back(const struct text *xml) {
    xmlDocPtr tree = parse_tree(xml->data, xml->length);
    const xmlNode *metadata = metadata_of(tree);
    const xmlNode *child = metadata ? metadata->children : NULL;
    while (child && is_blank(child))
        child = child->next;
    bool way = !note_of(tree) && (!metadata || child);
    for (xmlNode *one = next_interface(tree, NULL); one; one = next_interface(tree, one))
        way = way && (has_value(one, ATTRIBUTE, NULL) || has_value(one, ATTRIBUTE, "yes") ||
                      has_value(one, ATTRIBUTE, "no"));
    xmlFreeDoc(tree);
    return way;
}

/* Rewritten by the same policy it stays as it is; by `policy = off` it is the input again. */
static void check_again(struct policy *policy, const struct text *xml, const struct text *out) {
    static const char off[] = "[default]\npolicy = off\n";
    struct text again = {0}, back = {0};
    struct policy no_policy;
    rewrite_again(policy, out, &again);
    PROPERTY(is_same(&again, out));
    PROPERTY(read_policy(off, sizeof off - 1, &no_policy));
    rewrite_again(&no_policy, out, &back);
    PROPERTY(is_same(&back, xml) || !has_way_back(xml));
    policy_free(&no_policy);
    text_free(&again);
    text_free(&back);
}

/* The note names an interface by its MAC address. */
static bool lacks_mac(const struct domain *domain) {
    unsigned char mac[MAC_LENGTH];
    for (size_t i = 0; i < domain->count; i++)
        if (domain->interfaces[i].write == TRUST_YES && domain->interfaces[i].owner != TRUST_YES &&
            !mac_parse(domain->interfaces[i].mac, mac))
            return true;
    return false;
}

/* Of a domain with interfaces: returns how many say 'yes' then that isn't their owner's. */
static size_t check_plan(const struct domain *domain, struct policy *policy,
                         const struct text *xml) {
    size_t given = 0, changes = 0;
    const char *reason = NULL;
    struct text out = {0};
    for (size_t i = 0; i < domain->count; i++) {
        const struct interface *interface = &domain->interfaces[i];
        given += interface->write == TRUST_YES && interface->owner != TRUST_YES;
        changes += interface->write != interface->trust;
    }
    bool utf16 = memchr(xml->data, '\0', xml->length); /* where places can't be found */
    if (!domain_rewrite(domain, xml, &out, &reason)) {
        PROPERTY(reason && (utf16 || lacks_mac(domain)));
        given = 0;
    } else {
        PROPERTY(changes || is_same(&out, xml));
        if (!utf16) {
            check_trees(xml, &out, domain);
            check_slices(domain, xml, &out);
            check_again(policy, xml, &out);
        }
    }
    text_free(&out);
    return given;
}

size_t check_rewriting(struct policy *policy, const char *input, size_t length) {
    struct domain domain;
    struct text xml = copy_text(input, length);
    size_t given = 0;
    if (domain_read(xml.data, length, &domain)) {
        plan_domain(&domain, policy, active_networks(), &no_devices);
        if (domain.count)
            given = check_plan(&domain, policy, &xml);
    } else {
        PROPERTY(domain.error.reason);
    }
    domain_free(&domain);
    text_free(&xml);
    return given;
}
