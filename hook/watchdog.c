#include "watchdog.h"

#include "log.h"
#include "time_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { STACK = 64 * 1024 };

static volatile sig_atomic_t group_to_kill;

__attribute__((noreturn)) static void leave(int signal_number) {
    (void)signal_number;
    _exit(0);
}

/* By default all others end a process, and can be handled. */
static bool ends_a_process(int number) {
    static const int others[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGCONT, SIGTSTP,
                                 SIGTTIN, SIGTTOU, SIGURG,  SIGWINCH};
    for (size_t i = 0; i < COUNT(others); i++)
        if (others[i] == number)
            return false;
    return true;
}

static void handle_all(void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    (void)sigfillset(&action.sa_mask);
    for (int number = 1; number <= SIGRTMAX; number++)
        if (ends_a_process(number))
            (void)sigaction(number, &action, NULL); /* fails for glibc's own two */
}

static void unblock_all(void) {
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Another signal during this, or LAST_SECONDS of waiting for a reader of the log, ends it. */
static void on_fatal_signal(int number) {
    handle_all(leave);
    (void)alarm(LAST_SECONDS);
    unblock_all();
    if (group_to_kill > 0)
        (void)kill(-(pid_t)group_to_kill, SIGKILL);
    log_from_handler(number == SIGALRM ? "rxtrust took too long, and has ended: see rxtrust status"
                                       : "rxtrust crashed or was killed: see rxtrust status");
    _exit(0);
}

void watchdog_arm(unsigned seconds) {
    static char stack[STACK]; /* the handler of a stack overflow needs a stack of its own */
    (void)sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    handle_all(on_fatal_signal);
    (void)signal(SIGPIPE, SIG_IGN); /* then write(2) fails, and that can be logged */
    (void)signal(SIGXFSZ, SIG_IGN);
    unblock_all();
    (void)alarm(seconds);
}

void watchdog_disarm(void) {
    handle_all(SIG_DFL);
    unblock_all();
}

void watchdog_block(sigset_t *before) {
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, before);
}

void watchdog_kill_group(pid_t group) {
    group_to_kill = group;
}

void watchdog_begin_output(sigset_t *before) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    sigset_t all;
    (void)sigfillset(&all);
    for (size_t i = 0; i < COUNT(faults); i++) /* blocked, they would end it without exit code 0 */
        (void)sigdelset(&all, faults[i]);
    (void)sigprocmask(SIG_BLOCK, &all, before);
}
