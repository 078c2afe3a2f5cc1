/* What a policy and a domain's XML say, read in a process that can do nothing else (sandbox.h). */
#pragma once

#include "message.h"
#include "domain.h"
#include "plan.h"
#include "policy.h"

#include <stdbool.h>
#include <stddef.h>

/* Texts live as long as it does. */
struct parsed {
    struct message message; /* owns them */
    struct policy_error *policy_errors;
    size_t policy_error_count; /* any: the domain wasn't read */
    size_t section_count;
    bool policy_missing;
    struct xml_error error; /* with a reason: the domain couldn't be read */
    struct domain domain;
    struct plan plan;
};

struct parse_source {
    const char *policy;   /* its file; NULL: none, and no plan is made */
    bool policy_required; /* it must be there */
    const char *xml;      /* NULL: no domain is read */
    size_t length;
};

/* Returns NULL, or why it couldn't be read at all; a text that stays. What is wrong with the policy
 * or the XML stands in the parsed. parsed_free() is due either way. */
const char *parse(const struct parse_source *source, struct parsed *parsed);

/* Reads a domain, without a policy. Returns NULL, or what is wrong, which lives as long. */
const char *parse_domain(const char *xml, size_t length, struct parsed *parsed);

void parsed_free(struct parsed *parsed);

/* Makes the reading that an answer tells, and takes the answer over. Returns NULL, or why there is
 * none: believes nothing. */
const char *parsed_get(struct message *message, struct parsed *parsed);
