#include "device.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Two requests: what is the device of this name (kind and index), then the one change, by index: a
 * device that takes over the name in between isn't touched. */
struct request {
    struct nlmsghdr header;
    struct ifinfomsg link;
    struct rtattr name_header;
    char name[IFNAMSIZ];
};

/* A link's description is 1 to 3 KiB; a larger reply would be seen as truncated and refused. */
union reply {
    struct nlmsghdr header;
    char room[32 * 1024]; /* cppcheck-suppress unusedStructMember ; it is the size */
};

static const char *exchange(int fd, const struct request *request, union reply *reply) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(fd, request, request->header.nlmsg_len, 0, (const struct sockaddr *)&kernel,
               sizeof kernel) < 0)
        return strerror(errno);
    ssize_t got = 0;
    do
        got = recv(fd, reply, sizeof *reply, MSG_TRUNC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return strerror(errno);
    if ((size_t)got > sizeof *reply || !NLMSG_OK(&reply->header, (size_t)got) ||
        reply->header.nlmsg_seq != request->header.nlmsg_seq)
        return "the kernel's answer can't be read";
    if (reply->header.nlmsg_type != NLMSG_ERROR)
        return NULL;
    const struct nlmsgerr *answer = NLMSG_DATA(&reply->header);
    if (reply->header.nlmsg_len < NLMSG_LENGTH(sizeof *answer))
        return "the kernel's answer can't be read";
    return answer->error ? strerror(-answer->error) : NULL;
}

static const struct rtattr *find(const void *start, size_t length, unsigned short type) {
    for (const struct rtattr *attribute = start; RTA_OK(attribute, length);
         attribute = RTA_NEXT(attribute, length))
        if ((attribute->rta_type & NLA_TYPE_MASK) == type)
            return attribute;
    return NULL;
}

static bool is_macvtap(const struct nlmsghdr *header) {
    static const char kind[] = "macvtap";
    const struct ifinfomsg *link = NLMSG_DATA(header);
    if (header->nlmsg_type != RTM_NEWLINK || header->nlmsg_len < NLMSG_LENGTH(sizeof *link))
        return false;
    const struct rtattr *info = find(IFLA_RTA(link), IFLA_PAYLOAD(header), IFLA_LINKINFO);
    const struct rtattr *found =
        info ? find(RTA_DATA(info), RTA_PAYLOAD(info), IFLA_INFO_KIND) : NULL;
    return found && RTA_PAYLOAD(found) >= strlen(kind) &&
           strncmp(RTA_DATA(found), kind, RTA_PAYLOAD(found)) == 0;
}

/* Fills in what the kernel tells of the macvtap of this name. */
static const char *find_macvtap(int fd, const char *device, struct ifinfomsg *link) {
    struct request request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = RTM_GETLINK,
                   .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = 1},
        .name_header = {.rta_len = RTA_LENGTH(IFNAMSIZ), .rta_type = IFLA_IFNAME},
    };
    if (strlen(device) >= sizeof request.name)
        return strerror(ENODEV);
    memcpy(request.name, device, strlen(device));
    union reply reply = {.header = {0}};
    const char *problem = exchange(fd, &request, &reply);
    if (problem)
        return problem;
    if (!is_macvtap(&reply.header))
        return "it is not a macvtap";
    memcpy(link, NLMSG_DATA(&reply.header), sizeof *link);
    return NULL;
}

static const char *change(int fd, int index, bool on) {
    const struct request request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.link),
                   .nlmsg_type = RTM_NEWLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
                   .nlmsg_seq = 2},
        .link = {.ifi_index = index,
                 .ifi_flags = on ? IFF_ALLMULTI : 0,
                 .ifi_change = IFF_ALLMULTI},
    };
    union reply reply;
    return exchange(fd, &request, &reply);
}

static int open_socket(void) {
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
}

const char *device_set(const char *device, bool on) {
    int fd = open_socket();
    if (fd < 0)
        return strerror(errno);
    struct ifinfomsg link = {0};
    const char *problem = find_macvtap(fd, device, &link);
    if (!problem)
        problem = change(fd, link.ifi_index, on);
    (void)close(fd);
    return problem;
}

const char *device_get(const char *device, bool *on) {
    int fd = open_socket();
    if (fd < 0)
        return strerror(errno);
    struct ifinfomsg link = {0};
    const char *problem = find_macvtap(fd, device, &link);
    *on = link.ifi_flags & IFF_ALLMULTI;
    (void)close(fd);
    return problem;
}
