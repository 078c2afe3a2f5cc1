/* Guests, from standard input or as virsh lists them, each with what the policy wants for it: one
 * form for both. */
#pragma once

#include "device.h"
#include "sandboxed_plan.h"
#include "virsh.h"

#include <stdbool.h>
#include <stddef.h>

/* Exit codes of all commands. */
enum exit_code {
    EXIT_GOOD = 0,
    EXIT_NOT_AS_POLICY = 1, /* something isn't as the policy says */
    EXIT_USAGE = 2,         /* usage, the policy or XML on standard input has an error */
    EXIT_NO_ANSWER = 3      /* libvirt or the devices can't be asked */
};

struct guests {
    struct devices devices;   /* listed before the XML was read */
    struct virsh_dumps dumps; /* the XML of each guest, from wherever it is, in dumps.texts, and the
                               * daemon's version */
    struct planned planned;   /* a guest for each text; `planned.count` of them */
    const char *problem;      /* of EXIT_NO_ANSWER; lives as long as the guests */
    bool complete;            /* nothing that was asked for is missing; else that is logged */
};

/* In the place of a file: the defaults, whatever the installed policy says. */
extern const char no_policy[];

enum guests_which {
    GUESTS_RUNNING, /* with live XML */
    GUESTS_ALL,     /* live XML of those that run, the stored one of the others */
    GUESTS_STORED   /* all that are defined, with the stored XML */
};

/* Lists the links, with no guests yet: before the XML is read, so that a name in it can't be a
 * later device's. EXIT_NO_ANSWER is logged. Call guests_free() either way; so below. */
enum exit_code guests_list_links(struct guests *guests);

/* Those named (by name or UUID; the list ends with NULL), or, if it is empty, all of `which`. By
 * the policy in `file`; NULL: the installed one, or the defaults if there is none. A name that no
 * guest has is logged, and `complete` is false. Returns EXIT_GOOD, or the exit code of what is
 * logged. Call guests_free() either way. */
enum exit_code guests_from_virsh(char *const *names, const char *file, enum guests_which which,
                                 struct guests *guests);

/* The guest whose XML this is, which is taken over, or is on standard input; likewise. */
enum policy_errors {
    ERRORS_ALL,      /* log each error of the policy */
    ERRORS_ONE_LINE, /* log the first, and how many there are */
    ERRORS_SILENT    /* another call for the same start of a guest logs them */
};
enum exit_code guests_from_text(struct text *xml, const char *file, enum policy_errors errors,
                                struct guests *guests);
enum exit_code guests_from_stdin(const char *file, struct guests *guests);

/* The guest of this UUID as it runs now. EXIT_GOOD without a guest
 * (guests_next()): it doesn't run any more. EXIT_NO_ANSWER is not logged: guests->problem says why.
 */
enum exit_code guests_from_uuid(const char *uuid, const char *file, time_t deadline,
                                struct guests *guests);

void guests_free(struct guests *guests);

/* The guest behind `before`, NULL for the first, of those that were asked for. NULL: there is none.
 * A guest that has ended is left out, and one whose XML couldn't be parsed, which is logged. */
struct domain *guests_next(const struct guests *guests, const struct domain *before);

/* Observes a guest's interfaces by the devices as they were listed. */
void guests_observe(const struct guests *guests, struct domain *guest);

/* Plans the guests in guests->dumps, by guests->devices, and logs what is wrong with the policy. */
enum exit_code guests_plan(const char *file, enum policy_errors errors, struct guests *guests);

/* Logs the networks of a guest that can't be known. */
void guests_log_networks(const struct domain *guest);

/* The name of a guest as a shell takes it: the UUID where that is no plain name (log.h). Lives as
 * long as the guest. */
const char *guest_for_shell(const struct domain *guest);
