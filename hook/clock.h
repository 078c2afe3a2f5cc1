/* The clock of all deadlines: monotonic, in seconds. */
#pragma once

#include <time.h>

static inline time_t clock_now(void) {
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return now.tv_sec;
}

/* A signal may shorten the pause: look at the clock again. */
static inline void clock_pause(long ms) {
    (void)nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}
