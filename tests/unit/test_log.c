/* The system's log: journald's native protocol, else syslog's, on sockets of the test's own. */
#include "log.h"

#include "clock.h"

#define or_dash unit_or_dash /* log.h has one too */
#include "unit.h"
#undef or_dash

#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#define JOURNALD "/run/systemd/journal/socket"
#define HEAD     "SYSLOG_IDENTIFIER=rxtrust\nSYSLOG_FACILITY=3\n"

static int output, errors; /* files in memory: standard output and standard error */

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    memcpy(address.sun_path, path, strlen(path));
    (void)unlink(path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void assert_received(int fd, const char *expected) {
    char got[8192] = "";
    assert_true(recv(fd, got, sizeof got - 1, MSG_DONTWAIT) >= 0);
    assert_string_equal(got, expected);
}

/* Compares all that was written since the last time. */
static void assert_written(int fd, const char *expected) {
    char got[8192] = "";
    (void)fflush(stdout);
    assert_true(pread(fd, got, sizeof got - 1, 0) >= 0);
    assert_string_equal(got, expected);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

static void test_command(void **state) {
    (void)state;
    int journald = listen_at(JOURNALD);
    log_info("an answer");
    log_error("a mistake");
    log_error_at("FILE", 7, "a %s", "reason");
    log_error_at("FILE", 0, "a %s", "reason");
    assert_written(output, "an answer\n");
    assert_written(errors, "rxtrust: a mistake\nFILE:7: a reason\nFILE: a reason\n");
    assert_int_equal(recv(journald, NULL, 0, MSG_DONTWAIT), -1);
    (void)close(journald);
}

static void test_command_that_changes_guests(void **state) {
    (void)state;
    int journald = listen_at(JOURNALD);
    log_to_both();
    log_info("a change");
    assert_written(output, "a change\n");
    assert_received(journald, HEAD "PRIORITY=6\nMESSAGE=a change\n");
    log_error_at("FILE", 7, "a %s", "reason");
    assert_written(errors, "FILE:7: a reason\n");
    assert_received(journald, HEAD "PRIORITY=3\nMESSAGE=FILE:7: a reason\n");
    log_about_guest("web-1");
    log_error("apply: 52:54:00:a1:b2:10: macvtap0: no multicast; run: rxtrust apply web-1");
    assert_written(errors,
                   "rxtrust: guest web-1: apply: 52:54:00:a1:b2:10: macvtap0: no multicast;\n"
                   "    run: rxtrust apply web-1\n");
    assert_received(journald,
                    HEAD "PRIORITY=3\nMESSAGE=guest web-1: apply: 52:54:00:a1:b2:10: macvtap0: "
                         "no multicast; run: rxtrust apply web-1\nGUEST=web-1\n");
    log_about_guest(NULL);
    (void)close(journald);
}

static void test_hook(void **state) {
    (void)state;
    int journald = listen_at(JOURNALD), syslog = listen_at(_PATH_LOG);
    log_to_syslog();
    log_about_guest("a\nPRIORITY=0\x7f\xc2\x85");
    log_info("done%c%d", '\n', 1);
    assert_written(output, "");
    assert_written(errors, "rxtrust: guest a?PRIORITY=0???: done?1\n");
    assert_received(journald, HEAD "PRIORITY=6\nMESSAGE=guest a?PRIORITY=0???: done?1\n"
                                   "GUEST=a?PRIORITY=0???\n");
    log_from_handler("the end");
    assert_written(errors, "rxtrust: guest a?PRIORITY=0???: the end\n");
    assert_received(journald, HEAD "PRIORITY=3\nMESSAGE=guest a?PRIORITY=0???: the end\n"
                                   "GUEST=a?PRIORITY=0???\n");
    (void)close(journald); /* its file stays, nobody listens */
    log_error("once more");
    assert_received(syslog, "<27>rxtrust: guest a?PRIORITY=0???: once more");
    log_info(
        "a hook's message is one line however long it is, because whoever reads it is no terminal");
    assert_written(errors,
                   "rxtrust: guest a?PRIORITY=0???: once more\n"
                   "rxtrust: guest a?PRIORITY=0???: a hook's message is one line however long it "
                   "is, because whoever reads it is no terminal\n");
    assert_true(recv(syslog, NULL, 0, MSG_DONTWAIT) >= 0);
    log_about_guest(NULL);
    log_info("alone");
    assert_received(syslog, "<30>rxtrust: alone");
    assert_written(errors, "rxtrust: alone\n");
    assert_true(log_has_syslog());
    (void)close(syslog);
    assert_false(log_has_syslog());
    log_info("to nobody");
    assert_written(errors, "rxtrust: to nobody\n");
}

static void test_long_message(void **state) {
    (void)state;
    char expected[5000] = HEAD "PRIORITY=6\nMESSAGE=";
    int journald = listen_at(JOURNALD);
    size_t head = strlen(expected);
    memset(expected + head, ' ', 4095);
    expected[head + 4095] = '\n';
    log_info("%8000d", 1);
    assert_received(journald, expected);
    assert_int_equal(ftruncate(errors, 0), 0);
    (void)close(journald);
}

/* More than a socket's queue holds, while nobody reads. */
static void test_sleeping_reader(void **state) {
    (void)state;
    int journald = listen_at(JOURNALD);
    time_t begin = clock_now();
    for (int i = 0; i < 1000 && clock_now() < begin + 1; i++)
        log_info("%d", i);
    assert_true(clock_now() <= begin + 2);
    assert_received(journald, HEAD "PRIORITY=6\nMESSAGE=0\n");
    assert_int_equal(ftruncate(errors, 0), 0);
    (void)close(journald);
}

/* A mount namespace with empty /run and /dev. */
static int set_up(void **state) {
    (void)state;
    output = memfd_create("output", MFD_CLOEXEC);
    errors = memfd_create("errors", MFD_CLOEXEC);
    bool good = output >= 0 && errors >= 0 && unshare(CLONE_NEWNS) == 0 &&
                mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount("none", "/run", "tmpfs", 0, NULL) == 0 &&
                mount("none", "/dev", "tmpfs", 0, NULL) == 0 && mkdir("/run/systemd", 0755) == 0 &&
                mkdir("/run/systemd/journal", 0755) == 0;
    return good ? 0 : -1;
}

/* cmocka writes to the standard streams too, so they are replaced around each test only. */
static int kept_output, kept_errors;

static int redirect(void **state) {
    (void)state;
    (void)fflush(stdout);
    kept_output = dup(STDOUT_FILENO);
    kept_errors = dup(STDERR_FILENO);
    return dup2(output, STDOUT_FILENO) < 0 || dup2(errors, STDERR_FILENO) < 0;
}

static int restore(void **state) {
    (void)state;
    (void)fflush(stdout);
    bool bad = dup2(kept_output, STDOUT_FILENO) < 0 || dup2(kept_errors, STDERR_FILENO) < 0;
    (void)close(kept_output);
    (void)close(kept_errors);
    return bad;
}

/* In this order: no process takes a call of log_to_both() or log_to_syslog() back. */
int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_command, redirect, restore),
        cmocka_unit_test_setup_teardown(test_command_that_changes_guests, redirect, restore),
        cmocka_unit_test_setup_teardown(test_hook, redirect, restore),
        cmocka_unit_test_setup_teardown(test_long_message, redirect, restore),
        cmocka_unit_test_setup_teardown(test_sleeping_reader, redirect, restore)};
    return cmocka_run_group_tests_name("log", tests, set_up, NULL);
}
