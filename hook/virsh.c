#include "virsh.h"

#include "clock.h"
#include "domain.h"
#include "time_limits.h"
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

/* ---- One call ---- */

/* Its standard streams are files in memory: no pipe can fill up while it runs. */
enum { STREAMS = STDERR_FILENO + 1 };

static bool open_streams(int streams[STREAMS], const struct text *input) {
    bool good = true;
    for (int i = 0; i < STREAMS; i++) {
        streams[i] = memfd_create("virsh", MFD_CLOEXEC);
        good = good && streams[i] >= 0;
    }
    return good &&
           (!input || !input->length ||
            pwrite(streams[STDIN_FILENO], input->data, input->length, 0) == (ssize_t)input->length);
}

/* In the child: becomes virsh, in a process group of its own, which ends with this process. No
 * stream is 0, 1 or 2: those are open (process.h). */
__attribute__((noreturn)) static void become_virsh(const char *const *arguments,
                                                   const int streams[STREAMS], pid_t parent) {
    (void)setpgid(0, 0);
    watchdog_disarm();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    bool good = getppid() == parent && setenv("LC_ALL", "C", 1) == 0;
    for (int i = 0; good && i < STREAMS; i++)
        good = dup2(streams[i], i) >= 0;
    if (good)
        (void)execvp(arguments[0], (char **)(void *)arguments);
    (void)dprintf(streams[STDERR_FILENO],
                  "cannot run virsh: %s: install libvirt-clients or libvirt-client\n",
                  strerror(errno));
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
        const struct timespec patience = {.tv_sec = deadline - clock_now()};
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

static bool read_back(int fd, struct text *text) {
    return lseek(fd, 0, SEEK_SET) == 0 && !io_read_all(fd, text) && text_append(text, "", 0);
}

/* Keeps the lines that virsh marks as errors, the first of all if it marks none: others may be XML.
 */
static void keep_errors(struct text *complaint) {
    static const char prefix[] = "error: ";
    char *to = complaint->data, *rest = NULL;
    for (char *line = strtok_r(complaint->data, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        bool error = strncmp(line, prefix, strlen(prefix)) == 0;
        const char *text = error ? line + strlen(prefix) : line;
        if (!error && to > complaint->data)
            continue;
        if (to > complaint->data)
            to = mempcpy(to, ": ", 2);
        to = memmove(to, text, strlen(text) + 1);
        to += strlen(to);
    }
}

bool virsh_run(const char *const *arguments, const struct text *input, time_t deadline,
               struct virsh_result *result) {
    *result = (struct virsh_result){.code = VIRSH_NO_MEMORY};
    int streams[STREAMS];
    sigset_t before, waiting;
    bool ready = open_streams(streams, input);
    watchdog_block(&before);
    waiting = before;
    (void)sigaddset(&waiting, SIGCHLD);
    pid_t parent = getpid(), child = ready ? fork() : -1;
    if (child == 0)
        become_virsh(arguments, streams, parent);
    if (child > 0) {
        (void)setpgid(child, child); /* the child does so too: the order is open */
        watchdog_kill_group(child);
    }
    (void)sigprocmask(SIG_SETMASK, &waiting, NULL);
    if (child > 0) {
        result->code = wait_until(child, deadline);
        watchdog_kill_group(0);
        if (!read_back(streams[STDOUT_FILENO], &result->output) ||
            !read_back(streams[STDERR_FILENO], &result->complaint))
            result->code = VIRSH_NO_MEMORY;
        else
            keep_errors(&result->complaint);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    for (int i = 0; i < STREAMS; i++)
        if (streams[i] >= 0)
            (void)close(streams[i]);
    return result->code == 0;
}

const char *virsh_problem(const struct virsh_result *result) {
    return result->code == VIRSH_NO_MEMORY ? "out of memory or descriptors"
           : result->code == VIRSH_LATE    ? "virsh did not answer in time"
           : result->complaint.length && *result->complaint.data
               ? result->complaint.data
               : "virsh failed and did not say why";
}

void virsh_result_free(struct virsh_result *result) {
    text_free(&result->output);
    text_free(&result->complaint);
}

/* ---- The XML of guests ---- */

bool is_uuid(const char *text) {
    return strlen(text) == UUID_LENGTH && strspn(text, "0123456789abcdefABCDEF-") == UUID_LENGTH;
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

/* Splits the output at the separator into the version and the dumps. False: virsh didn't get to the
 * last, or has no dump of a guest that is still in its list. */
static bool split(char *rest, const char *separator, size_t first, size_t count,
                  struct virsh_dumps *dumps) {
    for (size_t i = 0; i <= count; i++) {
        char *end = strstr(rest, separator);
        if (!end)
            return false;
        *end = '\0';
        struct text *text = &dumps->texts[first + i - (i > 0)];
        if (i == 0)
            dumps->daemon_version = daemon_version(rest);
        else if (rest[strspn(rest, "\n")] && /* virsh ends a failed command with an empty line */
                 !text_append(text, rest, strlen(rest)))
            return false;
        rest = end + strlen(separator);
        rest += *rest == '\n';
    }
    for (size_t i = first; i < first + count; i++)
        if (!dumps->texts[i].length && strstr(rest, dumps->uuids[i]))
            return false;
    return true;
}

/* Linux limits one argument to 128 KiB (MAX_ARG_STRLEN), of which a guest needs less than 110
 * bytes; IO_LIMIT leaves each 160 KiB of XML. */
enum { BATCH = 100 };

/* Dumps some guests in one call: `version --daemon; echo S; dumpxml UUID; echo S; …; list --uuid`.
 * S is random, so no guest's XML can hold it. A guest that is gone is an error to virsh, and no
 * reason to leave out the others: the exit code is the list's. */
static bool dump_batch(size_t first, size_t count, bool inactive, time_t deadline,
                       struct virsh_dumps *dumps) {
    unsigned long long random[2];
    struct text commands = {0}, separator = {0};
    bool good = getrandom(random, sizeof random, 0) == (ssize_t)sizeof random &&
                text_print(&separator, "%016llx%016llx", random[0], random[1]) &&
                text_print(&commands, "version --daemon; echo %s", separator.data);
    for (size_t i = first; good && i < first + count; i++)
        good = is_uuid(dumps->uuids[i]) &&
               text_print(&commands, "; dumpxml %s%s; echo %s", inactive ? "--inactive " : "",
                          dumps->uuids[i], separator.data);
    good = good && text_print(&commands, "; list --all --uuid");
    virsh_result_free(&dumps->result);
    dumps->result = (struct virsh_result){.code = VIRSH_NO_MEMORY};
    good = good &&
           virsh_run((const char *const[]){VIRSH_READ, commands.data, NULL}, NULL, deadline,
                     &dumps->result) &&
           split(dumps->result.output.data, separator.data, first, count, dumps);
    text_free(&commands);
    text_free(&separator);
    return good;
}

static bool add_uuid(struct virsh_dumps *dumps, const char *uuid) {
    char **grown = reallocarray(dumps->uuids, dumps->count + 1, sizeof *grown);
    char *copy = grown ? strdup(uuid) : NULL;
    if (grown)
        dumps->uuids = grown;
    if (copy)
        grown[dumps->count++] = copy;
    return copy;
}

static bool dump(bool inactive, time_t deadline, struct virsh_dumps *dumps) {
    bool good = (dumps->texts = calloc(dumps->count + 1, sizeof *dumps->texts));
    size_t first = 0;
    do { /* once without a guest too: for the daemon's version */
        size_t count = dumps->count - first < BATCH ? dumps->count - first : BATCH;
        good = good && dump_batch(first, count, inactive, deadline, dumps);
        first += count;
    } while (good && first < dumps->count);
    return good;
}

bool virsh_dump_one(const char *uuid, time_t deadline, struct virsh_dumps *dumps) {
    *dumps = (struct virsh_dumps){.result = {.code = VIRSH_NO_MEMORY}};
    return add_uuid(dumps, uuid) && dump(false, deadline, dumps);
}

bool virsh_dump_all(bool only_running, bool inactive, time_t deadline, struct virsh_dumps *dumps) {
    const char *const list[] = {VIRSH_READ, "list", "--uuid", only_running ? NULL : "--all", NULL};
    char *rest = NULL;
    *dumps = (struct virsh_dumps){0};
    bool good = virsh_run(list, NULL, deadline, &dumps->result);
    for (char *uuid = good ? strtok_r(dumps->result.output.data, " \n", &rest) : NULL; good && uuid;
         uuid = strtok_r(NULL, " \n", &rest))
        good = !is_uuid(uuid) || add_uuid(dumps, uuid);
    return good && dump(inactive, deadline, dumps);
}

void virsh_dumps_free(struct virsh_dumps *dumps) {
    for (size_t i = 0; i < dumps->count; i++) {
        if (dumps->uuids) /* XML from standard input has none */
            free(dumps->uuids[i]);
        if (dumps->texts)
            text_free(&dumps->texts[i]);
    }
    free(dumps->uuids);
    free(dumps->texts);
    virsh_result_free(&dumps->result);
    *dumps = (struct virsh_dumps){0};
}

/* ---- What is changed ---- */

bool virsh_update_device(const char *uuid, const struct text *element, time_t deadline,
                         struct virsh_result *result) {
    const char *const call[] = {VIRSH_WRITE, "update-device", "--live", "--",
                                uuid,        "/dev/stdin",    NULL};
    return virsh_run(call, element, deadline, result);
}

bool virsh_set_note(const char *uuid, const struct text *note, time_t deadline,
                    struct virsh_result *result) {
    const char *const set[] = {VIRSH_WRITE, "metadata", uuid,    "--live",   "--uri", NOTE_URI,
                               "--key",     NOTE_KEY,   "--set", note->data, NULL};
    const char *const remove[] = {VIRSH_WRITE, "metadata", uuid,       "--live",
                                  "--uri",     NOTE_URI,   "--remove", NULL};
    return virsh_run(note->length ? set : remove, NULL, deadline, result);
}
