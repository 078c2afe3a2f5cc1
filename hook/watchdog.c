#include "watchdog.h"

#include "log.h"
#include "stream.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#ifndef SYS_close_range /* glibc before 2.32 doesn't name it; all architectures have one number */
#define SYS_close_range 436
#endif

enum { PATIENCE = 20 /* seconds */, STACK = 64 * 1024 };

static const int signals[] = {SIGALRM, SIGSEGV, SIGBUS,  SIGILL, SIGFPE, SIGABRT,
                              SIGSYS,  SIGXCPU, SIGTERM, SIGHUP, SIGINT, SIGQUIT};
static bool gives_back;

static void end_well(int signal_number) {
    log_line(LOG_ERR, signal_number == SIGALRM
                          ? "it took too long: what isn't done yet is left"
                          : "it crashed or was killed: what isn't done yet is left");
    if (gives_back)
        stream_rescue();
    _exit(0);
}

/* A blocked SIGALRM would never come. */
static void block_none(void) {
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void watchdog_arm(bool rewrites) {
    static char stack[STACK]; /* a stack overflow needs another one to end on */
    gives_back = rewrites;
    (void)sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction action = {.sa_handler = end_well, .sa_flags = SA_ONSTACK};
    (void)sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)sigaction(signals[i], &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* then write(2) fails, and that can be told */
    (void)signal(SIGXFSZ, SIG_IGN);
    block_none();
    (void)alarm(PATIENCE);
}

void watchdog_disarm(void) {
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)signal(signals[i], SIG_DFL);
    block_none();
}

void watchdog_descriptors(void) {
    int fd = 0;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

static void close_all(int first, int last) {
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
        return;
    for (int fd = first; fd <= last && fd < 1024; fd++) /* Linux before 5.9 */
        (void)close(fd);
}

bool watchdog_let_go(int kept) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool had = null >= 0;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        had = had && dup2(null, fd) == fd;
    if (!had)
        close_all(STDIN_FILENO, STDERR_FILENO);
    close_all(STDERR_FILENO + 1, kept - 1);
    close_all(kept > STDERR_FILENO ? kept + 1 : STDERR_FILENO + 1, INT_MAX);
    return had;
}
