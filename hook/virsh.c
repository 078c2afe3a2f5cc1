#include "virsh.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Its standard streams are files in memory: nothing to be read while it runs, no pipe to fill up.
 */
struct streams {
    int input, output, complaints;
};

time_t virsh_now(void) {
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* can't fail for this clock */
    return now.tv_sec;
}

static void close_streams(const struct streams *streams) {
    const int all[] = {streams->input, streams->output, streams->complaints};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] >= 0)
            (void)close(all[i]);
}

static bool open_streams(struct streams *streams, const char *input, size_t length) {
    streams->input = memfd_create("input", MFD_CLOEXEC);
    streams->output = memfd_create("output", MFD_CLOEXEC);
    streams->complaints = memfd_create("complaints", MFD_CLOEXEC);
    return streams->input >= 0 && streams->output >= 0 && streams->complaints >= 0 &&
           (!length || pwrite(streams->input, input, length, 0) == (ssize_t)length);
}

/* In the child: becomes virsh, in a process group of its own. */
__attribute__((noreturn)) static void
become_virsh(const char *const *arguments, const struct streams *streams, const sigset_t *signals) {
    (void)setpgid(0, 0);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGXFSZ, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, signals, NULL);
    if (setenv("LC_ALL", "C", 1) == 0 && dup2(streams->input, STDIN_FILENO) >= 0 &&
        dup2(streams->output, STDOUT_FILENO) >= 0 && dup2(streams->complaints, STDERR_FILENO) >= 0)
        (void)execvp(arguments[0], (char *const *)(const void *)arguments);
    (void)dprintf(streams->complaints, "%s\n", strerror(errno));
    _exit(VIRSH_MISSING);
}

/* Waits for the child until the deadline, and ends its process group then. SIGCHLD is blocked. */
static int wait_until(pid_t child, time_t deadline) {
    sigset_t child_signal;
    (void)sigemptyset(&child_signal);
    (void)sigaddset(&child_signal, SIGCHLD);
    int status = 0;
    bool late = false;
    pid_t ended = 0;
    while ((ended = waitpid(child, &status, late ? 0 : WNOHANG)) == 0) {
        const struct timespec patience = {.tv_sec = deadline - virsh_now()};
        late = patience.tv_sec <= 0;
        if (late)
            (void)kill(-child, SIGKILL);
        else
            (void)sigtimedwait(&child_signal, NULL, &patience);
    }
    return late || ended < 0   ? VIRSH_LATE
           : WIFEXITED(status) ? WEXITSTATUS(status)
                               : 128 + WTERMSIG(status);
}

/* Returns what was written to the file, with a NUL behind it, or NULL. */
static char *read_back(int fd, size_t *length) {
    off_t end = lseek(fd, 0, SEEK_END);
    char *text = end >= 0 ? malloc((size_t)end + 1) : NULL;
    if (!text || pread(fd, text, (size_t)end, 0) != (ssize_t)end) {
        free(text);
        return NULL;
    }
    text[end] = '\0';
    *length = (size_t)end;
    return text;
}

/* The lines that virsh marks as errors, the first of all if it marks none. Others may be XML. */
static void keep_errors(char *complaint) {
    static const char prefix[] = "error: ";
    char *to = complaint, *rest = NULL;
    for (char *line = strtok_r(complaint, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        bool error = strncmp(line, prefix, strlen(prefix)) == 0;
        const char *text = error ? line + strlen(prefix) : line;
        if (!error && to > complaint)
            continue;
        if (to > complaint)
            to = mempcpy(to, ": ", 2);
        to = memmove(to, text, strlen(text) + 1);
        to += strlen(to);
    }
}

bool virsh_run(const char *const *arguments, const char *input, size_t input_length,
               time_t deadline, struct virsh_result *result) {
    *result = (struct virsh_result){.code = VIRSH_NO_MEMORY};
    struct streams streams;
    sigset_t blocked, before;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    pid_t child = open_streams(&streams, input, input_length) ? fork() : -1;
    if (child == 0)
        become_virsh(arguments, &streams, &before);
    if (child > 0) {
        size_t complaint_length = 0;
        (void)setpgid(child, child); /* whoever comes first */
        result->code = wait_until(child, deadline);
        result->output = read_back(streams.output, &result->length);
        result->complaint = read_back(streams.complaints, &complaint_length);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    close_streams(&streams);
    if (!result->output || !result->complaint)
        result->code = VIRSH_NO_MEMORY;
    else
        keep_errors(result->complaint);
    return result->code == 0;
}

const char *virsh_problem(const struct virsh_result *result) {
    return result->code == VIRSH_NO_MEMORY ? "memory or descriptors ran out"
           : result->code == VIRSH_LATE    ? "it didn't end in time"
           : *result->complaint            ? result->complaint
                                           : "it failed, and didn't say why";
}

void virsh_result_free(struct virsh_result *result) {
    free(result->output);
    free(result->complaint);
    *result = (struct virsh_result){0};
}
