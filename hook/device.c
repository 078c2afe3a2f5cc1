#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

const char not_a_macvtap[] = "it is not a macvtap";
static const char unreadable[] = "the kernel's reply can't be read";

/* The alias: `rxtrust UUID: ` and one of these, for each set of marks. */
static const char *const mark_texts[] = {
    [MARK_MULTICAST] = "all-multicast",
    [MARK_TRUST] = "trust",
    [MARK_MULTICAST | MARK_TRUST] = "all-multicast, trust",
    [MARK_GUEST] = "nothing is set",
};
static const char retired_text[] = "the guest has stopped";
static const char alias_begin[] = "rxtrust ", alias_middle[] = ": ";
enum { MARK_TEXTS = sizeof mark_texts / sizeof *mark_texts, ALIAS_ROOM = 96 };
_Static_assert(sizeof alias_begin + UUID_LENGTH + sizeof alias_middle + sizeof retired_text <=
                   ALIAS_ROOM,
               "an alias has no room");

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

/* A dump during which links come or go is had anew, so often at the most. */
enum { MOST_DUMPS = 5 };

/* IFALIASZ of linux/if.h, which net/if.h does not go with. */
enum { LONGEST_ALIAS = 256 };

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

/* The attribute's text, or none; the rest that has no room is cut off. */
static void copy_text(const struct rtattr *attribute, char *text, size_t room) {
    size_t length = attribute ? strnlen(RTA_DATA(attribute), RTA_PAYLOAD(attribute)) : 0;
    length = length < room ? length : room - 1;
    if (length)
        memcpy(text, RTA_DATA(attribute), length);
    text[length] = '\0';
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

static void read_alias(const char *alias, struct device *device) {
    size_t begin = strlen(alias_begin), middle = strlen(alias_middle);
    const char *uuid = alias + begin, *text = uuid + UUID_LENGTH + middle;
    device->foreign_alias = *alias;
    if (strlen(alias) <= begin + UUID_LENGTH + middle || memcmp(alias, alias_begin, begin) != 0 ||
        memcmp(uuid + UUID_LENGTH, alias_middle, middle) != 0)
        return;
    device->retired = strcmp(text, retired_text) == 0;
    for (unsigned marks = 1; marks < MARK_TEXTS; marks++)
        if (strcmp(text, mark_texts[marks]) == 0)
            device->marks = marks;
    device->foreign_alias = !device->marks && !device->retired;
    if (!device->foreign_alias)
        (void)mempcpy(device->guest, uuid, UUID_LENGTH);
}

static const char *read_device(const struct device_table *table, const struct nlmsghdr *header,
                               struct device *device) {
    const struct ifinfomsg *link = NLMSG_DATA(header);
    char alias[LONGEST_ALIAS];
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
    device->up = link->ifi_flags & IFF_UP;
    device->all_multicast = link->ifi_flags & IFF_ALLMULTI;
    device->passthrough = number_in(find_in(find_in(info, IFLA_INFO_DATA), IFLA_MACVLAN_MODE)) ==
                          MACVLAN_MODE_PASSTHRU;
    device->follows =
        (link->ifi_flags & IFF_PROMISC) || has_guest_groups(&table->groups, link->ifi_index);
    memcpy(device->mac, RTA_DATA(mac), MAC_LENGTH);
    copy_text(find(start, length, IFLA_IFNAME), device->name, sizeof device->name);
    copy_text(find(start, length, IFLA_IFALIAS), alias, sizeof alias);
    read_alias(alias, device);
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

static const char *add_device(const struct device *device, struct device_list *list) {
    struct device *grown = reallocarray(list->devices, list->count + 1, sizeof *grown);
    if (!grown)
        return strerror(ENOMEM);
    list->devices = grown;
    grown[list->count++] = *device;
    return NULL;
}

/* Adds what one part of a dump has. Sets `last` at its end, and `changed` if links came or went
 * meanwhile. */
static const char *add_devices(const struct device_table *table, const union reply *reply,
                               size_t length, struct device_list *list, bool *last, bool *changed) {
    const char *problem = length ? NULL : unreadable;
    for (const struct nlmsghdr *header = &reply->header;
         !problem && !*last && NLMSG_OK(header, length); header = NLMSG_NEXT(header, length)) {
        struct device device;
        *changed = *changed || header->nlmsg_flags & NLM_F_DUMP_INTR;
        *last = header->nlmsg_type == NLMSG_DONE;
        problem = error_in(header);
        if (!*last && !problem && !read_device(table, header, &device) && device.passthrough)
            problem = add_device(&device, list);
    }
    return problem;
}

const char *device_list_passthrough(const struct device_table *table, struct device_list *list) {
    struct request request = request_of(RTM_GETLINK, NLM_F_DUMP);
    const char *problem = NULL;
    bool changed = true;
    *list = (struct device_list){0};
    for (unsigned rest = MOST_DUMPS; !problem && changed && rest; rest--) {
        bool last = false;
        list->count = 0;
        changed = false;
        problem = send_request(table->socket, &request);
        while (!problem && !last) {
            union reply reply = {.header = {0}};
            size_t length = 0;
            problem = receive(table->socket, &reply, &length);
            if (!problem)
                problem = add_devices(table, &reply, length, list, &last, &changed);
        }
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

/* Changes flags with the alias in one request; somebody else's alias stays. */
static const char *change_marked(const struct device_table *table, const struct device *device,
                                 unsigned flags, unsigned mask, const char *uuid,
                                 const char *text) {
    char alias[ALIAS_ROOM] = "";
    if (text)
        (void)snprintf(alias, sizeof alias, "%s%.*s%s%s", alias_begin, UUID_LENGTH, uuid,
                       alias_middle, text);
    if (device->foreign_alias && !mask)
        return NULL;
    return change(table->socket, device->index, flags, mask, device->foreign_alias ? NULL : alias);
}

/* That it is the guest's goes without saying where something is set. */
static const char *text_of(unsigned marks) {
    unsigned set = marks & (MARK_MULTICAST | MARK_TRUST);
    return mark_texts[set ? set : marks];
}

const char *device_set_marks(const struct device_table *table, const struct device *device,
                             const char *uuid, unsigned marks) {
    return change_marked(table, device, 0, 0, uuid, text_of(marks));
}

const char *device_retire(const struct device_table *table, const struct device *device,
                          const char *uuid) {
    return change_marked(table, device, 0, 0, uuid, retired_text);
}

const char *device_set(const struct device_table *table, const struct device *device,
                       const char *uuid, unsigned marks) {
    unsigned on = marks & MARK_MULTICAST ? IFF_ALLMULTI : 0;
    unsigned up = device->passthrough ? IFF_UP : 0;
    if (on && up && !device->up)
        return "in passthrough mode it waits until the device is up";
    return change_marked(table, device, up | on, up | IFF_ALLMULTI, uuid, text_of(marks));
}

/* ---- Waiting ---- */

/* A change of the mark alone the kernel doesn't tell of while the device is down. */
enum { LOOK_AGAIN_MS = 5000 };

static const char *look(int fd, int index, const char *uuid, bool *done) {
    const struct device_table table = {.socket = fd};
    struct request request = request_of(RTM_GETLINK, 0);
    union reply reply = {.header = {0}};
    struct device device = {0};
    request.link.ifi_index = index;
    const char *problem = exchange(fd, &request, &reply);
    bool deleted = problem && strcmp(problem, strerror(ENODEV)) == 0;
    if (!problem)
        problem = read_device(&table, &reply.header, &device);
    *done = *done || device.up || device.retired || strcasecmp(device.guest, uuid) != 0;
    return deleted ? NULL : problem;
}

/* Until there is news of any link: whatever it is, or that some was lost, all is asked for again.
 */
static const char *wait_for_news(int fd) {
    struct pollfd news = {.fd = fd, .events = POLLIN};
    char news_of_a_link = 0;
    int ready = poll(&news, 1, LOOK_AGAIN_MS);
    if (ready > 0)
        ready = (int)recv(fd, &news_of_a_link, 1, 0);
    return ready < 0 && errno != EINTR && errno != ENOBUFS ? strerror(errno) : NULL;
}

const char *device_wait_until_up(const int *devices, size_t count, const char *uuid) {
    struct sockaddr_nl links = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    int news = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int questions = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    const char *problem = NULL;
    bool done = false;
    if (news < 0 || questions < 0 || bind(news, (struct sockaddr *)&links, sizeof links) != 0)
        problem = strerror(errno);
    while (!problem && !done) {
        for (size_t i = 0; !problem && i < count; i++)
            problem = look(questions, devices[i], uuid, &done);
        if (!problem && !done)
            problem = wait_for_news(news);
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
