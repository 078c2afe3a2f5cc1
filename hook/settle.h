/* Makes the policy true for a guest that runs: observe, reconcile, act, and observe again; the log
 * says what is so then. */
#pragma once

#include "guests.h"

#include <stdbool.h>
#include <time.h>

enum outcome {
    OUTCOME_GOOD,
    OUTCOME_BAD,       /* it isn't as the policy says; the log says why */
    OUTCOME_GONE,      /* the guest doesn't run any more */
    OUTCOME_NO_ANSWER, /* libvirt could not be asked, which is logged */
    OUTCOME_AGAIN      /* not yet decided; settle_guest() never returns it */
};

/* While libvirt waits: only the steps that need no libvirt. `why` is the operation. */
void settle_devices(const char *why, const struct guests *guests, bool at_reconnect);

/* Anything else: holds the guest's lock, and reads the live XML and the policy afresh before each
 * step that needs libvirt, so it serves whichever run of the guest is there. `revert`: takes back
 * what rxtrust gave, whatever the policy says. `deadline`: as of clock.h. */
enum outcome settle_guest(const char *why, const char *uuid, bool revert, time_t deadline);
