/* usage: refuse HAND_OVER.so PROCESS:CALL ERRNO COMMAND [ARGUMENT...]
 *        refuse HAND_OVER.so count FILE COMMAND [ARGUMENT...]
 *        refuse PRELOADED.so|- - - COMMAND [ARGUMENT...]
 *
 * Runs a program, and makes one of its system calls fail without being made: the CALL-th one of the
 * PROCESS-th process, both from 1 in the order of their appearance. Or counts: FILE gets a line for
 * each process with the number of its calls, when the last of them has ended. Or refuses nothing:
 * then another library may be preloaded.
 * What the processes execute is let alone. Ends when the
 * last process that the program left behind has, with the highest exit code of all (128 and the
 * number of a signal that killed it). */
#include "channel.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAILED = 125, MOST_PROCESSES = 64 };

static struct process {
    unsigned long calls;
    pid_t pid;
    bool executed; /* is another program by now */
} processes[MOST_PROCESSES];
static size_t process_count;

static void quit(const char *what) {
    perror(what);
    exit(FAILED);
}

static struct process *process_of(pid_t pid) {
    for (size_t i = 0; i < process_count; i++)
        if (processes[i].pid == pid)
            return &processes[i];
    if (process_count == MOST_PROCESSES) {
        errno = E2BIG;
        quit("processes");
    }
    processes[process_count].pid = pid;
    return &processes[process_count++];
}

static pid_t start(const char *preloaded, bool serves, char **command, int *channel) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        quit("socketpair");
    pid_t child = fork();
    if (child < 0)
        quit("fork");
    if (child == 0) {
        if ((!preloaded || setenv("LD_PRELOAD", preloaded, 1) == 0) &&
            (!serves || dup2(ends[1], CHANNEL) == CHANNEL))
            (void)execv(command[0], command);
        quit(command[0]);
    }
    (void)close(ends[1]);
    *channel = ends[0];
    return child;
}

static int receive_listener(int channel) {
    union {
        struct cmsghdr header;
        char room[CONTROL_ROOM]; /* cppcheck-suppress unusedStructMember ; it is the size */
    } control;
    char byte = 0;
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    int listener = -1;
    if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
        quit("the program didn't begin");
    memcpy(&listener, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof listener);
    return listener;
}

struct point {
    unsigned long process, call;
    int error;
};

static void answer(int listener, const struct seccomp_notif *call, const struct point *point) {
    struct process *process = process_of((pid_t)call->pid);
    if (!process->executed)
        process->calls++;
    bool refused = !process->executed && process == &processes[point->process - 1] &&
                   process->calls == point->call;
    if (call->data.nr == SYS_execve && !refused)
        process->executed = true;
    struct seccomp_notif_resp response = {
        .id = call->id,
        .error = refused ? -point->error : 0,
        .flags = refused ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE,
    };
    /* A caller that was killed meanwhile needs no answer. */
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0 && errno != ENOENT)
        quit("answer");
}

static void serve(int listener, const struct point *point) {
    struct pollfd calls = {.fd = listener, .events = POLLIN};
    for (;;) {
        if (poll(&calls, 1, -1) < 0 && errno != EINTR)
            quit("poll");
        if (calls.revents & POLLIN) {
            struct seccomp_notif call = {0};
            if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0)
                answer(listener, &call, point);
            else if (errno != ENOENT && errno != EINTR)
                quit("receive");
        } else if (calls.revents) {
            return; /* nobody is left to call */
        }
    }
}

static void write_counts(const char *file) {
    FILE *out = fopen(file, "w");
    for (size_t i = 0; out && i < process_count; i++)
        (void)fprintf(out, "%lu\n", processes[i].calls);
    if (!out || fclose(out) != 0)
        quit(file);
}

/* The background process is nobody's child, so it becomes this one's; a sandboxed child too, whose
 * parent has ended, which ends it by SIGKILL: no news. */
static int worst_of_all(pid_t child) {
    int worst = 0, status = 0;
    bool ended = false;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, 0)) >= 0 || errno == EINTR;) {
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        ended = ended || pid == child;
        if (pid == child || code != 128 + SIGKILL)
            worst = code > worst ? code : worst;
    }
    return ended ? worst : FAILED;
}

int main(int argc, char **argv) {
    if (argc < 5) {
        (void)fputs("usage: refuse HAND_OVER.so PROCESS:CALL ERRNO COMMAND...\n", stderr);
        return FAILED;
    }
    struct point point = {.process = MOST_PROCESSES};
    bool counts = strcmp(argv[2], "count") == 0;
    bool plain = strcmp(argv[2], "-") == 0;
    if (!counts && !plain) {
        char *colon = NULL;
        point.process = strtoul(argv[2], &colon, 10);
        point.call = *colon ? strtoul(colon + 1, NULL, 10) : 0;
        point.error = (int)strtol(argv[3], NULL, 10);
        if (point.process < 1 || point.process > MOST_PROCESSES || point.call < 1) {
            errno = EINVAL;
            quit(argv[2]);
        }
    }
    int channel = -1;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        quit("prctl");
    pid_t child = start(strcmp(argv[1], "-") == 0 ? NULL : argv[1], !plain, argv + 4, &channel);
    /* The program has the standard streams; a pipe must not stay open for this one's sake. */
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    int listener = plain ? -1 : receive_listener(channel);
    pid_t server = plain ? 0 : fork();
    if (server < 0)
        quit("fork");
    if (server == 0 && !plain) {
        serve(listener, &point);
        if (counts)
            write_counts(argv[3]);
        return 0;
    }
    if (listener >= 0)
        (void)close(listener);
    return worst_of_all(child);
}
