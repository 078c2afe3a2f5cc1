#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char not_a_macvtap[] = "it is not a macvtap";
static const char unreadable[] = "the kernel's reply can't be read";

/* The alias for each set of marks. */
static const char *const aliases[] = {
    [0] = "",
    [MARK_MULTICAST] = "rxtrust: all-multicast",
    [MARK_TRUST] = "rxtrust: trust",
    [MARK_MULTICAST | MARK_TRUST] = "rxtrust: all-multicast, trust",
};
static const char retired_alias[] = "rxtrust: the guest has stopped";
enum { ALIASES = sizeof aliases / sizeof *aliases, ALIAS_ROOM = 32 };
_Static_assert(sizeof retired_alias <= ALIAS_ROOM, "an alias has no room");

/* A link's name or its alias may follow; the length in the header says. */
struct request {
    struct nlmsghdr header;
    struct ifinfomsg link;
    struct rtattr attribute;
    char text[ALIAS_ROOM];
};

/* A link's description is 1 to 3 KiB, and a part of a dump 32 KiB at the most; a larger message
 * would be seen as truncated and refused. */
union reply {
    struct nlmsghdr header;
    char room[32 * 1024]; /* cppcheck-suppress unusedStructMember ; it is the size */
};

/* ---- Messages ---- */

static void add_text(struct request *request, unsigned short type, const char *text) {
    size_t length = strlen(text) + 1;
    request->attribute =
        (struct rtattr){.rta_len = (unsigned short)RTA_LENGTH(length), .rta_type = type};
    memcpy(request->text, text, length);
    request->header.nlmsg_len = (unsigned)(offsetof(struct request, attribute) + RTA_SPACE(length));
}

static struct request request_of(unsigned short type, unsigned short flags) {
    return (struct request){.header = {.nlmsg_len = offsetof(struct request, attribute),
                                       .nlmsg_type = type,
                                       .nlmsg_flags = NLM_F_REQUEST | flags,
                                       .nlmsg_seq = 1}};
}

static const char *receive(int fd, union reply *reply, size_t *length) {
    ssize_t got = 0;
    do
        got = recv(fd, reply, sizeof *reply, MSG_TRUNC);
    while (got < 0 && errno == EINTR);
    *length = got > 0 ? (size_t)got : 0;
    return got < 0 ? strerror(errno) : *length > sizeof *reply ? unreadable : NULL;
}

static const char *send_request(int fd, const struct request *request) {
    static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent = sendto(fd, request, request->header.nlmsg_len, 0,
                          (const struct sockaddr *)&kernel, sizeof kernel);
    return sent < 0 ? strerror(errno) : NULL;
}

/* The error that a message is, or NULL. */
static const char *error_in(const struct nlmsghdr *header) {
    const struct nlmsgerr *error = NLMSG_DATA(header);
    if (header->nlmsg_type != NLMSG_ERROR)
        return NULL;
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof *error))
        return unreadable;
    return error->error ? strerror(-error->error) : NULL;
}

static const char *exchange(int fd, const struct request *request, union reply *reply) {
    size_t length = 0;
    const char *problem = send_request(fd, request);
    if (!problem)
        problem = receive(fd, reply, &length);
    if (!problem && !NLMSG_OK(&reply->header, length))
        problem = unreadable;
    return problem ? problem : error_in(&reply->header);
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

static bool has_text(const struct rtattr *attribute, const char *text) {
    return attribute && RTA_PAYLOAD(attribute) >= strlen(text) &&
           strnlen(RTA_DATA(attribute), RTA_PAYLOAD(attribute)) == strlen(text) &&
           memcmp(RTA_DATA(attribute), text, strlen(text)) == 0;
}

static unsigned number_in(const struct rtattr *attribute) {
    unsigned number = 0;
    if (attribute && RTA_PAYLOAD(attribute) >= sizeof number)
        memcpy(&number, RTA_DATA(attribute), sizeof number);
    return number;
}

/* ---- What a device is ---- */

/* Each line of /proc/net/dev_mcast is: index, name, references, global references, group. Global
 * are those of SIOCADDMULTI, with which libvirt copies the guest's; the host's own IPv6 takes
 * others. */
static bool has_guest_groups(const struct stream_text *groups, int index) {
    const char *line = groups->data;
    while (line && *line) {
        char *end = NULL;
        if (strtol(line, &end, 10) == index) {
            end += strspn(end, " ");
            end += strcspn(end, " ");
            (void)strtol(end, &end, 10);
            if (strtol(end, NULL, 10) > 0)
                return true;
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return false;
}

static void read_alias(const struct rtattr *alias, struct device *device) {
    device->retired = has_text(alias, retired_alias);
    device->foreign_alias = alias && !has_text(alias, "") && !device->retired;
    for (unsigned marks = 1; marks < ALIASES; marks++)
        if (has_text(alias, aliases[marks])) {
            device->marks = marks;
            device->foreign_alias = false;
        }
}

static const char *read_device(const struct device_table *table, const struct nlmsghdr *header,
                               struct device *device) {
    const struct ifinfomsg *link = NLMSG_DATA(header);
    *device = (struct device){0};
    if (header->nlmsg_type != RTM_NEWLINK || header->nlmsg_len < NLMSG_LENGTH(sizeof *link))
        return unreadable;
    const void *start = IFLA_RTA(link);
    size_t length = IFLA_PAYLOAD(header);
    const struct rtattr *info = find(start, length, IFLA_LINKINFO);
    const struct rtattr *mac = find(start, length, IFLA_ADDRESS);
    if (!has_text(find_in(info, IFLA_INFO_KIND), "macvtap") || !mac ||
        RTA_PAYLOAD(mac) != MAC_LENGTH)
        return not_a_macvtap;
    device->index = link->ifi_index;
    device->lower = (int)number_in(find(start, length, IFLA_LINK));
    device->up = link->ifi_flags & IFF_UP;
    device->all_multicast = link->ifi_flags & IFF_ALLMULTI;
    device->passthrough = number_in(find_in(find_in(info, IFLA_INFO_DATA), IFLA_MACVLAN_MODE)) ==
                          MACVLAN_MODE_PASSTHRU;
    device->follows =
        (link->ifi_flags & IFF_PROMISC) || has_guest_groups(&table->groups, link->ifi_index);
    memcpy(device->mac, RTA_DATA(mac), MAC_LENGTH);
    read_alias(find(start, length, IFLA_IFALIAS), device);
    return NULL;
}

const char *device_get(const struct device_table *table, const char *name, struct device *device) {
    struct request request = request_of(RTM_GETLINK, 0);
    union reply reply = {.header = {0}};
    *device = (struct device){0};
    if (strlen(name) >= IFNAMSIZ)
        return strerror(ENODEV);
    add_text(&request, IFLA_IFNAME, name);
    const char *problem = exchange(table->socket, &request, &reply);
    return problem ? problem : read_device(table, &reply.header, device);
}

/* What a device is looked for by: each that is known must be its own. */
struct wanted {
    bool any;
    bool has_lower;
    int lower;
    bool has_mac;
    unsigned char mac[MAC_LENGTH];
};

static bool is_wanted(const struct wanted *wanted, const struct device *device) {
    if (!device->passthrough || (wanted->has_lower && device->lower != wanted->lower))
        return false;
    if (wanted->has_mac)
        return memcmp(wanted->mac, device->mac, MAC_LENGTH) == 0;
    return wanted->has_lower || wanted->any;
}

/* Looks at each link of one part of a dump. True: it was the last. */
static bool look_through(const struct device_table *table, const union reply *reply, size_t length,
                         const struct wanted *wanted, struct device *device, bool *found) {
    for (const struct nlmsghdr *header = &reply->header; NLMSG_OK(header, length);
         header = NLMSG_NEXT(header, length)) {
        struct device candidate;
        if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
            return true;
        if (*found || read_device(table, header, &candidate) || !is_wanted(wanted, &candidate))
            continue;
        *found = true;
        *device = candidate;
    }
    return false;
}

const char *device_find_passthrough(const struct device_table *table, const char *mac,
                                    const char *lower, struct device *device, bool *found) {
    struct request request = request_of(RTM_GETLINK, NLM_F_DUMP);
    struct wanted wanted = {.any = !mac && !lower,
                            .has_lower = lower != NULL,
                            .lower = lower ? (int)if_nametoindex(lower) : 0};
    wanted.has_mac = mac_parse(mac, wanted.mac);
    *found = false;
    const char *problem = send_request(table->socket, &request);
    bool last = false;
    while (!problem && !last) {
        union reply reply = {.header = {0}};
        size_t length = 0;
        problem = receive(table->socket, &reply, &length);
        last = !problem &&
               (length == 0 || look_through(table, &reply, length, &wanted, device, found));
    }
    return problem;
}

/* ---- What is changed ---- */

static const char *change(int fd, int index, unsigned flags, unsigned mask, const char *alias) {
    struct request request = request_of(RTM_NEWLINK, NLM_F_ACK);
    union reply reply = {.header = {0}};
    request.link = (struct ifinfomsg){.ifi_index = index, .ifi_flags = flags, .ifi_change = mask};
    if (alias)
        add_text(&request, IFLA_IFALIAS, alias);
    return exchange(fd, &request, &reply);
}

const char *device_set_marks(const struct device_table *table, const struct device *device,
                             unsigned marks) {
    return device->foreign_alias || marks == device->marks
               ? NULL
               : change(table->socket, device->index, 0, 0, aliases[marks]);
}

const char *device_retire(const struct device_table *table, const struct device *device) {
    return device->foreign_alias ? NULL : change(table->socket, device->index, 0, 0, retired_alias);
}

const char *device_set_multicast(const struct device_table *table, const struct device *device,
                                 bool on) {
    unsigned marks = on ? device->marks | MARK_MULTICAST : 0;
    bool lift = device->passthrough && !device->up;
    if (lift && on)
        return "in passthrough mode it waits until the device is up";
    const char *problem = lift ? change(table->socket, device->index, IFF_UP, IFF_UP, NULL) : NULL;
    if (!problem)
        problem = change(table->socket, device->index, on ? IFF_ALLMULTI : 0, IFF_ALLMULTI,
                         device->foreign_alias ? NULL : aliases[marks]);
    if (lift) {
        const char *down = change(table->socket, device->index, 0, IFF_UP, NULL);
        problem = problem ? problem : down;
    }
    return problem;
}

/* ---- Waiting ---- */

static const char *state_of(int fd, int index, bool *up, bool *gone) {
    struct request request = request_of(RTM_GETLINK, 0);
    union reply reply = {.header = {0}};
    request.link.ifi_index = index;
    const char *problem = exchange(fd, &request, &reply);
    const struct ifinfomsg *link = NLMSG_DATA(&reply.header);
    *gone = problem && strcmp(problem, strerror(ENODEV)) == 0;
    *up = !problem && (link->ifi_flags & IFF_UP);
    return *gone ? NULL : problem;
}

const char *device_wait_until_up(const struct device *device, bool *gone) {
    struct sockaddr_nl links = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    int news = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int questions = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    const char *problem = NULL;
    bool up = false;
    *gone = false;
    if (news < 0 || questions < 0 || bind(news, (struct sockaddr *)&links, sizeof links) != 0)
        problem = strerror(errno);
    while (!problem && !up && !*gone) {
        problem = state_of(questions, device->index, &up, gone);
        /* Whatever the news is, or that some was lost: the state is asked for again. */
        char news_of_a_link = 0;
        if (!problem && !up && !*gone && recv(news, &news_of_a_link, 1, 0) < 0 && errno != EINTR &&
            errno != ENOBUFS)
            problem = strerror(errno);
    }
    if (news >= 0)
        (void)close(news);
    if (questions >= 0)
        (void)close(questions);
    return problem;
}

/* ---- The table ---- */

/* Without /proc no device is known to follow its guest. */
static void read_groups(struct stream_text *groups) {
    int fd = open("/proc/self/net/dev_mcast", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (stream_read_all(fd, groups))
        groups->length = 0;
    (void)close(fd);
}

const char *device_table_open(struct device_table *table) {
    *table =
        (struct device_table){.socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    if (table->socket < 0)
        return strerror(errno);
    read_groups(&table->groups);
    return NULL;
}

void device_table_close(struct device_table *table) {
    if (table->socket >= 0)
        (void)close(table->socket);
    free(table->groups.data);
    *table = (struct device_table){.socket = -1};
}
