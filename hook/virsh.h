/* Calls of virsh, bounded in time. Never from a process that libvirt waits for. */
#pragma once

#include "io.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct virsh_result {
    int code;              /* virsh's exit code, or one of those below */
    struct text output;    /* what it printed */
    struct text complaint; /* its errors, on one line, without `error: ` */
};
enum { VIRSH_MISSING = 127, VIRSH_LATE = -1, VIRSH_NO_MEMORY = -2 };

/* How the arguments of a call begin: read-only, which answers also where root must authenticate for
 * more, or not. */
#define VIRSH_READ  "virsh", "-r", "-c", "qemu:///system"
#define VIRSH_WRITE "virsh", "-c", "qemu:///system"

/* Runs virsh with these arguments (ended by NULL); `input` is its standard input, NULL: none. Ends
 * it, and what it started, at the deadline (clock.h). True: its exit code was 0. Call
 * virsh_result_free() either way. */
bool virsh_run(const char *const *arguments, const struct text *input, time_t deadline,
               struct virsh_result *result);
void virsh_result_free(struct virsh_result *result);

/* Why it was false; lives as long as the result. */
const char *virsh_problem(const struct virsh_result *result);

/* True: the text has the form of a UUID as libvirt prints it. */
bool is_uuid(const char *text);

/* Asks for the XML of guests, in a few calls of virsh for all: live XML of a guest that runs, else
 * the stored one; `inactive`: the stored one of all. A text for each UUID in order; of a guest that
 * is gone it is empty. */
struct virsh_dumps {
    char **uuids; /* of the guests, owned */
    struct text *texts;
    size_t count;
    unsigned long daemon_version; /* 10.1.2 is 10001002; 0: it can't be known */
    struct virsh_result result;   /* of the last call: its problem is why there are none */
};
bool virsh_dump_one(const char *uuid, time_t deadline, struct virsh_dumps *dumps);
bool virsh_dump_all(bool only_running, bool inactive, time_t deadline, struct virsh_dumps *dumps);
void virsh_dumps_free(struct virsh_dumps *dumps);

/* Sends one interface's element to `virsh update-device --live`, which replaces the whole interface
 * by it. Sets the note in the live domain's metadata, or removes it if `note` is empty; libvirt
 * keeps it until the guest stops, and takes it along in save, migration and snapshot. True: libvirt
 * said yes. */
bool virsh_update_device(const char *uuid, const struct text *element, time_t deadline,
                         struct virsh_result *result);
bool virsh_set_note(const char *uuid, const struct text *note, time_t deadline,
                    struct virsh_result *result);
