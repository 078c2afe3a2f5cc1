#include "watchdog.h"

#include "log.h"

#include <stddef.h>
#include <syslog.h>
#include <unistd.h>

enum { STACK = 64 * 1024, LAST_SECONDS = 1 };

static volatile sig_atomic_t taken_along;

__attribute__((noreturn)) static void leave(int signal_number) {
    (void)signal_number;
    _exit(0);
}

/* Signals that stop or are ignored by default are let alone, and two that no process can handle. */
static bool ends_a_process(int number) {
    static const int others[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGCONT, SIGTSTP,
                                 SIGTTIN, SIGTTOU, SIGURG,  SIGWINCH};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] == number)
            return false;
    return true;
}

static void handle_all(void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    (void)sigfillset(&action.sa_mask);
    for (int number = 1; number <= SIGRTMAX; number++)
        if (ends_a_process(number))
            (void)sigaction(number, &action, NULL); /* two of the real-time ones are glibc's */
}

static void unblock_all(void) {
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* From here on another signal, or a second of waiting for who doesn't read the log, ends it. */
static void on_fatal_signal(int number) {
    handle_all(leave);
    (void)alarm(LAST_SECONDS);
    unblock_all();
    if (taken_along > 0)
        (void)kill(-(pid_t)taken_along, SIGKILL);
    log_from_handler(number == SIGALRM ? "rxtrust took too long, and has ended: see rxtrust status"
                                       : "rxtrust crashed or was killed: see rxtrust status");
    _exit(0);
}

void watchdog_arm(unsigned seconds) {
    static char stack[STACK]; /* a stack overflow needs another one to end on */
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

void watchdog_take_along(pid_t group) {
    taken_along = group;
}
