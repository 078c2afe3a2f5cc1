/* Any status of a libvirt network, against what libxml2's tree says of it. */
#include "fuzz.h"
#include "network.h"

#include <string.h>

static enum trust trust_of(const xmlNode *node) {
    xmlChar *value = xmlGetNoNsProp((xmlNode *)node, (const xmlChar *)"trustGuestRxFilters");
    enum trust trust = !value                                    ? TRUST_UNSAID
                       : strcmp((const char *)value, "yes") == 0 ? TRUST_YES
                                                                 : TRUST_NO;
    xmlFree(value);
    return trust;
}

static size_t count(const xmlNode *parent, const char *name, const char *attribute,
                    const xmlNode **last) {
    size_t found = 0;
    for (const xmlNode *node = parent->children; node; node = node->next)
        if (is_element(node, name) &&
            (!attribute || xmlHasNsProp((xmlNode *)node, (const xmlChar *)attribute, NULL))) {
            found++;
            if (last)
                *last = node;
        }
    return found;
}

static bool is_one_of(const char *mode, const char *a, const char *b, const char *c) {
    return mode && (strcmp(mode, a) == 0 || strcmp(mode, b) == 0 || strcmp(mode, c) == 0);
}

/* Of a network as libvirt writes it: not more than one of each element. */
static void check_mode(const struct network *network, const xmlNode *tree) {
    const xmlNode *forward = NULL;
    if (count(tree, "forward", NULL, &forward) > 1 || count(tree, "bridge", NULL, NULL) > 1)
        return;
    xmlChar *mode = forward ? xmlGetNoNsProp((xmlNode *)forward, (const xmlChar *)"mode") : NULL;
    PROPERTY(mode ? network->mode && strcmp(network->mode, (const char *)mode) == 0
                  : !network->mode);
    bool bridge = is_one_of(network->mode, "bridge", "bridge", "bridge") &&
                  count(forward, "interface", "dev", NULL) > 0 &&
                  count(tree, "bridge", "name", NULL) == 0;
    PROPERTY(network->macvtap ==
             (bridge || is_one_of(network->mode, "private", "vepa", "passthrough")));
    xmlFree(mode);
}

/* What counts for an interface that names this portgroup, or none. */
static enum trust network_trust(const struct network *network, const char *name) {
    const struct network_portgroup *group = network_portgroup(network, name);
    return group && group->trust != TRUST_UNSAID ? group->trust : network->trust;
}

static void check_trust(const struct network *network, const xmlNode *tree) {
    bool unsaid = network_trust(network, "no such portgroup") == TRUST_UNSAID;
    PROPERTY(network->trust == trust_of(tree));
    PROPERTY(network->portgroup_count == count(tree, "portgroup", NULL, NULL));
    const xmlNode *node = tree->children;
    for (size_t i = 0; i < network->portgroup_count; i++, node = node->next) {
        const struct network_portgroup *group = &network->portgroups[i];
        while (!is_element(node, "portgroup"))
            node = node->next;
        PROPERTY(group->trust == trust_of(node));
        const struct network_portgroup *named =
            group->name ? network_portgroup(network, group->name) : group;
        /* Of two of one name, which libvirt refuses, the first. */
        PROPERTY(named && named <= group && (!group->name || !strcmp(named->name, group->name)));
        unsaid = unsaid && group->trust == TRUST_UNSAID;
    }
    PROPERTY(!unsaid || network_trust(network, NULL) == TRUST_UNSAID);
}

static void check(const struct network *network, const char *xml, size_t length) {
    xmlDocPtr tree = parse_tree(xml, length);
    const xmlNode *status = tree ? xmlDocGetRootElement(tree) : NULL;
    const xmlNode *only = NULL;
    PROPERTY(status && is_element(status, "networkstatus"));
    size_t networks = count(status, "network", NULL, &only);
    PROPERTY(networks > 0 || !network->macvtap);
    if (networks == 1) {
        check_mode(network, only);
        check_trust(network, only);
    }
    xmlFreeDoc(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct network network;
    struct xml_error error;
    if (network_read((const char *)data, size, &network, &error))
        check(&network, (const char *)data, size);
    else
        PROPERTY(error.reason);
    network_free(&network);
    return 0;
}
