/* What must hold of every rewriting. The judge is libxml2's tree, which the program doesn't use: it
 * works on the text. */
#include "domain.h"
#include "fuzz.h"
#include "plan.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>

#include <string.h>

#define ATTRIBUTE "trustGuestRxFilters"

bool read_policy(const char *text, size_t length, struct policy *policy) {
    *policy = (struct policy){.text = {.data = malloc(length + 1), .length = length}};
    PROPERTY(policy->text.data);
    memcpy(policy->text.data, text, length);
    policy->text.data[length] = '\0';
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
static const struct networks *active_networks(void) {
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
    return model &&
           (has_value(model, "type", "virtio") || has_value(model, "type", "virtio-transitional") ||
            has_value(model, "type", "virtio-non-transitional"));
}

/* Interface by interface: what may change, and to what. */
static void check_interfaces(xmlDocPtr before, xmlDocPtr after, const struct plan *plan) {
    xmlNode *was = next_interface(before, NULL);
    xmlNode *is = next_interface(after, NULL);
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *item = &plan->items[i];
        PROPERTY(was && is);
        if (!item->write_trust) {
            PROPERTY(has_value(was, ATTRIBUTE, NULL) == has_value(is, ATTRIBUTE, NULL));
            PROPERTY(has_value(was, ATTRIBUTE, "yes") == has_value(is, ATTRIBUTE, "yes"));
            PROPERTY(has_value(was, ATTRIBUTE, "no") == has_value(is, ATTRIBUTE, "no"));
        } else {
            PROPERTY(has_value(is, ATTRIBUTE, "yes"));
            PROPERTY(!has_value(was, ATTRIBUTE, "yes"));
            PROPERTY(is_virtio(was));
            PROPERTY(has_value(was, "type", "direct") || has_value(was, "type", "network"));
            PROPERTY(item->verdict.action == POLICY_TRUST);
            PROPERTY(has_value(was, ATTRIBUTE, NULL) || item->verdict.override);
        }
        was = next_interface(before, was);
        is = next_interface(after, is);
    }
    PROPERTY(!was && !is);
}

/* The canonical form without the one attribute; NULL where there is none: it doesn't take relative
 * names of namespaces. */
static xmlChar *canonical_rest(xmlDocPtr tree) {
    xmlChar *text = NULL;
    for (xmlNode *interface = next_interface(tree, NULL); interface;
         interface = next_interface(tree, interface))
        (void)xmlUnsetProp(interface, (const xmlChar *)ATTRIBUTE);
    return xmlC14NDocDumpMemory(tree, NULL, XML_C14N_1_0, NULL, 1, &text) < 0 ? NULL : text;
}

static void check_trees(const char *xml, size_t length, const char *out, size_t out_length,
                        const struct plan *plan) {
    xmlDocPtr before = parse_tree(xml, length);
    xmlDocPtr after = parse_tree(out, out_length);
    PROPERTY(before);
    PROPERTY(after);
    check_interfaces(before, after, plan);
    xmlChar *rest_before = canonical_rest(before);
    xmlChar *rest_after = canonical_rest(after);
    PROPERTY(rest_before ? rest_after && xmlStrcmp(rest_before, rest_after) == 0 : !rest_after);
    xmlFree(rest_before);
    xmlFree(rest_after);
    xmlFreeDoc(before);
    xmlFreeDoc(after);
}

/* Each interface's element alone, as it is sent back to a running guest: one with a type, then. */
static void check_slices(const struct domain *domain, const bool *trust, const char *xml,
                         size_t length, const char *out, size_t out_length) {
    for (size_t i = 0; i < domain->count; i++) {
        const struct interface *interface = &domain->interfaces[i];
        size_t slice_length = 0;
        const char *reason = NULL;
        if (!interface->type)
            continue;
        char *slice = domain_interface_xml(interface, true, xml, length, &slice_length, &reason);
        if (!slice) { /* it could be an element of the metadata */
            PROPERTY(
                memmem(xml + interface->tag_end, length - interface->tag_end, "</metadata>", 11));
            continue;
        }
        xmlDocPtr tree = parse_tree(slice, slice_length);
        PROPERTY(tree);
        const xmlNode *root = xmlDocGetRootElement(tree);
        PROPERTY(is_element(root, "interface"));
        PROPERTY(has_value(root, ATTRIBUTE, "yes"));
        PROPERTY(!trust[i] || memmem(out, out_length, slice, slice_length));
        xmlFreeDoc(tree);
        free(slice);
    }
}

/* What domain_rewrite() is told of a plan; the caller frees it. */
static bool *trust_of(const struct plan *plan) {
    bool *trust = calloc(plan->count + 1, sizeof *trust);
    PROPERTY(trust);
    for (size_t i = 0; i < plan->count; i++)
        trust[i] = plan->items[i].write_trust;
    return trust;
}

/* What was rewritten is a domain still, and needs nothing any more. */
static void check_again(struct policy *policy, const char *out, size_t out_length) {
    struct domain domain;
    struct xml_error error;
    struct plan plan;
    PROPERTY(domain_read(out, out_length, &domain, &error));
    PROPERTY(plan_make(&domain, policy, active_networks(), &plan));
    for (size_t i = 0; i < plan.count; i++)
        PROPERTY(!plan.items[i].write_trust);
    size_t length = 0;
    const char *reason = NULL;
    bool *trust = trust_of(&plan);
    char *again = domain_rewrite(&domain, trust, out, out_length, &length, &reason);
    PROPERTY(again && length == out_length && memcmp(again, out, length) == 0);
    free(again);
    free(trust);
    plan_free(&plan);
    domain_free(&domain);
}

/* Of a domain with interfaces: returns how many are changed. */
static size_t check_plan(const struct domain *domain, const struct plan *plan,
                         struct policy *policy, const char *xml, size_t length) {
    size_t changes = 0;
    size_t out_length = 0;
    const char *reason = NULL;
    PROPERTY(plan->count == domain->count);
    bool *trust = trust_of(plan);
    for (size_t i = 0; i < plan->count; i++)
        changes += trust[i];
    char *out = domain_rewrite(domain, trust, xml, length, &out_length, &reason);
    if (!out) { /* UTF-16, whose places can't be found */
        PROPERTY(changes && memchr(xml, '\0', length));
        free(trust);
        return 0;
    }
    PROPERTY(changes || (out_length == length && memcmp(out, xml, length) == 0));
    if (!memchr(xml, '\0', length)) {
        check_trees(xml, length, out, out_length, plan);
        check_slices(domain, trust, xml, length, out, out_length);
        check_again(policy, out, out_length);
    }
    free(out);
    free(trust);
    return changes;
}

size_t check_rewriting(struct policy *policy, const char *xml, size_t length) {
    struct domain domain;
    struct xml_error error;
    struct plan plan = {0};
    size_t changes = 0;
    if (domain_read(xml, length, &domain, &error)) {
        PROPERTY(plan_make(&domain, policy, active_networks(), &plan));
        if (domain.count)
            changes = check_plan(&domain, &plan, policy, xml, length);
    } else {
        PROPERTY(error.reason);
    }
    plan_free(&plan);
    domain_free(&domain);
    return changes;
}
