/* A policy and the XML of guests, parsed and planned in a sandbox (sandbox.h). */
#pragma once

#include "device.h"
#include "domain.h"
#include "message.h"
#include "policy.h"

#include <stdbool.h>
#include <stddef.h>

struct planned_section {
    const char *name;
    size_t line;
    const char *unmatched; /* of its `vm` a text that matches none of the guests, or NULL */
};

struct planned {
    struct message message; /* owns the texts */
    struct policy_error *policy_errors;
    size_t policy_error_count;        /* any: no guest was parsed */
    struct planned_section *sections; /* in the order of the file */
    size_t section_count;
    bool policy_missing;
    struct domain *guests; /* one for each text */
    size_t count;
};

struct plan_source {
    const char *policy;   /* its file; NULL: the defaults */
    bool policy_required; /* it must be there */
    const struct text *texts;
    size_t count;
    const struct devices *devices; /* the host's links, listed before */
};

/* Returns NULL, or why nothing could be parsed at all, a text that stays; `planned` is empty then.
 * What is wrong with the policy or the XML stands in `planned`. A target that doesn't stand in the
 * guest's own text is left out. Call planned_free() either way. */
const char *sandboxed_plan(const struct plan_source *source, struct planned *planned);
void planned_free(struct planned *planned);

/* Takes the message over and believes nothing in it. Returns NULL, or why it is refused. */
const char *planned_get(struct message *message, struct planned *planned);
