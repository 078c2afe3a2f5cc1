/* One guest as a call sees it: its domain XML, from standard input or from virsh, and what the
 * policy asks for it. What the hook's operations and the administrator's commands have in common.
 */
#pragma once

#include "domain.h"
#include "plan.h"
#include "policy.h"
#include "stream.h"
#include "virsh.h"

#include <stdbool.h>
#include <stddef.h>

struct guest {
    struct stream_input xml;
    struct virsh_result dump; /* what owns the XML if virsh told it */
    struct domain domain;
    struct plan plan;
};

/* Reads the policy. `file` NULL: the installed one, or the defaults if there is none. False: its
 * errors are logged, not more than `most_errors`. policy_free() is due either way. */
bool guest_read_policy(const char *file, size_t most_errors, struct policy *policy);

/* Reads the guest from standard input, or asks virsh for the one of this name or UUID, and plans
 * it. The guest's texts are also the policy's, which is narrowed to it. False: the reason is
 * logged. guest_free() is due either way. */
bool guest_read(struct policy *policy, struct guest *guest);
bool guest_ask(const char *name, struct policy *policy, struct guest *guest);
void guest_free(struct guest *guest);

/* Prints the domain XML with the policy in it, as it came if the policy changes nothing; *changes
 * says in how many interfaces. False: that is logged, and nothing was printed. */
bool guest_print(const struct guest *guest, size_t *changes);

/* Sets all-multicast on the interface's device, or takes it away; `why` is the operation or
 * command. False: that failed. Either is logged. */
bool guest_set_multicast(const char *why, const struct plan_item *item, bool on);

/* Whether the interface is trusted for this run only, by rxtrust, under an earlier policy: nothing
 * but a stop of the guest takes that back. Asks virsh. */
bool guest_is_trusted_against_policy(const struct guest *guest, const struct plan_item *item);
