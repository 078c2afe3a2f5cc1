/* The policy, /etc/libvirt/rxtrust.ini, and what it says of one interface. Pure but for
 * policy_open() in policy_file.c. rxtrust.ini(5) describes the file's form.
 *
 * A policy with a single error is no policy: an opt-out that was mistyped, torn, or cut by inih's
 * limits (49 bytes of a section's name, 199 of a line), must not become a guest that is trusted. */
#pragma once

#include "stream.h"

#include <stdbool.h>
#include <stddef.h>

enum policy_action { POLICY_OFF, POLICY_MULTICAST, POLICY_TRUST };

extern const char *const policy_action_names[];

struct policy_error {
    unsigned long line; /* 0: the file as a whole */
    char *reason;
};

struct policy {
    struct stream_text text;         /* the file's, which the sections' names point into */
    struct policy_section *sections; /* in the order of the file */
    size_t count;
    const struct policy_section *last; /* of those that can match the domain in hand */
    struct policy_error *errors;       /* by line */
    size_t error_count;
    bool missing;       /* there is no file: the defaults hold */
    bool out_of_memory; /* perhaps before an error could be kept */
};

/* Gets the text of a policy's file, which must be the root's or the caller's, a regular one, and
 * writable by nobody else, and whole: one that is being written is read again a few times, for less
 * than half a second in all. False: the policy says what is wrong (policy->errors), or that there
 * is none (policy->missing), which is an error only of one that is `required`. policy_free() is
 * needed either way, as after policy_parse(). */
bool policy_open(const char *path, bool required, struct policy *policy);

/* Parses the text. False: it has errors (policy->errors), or memory ran out
 * (policy->out_of_memory). */
bool policy_parse(struct policy *policy);
void policy_free(struct policy *policy);

/* The name of the section of this number, and the line where it stands. */
const char *policy_section(const struct policy *policy, size_t number, unsigned long *line);

__attribute__((format(printf, 3, 4))) void
policy_add_error(struct policy *policy, unsigned long line, const char *format, ...);

/* Puts aside, until the next call, the sections that can't match any interface of this domain. */
void policy_for_domain(struct policy *policy, const char *name, const char *uuid);

/* What a section may ask of an interface; NULL where there is none. */
struct policy_subject {
    const char *network;
    const char *portgroup;      /* its own, or the network's default one */
    const char *const *devices; /* the host device; before libvirt has chosen one of a network's,
                                 * each that it may be */
    size_t device_count;
    const char *mac;
    const char *mode;
};

struct policy_verdict {
    enum policy_action action;
    bool override;
    /* Which ones decided, e.g. "vm:ha"; these live as long as the policy. */
    const char *section;          /* the action; "default" if none did */
    const char *override_section; /* the override; NULL if none did */
};

/* The last section that matches decides, key by key. */
struct policy_verdict policy_decide(const struct policy *policy,
                                    const struct policy_subject *subject);
