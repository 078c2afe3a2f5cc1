/* Any domain XML, under one policy. */
#include "fuzz.h"

#include <string.h>

#define OPTED_OUT "opted-out"

static const char policy_text[] = "[default]\n"
                                  "policy = trust\n"
                                  "[rule:mac]\n"
                                  "mac = 52:54:00:00:*\n"
                                  "policy = multicast\n"
                                  "[rule:network]\n"
                                  "network = lan, groups\n"
                                  "mode = bridge\n"
                                  "policy = off\n"
                                  "[rule:dev]\n"
                                  "dev = eth1\n"
                                  "override = yes\n"
                                  "[vm:" OPTED_OUT "]\n"
                                  "policy = off\n";

/* The guest's name as the tree tells it, where that is one plain text. */
static bool is_opted_out(const char *xml, size_t length) {
    xmlDocPtr tree = parse_tree(xml, length);
    const xmlNode *root = tree ? xmlDocGetRootElement(tree) : NULL;
    const xmlNode *name = root ? root->children : NULL;
    while (name && !is_element(name, "name"))
        name = name->next;
    const xmlNode *text = name ? name->children : NULL;
    bool same = text && !text->next && text->type == XML_TEXT_NODE &&
                strcmp((const char *)text->content, OPTED_OUT) == 0;
    xmlFreeDoc(tree);
    return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct policy policy;
    static bool good;
    if (!good)
        good = read_policy(policy_text, sizeof policy_text - 1, &policy);
    PROPERTY(good);
    const char *xml = (const char *)data;
    if (check_rewriting(&policy, xml, size))
        PROPERTY(!is_opted_out(xml, size));
    return 0;
}
