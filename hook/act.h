/* What is wanted made true for a guest that runs: observe, reconcile, act, and observe again; the
 * log says what is so then. */
#pragma once

#include "parse.h"

#include <stdbool.h>
#include <time.h>

/* While libvirt waits: only what can be done to a device is done. `why` is the operation. */
void act_on_devices(const char *why, const struct parsed_guest *guest);

/* At a stop: takes back what passthrough mode needs taken back while the device is still there,
 * from all devices that bear the guest's UUID, and sees to it that nobody sets it again on a device
 * that libvirt made; one that somebody else made the XML names. It needs no parser: it is the last
 * chance. Without the XML, after the stop, it only takes back. */
void act_after_stop(const char *why, const char *uuid, const struct stream_text *xml);

enum outcome {
    OUTCOME_GOOD,
    OUTCOME_BAD,  /* it is logged why */
    OUTCOME_GONE, /* the guest doesn't run any more */
    OUTCOME_AGAIN
};

/* Anything else: holds the guest's lock, and before each step that needs libvirt reads the live XML
 * and the policy afresh: it serves whichever run of the guest is there. Sets `waits` if a device is
 * down, in passthrough mode: act_in_background() waits for it. */
enum outcome act_on_guest(const char *why, const char *uuid, time_t deadline, bool *waits);

/* What the background process does: the same, and it waits for devices that are down. `user` is a
 * struct task. */
struct task {
    const char *why;
    const char *uuid;
};
void act_in_background(void *user);

/* How long a guest's steps may take, in seconds; one more may be under way then. */
enum { ACT_SECONDS = 30 };
