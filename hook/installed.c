#include "installed.h"

#include "guests.h"
#include "options.h"
#include "time_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GUESTS_DIRECTORY "/run/libvirt/qemu"

const char *const hook_state_names[] = {
    [HOOK_MISSING] = "missing",
    [HOOK_FOREIGN] = "foreign",
    [HOOK_NOT_EXECUTABLE] = "not-executable",
    [HOOK_UNKNOWN] = "unknown",
    [HOOK_IN_PLACE] = "in-place",
    [HOOK_NOT_CALLED] = "not-called",
    [HOOK_WORKS] = "works",
};

/* False: this user may not. A directory that isn't there is empty. */
static bool can_list(const char *directory) {
    return access(directory, R_OK | X_OK) == 0 || errno == ENOENT;
}

/* Times in this file are in nanoseconds, since a script may copy the hook and start a guest within
 * a second. */
#define SECOND 1000000000LL

static long long time_in(const struct timespec *time) {
    return (long long)time->tv_sec * SECOND + time->tv_nsec;
}

static long long time_of(const char *path) {
    struct stat file;
    return stat(path, &file) == 0 ? time_in(&file.st_mtim) : 0;
}

/* ---- The hook's file ---- */

struct hook {
    enum hook_state state; /* HOOK_IN_PLACE at the most */
    long long changed;     /* when any hook last came, went or changed */
    char path[PATH_MAX];   /* the file that is most likely ours */
};

/* A file is what its content says: our program, or a script that names it, perhaps in a directory
 * of its own. */
static void look_at(const char *path, struct hook *hook) {
    static const char us[] = "rxtrust";
    struct stat file = {0};
    struct text text = {0};
    bool unknown = stat(path, &file) != 0 && errno != ENOENT; /* not a link to nothing */
    if (S_ISREG(file.st_mode))
        unknown = io_read_file(AT_FDCWD, path, &text);
    bool executable = S_ISREG(file.st_mode) && file.st_mode & 0111;
    bool ours = text.length && memmem(text.data, text.length, us, strlen(us));
    enum hook_state state = unknown              ? HOOK_UNKNOWN
                            : ours && executable ? HOOK_IN_PLACE
                            : ours               ? HOOK_NOT_EXECUTABLE
                            : executable         ? HOOK_FOREIGN
                                                 : HOOK_MISSING;
    text_free(&text);
    long long changed = time_in(&file.st_ctim);
    hook->changed = changed > hook->changed ? changed : hook->changed;
    if (state <= hook->state)
        return;
    hook->state = state;
    (void)snprintf(hook->path, sizeof hook->path, "%s", path);
}

/* A directory changes when a file or a link in it comes or goes. */
static struct hook find_hook(void) {
    glob_t files = {0};
    bool known = can_list(HOOK_FILE ".d");
    struct hook hook = {.state = known ? HOOK_MISSING : HOOK_UNKNOWN,
                        .changed = known ? 0 : LLONG_MAX}; /* any time, so no call proves a thing */
    (void)glob(HOOKS "{,/qemu{,.d{,/*}}}", GLOB_BRACE, NULL, &files);
    for (size_t i = 0; i < files.gl_pathc; i++)
        look_at(files.gl_pathv[i], &hook);
    globfree(&files);
    return hook;
}

/* ---- The starts of guests ---- */

struct start {
    long long time; /* 0: no guest runs */
    char guest[NAME_MAX + 1];
};

/* Each guest that runs has a status here; QEMU's PID beside it is written at the start. */
static struct start find_last_start(void) {
    glob_t files = {0};
    struct start last = {0};
    (void)glob(GUESTS_DIRECTORY "/*.xml", 0, NULL, &files);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char *path = files.gl_pathv[i], *name = path + strlen(GUESTS_DIRECTORY "/");
        char *suffix = strrchr(path, '.');
        memcpy(suffix, ".pid", sizeof ".pid");
        long long start = time_of(path);
        if (start <= last.time)
            continue;
        last.time = start;
        (void)snprintf(last.guest, sizeof last.guest, "%.*s", (int)(suffix - name), name);
    }
    globfree(&files);
    return last;
}

/* ---- Both together ---- */

/* The problem and the next step, or NULL. */
static char *advise(enum hook_state state, const char *path, const char *guest) {
    /* libvirt's own clients tell a modular daemon by this socket. */
    const char *unit = access("/run/libvirt/virtqemud-sock", F_OK) == 0 ? "virtqemud" : "libvirtd";
    char program[PATH_MAX] = "";
    switch (state) {
    case HOOK_MISSING:
    case HOOK_FOREIGN:
        return xasprintf("libvirt has no hook that is rxtrust; run: install -D %s " HOOK_FILE
                         ".d/50-rxtrust && systemctl reload %s && rxtrust apply",
                         readlink("/proc/self/exe", program, sizeof program - 1) > 0 ? program
                                                                                     : "rxtrust",
                         unit);
    case HOOK_NOT_EXECUTABLE:
        return xasprintf("%s is not executable; run: chmod +x %s && systemctl reload %s && rxtrust "
                         "apply",
                         path, path, unit);
    case HOOK_NOT_CALLED:
        /* All guests: an apply of one says nothing of the others (LAST_APPLY). */
        return xasprintf("%s started without the hook; run: systemctl reload %s && rxtrust apply",
                         guest, unit);
    default:
        return NULL;
    }
}

struct hook_report hook_look(void) {
    const struct hook hook = find_hook();
    const struct start start = find_last_start();
    const long long last_call = time_of(LAST_CALL);
    struct hook_report report = {.state = hook.state, .last_call = last_call / SECOND};
    /* A start that is older than the hook tells nothing, nor one that an apply has made good. */
    bool called = last_call > hook.changed && start.time <= last_call + START_SECONDS * SECOND;
    bool counts = start.time > hook.changed && start.time > time_of(LAST_APPLY);
    if (hook.state != HOOK_MISSING && called)
        report.state = HOOK_WORKS;
    else if (hook.state == HOOK_IN_PLACE && !can_list(GUESTS_DIRECTORY))
        report.state = HOOK_UNKNOWN;
    else if (hook.state == HOOK_IN_PLACE && !called && counts)
        report.state = HOOK_NOT_CALLED;
    report.advice = advise(report.state, hook.path, start.guest);
    return report;
}
