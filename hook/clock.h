/* The clock of all deadlines: monotonic, in seconds. */
#pragma once

#include <time.h>

time_t clock_now(void);
void clock_pause(long ms);
