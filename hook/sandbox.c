#include "sandbox.h"

#include "io.h"
#include "privileges.h"
#include "process.h"
#include "time_limits.h"
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A build for valgrind or a sanitizer looks for leaks in exit(3); a fuzzer would take that for a
 * crash. */
enum { EXIT_FINDS_LEAKS = SANITIZED && !FUZZED };

/* The child's exit codes. Others are the dynamic linker's: 127 if memory runs out in dlopen(), or a
 * function is missing when it is first called. */
enum { SENT = 0, NOT_SENT = 1, PRIVILEGED = 2 };

__attribute__((noreturn)) static void be_child(void (*open)(void *user),
                                               void (*work)(void *user, struct message *message),
                                               void *user, int pipe_end) {
    watchdog_disarm();
    (void)signal(SIGPIPE, SIG_IGN); /* a parent that has stopped reading is an error of write(2) */
    (void)alarm(SANDBOX_SECONDS);
    (void)descriptors_release(pipe_end); /* without /dev/null it still parses */
    open(user);
    if (!drop_privileges())
        _exit(PRIVILEGED);
    struct message message = {0};
    work(user, &message);
    bool sent = !message.bad && io_write_all(pipe_end, message.text.data, message.text.length);
    (void)close(pipe_end); /* ends the message now, as the exit takes longer */
    message_free(&message);
    if (EXIT_FINDS_LEAKS)
        exit(sent ? SENT : NOT_SENT);
    _exit(sent ? SENT : NOT_SENT);
}

/* Waits for the child's end, and returns why there is no message; `reason` is the parent's own. */
static const char *find_reason(pid_t child, const char *reason) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return strerror(errno);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGALRM ? "the parser process took too long"
                                           : "the parser process crashed";
    switch (WEXITSTATUS(status)) {
    case SENT:
        return reason;
    case NOT_SENT:
        return reason ? reason : "out of memory";
    case PRIVILEGED:
        return "cannot drop privileges for the parser process";
    default:
        return "out of memory, or a library does not fit";
    }
}

const char *sandbox_run(void (*open)(void *user), void (*work)(void *user, struct message *message),
                        void *user, struct message *message) {
    static pid_t before;
    int ends[2];
    *message = (struct message){0};
    if (before > 0)
        (void)waitpid(before, NULL, 0); /* nothing depends on how it ended */
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
        reason = io_read_all(ends[0], &message->text);
    (void)close(ends[0]);
    if (message->text.length > IO_LIMIT)
        reason = "malformed answer from the parser process";
    if (child > 0 && (reason || !message->text.length || EXIT_FINDS_LEAKS)) {
        reason = find_reason(child, reason);
    } else if (child > 0) {
        if (!SANITIZED) /* valgrind would not write its report */
            (void)kill(child, SIGKILL);
        before = child;
    }
    return reason;
}
