/* What a policy and the XML of guests say, parsed in a sandbox (sandbox.h). */
#pragma once

#include "domain.h"
#include "message.h"
#include "plan.h"
#include "policy.h"

#include <stdbool.h>
#include <stddef.h>

/* One guest, and what is wanted for it. Texts live as long as `struct parsed`. */
struct parsed_guest {
    struct xml_error error; /* with a reason: its XML can't be parsed, and the rest is empty */
    struct domain domain;
    struct plan plan; /* no items where no policy was asked for */
};

struct parsed_section {
    const char *name;
    unsigned long line;
};

struct parsed {
    struct message message; /* owns the texts */
    struct policy_error *policy_errors;
    size_t policy_error_count;       /* any: no guest was parsed */
    struct parsed_section *sections; /* in the order of the file */
    size_t section_count;
    bool policy_missing;
    struct parsed_guest *guests; /* one for each text */
    size_t count;
};

struct parse_text {
    const char *data;
    size_t length;
};

struct parse_source {
    const char *policy;   /* its file; NULL: none, and no plan is made */
    bool policy_required; /* it must be there */
    const struct parse_text *texts;
    size_t count;
};

/* Returns NULL, or why it couldn't be parsed at all; a text that stays. What is wrong with the
 * policy or the XML stands in `parsed`. Call parsed_free() either way. */
const char *parse(const struct parse_source *source, struct parsed *parsed);

void parsed_free(struct parsed *parsed);

/* Makes of a message what it says, and takes it over. Returns NULL, or why it can't: it believes
 * nothing. */
const char *parsed_get(struct message *message, struct parsed *parsed);
