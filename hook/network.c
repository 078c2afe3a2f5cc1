#include "network.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NETWORKS "/run/libvirt/network"

/* <networkstatus><network><forward><interface/> */
enum { STATUS = 1, NETWORK = 2, PART = 3, DETAIL = 4 };

struct reading {
    struct network *network;
    struct xml_error *error;
    bool in_network;
    bool in_forward;
    bool has_bridge;
    bool has_interface;
};

static void add_portgroup(struct reading *reading, const struct xml_element *element) {
    struct network *network = reading->network;
    const char *is_default = xml_attribute(element, "default");
    struct network_portgroup *grown =
        reallocarray(network->portgroups, network->portgroup_count + 1, sizeof *grown);
    if (!grown) {
        reading->error->reason = "out of memory";
        return;
    }
    network->portgroups = grown;
    grown[network->portgroup_count++] = (struct network_portgroup){
        .name = xml_attribute(element, "name"),
        .is_default = is_default && strcmp(is_default, "yes") == 0,
        .trust = domain_trust(xml_attribute(element, "trustGuestRxFilters")),
    };
}

static void on_open(void *user, const struct xml_element *element) {
    struct reading *reading = user;
    const char *name = element->name;
    switch (element->depth) {
    case STATUS:
        if (strcmp(name, "networkstatus") != 0)
            reading->error->reason = "it is not the status of a network";
        break;
    case NETWORK:
        reading->in_network = strcmp(name, "network") == 0;
        if (reading->in_network)
            reading->network->trust = domain_trust(xml_attribute(element, "trustGuestRxFilters"));
        break;
    case PART:
        reading->in_forward = reading->in_network && strcmp(name, "forward") == 0;
        if (reading->in_forward)
            reading->network->mode = xml_attribute(element, "mode");
        else if (reading->in_network && strcmp(name, "bridge") == 0)
            reading->has_bridge = xml_attribute(element, "name") != NULL;
        else if (reading->in_network && strcmp(name, "portgroup") == 0)
            add_portgroup(reading, element);
        break;
    case DETAIL:
        if (reading->in_forward && strcmp(name, "interface") == 0 && xml_attribute(element, "dev"))
            reading->has_interface = true;
        break;
    default:
        break;
    }
}

static bool one_of(const char *word, const char *a, const char *b, const char *c) {
    return word && (strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0);
}

bool network_read_text(const char *xml, size_t length, struct network *network,
                       struct xml_error *error) {
    static const struct xml_handler handler = {.open = on_open};
    *network = (struct network){0};
    struct reading reading = {.network = network, .error = error};
    if (!xml_walk(xml, length, &handler, &reading, &network->strings, error))
        return false;
    bool bridge = network->mode && strcmp(network->mode, "bridge") == 0;
    network->macvtap = one_of(network->mode, "private", "vepa", "passthrough") ||
                       (bridge && reading.has_interface && !reading.has_bridge);
    return true;
}

/* Returns the file's text, which the caller frees, or NULL with errno set. */
static char *read_file(const char *path, size_t *length) {
    FILE *stream = fopen(path, "re");
    if (!stream)
        return NULL;
    char *text = NULL;
    size_t room = 0;
    ssize_t got = getdelim(&text, &room, '\0', stream); /* XML has no NUL: this is all of it */
    int error = errno;
    (void)fclose(stream); /* it was only read */
    if (got >= 0) {
        *length = (size_t)got;
        return text;
    }
    free(text);
    errno = error ? error : ENODATA;
    return NULL;
}

bool network_read(const char *name, struct network *network, struct xml_error *error) {
    *network = (struct network){0};
    *error = (struct xml_error){.reason = "no network can have this name"};
    if (!*name || strchr(name, '/'))
        return false;
    char *path = NULL;
    if (asprintf(&path, NETWORKS "/%s.xml", name) < 0) {
        error->reason = "out of memory";
        return false;
    }
    size_t length = 0;
    errno = 0;
    char *text = read_file(path, &length);
    bool read = text && network_read_text(text, length, network, error);
    if (!text)
        error->reason = errno == ENOENT ? "libvirt has no such active network" : strerror(errno);
    free(text);
    free(path);
    return read;
}

void network_free(struct network *network) {
    xml_strings_free(&network->strings);
    free(network->portgroups);
    *network = (struct network){0};
}

enum trust network_trust(const struct network *network, const char *portgroup) {
    for (size_t i = 0; i < network->portgroup_count; i++) {
        const struct network_portgroup *group = &network->portgroups[i];
        bool chosen =
            portgroup ? group->name && strcmp(group->name, portgroup) == 0 : group->is_default;
        if (chosen && group->trust != TRUST_UNSAID)
            return group->trust;
    }
    return network->trust;
}
