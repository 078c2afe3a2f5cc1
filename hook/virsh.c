#include "virsh.h"

#include "watchdog.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
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

void virsh_pause(long ms) {
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
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

/* In the child: becomes virsh, in a process group of its own, which ends with this process. */
__attribute__((noreturn)) static void become_virsh(const char *const *arguments,
                                                   const struct streams *streams, pid_t parent) {
    (void)setpgid(0, 0);
    watchdog_disarm();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(VIRSH_MISSING);
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
    sigset_t before, waiting;
    bool ready = open_streams(&streams, input, input_length);
    watchdog_block(&before);
    waiting = before;
    (void)sigaddset(&waiting, SIGCHLD);
    pid_t parent = getpid();
    pid_t child = ready ? fork() : -1;
    if (child == 0)
        become_virsh(arguments, &streams, parent);
    if (child > 0) {
        (void)setpgid(child, child); /* whoever comes first */
        watchdog_take_along(child);
    }
    (void)sigprocmask(SIG_SETMASK, &waiting, NULL);
    if (child > 0) {
        size_t complaint_length = 0;
        result->code = wait_until(child, deadline);
        watchdog_take_along(0);
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

/* ---- What libvirt says of guests ---- */

/* A line that no guest's XML can hold: nobody knows it before. */
static bool make_separator(char *text, size_t room) {
    unsigned long long random[2];
    return getrandom(random, sizeof random, 0) == (ssize_t)sizeof random &&
           snprintf(text, room, "%016llx%016llx", random[0], random[1]) > 0;
}

enum { SEPARATOR_ROOM = 40 };

bool is_uuid(const char *text) {
    return strlen(text) == 36 && text[strspn(text, "0123456789abcdefABCDEF-")] == '\0';
}

/* One call for all: `version --daemon; echo S; dumpxml UUID; echo S; …; list --uuid`. */
static char *write_commands(const char *const *uuids, size_t count, bool inactive,
                            const char *separator) {
    char *commands = NULL;
    size_t length = 0;
    bool good = true;
    FILE *out = open_memstream(&commands, &length);
    if (!out)
        return NULL;
    (void)fprintf(out, "version --daemon; echo %s", separator);
    for (size_t i = 0; i < count; i++) {
        good = good && is_uuid(uuids[i]);
        (void)fprintf(out, "; dumpxml %s%s; echo %s", inactive ? "--inactive " : "", uuids[i],
                      separator);
    }
    (void)fprintf(out, "; list --uuid%s", inactive ? " --all" : "");
    if (fclose(out) == 0 && good)
        return commands;
    free(commands);
    return NULL;
}

/* "Running against daemon: 10.0.0" is 10000000, as libvirt counts; 0: it isn't said. */
static unsigned long daemon_version(const char *text) {
    static const char mark[] = "daemon: ";
    const char *found = strstr(text, mark);
    char *end = NULL;
    if (!found)
        return 0;
    unsigned long major = strtoul(found + strlen(mark), &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, &end, 10) : 0;
    unsigned long release = *end == '.' ? strtoul(end + 1, &end, 10) : 0;
    return major * 1000000 + minor * 1000 + release;
}

/* Cuts the output into the version and the dumps; false: virsh didn't get to the last, or has no
 * dump of a guest that is still in its list. */
static bool cut(const char *separator, const char *const *uuids, size_t count,
                struct virsh_dumps *dumps) {
    char *rest = dumps->result.output;
    for (size_t i = 0; i <= count; i++) {
        char *end = strstr(rest, separator);
        if (!end)
            return false;
        *end = '\0';
        if (i == 0)
            dumps->daemon_version = daemon_version(rest);
        else if (rest[strspn(rest, "\n")]) /* virsh ends a command that failed with an empty line */
            dumps->texts[i - 1] = (struct virsh_text){rest, strlen(rest)};
        rest = end + strlen(separator);
        rest += *rest == '\n';
    }
    for (size_t i = 0; i < count; i++)
        if (!dumps->texts[i].length && strstr(rest, uuids[i]))
            return false;
    return true;
}

bool virsh_dump(const char *const *uuids, size_t count, bool inactive, time_t deadline,
                struct virsh_dumps *dumps) {
    char separator[SEPARATOR_ROOM];
    *dumps = (struct virsh_dumps){.result = {.code = VIRSH_NO_MEMORY},
                                  .texts = calloc(count + 1, sizeof *dumps->texts)};
    char *commands = dumps->texts && make_separator(separator, sizeof separator)
                         ? write_commands(uuids, count, inactive, separator)
                         : NULL;
    if (!commands)
        return false;
    /* A guest that is gone is an error to virsh, and no reason to leave out the others; its exit
     * code is that of the list. */
    bool good = virsh_run((const char *const[]){VIRSH, commands, NULL}, NULL, 0, deadline,
                          &dumps->result) &&
                cut(separator, uuids, count, dumps);
    free(commands);
    return good;
}

void virsh_dumps_free(struct virsh_dumps *dumps) {
    virsh_result_free(&dumps->result);
    free(dumps->texts);
    *dumps = (struct virsh_dumps){0};
}
