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

static time_t time_of(const char *path) {
    struct stat file;
    return stat(path, &file) == 0 ? file.st_mtime : 0;
}

/* ---- The hook's file ---- */

struct hook_file {
    enum hook_state state; /* HOOK_IN_PLACE at the most */
    time_t since;          /* the last change of the file; if it is another's, of any hook */
    char path[PATH_MAX];
};

/* What a file is by its content: our program, or a script that names it, perhaps in a directory of
 * its own. HOOK_MISSING: nothing that libvirt could call. *change: the file's last. */
static enum hook_state look_at(const char *path, time_t *change) {
    static const char us[] = "rxtrust";
    struct stat link, file;
    struct text text = {0};
    if (lstat(path, &link) != 0 || stat(path, &file) != 0)
        return errno == ENOENT ? HOOK_MISSING : HOOK_UNKNOWN;
    *change = link.st_ctime > file.st_ctime ? link.st_ctime : file.st_ctime;
    if (!S_ISREG(file.st_mode))
        return HOOK_MISSING;
    bool unknown = io_read_file(AT_FDCWD, path, &text), executable = file.st_mode & 0111;
    bool ours = text.length && memmem(text.data, text.length, us, strlen(us));
    text_free(&text);
    return unknown              ? HOOK_UNKNOWN
           : ours && executable ? HOOK_IN_PLACE
           : ours               ? HOOK_NOT_EXECUTABLE
           : executable         ? HOOK_FOREIGN
                                : HOOK_MISSING;
}

/* The file that is most likely ours. A directory changes when a file goes. */
static struct hook_file find_hook(void) {
    glob_t files = {0};
    struct hook_file best = {.state = can_list(HOOK_FILE ".d") ? HOOK_MISSING : HOOK_UNKNOWN};
    time_t last_change = 0;
    (void)glob(HOOKS "{,/qemu{,.d{,/*}}}", GLOB_BRACE, NULL, &files);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        time_t change = 0;
        enum hook_state state = look_at(files.gl_pathv[i], &change);
        last_change = change > last_change ? change : last_change;
        if (state <= best.state)
            continue;
        best = (struct hook_file){.state = state, .since = change};
        (void)snprintf(best.path, sizeof best.path, "%s", files.gl_pathv[i]);
    }
    globfree(&files);
    best.since = best.state == HOOK_FOREIGN ? last_change : best.since;
    return best;
}

/* ---- The starts of guests ---- */

struct starts {
    time_t newest; /* 0: no guest runs */
    size_t missed; /* guests that started after the hook was there, and it wasn't called */
    char name[NAME_MAX + 1]; /* one of them */
};

/* Of each guest that runs there is a status; QEMU's PID beside it is written at the start. */
static struct starts find_starts(time_t since, time_t last_call) {
    glob_t files = {0};
    struct starts starts = {0};
    (void)glob(GUESTS_DIRECTORY "/*.xml", 0, NULL, &files);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char *path = files.gl_pathv[i], *name = path + strlen(GUESTS_DIRECTORY "/");
        char *suffix = strrchr(path, '.');
        memcpy(suffix, ".pid", sizeof ".pid");
        time_t start = time_of(path);
        starts.newest = start > starts.newest ? start : starts.newest;
        if (start <= last_call + START_SECONDS || start <= since)
            continue;
        starts.missed++;
        (void)snprintf(starts.name, sizeof starts.name, "%.*s", (int)(suffix - name), name);
    }
    globfree(&files);
    return starts;
}

/* ---- Both together ---- */

/* The problem and the next step, or NULL. */
static char *advise(enum hook_state state, const char *path, const struct starts *starts) {
    /* libvirt's own clients tell a modular daemon by this socket. */
    const char *unit = access("/run/libvirt/virtqemud-sock", F_OK) == 0 ? "virtqemud" : "libvirtd";
    char program[PATH_MAX] = "";
    switch (state) {
    case HOOK_MISSING:
    case HOOK_FOREIGN:
        return xasprintf("libvirt has no hook that is rxtrust; run: install -D %s " HOOK_FILE
                         ".d/50-rxtrust && systemctl reload %s",
                         readlink("/proc/self/exe", program, sizeof program - 1) > 0 ? program
                                                                                     : "rxtrust",
                         unit);
    case HOOK_NOT_EXECUTABLE:
        return xasprintf("%s is not executable; run: chmod +x %s && systemctl reload %s", path,
                         path, unit);
    case HOOK_NOT_CALLED:
        /* All guests: an apply of one says nothing of the others (LAST_APPLY). */
        return xasprintf("%s%s started without the hook; run: systemctl reload %s && rxtrust apply",
                         starts->name, starts->missed > 1 ? " and others" : "", unit);
    default:
        return NULL;
    }
}

struct hook_report hook_look(void) {
    const struct hook_file hook = find_hook();
    const time_t call = time_of(LAST_CALL), apply = time_of(LAST_APPLY);
    const struct starts starts = find_starts(apply > hook.since ? apply : hook.since, call);
    bool works =
        hook.state != HOOK_MISSING && call > hook.since && starts.newest <= call + START_SECONDS;
    struct hook_report report = {.state = hook.state, .last_call = call};
    if (works)
        report.state = HOOK_WORKS;
    else if (hook.state == HOOK_IN_PLACE && !can_list(GUESTS_DIRECTORY))
        report.state = HOOK_UNKNOWN;
    else if (hook.state == HOOK_IN_PLACE && starts.missed)
        report.state = HOOK_NOT_CALLED;
    report.advice = advise(report.state, hook.path, &starts);
    return report;
}
