#include "sandbox.h"

#include "descriptors.h"
#include "drop_privileges.h"
#include "stream.h"
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How the child ends. Other codes are the dynamic linker's: 127 if memory runs out in dlopen(), or
 * a function is missing when it is first called. */
enum { SENT = 0, NOT_SENT = 1, PRIVILEGED = 2 };

static const size_t longest_message = (size_t)32 << 20;
static const size_t first_room = 4096;

/* ---- The child ---- */

/* A message begins with its length: its end is known before the child's. */
static bool send_message(int fd, struct message *message) {
    if (message->bad)
        return false;
    memcpy(message->data, &message->length, sizeof message->length);
    return stream_write_all(fd, message->data, message->length) == message->length;
}

__attribute__((noreturn)) static void be_child(void (*open)(void *user),
                                               void (*work)(void *user, struct message *message),
                                               void *user, int pipe_end) {
    watchdog_disarm();
    (void)signal(SIGPIPE, SIG_IGN); /* a parent that doesn't listen any more gets EPIPE */
    (void)alarm(SANDBOX_SECONDS);
    (void)descriptors_release(pipe_end); /* first: a file that can't be opened must hold no pipe */
    open(user);
    if (!drop_privileges())
        _exit(PRIVILEGED);
    struct message message = {0};
    message_put_number(&message, 0); /* its length's place */
    work(user, &message);
    bool sent = send_message(pipe_end, &message);
    message_free(&message);
    if (EXIT_FINDS_LEAKS)
        exit(sent ? SENT : NOT_SENT);
    _exit(sent ? SENT : NOT_SENT);
}

/* ---- Its parent ---- */

/* Goes on until the message has `least` bytes; there is room for `message->room`. */
static bool receive_bytes(int fd, struct message *message, size_t least) {
    while (message->length < least) {
        ssize_t got = read(fd, message->data + message->length, message->room - message->length);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        message->length += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* Most messages come in one piece. Returns NULL, or why it can't be had; what the child's end shows
 * is better known. */
static const char *receive(int pipe_end, struct message *message) {
    static const char no_memory[] = "out of memory";
    message->room = first_room;
    message->data = malloc(message->room);
    if (!message->data || !receive_bytes(pipe_end, message, sizeof message->length))
        return no_memory;
    size_t length = message_get_number(message, longest_message);
    if (message->bad)
        return "what was read of it is too much";
    if (length > message->room) {
        char *grown = realloc(message->data, length);
        if (!grown)
            return no_memory;
        message->data = grown;
        message->room = length;
    }
    if (!receive_bytes(pipe_end, message, length))
        return no_memory;
    if (message->length != length)
        return "what was read of it makes no sense";
    message->length -= message->read;
    memmove(message->data, message->data + message->read, message->length);
    message->read = 0;
    return NULL;
}

/* Waits for the child's end. Returns why there is no message, or NULL; `reason` is the parent's. */
static const char *problem(pid_t child, const char *reason) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return strerror(errno);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGALRM ? "it took too long to read" : "reading it crashed";
    switch (WEXITSTATUS(status)) {
    case SENT:
    case NOT_SENT:
        return reason;
    case PRIVILEGED:
        return "privileges can't be given up to read it";
    default:
        return "out of memory, or a library doesn't fit";
    }
}

const char *sandbox_run(void (*open)(void *user), void (*work)(void *user, struct message *message),
                        void *user, struct message *message) {
    static pid_t before;
    int ends[2];
    *message = (struct message){0};
    if (before > 0)
        (void)waitpid(before, NULL, 0);
    before = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return strerror(errno);
    sigset_t signals;
    watchdog_block(&signals);
    pid_t child = fork();
    if (child == 0)
        be_child(open, work, user, ends[1]);
    const char *reason = child < 0 ? strerror(errno) : NULL;
    (void)sigprocmask(SIG_SETMASK, &signals, NULL);
    (void)close(ends[1]);
    if (child > 0)
        reason = receive(ends[0], message);
    (void)close(ends[0]);
    if (child > 0 && (reason || EXIT_FINDS_LEAKS)) {
        reason = problem(child, reason);
    } else if (child > 0) {
        if (!PRIVILEGES_KEPT) /* what runs under valgrind has its report to write */
            (void)kill(child, SIGKILL);
        before = child;
    }
    return reason;
}
