/* Reads the policy file whole: an opt-out may stand in the half of a file that is not written yet.
 * A new file that is renamed over the old one is always understood; most editors do so. A writer in
 * place is noticed while it writes, and the file is read again. */
#include "policy.h"

#include "clock.h"
#include "time_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A time in the future says nothing: a clock was set. */
static bool is_younger(const struct timespec *time, long long ms) {
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
    long long age = (now.tv_sec - time->tv_sec) * 1000000000LL + now.tv_nsec - time->tv_nsec;
    return age >= 0 && age < ms * 1000000;
}

/* Adds an error if somebody else could have written the file. */
static void check_file(struct policy *policy, const char *path, const struct stat *file) {
    const char *problem = NULL;
    if (!S_ISREG(file->st_mode))
        problem = "it is not a regular file: mv a policy to";
    else if (file->st_uid != 0 && file->st_uid != geteuid())
        problem = "it belongs neither to root nor to the caller: run chown root";
    else if (file->st_mode & (S_IWGRP | S_IWOTH))
        problem = "it can be written by group or others: run chmod go-w";
    if (problem)
        policy_add_error(policy, 0, "%s %s", problem, path);
}

/* A read lease is refused with EAGAIN while anybody has the file open for writing; other errors
 * come from a file system without leases. An open(2) meanwhile waits until the lease is released,
 * and the signal that tells us is one that is ignored. */
static bool lease_is_refused(int fd) {
    bool refused =
        fcntl(fd, F_SETSIG, SIGURG) == 0 && fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return refused;
}

/* NFS also refuses a lease when the server gave no delegation. A refusal proves a writer only on
 * other file systems, and only if not every file is refused: nobody writes to a running program. */
static bool refusal_is_proof(int fd) {
    struct statfs system;
    if (fstatfs(fd, &system) == 0 && system.f_type == NFS_SUPER_MAGIC)
        return false;
    int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    bool refused = program >= 0 && lease_is_refused(program);
    if (program >= 0)
        (void)close(program);
    return !refused;
}

/* A change of a file always changes st_ctim, which nobody can set back. */
static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Returns why the open file can't be read, or NULL. *again: it may be readable in a moment. *seen
 * is the file at the look before, and becomes that of this look. */
static const char *read_file(const char *path, int fd, unsigned look, struct policy *policy,
                             struct stat *seen, bool *again) {
    struct stat before = *seen, after, there;
    policy->text.length = 0;
    if (fstat(fd, seen) != 0)
        return strerror(errno);
    check_file(policy, path, seen);
    if (policy->error_count || policy->out_of_memory)
        return NULL;
    *again = true;
    /* In the first looks, and after a change, a refusal is enough: the next look costs little. */
    if (lease_is_refused(fd) &&
        (look < POLICY_LOOKS || !is_same(&before, seen) || refusal_is_proof(fd)))
        return "somebody has it open for writing: wait for that, or mv a new file over it";
    const char *problem = io_read_all(fd, &policy->text);
    *again = fstat(fd, &after) != 0 || stat(path, &there) != 0 || !is_same(seen, &after) ||
             !is_same(&after, &there) || is_younger(&after.st_ctim, POLICY_SETTLED_MS);
    return problem || !*again ? problem : "it changes while it is read: mv a new file over it";
}

/* Whether something was made, removed or renamed in the path's directory a moment ago. */
static bool directory_changed(const char *path) {
    struct stat directory;
    char *copy = strdup(path);
    bool changed = !copy || (stat(dirname(copy), &directory) == 0 &&
                             is_younger(&directory.st_mtim, POLICY_MISSING_MS));
    free(copy);
    return changed;
}

bool policy_open(const char *path, bool required, struct policy *policy) {
    *policy = (struct policy){0};
    const char *problem = NULL;
    struct stat seen = {0};
    unsigned looks = 0, missing = 0;
    for (bool again = true; again;) {
        again = false;
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd >= 0) {
            policy->missing = false;
            problem = read_file(path, fd, ++looks, policy, &seen, &again);
            (void)close(fd);
            again = again && looks < POLICY_ATTEMPTS;
        } else {
            /* A link to nothing is a file that can't be read, not a missing one. */
            struct stat link;
            problem = strerror(errno);
            bool absent = errno == ENOENT, is_link = absent && lstat(path, &link) == 0;
            policy->missing = absent && !is_link && !required;
            again = absent && (is_link || directory_changed(path)) && ++missing < POLICY_LOOKS;
        }
        if (again)
            clock_pause(POLICY_PAUSE_MS);
    }
    if (problem && !policy->missing)
        policy_add_error(policy, 0, "%s", problem);
    return !problem && !policy->error_count && !policy->out_of_memory;
}
