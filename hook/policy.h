/* The policy file, /etc/libvirt/rxtrust.ini, and its decision on one interface. rxtrust.ini(5)
 * describes the form of the file. All functions but policy_open() are pure.
 *
 * A policy with a single error counts for nothing: a mistyped opt-out must not become a guest that
 * is trusted. */
#pragma once

#include "io.h"

#include <stdbool.h>
#include <stddef.h>

enum policy_action { POLICY_OFF, POLICY_MULTICAST, POLICY_TRUST };

extern const char *const policy_action_names[];

struct policy_error {
    size_t line;  /* 0: the file as a whole */
    char *reason; /* owned by the policy */
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

/* Reads the file into policy->text. It must be a regular file, belong to root or the caller, be
 * writable by its owner only, and be complete: a file that is being written is read again, for less
 * than half a second in all. False: policy->errors says why, or policy->missing, which is an error
 * if the file is `required`. Call policy_free() either way. */
bool policy_open(const char *path, bool required, struct policy *policy);

/* Parses policy->text. False: see policy->errors and policy->out_of_memory. Call policy_free()
 * either way. */
bool policy_parse(struct policy *policy);
void policy_free(struct policy *policy);

__attribute__((format(printf, 3, 4))) void
policy_add_error(struct policy *policy, unsigned long line, const char *format, ...);

/* Selects the sections that can match an interface of this domain, for policy_decide(). */
void policy_for_domain(struct policy *policy, const char *name, const char *uuid);

/* Returns the name of a section, as "vm:web-1". *unmatched: a name, glob or UUID of its `vm` that
 * matched no domain of policy_for_domain(); NULL: there is none. */
const char *policy_section(const struct policy *policy, size_t number, size_t *line,
                           const char **unmatched);

/* The properties of one interface; NULL: it has none. A property that is marked unknown may also
 * have a value not given here. */
struct policy_subject {
    const char *network;
    const char *portgroup;
    const char *const *devices; /* all names of its host device */
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
