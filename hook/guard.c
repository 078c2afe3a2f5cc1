#include "guard.h"

#include "stream.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE = 20 /* seconds */, STACK = 64 * 1024 };

static bool gives_back;

/* syslog(3) may hold a lock, or be what hangs; these calls are async-signal-safe and don't wait. */
static void log_last_words(const char *words) {
    static const struct sockaddr_un syslog_socket = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&syslog_socket, sizeof syslog_socket) == 0)
        (void)send(fd, words, strlen(words), MSG_NOSIGNAL);
    ssize_t ignored = write(STDERR_FILENO, words, strlen(words));
    (void)ignored;
}

/* <27> is syslog's daemon.err. */
static void end_well(int signal_number) {
    log_last_words(signal_number == SIGALRM
                       ? "<27>rxtrust: it took too long: the guest is left as it is\n"
                       : "<27>rxtrust: it crashed: the guest is left as it is\n");
    if (gives_back)
        stream_rescue();
    _exit(0);
}

void guard_arm(bool rewrites) {
    static const int signals[] = {SIGALRM, SIGSEGV, SIGBUS,  SIGILL, SIGFPE,
                                  SIGABRT, SIGSYS,  SIGXCPU, SIGXFSZ};
    static char stack[STACK]; /* a stack overflow needs another one to end on */
    gives_back = rewrites;
    (void)sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction action = {.sa_handler = end_well, .sa_flags = SA_ONSTACK};
    (void)sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)sigaction(signals[i], &action, NULL);
    (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    (void)alarm(PATIENCE);
}

void guard_descriptors(void) {
    int fd = 0;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}
