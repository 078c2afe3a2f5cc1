/* What the fuzz targets share. A target fails, and libFuzzer keeps its input, when a sanitizer
 * complains or a PROPERTY doesn't hold. */
#pragma once

#include "device.h"
#include "policy.h"

#include <libxml/tree.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PROPERTY(holds)                                                                            \
    do                                                                                             \
        if (!(holds)) {                                                                            \
            (void)fprintf(stderr, "%s:%d: this doesn't hold: %s\n", __FILE__, __LINE__, #holds);   \
            abort();                                                                               \
        }                                                                                          \
    while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads a policy from memory; as policy_parse(). */
bool read_policy(const char *text, size_t length, struct policy *policy);

/* Writes the UUID or MAC address in another of the forms that libvirt takes, one of many by the
 * seed; NULL: it is none. The caller frees it. */
char *spell_uuid(const char *uuid, size_t seed);
char *spell_mac(const char *mac, size_t seed);

/* Parses XML into a tree, as the program's own parser is set; NULL: it isn't well-formed. */
xmlDocPtr parse_tree(const char *xml, size_t length);

/* Is it an element of this name, in no namespace? */
bool is_element(const xmlNode *node, const char *name);

/* The host's links as the plans see them: none. */
extern const struct devices no_devices;

/* Plans and rewrites the domain XML by the policy, and tests what must hold of the result whatever
 * the policy is. Returns how many interfaces say 'yes' then that isn't their owner's. */
size_t check_rewriting(struct policy *policy, const char *xml, size_t length);
