/* Locks between processes of rxtrust: flock(2) on RUN_DIRECTORY/NAME.lock. The files stay, or one
 * process could lock a file that another has just removed. A process that ends releases its locks.
 */
#pragma once

#include <stdbool.h>
#include <time.h>

#define RUN_DIRECTORY "/run/rxtrust"

/* Makes the directory if it is missing. False: see errno. */
bool run_directory_make(void);

struct lock {
    int fd; /* -1: not held */
};

/* Takes the lock of this name (without '/'), and waits for it until the deadline of clock_now();
 * 0: not at all. Returns NULL, or why it is not held, a static text. Release it in both cases. */
const char *lock_acquire(const char *name, time_t deadline, struct lock *lock);
void lock_release(struct lock *lock);
