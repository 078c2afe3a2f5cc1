/* The steps from the observed state of one interface to the desired one, and the verdict. Pure.
 * This is the one place that judges: the hook's operations, apply, revert, status and the
 * background process do the steps that it names, or show its verdict. */
#pragma once

#include "domain.h"

struct conclusion reconcile(const struct plan *plan, const struct observed *observed);

/* Whether a daemon of this version (10.1.2 is 10001002; 0: unknown) takes trust for a guest that
 * runs. */
enum live live_by_version(unsigned long version);

extern const char *const in_force_names[]; /* no, yes, unknown */

/* What an administrator makes of a verdict. */
enum state { STATE_OK, STATE_OPTED_OUT, STATE_BROKEN, STATE_UNKNOWN };
extern const char *const state_names[]; /* ok, opted out, BROKEN, unknown */
enum state verdict_state(enum verdict verdict);
const char *verdict_code(enum verdict verdict); /* stable, for --json: no-multicast … */

/* True: the interface is as the policy says. */
static inline bool is_good(const struct conclusion *conclusion) {
    return verdict_state(conclusion->verdict) <= STATE_OPTED_OUT;
}

/* Why the conclusion of an interface is so, in a few words, and the next step if there is one.
 * Returns a text that the caller frees, "" where nothing needs to be said; NULL: out of memory.
 * `guest` is the guest's name or UUID as a shell takes it, for the advice; NULL: no advice is
 * given. */
char *verdict_why(const struct interface *interface, const char *guest);

/* Appends why the libvirt network of an interface isn't known, and how to start it. False: out of
 * memory. */
bool network_why(struct text *text, const struct interface *interface);

/* Why something is wanted, in words; a text that stays. */
const char *reason_text(enum reason reason);
