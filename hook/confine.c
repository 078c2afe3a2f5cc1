#include "confine.h"

#include "guard.h"
#include "privileges.h"
#include "stream.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* How the child ends. Other codes are the dynamic linker's: 127 if memory runs out in dlopen(). */
enum { TOLD = 0, NOT_TOLD = 1, PRIVILEGED = 2 };

__attribute__((noreturn)) static void
be_child(void (*open)(void *user), void (*work)(void *user, FILE *answer), void *user, int file) {
    guard_disarm();
    (void)alarm(CONFINE_SECONDS);
    (void)guard_let_go(file); /* where there is no /dev/null, the three are closed */
    FILE *answer = fdopen(file, "w");
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

static const char *problem(int status) {
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGALRM ? "it took too long to read" : "reading it crashed";
    if (WEXITSTATUS(status) == PRIVILEGED)
        return "privileges can't be given up to read it";
    return WEXITSTATUS(status) == TOLD ? NULL : "out of memory";
}

const char *confine(void (*open)(void *user), void (*work)(void *user, FILE *answer), void *user,
                    struct answer *answer) {
    *answer = (struct answer){0};
    int file = memfd_create("answer", MFD_CLOEXEC);
    if (file < 0)
        return strerror(errno);
    pid_t child = fork();
    if (child == 0)
        be_child(open, work, user, file);
    const char *reason = child < 0 ? strerror(errno) : NULL;
    int status = 0;
    while (!reason && waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            reason = strerror(errno);
    if (!reason)
        reason = problem(status);
    if (!reason && !(answer->data = stream_read_file(file, &answer->length)))
        reason = "out of memory";
    (void)close(file); /* it is in memory */
    return reason;
}
