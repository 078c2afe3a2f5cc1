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

/* ---- The hook's file ---- */

struct hook_file {
    enum hook_state state; /* HOOK_IN_PLACE at the most */
    time_t since;          /* the file's last change */
    bool callable;         /* libvirt has some hook that it can run, ours or not */
    char path[PATH_MAX];
};

/* Our program, or a script that has our name in a line that is no comment: it may call us from a
 * directory of its own. */
static bool names_us(const struct text *text) {
    static const char us[] = "rxtrust";
    bool script = text->length && strncmp(text->data, "#!", 2) == 0, found = false;
    const char *from = text->data, *end = from + text->length;
    while (from && !found && (from = memmem(from, (size_t)(end - from), us, strlen(us)))) {
        const char *line = memrchr(text->data, '\n', (size_t)(from - text->data));
        line = line ? line + 1 : text->data;
        found = !script || line[strspn(line, " \t")] != '#';
        from += strlen(us);
    }
    return found;
}

static void look_at(const char *path, struct hook_file *best) {
    struct stat link, file;
    struct text text = {0};
    if (lstat(path, &link) != 0 || stat(path, &file) != 0) {
        best->state = errno == ENOENT ? best->state : HOOK_UNKNOWN;
        return;
    }
    bool executable = S_ISREG(file.st_mode) && (file.st_mode & 0111);
    enum hook_state state = io_read_file(AT_FDCWD, path, &text) ? HOOK_UNKNOWN
                            : !names_us(&text)                  ? HOOK_FOREIGN
                            : executable                        ? HOOK_IN_PLACE
                                                                : HOOK_NOT_EXECUTABLE;
    text_free(&text);
    best->callable = best->callable || executable;
    if (state <= best->state)
        return;
    best->state = state;
    best->since = link.st_ctime > file.st_ctime ? link.st_ctime : file.st_ctime;
    (void)snprintf(best->path, sizeof best->path, "%s", path);
}

/* False: this user may not look. A directory that isn't there is empty. */
static bool list(const char *directory, const char *pattern, glob_t *files) {
    (void)glob(pattern, GLOB_BRACE, NULL, files);
    return access(directory, R_OK | X_OK) == 0 || errno == ENOENT;
}

static struct hook_file find_hook(void) {
    glob_t files = {0};
    bool known = list(HOOK_FILE ".d", HOOK_FILE "{,.d/*}", &files);
    struct hook_file best = {.state = known ? HOOK_MISSING : HOOK_UNKNOWN};
    for (size_t i = 0; i < files.gl_pathc; i++)
        look_at(files.gl_pathv[i], &best);
    globfree(&files);
    return best;
}

/* ---- The starts of guests ---- */

struct starts {
    bool known;
    time_t newest; /* 0: no guest runs */
    size_t missed; /* guests that started after the hook was there, and it wasn't called */
    char name[NAME_MAX + 1]; /* one of them */
};

/* QEMU's PID is written at the start. The status beside it tells a guest from driver.pid. */
static struct starts find_starts(time_t since, time_t last_call) {
    glob_t files = {0};
    struct starts starts = {.known = list(GUESTS_DIRECTORY, GUESTS_DIRECTORY "/*.pid", &files)};
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct stat file;
        char *path = files.gl_pathv[i], *name = path + strlen(GUESTS_DIRECTORY "/");
        char *suffix = strrchr(path, '.');
        bool guest = stat(path, &file) == 0;
        memcpy(suffix, ".xml", sizeof ".xml");
        if (!guest || access(path, F_OK) != 0)
            continue;
        starts.newest = file.st_mtime > starts.newest ? file.st_mtime : starts.newest;
        if (file.st_mtime <= last_call + START_SECONDS || file.st_mtime <= since)
            continue;
        starts.missed++;
        (void)snprintf(starts.name, sizeof starts.name, "%.*s", (int)(suffix - name), name);
    }
    globfree(&files);
    return starts;
}

/* ---- Both together ---- */

/* The problem and the next step, or NULL. */
static char *advise(enum hook_state state, const char *path, const char *name, size_t missed) {
    /* libvirt's own clients tell a modular daemon by this socket. */
    const char *unit = access("/run/libvirt/virtqemud-sock", F_OK) == 0 ? "virtqemud" : "libvirtd";
    char program[PATH_MAX] = "";
    bool read = readlink("/proc/self/exe", program, sizeof program - 1) > 0;
    switch (state) {
    case HOOK_MISSING:
    case HOOK_FOREIGN:
        return xasprintf("libvirt has no hook that is rxtrust; run: install -D %s " HOOK_FILE
                         ".d/50-rxtrust && systemctl reload %s",
                         read ? program : "rxtrust", unit);
    case HOOK_NOT_EXECUTABLE:
        return xasprintf("%s is not executable; run: chmod +x %s && systemctl reload %s", path,
                         path, unit);
    case HOOK_NOT_CALLED:
        /* All guests: an apply of one says nothing of the others (LAST_APPLY). */
        return xasprintf("%s%s started without the hook; run: systemctl reload %s && rxtrust apply",
                         name, missed > 1 ? " and others" : "", unit);
    default:
        return NULL;
    }
}

struct hook_report hook_look(void) {
    struct stat call, apply;
    bool seen = stat(LAST_CALL, &call) == 0, unknown = !seen && errno != ENOENT;
    bool applied = stat(LAST_APPLY, &apply) == 0;
    struct hook_report report = {.last_call = seen ? call.st_mtime : 0};
    struct hook_file hook = find_hook();
    time_t since = applied && apply.st_mtime > hook.since ? apply.st_mtime : hook.since;
    struct starts starts = find_starts(since, report.last_call);
    bool called = seen && starts.newest <= report.last_call + START_SECONDS &&
                  (starts.newest || report.last_call >= hook.since);
    report.state = !hook.callable                                 ? hook.state
                   : called                                       ? HOOK_WORKS
                   : unknown || !starts.known                     ? HOOK_UNKNOWN
                   : hook.state == HOOK_IN_PLACE && starts.missed ? HOOK_NOT_CALLED
                                                                  : hook.state;
    report.advice = advise(report.state, hook.path, starts.name, starts.missed);
    return report;
}
