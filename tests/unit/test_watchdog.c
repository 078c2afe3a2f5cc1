/* How a process that has armed its watchdog ends. */
#include "watchdog.h"

#include "clock.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs in a child with an armed watchdog, then the child exits with 7. */
static int run(void (*work)(void)) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        watchdog_arm(1);
        work();
        _exit(7);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

enum { GOES_ON = 7 << 8, ENDS_WELL = 0 };

static void be_terminated(void) {
    (void)raise(SIGTERM);
}

static void be_late(void) {
    clock_pause(3000);
}

static void meet_harmless_signals(void) {
    (void)kill(getpid(), SIGPIPE);
    (void)kill(getpid(), SIGXFSZ);
    (void)kill(getpid(), SIGWINCH);
}

static void have_time(void) {
    watchdog_arm(0);
    clock_pause(1500);
}

/* All but those of a crash, those that no process can block, and glibc's own. */
static void print_through_signals(void) {
    static const int excluded[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE,
                                   SIGILL,  SIGTRAP, SIGSYS,  SIGABRT};
    watchdog_begin_output(NULL);
    for (int number = 1; number <= SIGRTMAX; number++) {
        bool other = number >= __SIGRTMIN && number < SIGRTMIN;
        for (size_t i = 0; i < COUNT(excluded); i++)
            other = other || number == excluded[i];
        if (!other)
            (void)kill(getpid(), number);
    }
}

static void print_for_long(void) {
    watchdog_begin_output(NULL);
    clock_pause(1500);
}

static void crash_while_printing(void) {
    watchdog_begin_output(NULL);
    (void)raise(SIGSEGV);
}

static void print_to_nobody(void) {
    int ends[2];
    watchdog_begin_output(NULL);
    if (pipe(ends) != 0 || close(ends[0]) != 0)
        _exit(1);
    if (write(ends[1], "x", 1) >= 0 || errno != EPIPE)
        _exit(2);
}

static const struct ending {
    const char *name;
    void (*work)(void);
    int status;
} endings[] = {
    {"a signal", be_terminated, ENDS_WELL},
    {"its time is over", be_late, ENDS_WELL},
    {"harmless signals", meet_harmless_signals, GOES_ON},
    {"no time limit", have_time, GOES_ON},
    {"signals while it prints", print_through_signals, GOES_ON},
    {"its time is over while it prints", print_for_long, GOES_ON},
    {"a crash while it prints", crash_while_printing, ENDS_WELL},
    {"nobody reads", print_to_nobody, GOES_ON},
};

static void test_ending(void **state) {
    const struct ending *ending = *state;
    assert_int_equal(run(ending->work), ending->status);
}

/* A process of the group has the pipe open until it ends. */
static int group_ends[2];

static void leave_a_group(void) {
    pid_t child = fork();
    if (child == 0) {
        watchdog_disarm();
        (void)setpgid(0, 0);
        for (;;)
            (void)pause();
    }
    (void)setpgid(child, child);
    watchdog_kill_group(child);
    (void)raise(SIGTERM);
}

static void test_group(void **state) {
    (void)state;
    char byte = 0;
    assert_int_equal(pipe(group_ends), 0);
    assert_int_equal(run(leave_a_group), ENDS_WELL);
    (void)close(group_ends[1]);
    (void)alarm(10);
    assert_int_equal(read(group_ends[0], &byte, 1), 0);
    (void)alarm(0);
    (void)close(group_ends[0]);
}

static const struct CMUnitTest others[] = {cmocka_unit_test(test_group)};

int main(void) {
    static struct CMUnitTest tests[COUNT(endings) + COUNT(others)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_ending, endings);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
