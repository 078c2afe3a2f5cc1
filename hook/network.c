#include "network.h"

#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIRECTORY "/run/libvirt/network"
#define NETWORK   "networkstatus/network"

struct network_parser {
    struct network *network;
    struct xml_error *error;
    bool has_bridge;
};

static void add_portgroup(struct network_parser *parser, const struct xml_element *element) {
    struct network *network = parser->network;
    const char *is_default = xml_attribute(element, "default");
    struct network_portgroup *grown =
        reallocarray(network->portgroups, network->portgroup_count + 1, sizeof *grown);
    if (!grown) {
        parser->error->reason = "out of memory";
        return;
    }
    network->portgroups = grown;
    grown[network->portgroup_count++] = (struct network_portgroup){
        .name = xml_attribute(element, "name"),
        .is_default = is_default && strcmp(is_default, "yes") == 0,
        .trust = domain_trust(xml_attribute(element, "trustGuestRxFilters")),
    };
}

static void add_device(struct network_parser *parser, const char *name) {
    struct network *network = parser->network;
    const char **grown =
        name ? reallocarray(network->devices, network->device_count + 1, sizeof *grown) : NULL;
    if (grown) {
        network->devices = grown;
        grown[network->device_count++] = name;
    } else if (name) {
        parser->error->reason = "out of memory";
    }
}

static void on_open(void *user, const struct xml_element *element) {
    struct network_parser *parser = user;
    struct network *network = parser->network;
    const char *path = element->path;
    if (strcmp(path, NETWORK) == 0)
        network->trust = domain_trust(xml_attribute(element, "trustGuestRxFilters"));
    else if (strcmp(path, NETWORK "/forward") == 0)
        network->mode = xml_attribute(element, "mode");
    else if (strcmp(path, NETWORK "/forward/interface") == 0)
        add_device(parser, xml_attribute(element, "dev"));
    else if (strcmp(path, NETWORK "/bridge") == 0)
        parser->has_bridge = xml_attribute(element, "name");
    else if (strcmp(path, NETWORK "/portgroup") == 0)
        add_portgroup(parser, element);
    else if (!strchr(path, '/') && strcmp(path, "networkstatus") != 0)
        parser->error->reason = "it is not the status of a network";
}

static bool one_of(const char *word, const char *a, const char *b, const char *c) {
    return word && (strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0);
}

bool network_read(const char *xml, size_t length, struct network *network,
                  struct xml_error *error) {
    static const struct xml_handler handler = {.open = on_open};
    *network = (struct network){0};
    struct network_parser parser = {.network = network, .error = error};
    if (!xml_walk(xml, length, &handler, &parser, &network->strings, error))
        return false;
    bool bridge = network->mode && strcmp(network->mode, "bridge") == 0;
    network->macvtap = one_of(network->mode, "private", "vepa", "passthrough") ||
                       (bridge && network->device_count && !parser.has_bridge);
    return true;
}

void network_free(struct network *network) {
    xml_strings_free(&network->strings);
    free(network->portgroups);
    free(network->devices);
    *network = (struct network){0};
}

const struct network_portgroup *network_portgroup(const struct network *network, const char *name) {
    for (size_t i = 0; i < network->portgroup_count; i++) {
        const struct network_portgroup *group = &network->portgroups[i];
        if (name ? group->name && strcmp(group->name, name) == 0 : group->is_default)
            return group;
    }
    return NULL;
}

/* ---- The files ---- */

struct network_file {
    char *name;       /* the network's */
    struct text text; /* until it is parsed */
    struct network network;
    const char *problem; /* why it can't be read or parsed, or NULL */
};

/* Takes the file in if it is named N.xml. Returns NULL, or why it can't. */
static const char *add_file(struct networks *networks, int directory, const char *name) {
    static const char suffix[] = ".xml";
    size_t length = strlen(name);
    if (length < sizeof suffix || strcmp(name + length - (sizeof suffix - 1), suffix) != 0)
        return NULL;
    struct network_file *grown = reallocarray(networks->files, networks->count + 1, sizeof *grown);
    if (grown)
        networks->files = grown;
    char *network = grown ? strndup(name, length - (sizeof suffix - 1)) : NULL;
    if (!network)
        return "out of memory";
    struct network_file *file = &grown[networks->count++];
    *file = (struct network_file){.name = network};
    file->problem = io_read_file(directory, name, &file->text);
    return NULL;
}

void networks_load(struct networks *networks) {
    *networks = (struct networks){0};
    DIR *directory = opendir(DIRECTORY);
    if (!directory) {
        networks->problem = errno == ENOENT ? NULL : strerror(errno);
        return;
    }
    const struct dirent *entry = NULL;
    while (!networks->problem && (errno = 0, entry = readdir(directory)))
        networks->problem = add_file(networks, dirfd(directory), entry->d_name);
    if (!entry && errno)
        networks->problem = strerror(errno);
    (void)closedir(directory); /* it was only read */
}

void networks_free(struct networks *networks) {
    for (size_t i = 0; i < networks->count; i++) {
        free(networks->files[i].name);
        text_free(&networks->files[i].text);
        network_free(&networks->files[i].network);
    }
    free(networks->files);
    *networks = (struct networks){0};
}

const char network_not_active[] = "it is not active";

const struct network *networks_get(struct networks *networks, const char *name,
                                   const char **problem) {
    for (size_t i = 0; i < networks->count; i++) {
        struct network_file *file = &networks->files[i];
        if (strcmp(file->name, name) != 0)
            continue;
        struct xml_error error = {0};
        if (!file->problem && file->text.data)
            (void)network_read(file->text.data, file->text.length, &file->network, &error);
        text_free(&file->text);
        file->problem = file->problem ? file->problem : error.reason;
        *problem = file->problem;
        return file->problem ? NULL : &file->network;
    }
    *problem = networks->problem ? networks->problem : network_not_active;
    return NULL;
}

/* Searches the file as text: it is libvirt's own, and a '<' of a name is escaped in it. */
bool network_port_trust(const char *network, const char *port, bool *trust) {
    static const char yes[] = "<rxfilters trustGuest='yes'", end[] = "</networkport>";
    struct text text = {0}, path = {0};
    bool known = network && port && !strchr(network, '/') && !strchr(port, '/') &&
                 text_print(&path, DIRECTORY "/%s/ports/%s.xml", network, port) &&
                 !io_read_file(AT_FDCWD, path.data, &text) && text.data && strstr(text.data, end);
    if (known)
        *trust = strstr(text.data, yes);
    text_free(&text);
    text_free(&path);
    return known;
}
