/* One guest as a call sees it: its domain XML, from standard input or from virsh, and what the
 * policy asks for it. What the hook's operations and the administrator's commands have in common.
 */
#pragma once

#include "parse.h"
#include "stream.h"
#include "virsh.h"

#include <stdbool.h>
#include <stddef.h>

struct guest {
    struct stream_input xml;
    struct virsh_result dump; /* what owns the XML if virsh told it */
    struct parsed parsed;
};

/* A policy's errors are logged up to the first so many; the rest as a number. */
enum { GUEST_FIRST_ERROR = 1, GUEST_ALL_ERRORS = 0 };

/* Takes the guest's XML from standard input. False: the reason is logged. guest_free() is due
 * either way, as below. */
bool guest_take(struct guest *guest);

/* Reads the guest that was taken, and plans it by the policy in `file`; NULL: the installed one, or
 * the defaults if there is none. False: the reason is logged, of the policy's errors `most` (0:
 * all). */
bool guest_read(const char *file, size_t most, struct guest *guest);

/* Both, of the guest that virsh knows by this name or UUID: as it runs, or as it starts afresh. */
enum guest_state { GUEST_AS_IT_RUNS, GUEST_AS_IT_STARTS };
bool guest_ask(const char *file, const char *name, enum guest_state state, struct guest *guest);
void guest_free(struct guest *guest);

/* Reads a policy alone; into *parsed unless that is NULL: parsed_free() is due then. False: its
 * errors are logged, all of them. */
bool guest_check_policy(const char *file, struct parsed *parsed);

/* Prints the domain XML with the policy in it, as it came if the policy changes nothing; *changes
 * says in how many interfaces. False: that is logged, and nothing was printed. */
bool guest_print(const struct guest *guest, size_t *changes);

/* Sets all-multicast on the interface's device, or takes it away; `why` is the operation or
 * command. False: that failed. Either is logged. */
bool guest_set_multicast(const char *why, const struct plan_item *item, bool on);

/* Whether the interface is trusted for this run only, by rxtrust, under an earlier policy: nothing
 * but a stop of the guest takes that back. Asks virsh. */
bool guest_is_trusted_against_policy(const struct guest *guest, const struct plan_item *item);
