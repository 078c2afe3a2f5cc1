#include "log.h"

#include "time_limits.h"
#include "wrap.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { LONGEST = 4096 };

static bool to_syslog;
static bool as_hook;                                            /* nothing to stdout */
static char guest[LONGEST], about[sizeof "guest : " + LONGEST]; /* both "" if it is about none */

void log_to_syslog(void) {
    to_syslog = as_hook = true;
}

void log_to_both(void) {
    to_syslog = true;
}

/* C0, DEL, and C1 in its UTF-8 form: a terminal or a log reader could take them for commands. */
char *replace_control_chars(char *text) {
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f)
            *c = '?';
        if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
            c[0] = c[1] = '?';
    }
    return text;
}

bool is_plain_name(const char *name) {
    static const char plain[] = "._-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *name && !strchr("._-", *name) && !name[strspn(name, plain)];
}

void log_about_guest(const char *name) {
    (void)snprintf(guest, sizeof guest, "%s", name ? name : "");
    (void)replace_control_chars(guest);
    (void)snprintf(about, sizeof about, *guest ? "guest %s: " : "%s", guest);
}

enum target { TERMINAL, SYSLOG, JOURNALD };

/* Connects to journald, else to syslog; -1: neither listens. syslog(3) would wait for ever for a
 * reader that sleeps. Async-signal-safe. */
static int connect_syslog(enum target *target) {
    static const struct sockaddr_un addresses[] = {
        [SYSLOG] = {.sun_family = AF_UNIX, .sun_path = _PATH_LOG},
        [JOURNALD] = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"},
    };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    for (*target = JOURNALD; fd >= 0 && *target > TERMINAL; (*target)--)
        if (connect(fd, (const struct sockaddr *)&addresses[*target], sizeof *addresses) == 0)
            return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

bool log_has_syslog(void) {
    enum target target = SYSLOG;
    int fd = connect_syslog(&target);
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

/* Writes one line; async-signal-safe. journald's native protocol has a line for each field: no
 * value contains a newline, because control characters are replaced. */
static bool write_parts(int fd, enum target target, bool is_error, const char *text) {
    static const char *const heads[][2] = {
        [TERMINAL] = {"rxtrust: ", "rxtrust: "},
        [SYSLOG] = {"<30>rxtrust: ", "<27>rxtrust: "}, /* daemon.info, daemon.err */
        [JOURNALD] = {"SYSLOG_IDENTIFIER=rxtrust\nSYSLOG_FACILITY=3\nPRIORITY=6\nMESSAGE=",
                      "SYSLOG_IDENTIFIER=rxtrust\nSYSLOG_FACILITY=3\nPRIORITY=3\nMESSAGE="},
    };
    bool has_field = target == JOURNALD && *guest;
    const char *const parts[] = {heads[target][is_error],
                                 about,
                                 text,
                                 has_field ? "\nGUEST=" : "",
                                 has_field ? guest : "",
                                 target != SYSLOG ? "\n" : ""};
    struct iovec line[COUNT(parts)];
    for (size_t i = 0; i < COUNT(parts); i++)
        line[i] = (struct iovec){(void *)parts[i], strlen(parts[i])};
    return writev(fd, line, COUNT(parts)) >= 0;
}

static void send_to_syslog(bool is_error, const char *text) {
    enum target target = SYSLOG;
    int fd = connect_syslog(&target);
    if (fd < 0)
        return;
    if (!write_parts(fd, target, is_error, text) && errno == EAGAIN &&
        poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, LOG_PATIENCE_MS) > 0)
        (void)write_parts(fd, target, is_error, text); /* a line lost now is on stderr */
    (void)close(fd);
}

void log_from_handler(const char *text) {
    send_to_syslog(true, text);
    (void)write_parts(STDERR_FILENO, TERMINAL, true, text); /* the last words: no use checking */
}

void log_line(bool is_error, const char *prefix, const char *format, ...) {
    char line[LONGEST] = ""; /* not allocated, so that a lack of memory can be logged too */
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): wrong if another file came before */
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)replace_control_chars(line);
    if (to_syslog)
        send_to_syslog(is_error, line);
    if (as_hook) {
        (void)fprintf(stderr, "rxtrust: %s%s\n", about, line);
        return;
    }
    FILE *stream = is_error ? stderr : stdout; /* a command looks at stdout's errors at its end */
    int column = fprintf(stream, "%s%s", prefix, about);
    print_wrapped(stream, column > 0 ? (size_t)column : 0, line_width(), line);
}
