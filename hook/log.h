/* The messages of rxtrust. A command prints errors to stderr and the rest to stdout, in lines that
 * fit a terminal; a hook call prints each on one line of stderr. In the system's log a message is
 * one line, the identifier is `rxtrust`, the facility daemon. journald also gets the guest's name,
 * as the field GUEST.
 *
 * Control characters, possible in a guest's name, become '?', so that a name cannot forge a line.
 * A message is cut at 4 KiB, and never dropped for lack of memory. */
#pragma once

#include <stdbool.h>

/* In a hook call or a background process: everything to syslog and stderr. (libvirt throws stderr
 * away if the hook succeeds.) */
void log_to_syslog(void);

/* In a command that changes guests: everything to syslog too. */
void log_to_both(void);

/* Whether anything listens to syslog's messages. */
bool log_has_syslog(void);

/* Logs one line from a signal handler to syslog and stderr, with the guest's name. Waits a moment
 * (LOG_PATIENCE_MS) for a syslog that does not read. */
void log_from_handler(const char *text);

/* From now on each message starts with `guest NAME: `; NULL ends that. The name is copied. */
void log_about_guest(const char *name);

/* A command prints `prefix` before a message; a hook call always prints the program's name. */
void log_line(bool is_error, const char *prefix, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define log_error(...) log_line(true, "rxtrust: ", __VA_ARGS__)
#define log_info(...)  log_line(false, "", __VA_ARGS__)

/* An error at a place, `FILE:LINE: reason` (line 0: no line); a command prints it without the
 * program's name, as compilers do and editors read. */
#define log_error_at(file, line, format, ...)                                                      \
    log_line(true, "", "%s%s%.0zu: " format, file, (line) ? ":" : "", (size_t)(line), __VA_ARGS__)

/* Replaces each control character in place; returns its argument. */
char *replace_control_chars(char *text);

/* Whether a shell takes the name as it is: [A-Za-z0-9][A-Za-z0-9._-]*. */
bool is_plain_name(const char *name);

/* Stands in for a text that is NULL or empty. */
static inline const char *or_dash(const char *text) {
    return text && *text ? text : "-";
}
