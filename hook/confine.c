#include "confine.h"

#include "guard.h"
#include "privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* How the child ends. Other codes are the dynamic linker's: 127 if memory runs out in dlopen(). */
enum { TOLD = 0, NOT_TOLD = 1, PRIVILEGED = 2 };

__attribute__((noreturn)) static void be_child(void (*open)(void *user),
                                               void (*work)(void *user, FILE *answer), void *user,
                                               int pipe_end) {
    guard_disarm();
    (void)alarm(CONFINE_SECONDS);
    (void)guard_let_go(pipe_end); /* where there is no /dev/null, the three are closed */
    FILE *answer = fdopen(pipe_end, "w");
    if (!answer)
        _exit(NOT_TOLD);
    open(user);
    if (!privileges_give_up())
        _exit(PRIVILEGED);
    work(user, answer);
    bool told = !ferror(answer);
    told = fclose(answer) == 0 && told;
    privileges_exit(told ? TOLD : NOT_TOLD);
}

/* Reads to the end. False: memory ran out, or the pipe failed. */
static bool hear(int pipe_end, struct answer *answer) {
    size_t room = 0;
    for (;;) {
        if (answer->length == room) {
            room = room ? 2 * room : 4096;
            char *grown = realloc(answer->data, room);
            if (!grown)
                return false;
            answer->data = grown;
        }
        ssize_t got = read(pipe_end, answer->data + answer->length, room - answer->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        answer->length += (size_t)got;
    }
}

static const char *problem(bool heard, int status) {
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return "it took too long to read";
    if (WIFSIGNALED(status))
        return "reading it crashed";
    if (WEXITSTATUS(status) == PRIVILEGED)
        return "privileges can't be given up to read it";
    return !heard || WEXITSTATUS(status) != TOLD ? "out of memory" : NULL;
}

const char *confine(void (*open)(void *user), void (*work)(void *user, FILE *answer), void *user,
                    struct answer *answer) {
    int ends[2];
    *answer = (struct answer){0};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return strerror(errno);
    pid_t child = fork();
    if (child == 0)
        be_child(open, work, user, ends[1]);
    int error = errno;
    (void)close(ends[1]);
    bool heard = child > 0 && hear(ends[0], answer);
    (void)close(ends[0]); /* a child that still tells gets EPIPE, and ends */
    if (child < 0)
        return strerror(error);
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return strerror(errno);
    return problem(heard, status);
}
