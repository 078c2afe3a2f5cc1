/* Guests as virsh lists them, all in one call, and what the policy wants for each. */
#pragma once

#include "guest.h"
#include "virsh.h"

#include <stdbool.h>

struct running {
    char **uuids;
    size_t count;
    struct virsh_dumps dumps;
    struct parsed parsed; /* a guest for each UUID; of one that has ended there is no XML */
    bool complete;        /* nothing that was asked for is missing; else that is logged */
    bool live, named;
};

enum which { THAT_RUN, AS_STORED };

/* Those named (by name or UUID; the list ends with NULL), or, if it is empty, all that run, with
 * the live XML; or (AS_STORED) all that are defined too, with the stored one. A guest that has
 * ended since is left out. By the policy in `file`, as of guest_parse(). False: the policy has an
 * error, or virsh can't be asked; that is logged. Call running_free() either way. */
bool running_load(char *const *names, const char *file, enum which which, struct running *running);
void running_free(struct running *running);

/* The guest of this number, or NULL: it has ended, which is logged if it was named, or its XML
 * can't be parsed, which is logged. */
const struct parsed_guest *running_guest(struct running *running, size_t number);
