/* Calls of virsh, bounded in time. Never from a process that libvirt waits for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct virsh_result {
    int code;     /* virsh's exit code, or one of those below */
    char *output; /* what it printed, `length` bytes and a NUL */
    size_t length;
    char *complaint; /* what it said on stderr: the first line, without `error: ` */
};

enum { VIRSH_MISSING = 127, VIRSH_LATE = -1, VIRSH_NO_MEMORY = -2 };

/* The monotonic clock, in seconds; deadlines are times of it. */
time_t virsh_now(void);

void virsh_pause(long ms);

/* What a call of an administrator's command may take, in seconds. */
enum { VIRSH_ANSWER_SECONDS = 30 };

/* How a call's arguments begin. */
#define VIRSH "virsh", "-c", "qemu:///system"

/* Runs it, `arguments` being VIRSH, more, NULL; `input` is its standard input. Ends it, and what it
 * started, at the deadline. True: its exit code was 0. virsh_result_free() is needed either way. */
bool virsh_run(const char *const *arguments, const char *input, size_t input_length,
               time_t deadline, struct virsh_result *result);
void virsh_result_free(struct virsh_result *result);

/* Why it was false; lives as long as the result. */
const char *virsh_problem(const struct virsh_result *result);

struct virsh_text {
    const char *data; /* NULL or ended by a NUL */
    size_t length;
};

/* The XML of guests, one text for each that was asked for; of one that is gone it is empty. */
struct virsh_dumps {
    struct virsh_result result; /* owns the texts; its problem is why there are none */
    struct virsh_text *texts;
    unsigned long daemon_version; /* 10.1.2 is 10001002; 0: it can't be known */
};

/* True: these are hexadecimal digits and dashes as in a UUID, and nothing else. */
bool is_uuid(const char *text);

/* Asks, in one call of virsh, for the daemon's version and the XML of these guests; as they run, or
 * as they start afresh. False: virsh failed, or one isn't a UUID: virsh must not take what a parser
 * says of one for a command. Call virsh_dumps_free() either way. */
bool virsh_dump(const char *const *uuids, size_t count, bool inactive, time_t deadline,
                struct virsh_dumps *dumps);
void virsh_dumps_free(struct virsh_dumps *dumps);
