#include "lock.h"

#include "clock.h"
#include "time_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool run_directory_make(void) {
    return mkdir(RUN_DIRECTORY, 0755) == 0 || errno == EEXIST;
}

const char *lock_acquire(const char *name, time_t deadline, struct lock *lock) {
    char path[sizeof RUN_DIRECTORY + NAME_MAX];
    int length = snprintf(path, sizeof path, "%s/%s.lock", RUN_DIRECTORY, name);
    lock->fd = -1;
    if (length < 0 || (size_t)length >= sizeof path)
        return strerror(ENAMETOOLONG);
    if (!run_directory_make())
        return strerror(errno);
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock->fd < 0)
        return strerror(errno);
    while (flock(lock->fd, LOCK_EX | LOCK_NB) != 0) {
        bool busy = errno == EWOULDBLOCK;
        if (!busy || clock_now() >= deadline) {
            const char *reason =
                busy ? "another process of rxtrust is at work on it" : strerror(errno);
            lock_release(lock);
            return reason;
        }
        clock_pause(LOCK_PAUSE_MS);
    }
    return NULL;
}

void lock_release(struct lock *lock) {
    if (lock->fd >= 0)
        (void)close(lock->fd); /* releases it whatever close(2) returns */
    lock->fd = -1;
}
