/* What rxtrust has to say. Of a command: errors to stderr, the rest to standard output. Of a hook
 * call, for which log_to_syslog() was called: all of it to syslog (identifier `rxtrust`, facility
 * daemon) and to stderr, which libvirt throws away if the hook succeeds.
 *
 * Control characters, which a guest's name may carry, are written as '?': a name can't forge a
 * line. A message is never dropped for want of memory: it is cut instead. */
#pragma once

void log_to_syslog(void);

/* Logs one line from a signal handler: to syslog and stderr, with the guest's name. It waits for a
 * syslog that nobody reads for a tenth of a second at the most. */
void log_from_handler(const char *text);

/* From now on each message starts with `guest NAME: `; NULL ends that. The name is copied. */
void log_about_guest(const char *name);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An error at a place, `FILE:LINE: reason` (line 0: no line); on stderr without the program's name,
 * as compilers do and editors read. */
void log_error_at(const char *file, unsigned long line, const char *reason);

/* Replaces each control character in place; returns its argument. */
char *log_defuse(char *text);

/* What stands for a text that isn't there. */
static inline const char *or_dash(const char *text) {
    return text && *text ? text : "-";
}
