#include "lock.h"

#include "stream.h"
#include "virsh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const char lock_busy[] = "another process of rxtrust is at work on it";

enum { PAUSE_MS = 20 };

/* Whoever releases the lock removes the file: one that was opened before that is locked in vain. */
static bool is_the_file(int fd, const char *path) {
    struct stat held, there;
    return fstat(fd, &held) == 0 && stat(path, &there) == 0 && held.st_ino == there.st_ino &&
           held.st_dev == there.st_dev;
}

/* The caller frees it; NULL: out of memory. */
static char *path_of(const char *name) {
    char *path = NULL;
    return asprintf(&path, "/run/rxtrust.%s", name) < 0 ? NULL : path;
}

const char *lock_acquire(const char *name, time_t deadline, struct lock *lock) {
    *lock = (struct lock){.fd = -1, .path = path_of(name)};
    if (!lock->path)
        return "out of memory";
    for (;;) {
        int fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
            return strerror(errno);
        int error = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
        if (!error && is_the_file(fd, lock->path)) {
            lock->fd = fd;
            return NULL;
        }
        (void)close(fd);
        if (error && error != EWOULDBLOCK && error != EINTR)
            return strerror(error);
        if (error == EWOULDBLOCK && virsh_now() >= deadline)
            return lock_busy;
        if (error == EWOULDBLOCK) /* flock(2) itself knows no deadline */
            virsh_pause(PAUSE_MS);
    }
}

void lock_release(struct lock *lock) {
    if (lock->fd >= 0) {
        (void)unlink(lock->path);
        (void)close(lock->fd);
    }
    free(lock->path);
    *lock = (struct lock){.fd = -1};
}

/* The kernel's list names a file as 00:1a:4711. */
bool lock_is_held(const char *name) {
    struct stream_text locks = {0};
    struct stat there;
    char *path = path_of(name), *file = NULL;
    bool held = false;
    if (path && stat(path, &there) == 0 &&
        asprintf(&file, " %02x:%02x:%lu ", major(there.st_dev), minor(there.st_dev),
                 (unsigned long)there.st_ino) < 0)
        file = NULL;
    if (file && !stream_read_file(AT_FDCWD, "/proc/locks", &locks) && locks.data)
        held = strstr(locks.data, file);
    free(locks.data);
    free(file);
    free(path);
    return held;
}
