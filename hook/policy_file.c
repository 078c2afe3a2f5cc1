/* Getting hold of the policy's file. What was read must be all of what somebody meant to be the
 * policy: half of a file is missing an opt-out. Whoever renames a new file over the old one is
 * always understood; most editors do. Of those who write in place this sees that they write, or
 * have just done so, and reads again. */
#include "policy.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const long NANOSECONDS = 1000000000;
#define MILLISECOND 1000000L

/* A file's times come from the kernel's tick, 10 ms at most: of two changes within one tick the
 * second can't be seen. After two ticks without a change there is no such second. */
static const long long settled_after = 20 * MILLISECOND;
static const long long missing_since = NANOSECONDS; /* longer, and nobody is renaming it */
static const struct timespec pause_between = {.tv_nsec = 20 * MILLISECOND};
enum { MOST_ATTEMPTS = 15, MOST_LOOKS = 4 };

static bool is_younger(const struct timespec *time, long long age) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return true;
    long long passed =
        ((long long)now.tv_sec - time->tv_sec) * NANOSECONDS + now.tv_nsec - time->tv_nsec;
    return passed >= 0 && passed < age; /* one from the future says nothing: a clock was set */
}

/* Returns what speaks against trusting this file, or NULL. */
static const char *file_problem(const struct stat *file) {
    if (!S_ISREG(file->st_mode))
        return "it is not a regular file";
    if (file->st_uid != 0 && file->st_uid != geteuid())
        return "it belongs neither to root nor to the caller";
    if (file->st_mode & (S_IWGRP | S_IWOTH))
        return "it can be written by group or others";
    return NULL;
}

/* Has anybody the file open for writing? Then, and only then, there is no read lease to be had. It
 * is released at once; who opens the file meanwhile waits for that, and the signal to the lease's
 * holder is one that is ignored. Where there are no leases, nobody has. */
static bool is_open_for_writing(int fd) {
    if (fcntl(fd, F_SETSIG, SIGURG) != 0)
        return false;
    if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0)
        return errno == EAGAIN;
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
}

static bool is_same(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Is the file still as it was `before` it was read, has it been so for a moment, and is it still
 * the one at this path? */
static bool is_settled(const char *path, int fd, const struct stat *before) {
    struct stat after, there;
    return fstat(fd, &after) == 0 && stat(path, &there) == 0 && after.st_size == before->st_size &&
           is_same(&after.st_mtim, &before->st_mtim) && is_same(&after.st_ctim, &before->st_ctim) &&
           !is_younger(&after.st_ctim, settled_after) && there.st_dev == after.st_dev &&
           there.st_ino == after.st_ino;
}

/* Returns what is wrong with the open file, or NULL; sets `again` if that may be over in a moment.
 */
static const char *read_file(const char *path, int fd, struct stream_text *text, bool *again) {
    struct stat before;
    text->length = 0;
    if (fstat(fd, &before) != 0)
        return strerror(errno);
    const char *problem = file_problem(&before);
    if (problem)
        return problem;
    *again = true;
    if (is_open_for_writing(fd))
        return "somebody has it open for writing";
    problem = stream_read_all(fd, text);
    if (is_settled(path, fd, &before))
        *again = false;
    else if (!problem)
        problem = "it changes while it is read";
    return problem;
}

/* Has something been made, removed or renamed in the path's directory a moment ago, or is it a
 * link, to what is missing? */
static bool was_there(const char *path) {
    struct stat file;
    if (lstat(path, &file) == 0)
        return true;
    char *copy = strdup(path);
    bool recent =
        !copy || (stat(dirname(copy), &file) == 0 && is_younger(&file.st_mtim, missing_since));
    free(copy);
    return recent;
}

bool policy_open(const char *path, bool required, struct policy *policy) {
    *policy = (struct policy){0};
    unsigned attempts = MOST_ATTEMPTS, looks = MOST_LOOKS;
    const char *problem = NULL;
    bool again = false;
    do {
        if (again)
            (void)nanosleep(&pause_between, NULL);
        again = false;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        int error = fd < 0 ? errno : 0;
        struct stat
            link; /* one that leads nowhere is no missing file, but one that can't be read */
        policy->missing = error == ENOENT && !required && lstat(path, &link) != 0;
        problem = error ? strerror(error) : read_file(path, fd, &policy->text, &again);
        if (fd >= 0)
            (void)close(fd);
        again = error ? error == ENOENT && was_there(path) && --looks : again && --attempts;
    } while (again);
    if (problem && !policy->missing)
        policy_add_error(policy, 0, "%s", problem);
    return !problem;
}
