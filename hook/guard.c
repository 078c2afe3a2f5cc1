#include "guard.h"

#include "log.h"
#include "stream.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <syslog.h>
#include <unistd.h>

enum { PATIENCE = 20 /* seconds */, STACK = 64 * 1024 };

static bool gives_back;

static void end_well(int signal_number) {
    log_line(LOG_ERR, signal_number == SIGALRM
                          ? "it took too long: the guest is left as it is"
                          : "it crashed or was killed: the guest is left as it is");
    if (gives_back)
        stream_rescue();
    _exit(0);
}

void guard_arm(bool rewrites) {
    static const int signals[] = {SIGALRM, SIGSEGV, SIGBUS,  SIGILL, SIGFPE, SIGABRT,
                                  SIGSYS,  SIGXCPU, SIGTERM, SIGHUP, SIGINT, SIGQUIT};
    static char stack[STACK]; /* a stack overflow needs another one to end on */
    gives_back = rewrites;
    (void)sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    struct sigaction action = {.sa_handler = end_well, .sa_flags = SA_ONSTACK};
    (void)sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)sigaction(signals[i], &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN); /* then write(2) fails, and that can be told */
    (void)signal(SIGXFSZ, SIG_IGN);
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL); /* a blocked SIGALRM would never come */
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
