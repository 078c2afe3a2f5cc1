/* One guest as a call sees it: the policy, the domain XML from standard input, and what they ask
 * for together. What the hook's operations and the administrator's commands have in common. */
#pragma once

#include "domain.h"
#include "plan.h"
#include "policy.h"
#include "stream.h"

#include <stdbool.h>
#include <stddef.h>

struct guest {
    struct policy policy;
    struct stream_input xml;
    struct domain domain;
    struct plan plan;
};

/* Reads all of it. `policy_file` NULL: the installed policy, or the defaults if there is none.
 * False: the errors are logged, of the policy's not more than `most_errors`. guest_free() is due
 * either way. */
bool guest_read(const char *policy_file, size_t most_errors, struct guest *guest);
void guest_free(struct guest *guest);

/* Reads just the policy, in the same way. policy_free() is due either way. */
bool guest_read_policy(const char *policy_file, size_t most_errors, struct policy *policy);

/* Prints the domain XML with the policy in it, as it came if the policy changes nothing; *changes
 * says in how many interfaces. False: that is logged, and nothing was printed. */
bool guest_print(const struct guest *guest, size_t *changes);
