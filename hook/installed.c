#include "installed.h"

#include "guests.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GUESTS_DIRECTORY "/run/libvirt/qemu"

/* The operation `start` is called a moment before QEMU's PID is written, `started` after it. */
enum { START_SECONDS = 2 };

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
static bool names_us(struct text *text) {
    static const char us[] = "rxtrust";
    if (!text->data || strncmp(text->data, "#!", 2) != 0)
        return text->data && memmem(text->data, text->length, us, strlen(us));
    bool found = false;
    char *rest = NULL;
    for (char *line = strtok_r(text->data, "\n", &rest); line && !found;
         line = strtok_r(NULL, "\n", &rest))
        found = line[strspn(line, " \t")] != '#' && strstr(line, us);
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
    (void)glob(pattern, 0, NULL, files);
    return access(directory, R_OK | X_OK) == 0 || errno == ENOENT;
}

static void find_hook(struct hook_file *best) {
    glob_t files = {0};
    *best = (struct hook_file){.state = HOOK_MISSING};
    look_at(HOOK_FILE, best);
    if (!list(HOOK_FILE ".d", HOOK_FILE ".d/*", &files))
        best->state = HOOK_UNKNOWN;
    for (size_t i = 0; i < files.gl_pathc; i++)
        look_at(files.gl_pathv[i], best);
    globfree(&files);
}

/* ---- The starts of guests ---- */

struct starts {
    bool known;
    time_t newest; /* 0: no guest runs */
    size_t missed; /* guests that started after the hook was there, and it wasn't called */
    char name[NAME_MAX + 1]; /* one of them */
};

/* QEMU's PID is written at the start. The status beside it tells a guest from driver.pid. */
static void find_starts(time_t since, time_t last_call, struct starts *starts) {
    glob_t files = {0};
    *starts = (struct starts){.known = list(GUESTS_DIRECTORY, GUESTS_DIRECTORY "/*.pid", &files)};
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct stat file;
        char *path = files.gl_pathv[i], *suffix = strrchr(path, '.');
        bool guest = stat(path, &file) == 0;
        memcpy(suffix, ".xml", sizeof ".xml");
        if (!guest || access(path, F_OK) != 0)
            continue;
        starts->newest = file.st_mtime > starts->newest ? file.st_mtime : starts->newest;
        if (file.st_mtime <= last_call + START_SECONDS || file.st_mtime <= since)
            continue;
        starts->missed++;
        (void)snprintf(starts->name, sizeof starts->name, "%.*s",
                       (int)(suffix - path) - (int)strlen(GUESTS_DIRECTORY "/"),
                       path + strlen(GUESTS_DIRECTORY "/"));
    }
    globfree(&files);
}

/* ---- Both together ---- */

static bool advise(const struct hook_file *hook, const struct starts *starts,
                   struct hook_report *report) {
    /* libvirt's own clients tell a modular daemon by this socket. */
    const char *unit = access("/run/libvirt/virtqemud-sock", F_OK) == 0 ? "virtqemud" : "libvirtd";
    char program[PATH_MAX] = "", name[sizeof starts->name];
    memcpy(name, starts->name, sizeof name);
    /* A name that a shell would take apart gives way to no name: then all guests are meant. */
    const struct domain domain = {.name = name, .uuid = (char[]){""}};
    const char *guest = starts->missed == 1 ? guest_for_shell(&domain) : "";
    bool read = readlink("/proc/self/exe", program, sizeof program - 1) > 0;
    switch (report->state) {
    case HOOK_MISSING:
    case HOOK_FOREIGN:
        return text_print(&report->advice,
                          "libvirt has no hook that is rxtrust; run: install -D %s " HOOK_FILE
                          ".d/rxtrust && systemctl reload %s",
                          read ? program : "rxtrust", unit);
    case HOOK_NOT_EXECUTABLE:
        return text_print(&report->advice,
                          "%s is not executable; run: chmod +x %s && systemctl reload %s",
                          hook->path, hook->path, unit);
    case HOOK_NOT_CALLED:
        return text_print(&report->advice,
                          "%s%s started without the hook; run: systemctl reload %s && rxtrust "
                          "apply%s%s",
                          name, starts->missed > 1 ? " and others" : "", unit, *guest ? " " : "",
                          guest);
    default:
        return true;
    }
}

bool hook_look(struct hook_report *report) {
    struct stat call, apply;
    struct hook_file hook;
    struct starts starts;
    *report = (struct hook_report){0};
    bool seen = stat(LAST_CALL, &call) == 0, unknown = !seen && errno != ENOENT;
    report->last_call = seen ? call.st_mtime : 0;
    find_hook(&hook);
    time_t since =
        stat(LAST_APPLY, &apply) == 0 && apply.st_mtime > hook.since ? apply.st_mtime : hook.since;
    find_starts(since, report->last_call, &starts);
    bool called = seen && starts.newest <= report->last_call + START_SECONDS &&
                  (starts.newest || report->last_call >= hook.since);
    report->state = !hook.callable                                 ? hook.state
                    : called                                       ? HOOK_WORKS
                    : unknown || !starts.known                     ? HOOK_UNKNOWN
                    : hook.state == HOOK_IN_PLACE && starts.missed ? HOOK_NOT_CALLED
                                                                   : hook.state;
    return advise(&hook, &starts, report);
}
