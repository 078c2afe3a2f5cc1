/* Every time limit of the program, and every limit of attempts, with the unit in its name. */
#pragma once

enum {
    /* libvirt waits for a hook call without a limit of its own: a start hangs no longer than this.
     * Valgrind and sanitizers (SANITIZED=1) are several times slower. */
    WATCHDOG_SECONDS = SANITIZED ? 120 : 20,
    /* The parser process ends first, so that the hook call can still log why. */
    SANDBOX_SECONDS = WATCHDOG_SECONDS * 3 / 4,
    /* A process that logs the reason for its end waits so long for a reader of its stderr. */
    LAST_SECONDS = 1,

    /* A guest's steps in the background: libvirtd restarts in less. */
    SETTLE_SECONDS = 30,
    /* A background process: waiting for another one's steps, then its own, then the last answer. */
    BACKGROUND_SECONDS = 70,
    /* Do not start an attempt with fewer seconds left than this: the deadline would cut it. */
    ATTEMPT_SECONDS = 5,
    /* A step that libvirt refuses or ignores does not get better by more attempts. */
    ATTEMPTS = 3,
    /* Pauses between attempts double from the first of these to the second. */
    PAUSE_MS = 125,
    LONGEST_PAUSE_MS = 1000,
    /* virsh, for an administrator's command: a busy libvirtd answers later, but not never. */
    ANSWER_SECONDS = 30,
    /* A warning isn't worth a long wait for libvirt. */
    WARNING_SECONDS = 2,
    /* The operation `start` is called a moment before QEMU's PID is written, `started` after it. */
    START_SECONDS = 2,
    /* libvirt lists a plugged interface when QEMU has it, a moment after udev saw the device. */
    PLUGGED_SECONDS = 10,
    /* flock(2) knows no deadline, so the lock is tried again after each pause. */
    LOCK_PAUSE_MS = 20,
    /* A reader of the log that sleeps must not hold up a guest. */
    LOG_PATIENCE_MS = 100,
    /* The kernel marks a dump of links as interrupted if links came or went meanwhile: repeat it.
     */
    MAX_DUMPS = 5,

    /* The times of a file come from the kernel's tick, 10 ms at most. Of two changes within one
     * tick the second cannot be seen, so believe a file only two ticks after its last change. */
    POLICY_SETTLED_MS = 20,
    /* A policy file missing for longer is not just being replaced. */
    POLICY_MISSING_MS = 1000,
    /* Read again after this pause a policy that is being written, or is missing for a moment. */
    POLICY_PAUSE_MS = 20,
    POLICY_ATTEMPTS = 15,
    POLICY_LOOKS = 4,
};
