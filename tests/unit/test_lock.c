/* The lock, between processes. */
#include "lock.h"

#include "clock.h"
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "unit-test"
#define PATH RUN_DIRECTORY "/" NAME ".lock"

static const char busy[] = "another process of rxtrust is at work on it";

/* A child that holds the lock from before this returns: so many ms, or until it is killed (-1). It
 * goes on after it has released the lock. */
static pid_t start_holder(long ms) {
    int ends[2];
    char byte = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct lock lock;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (lock_acquire(NAME, 0, &lock) || write(ends[1], "x", 1) != 1)
            _exit(1);
        if (ms >= 0) {
            clock_pause(ms);
            lock_release(&lock);
        }
        for (;;)
            (void)pause();
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    (void)close(ends[0]);
    return child;
}

static void end_holder(pid_t child) {
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void assert_acquired(time_t deadline) {
    struct lock lock;
    assert_null(lock_acquire(NAME, deadline, &lock));
    lock_release(&lock);
    assert_int_equal(lock.fd, -1);
}

static void test_busy(void **state) {
    (void)state;
    struct lock lock;
    pid_t holder = start_holder(-1);
    assert_string_equal(lock_acquire(NAME, 0, &lock), busy);
    assert_int_equal(lock.fd, -1);
    lock_release(&lock);
    assert_null(lock_acquire(NAME "-2", 0, &lock)); /* another name, another lock */
    lock_release(&lock);
    (void)unlink(RUN_DIRECTORY "/" NAME "-2.lock");
    end_holder(holder);
    assert_acquired(0);
}

static void test_waiting(void **state) {
    (void)state;
    pid_t holder = start_holder(200);
    time_t begin = clock_now();
    assert_acquired(begin + 20);
    assert_true(clock_now() < begin + 10);
    end_holder(holder);
}

static void test_deadline(void **state) {
    (void)state;
    struct lock lock;
    pid_t holder = start_holder(-1);
    time_t begin = clock_now();
    assert_string_equal(lock_acquire(NAME, begin + 1, &lock), busy);
    assert_true(clock_now() >= begin + 1);
    end_holder(holder);
}

/* Nobody may lock a file that was removed meanwhile. */
static void test_file_stays(void **state) {
    (void)state;
    struct stat before, after;
    assert_acquired(0);
    assert_int_equal(stat(PATH, &before), 0);
    assert_int_equal(before.st_mode, S_IFREG | 0600);
    assert_acquired(0);
    assert_int_equal(stat(PATH, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(stat(RUN_DIRECTORY, &after), 0);
    assert_int_equal(after.st_mode, S_IFDIR | 0755);
}

/* Without a lock some of these increments get lost. */
static void test_exclusion(void **state) {
    (void)state;
    enum { PROCESSES = 4, ROUNDS = 20 };
    volatile int *count =
        mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(count != MAP_FAILED);
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            for (int round = 0; round < ROUNDS; round++) {
                struct lock lock;
                if (lock_acquire(NAME, clock_now() + 100, &lock))
                    _exit(1);
                int before = *count;
                clock_pause(1);
                *count = before + 1;
                lock_release(&lock);
            }
            _exit(0);
        }
    for (int i = 0, status = 0; i < PROCESSES; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(*count, PROCESSES * ROUNDS);
    assert_int_equal(munmap((void *)count, sizeof *count), 0);
}

static void test_refused(void **state) {
    (void)state;
    struct lock lock;
    char name[300] = "";
    (void)unlink(PATH);
    assert_int_equal(symlink("/run/rxtrust-was-here", PATH), 0);
    assert_string_equal(lock_acquire(NAME, 0, &lock), strerror(ELOOP));
    assert_int_equal(lock.fd, -1);
    assert_int_equal(unlink(PATH), 0);
    memset(name, 'x', sizeof name - 1);
    assert_string_equal(lock_acquire(name, 0, &lock), strerror(ENAMETOOLONG));
    assert_int_equal(lock.fd, -1);
}

static int remove_file(void **state) {
    (void)state;
    (void)unlink(PATH);
    (void)rmdir(RUN_DIRECTORY); /* stays where a host runs rxtrust */
    return 0;
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_busy),      cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_deadline),  cmocka_unit_test(test_file_stays),
        cmocka_unit_test(test_exclusion), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests_name("lock", tests, remove_file, remove_file);
}
