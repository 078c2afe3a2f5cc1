#include "device.h"

#include "io.h"
#include "time_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char malformed[] = "malformed answer from the kernel";
static const char no_memory[] = "out of memory";

/* The mark, and how the aliases of rxtrust 0.1.0 begin: `rxtrust UUID: all-multicast, trust`. */
static const char mark[] = "rxtrust: all-multicast", old_mark[] = "rxtrust ";

/* The largest message that the kernel sends: a part of a dump (NLMSG_GOODSIZE and up to 32 KiB). */
union reply {
    struct nlmsghdr header;
    char room[32 * 1024]; /* cppcheck-suppress unusedStructMember ; it is the size */
};

/* ---- Messages ---- */

static const char *receive(int fd, union reply *reply, size_t *length) {
    ssize_t got = 0;
    do
        got = recv(fd, reply, sizeof *reply, MSG_TRUNC);
    while (got < 0 && errno == EINTR);
    *length = got > 0 ? (size_t)got : 0;
    return got < 0 ? strerror(errno) : !got || *length > sizeof *reply ? malformed : NULL;
}

/* The error that a message is, or NULL. */
static const char *error_in(const struct nlmsghdr *header) {
    const struct nlmsgerr *error = NLMSG_DATA(header);
    if (header->nlmsg_type != NLMSG_ERROR)
        return NULL;
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof *error))
        return malformed;
    return error->error ? strerror(-error->error) : NULL;
}

static const char *send_request(int fd, const struct nlmsghdr *request) {
    static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent =
        sendto(fd, request, request->nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof kernel);
    return sent < 0 ? strerror(errno) : NULL;
}

static const struct rtattr *find(const void *start, size_t length, unsigned short type) {
    for (const struct rtattr *attribute = start; RTA_OK(attribute, length);
         attribute = RTA_NEXT(attribute, length))
        if ((attribute->rta_type & NLA_TYPE_MASK) == type)
            return attribute;
    return NULL;
}

static const struct rtattr *find_in(const struct rtattr *outer, unsigned short type) {
    return outer ? find(RTA_DATA(outer), RTA_PAYLOAD(outer), type) : NULL;
}

/* The attribute's text, "" if there is none. The kernel ends it with a NUL; nothing else is a text.
 */
static const char *text_in(const struct rtattr *attribute) {
    bool is = attribute && memchr(RTA_DATA(attribute), '\0', RTA_PAYLOAD(attribute));
    return is ? RTA_DATA(attribute) : "";
}

static unsigned number_in(const struct rtattr *attribute) {
    unsigned number = 0;
    if (attribute && RTA_PAYLOAD(attribute) >= sizeof number)
        memcpy(&number, RTA_DATA(attribute), sizeof number);
    return number;
}

/* ---- What a link is ---- */

static const char *mode_name(unsigned mode) {
    return mode == MACVLAN_MODE_BRIDGE     ? "bridge"
           : mode == MACVLAN_MODE_VEPA     ? "vepa"
           : mode == MACVLAN_MODE_PRIVATE  ? "private"
           : mode == MACVLAN_MODE_PASSTHRU ? "passthrough"
                                           : NULL;
}

static bool is_passthrough(const struct device *device) {
    return device->mode && strcmp(device->mode, "passthrough") == 0;
}

static void read_alias(const char *alias, struct device *device) {
    bool old = strncmp(alias, old_mark, strlen(old_mark)) == 0;
    const char *said = alias + (old ? strlen(old_mark) : 0);
    device->own_alias = old || strcmp(alias, mark) == 0;
    device->foreign_alias = *alias && !device->own_alias;
    device->marked = device->own_alias && strstr(said, "all-multicast");
    device->old_mark = old && device->marked;
    device->given_trust = old && strstr(said, "trust");
}

static bool add_name(struct device *device, const struct rtattr *name) {
    char **grown = reallocarray(device->names, device->name_count + 1, sizeof *grown);
    char *copy = grown ? strdup(text_in(name)) : NULL;
    if (grown)
        device->names = grown;
    if (copy)
        grown[device->name_count++] = copy;
    return copy;
}

static const char *read_link(const struct nlmsghdr *header, struct device *device) {
    const struct ifinfomsg *link = NLMSG_DATA(header);
    if (header->nlmsg_type != RTM_NEWLINK || header->nlmsg_len < NLMSG_LENGTH(sizeof *link))
        return malformed;
    const void *start = IFLA_RTA(link);
    size_t length = IFLA_PAYLOAD(header);
    const struct rtattr *info = find(start, length, IFLA_LINKINFO);
    const struct rtattr *names = find(start, length, IFLA_PROP_LIST);
    /* An index in another network namespace is no link of this one. */
    const struct rtattr *lower =
        find(start, length, IFLA_LINK_NETNSID) ? NULL : find(start, length, IFLA_LINK);
    device->index = link->ifi_index;
    device->lower = (int)number_in(lower);
    device->macvtap = strcmp(text_in(find_in(info, IFLA_INFO_KIND)), "macvtap") == 0;
    device->mode = mode_name(number_in(find_in(find_in(info, IFLA_INFO_DATA), IFLA_MACVLAN_MODE)));
    device->follows = link->ifi_flags & IFF_PROMISC;
    device->all_multicast =
        link->ifi_flags & IFF_ALLMULTI || (is_passthrough(device) && device->follows);
    read_alias(text_in(find(start, length, IFLA_IFALIAS)), device);
    bool good = add_name(device, find(start, length, IFLA_IFNAME));
    length = names ? RTA_PAYLOAD(names) : 0;
    for (const struct rtattr *name = names ? RTA_DATA(names) : NULL; good && RTA_OK(name, length);
         name = RTA_NEXT(name, length))
        if ((name->rta_type & NLA_TYPE_MASK) == IFLA_ALT_IFNAME)
            good = add_name(device, name);
    return good ? NULL : no_memory;
}

/* Each line of /proc/net/dev_mcast is: index, name, references, global references, group. Global
 * are those of SIOCADDMULTI, with which libvirt copies the guest's; the host's own IPv6 takes
 * others. Without /proc no device is known to follow its guest. */
void devices_read_groups(const struct devices *devices) {
    struct text groups = {0};
    if (io_read_file(AT_FDCWD, "/proc/self/net/dev_mcast", &groups))
        text_free(&groups);
    for (const char *line = groups.data; line && *line;
         line += strcspn(line, "\n"), line += !!*line) {
        int index = 0, global = 0;
        /* NOLINTNEXTLINE(cert-err34-c): the kernel writes these numbers */
        if (sscanf(line, "%d %*s %*d %d", &index, &global) != 2 || global <= 0)
            continue;
        struct device *device = device_at(devices, index);
        if (device)
            device->follows = true;
    }
    text_free(&groups);
}

/* ---- The list ---- */

static const char *add_link(struct devices *devices, const struct nlmsghdr *header) {
    struct device *grown = reallocarray(devices->items, devices->count + 1, sizeof *grown);
    if (!grown)
        return no_memory;
    devices->items = grown;
    grown[devices->count] = (struct device){0};
    return read_link(header, &grown[devices->count++]);
}

/* Takes in one dump. Sets `changed` if links came or went meanwhile. */
static const char *list_links(struct devices *devices, bool *changed) {
    const struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
        struct rtattr attribute;
        unsigned mask;
    } request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = RTM_GETLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .attribute = {.rta_len = RTA_LENGTH(sizeof request.mask), .rta_type = IFLA_EXT_MASK},
        .mask = RTEXT_FILTER_SKIP_STATS}; /* half of a dump is counters */
    const char *problem = send_request(devices->socket, &request.header);
    bool last = false;
    while (!problem && !last) {
        union reply reply = {.header = {0}};
        size_t length = 0;
        problem = receive(devices->socket, &reply, &length);
        for (const struct nlmsghdr *header = &reply.header;
             !problem && !last && NLMSG_OK(header, length); header = NLMSG_NEXT(header, length)) {
            *changed = *changed || header->nlmsg_flags & NLM_F_DUMP_INTR;
            last = header->nlmsg_type == NLMSG_DONE;
            problem = error_in(header);
            if (!problem && !last)
                problem = add_link(devices, header);
        }
    }
    return problem;
}

static void forget_all(struct devices *devices) {
    for (size_t i = 0; i < devices->count; i++) {
        for (size_t n = 0; n < devices->items[i].name_count; n++)
            free(devices->items[i].names[n]);
        free(devices->items[i].names);
    }
    devices->count = 0;
}

const char *devices_open(struct devices *devices) {
    *devices =
        (struct devices){.socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    const char *problem = devices->socket < 0 ? strerror(errno) : NULL;
    bool changed = true;
    for (unsigned dumps = 0; !problem && changed && dumps < MAX_DUMPS; dumps++) {
        forget_all(devices);
        changed = false;
        problem = list_links(devices, &changed);
    }
    return problem;
}

void devices_close(struct devices *devices) {
    if (devices->socket >= 0)
        (void)close(devices->socket);
    forget_all(devices);
    free(devices->items);
    *devices = (struct devices){.socket = -1};
}

struct device *device_named(const struct devices *devices, const char *name) {
    for (size_t i = 0; name && i < devices->count; i++)
        for (size_t n = 0; n < devices->items[i].name_count; n++)
            if (strcmp(devices->items[i].names[n], name) == 0)
                return &devices->items[i];
    return NULL;
}

struct device *device_at(const struct devices *devices, int index) {
    for (size_t i = 0; i < devices->count; i++)
        if (devices->items[i].index == index)
            return &devices->items[i];
    return NULL;
}

/* ---- What is changed ---- */

/* NULL: the alias stays. That of version 0.1.0 says who gave the trust as long as it is in force.
 */
static const char *alias_after(const struct device *device, struct device_change change) {
    bool stays =
        device->foreign_alias || (device->given_trust && change.flag == FLAG_SET && !change.marked);
    return stays ? NULL : change.marked ? mark : device->own_alias ? "" : NULL;
}

/* All-multicast that version 0.1.0 set in passthrough mode was counted, so it is cleared while the
 * device is up (net/core/dev.c, __dev_change_flags() opens before it changes all-multicast). */
const char *device_change(const struct devices *devices, const struct device *device,
                          struct device_change change) {
    unsigned flag = is_passthrough(device) ? IFF_PROMISC : IFF_ALLMULTI;
    bool old = is_passthrough(device) && device->old_mark && change.flag == FLAG_CLEAR;
    unsigned up = old ? IFF_UP : 0, more = (old ? IFF_ALLMULTI : 0) | up;
    more |= change.clear_promiscuous ? IFF_PROMISC : 0;
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
        struct rtattr attribute;
        char alias[RTA_ALIGN(sizeof mark)];
    } request = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.link),
                            .nlmsg_type = RTM_NEWLINK,
                            .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
                 .link = {.ifi_index = device->index,
                          .ifi_flags = (change.flag == FLAG_SET ? flag : 0) | up,
                          .ifi_change = change.flag == FLAG_STAYS ? 0 : flag | more}};
    const char *alias = alias_after(device, change);
    if (alias) {
        size_t length = *alias ? strlen(alias) + 1 : 0; /* without a payload the alias goes */
        /* cppcheck-suppress unreadVariable ; the kernel reads it */
        request.attribute = (struct rtattr){.rta_len = (unsigned short)RTA_LENGTH(length),
                                            .rta_type = IFLA_IFALIAS};
        memcpy(request.alias, alias, length);
        request.header.nlmsg_len += (unsigned)RTA_SPACE(length);
    }
    union reply reply = {.header = {0}};
    size_t length = 0;
    const char *problem = send_request(devices->socket, &request.header);
    if (!problem)
        problem = receive(devices->socket, &reply, &length);
    if (!problem)
        problem = NLMSG_OK(&reply.header, length) ? error_in(&reply.header) : malformed;
    return problem;
}
