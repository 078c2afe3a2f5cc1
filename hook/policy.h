/* The policy file, /etc/libvirt/rxtrust.ini, and its decision on one interface. Everything here is
 * pure but policy_open(). rxtrust.ini(5) describes the form of the file.
 *
 * A policy with a single error counts for nothing: an opt-out that was mistyped, or cut by inih's
 * limits (49 bytes of a section's name, 199 of a line), must not become a guest that is trusted. */
#pragma once

#include "io.h"

#include <stdbool.h>
#include <stddef.h>

enum policy_action { POLICY_OFF, POLICY_MULTICAST, POLICY_TRUST };

extern const char *const policy_action_names[];

struct policy_error {
    unsigned long line; /* 0: the file as a whole */
    char *reason;
};

struct policy {
    struct text text;                /* the file; names and patterns point into it */
    struct policy_section *sections; /* in the order of the file */
    size_t count;
    const struct policy_section *last; /* the last section that can match the current domain */
    struct policy_error *errors;       /* by line */
    size_t error_count;
    bool missing;       /* there is no file: the defaults hold */
    bool out_of_memory; /* an error may be missing from the list */
};

/* Reads the file of a policy into policy->text. It must be a regular file, belong to root or the
 * caller, be writable by its owner only, and be complete: a file that is being written is read
 * again, for less than half a second in all. False: policy->errors says why, or policy->missing,
 * an error only if the file is `required`. Call policy_free() in either case, as after
 * policy_parse(). */
bool policy_open(const char *path, bool required, struct policy *policy);

/* Parses policy->text. False: see policy->errors and policy->out_of_memory. */
bool policy_parse(struct policy *policy);
void policy_free(struct policy *policy);

/* Returns the name of a section, as "vm:web-1". *matched: policy_for_domain() was called for a
 * domain that its `vm` matches, or it has no `vm`. */
const char *policy_section(const struct policy *policy, size_t number, unsigned long *line,
                           bool *matched);

__attribute__((format(printf, 3, 4))) void
policy_add_error(struct policy *policy, unsigned long line, const char *format, ...);

/* Selects the sections that can match an interface of this domain, for policy_decide(), and marks
 * them as matched. */
void policy_for_domain(struct policy *policy, const char *name, const char *uuid);

/* The properties of one interface that a rule may ask for; NULL: it has none. A property that is
 * marked unknown may also have a value not given here. */
struct policy_subject {
    const char *network;
    const char *portgroup;
    const char *const *devices; /* the names of the one host device, alternative names included */
    size_t device_count;
    const char *mac;
    const char *mode;
    bool portgroup_unknown, device_unknown, mode_unknown;
};

struct policy_decision {
    enum policy_action action;
    bool override;
    /* The sections that decided, as "vm:web-1". They live as long as the policy. */
    const char *section;          /* "default" if no section did */
    const char *override_section; /* NULL if no section did */
};

/* The last section that matches decides, each key for itself. Where an unknown property leaves open
 * which section that is, the least action of these sections counts, and override = yes only if all
 * of them say so. */
struct policy_decision policy_decide(const struct policy *policy,
                                     const struct policy_subject *subject);
