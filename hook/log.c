#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

enum { PATIENCE_MS = 100, LINE_PARTS = 5 };

static bool syslog_too;
static char *guest; /* control characters replaced */

void log_to_syslog(void) {
    syslog_too = true;
}

/* C0, DEL, and C1 in its UTF-8 form: all that a terminal or a log reader could take for a command.
 */
char *log_defuse(char *text) {
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f)
            *c = '?';
        if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
            c[0] = c[1] = '?';
    }
    return text;
}

void log_about_guest(const char *name) {
    free(guest);
    guest = name ? strdup(name) : NULL;
    if (guest)
        (void)log_defuse(guest);
}

/* syslog(3) waits for ever for a reader that sleeps. */
static void send_to_syslog(int priority, const struct iovec *line, size_t parts) {
    static const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = _PATH_LOG};
    const char *head =
        priority == LOG_ERR ? "<27>rxtrust: " : "<30>rxtrust: "; /* daemon.err, .info */
    struct iovec all[LINE_PARTS + 1] = {{(void *)head, strlen(head)}};
    memcpy(all + 1, line, parts * sizeof *line);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        writev(fd, all, (int)parts + 1) < 0 && errno == EAGAIN &&
        poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, PATIENCE_MS) > 0)
        (void)!writev(fd, all, (int)parts + 1); /* what is lost now is on stderr */
    (void)close(fd);
}

void log_from_handler(const char *text) {
    const char *const texts[] = {guest ? "guest " : "", guest ? guest : "", guest ? ": " : "", text,
                                 "\n"};
    struct iovec line[LINE_PARTS];
    for (size_t i = 0; i < LINE_PARTS; i++)
        line[i] = (struct iovec){(void *)texts[i], strlen(texts[i])};
    send_to_syslog(LOG_ERR, line, LINE_PARTS - 1);
    (void)!write(STDERR_FILENO, "rxtrust: ", strlen("rxtrust: "));
    (void)!writev(STDERR_FILENO, line, LINE_PARTS); /* nobody is left to learn that this failed */
}

static void write_line(int priority, const char *prefix, char *line) {
    log_defuse(line);
    if (syslog_too)
        send_to_syslog(priority, &(struct iovec){line, strlen(line)}, 1);
    FILE *stream = priority == LOG_INFO && !syslog_too ? stdout : stderr;
    (void)fprintf(stream, "%s%s\n", syslog_too ? "rxtrust: " : prefix, line); /* likewise */
}

__attribute__((format(printf, 3, 0))) static void
write_message(int priority, const char *prefix, const char *format, va_list arguments) {
    char spare[160] = ""; /* for when there is no memory: what fits, without the guest */
    char *message = NULL;
    char *line = NULL;
    va_list again;
    va_copy(again, arguments);
    if (vasprintf(&message, format, arguments) < 0) {
        message = NULL;
        /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is, by va_copy() */
        (void)vsnprintf(spare, sizeof spare, format, again);
    }
    va_end(again);
    if (message && guest && asprintf(&line, "guest %s: %s", guest, message) < 0)
        line = NULL;
    write_line(priority, prefix, line ? line : message ? message : spare);
    free(line);
    free(message);
}

void log_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_message(LOG_ERR, "rxtrust: ", format, arguments);
    va_end(arguments);
}

void log_info(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_message(LOG_INFO, "", format, arguments);
    va_end(arguments);
}

__attribute__((format(printf, 1, 2))) static void log_bare_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    write_message(LOG_ERR, "", format, arguments);
    va_end(arguments);
}

void log_error_at(const char *file, unsigned long line, const char *reason) {
    if (line)
        log_bare_error("%s:%lu: %s", file, line, reason);
    else
        log_bare_error("%s: %s", file, reason);
}
