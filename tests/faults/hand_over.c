/* Preloaded into a program by tests/faults/refuse.c: from here on, so after the dynamic linker's
 * start-up, each of the program's system calls waits for refuse.c to let it pass or fail. */
#include "channel.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(member)                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define SKIP_UNLESS(value, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skipped))
#define RETURN(action)              BPF_STMT(BPF_RET | BPF_K, (action))

/* Calls that never return can't fail, nor does brk() fail with an error number, and close() closes
 * whatever it returns. The sendmsg() is this file's own: the program makes none. */
static struct sock_filter filter[] = {
    LOAD(nr),
    SKIP_UNLESS(SYS_sendmsg, 1),
    RETURN(SECCOMP_RET_ALLOW),
    SKIP_UNLESS(SYS_exit_group, 1),
    RETURN(SECCOMP_RET_ALLOW),
    SKIP_UNLESS(SYS_exit, 1),
    RETURN(SECCOMP_RET_ALLOW),
    SKIP_UNLESS(SYS_rt_sigreturn, 1),
    RETURN(SECCOMP_RET_ALLOW),
    SKIP_UNLESS(SYS_close, 1),
    RETURN(SECCOMP_RET_ALLOW),
    SKIP_UNLESS(SYS_brk, 1),
    RETURN(SECCOMP_RET_ALLOW),
    RETURN(SECCOMP_RET_USER_NOTIF),
};

static void send_listener(int listener) {
    union {
        struct cmsghdr header;
        char room[CONTROL_ROOM]; /* cppcheck-suppress unusedStructMember ; it is the size */
    } control = {0};
    char byte = 0;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof listener);
    memcpy(CMSG_DATA(header), &listener, sizeof listener);
    if (sendmsg(CHANNEL, &message, MSG_NOSIGNAL) != 1)
        _exit(125);
}

__attribute__((constructor)) static void start(void) {
    const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    (void)unsetenv("LD_PRELOAD");
    if (fcntl(CHANNEL, F_SETFD, FD_CLOEXEC) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(125);
    long listener =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (listener < 0)
        _exit(125);
    send_listener((int)listener);
}
