/* Locks between processes of rxtrust: flock(2) on a file /run/rxtrust.NAME, which is there as long
 * as somebody holds the lock or waits for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct lock {
    int fd; /* -1: not held */
    char *path;
};

/* Takes the lock of this name, which has no '/' in it; waits until the deadline (virsh_now()'s
 * clock; 0: not at all). Returns NULL, or why not, a text that stays: lock_busy if another holds
 * it. Call lock_release() either way. */
extern const char lock_busy[];
const char *lock_acquire(const char *name, time_t deadline, struct lock *lock);
void lock_release(struct lock *lock);

/* Whether somebody holds the lock of this name: anybody may ask, and disturbs nobody. False too if
 * it can't be known. */
bool lock_is_held(const char *name);
