/* Texts that grow, and reading and writing to the end. */
#include "io.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_append(void **state) {
    (void)state;
    static const char bytes[] = "abc\0e";
    struct text text = {0};
    assert_true(text_append(&text, NULL, 0));
    assert_string_equal(text.data, "");
    assert_int_equal(text.length, 0);
    for (size_t i = 1; i <= 100000; i++) {
        assert_true(text_append(&text, &bytes[i % 5], 1));
        assert_int_equal(text.length, i);
        assert_true(text.room > text.length);
        assert_int_equal(text.data[i], '\0');
    }
    for (size_t i = 1; i <= 100000; i++)
        assert_int_equal(text.data[i - 1], bytes[i % 5]);
    text_free(&text);
    assert_null(text.data);
    assert_int_equal(text.length + text.room, 0);
}

static void test_append_long(void **state) {
    (void)state;
    static char bytes[100000];
    struct text text = {0};
    memset(bytes, 'x', sizeof bytes);
    assert_true(text_append(&text, "a", 1));
    assert_true(text_append(&text, bytes, sizeof bytes));
    assert_true(text_append(&text, "z", 1));
    assert_int_equal(strlen(text.data), sizeof bytes + 2);
    assert_string_equal(text.data + sizeof bytes, "xz");
    text_free(&text);
}

static void test_print(void **state) {
    (void)state;
    struct text text = {0};
    assert_true(text_print(&text, "%s", ""));
    assert_string_equal(text.data, "");
    assert_true(text_print(&text, "%s-%d", "a", 1));
    assert_true(text_print(&text, "%5000d", 2));
    assert_int_equal(text.length, 5003);
    assert_memory_equal(text.data, "a-1  ", 5);
    assert_string_equal(text.data + 5000, "  2");
    text_free(&text);
}

static void on_alarm(int number) {
    (void)number;
}

/* A pipe holds less than the longest, so both sides read and write pieces; signals interrupt the
 * writer while it waits for the reader. */
static void test_write_and_read(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 16382, 16383, 16384, 1000000};
    static char bytes[1000000];
    (void)sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        int ends[2], status = 0;
        for (size_t byte = 0; byte < lengths[i]; byte++)
            bytes[byte] = (char)(byte % 251);
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0)
            _exit(!io_write_all(ends[1], bytes, lengths[i]));
        (void)close(ends[1]);
        struct text text = {0};
        assert_true(text_append(&text, "before", 6));
        for (int round = 0; round < 5; round++) {
            (void)usleep(2000);
            assert_int_equal(kill(child, SIGALRM), 0);
        }
        assert_null(io_read_all(ends[0], &text));
        assert_int_equal(text.length, 6 + lengths[i]);
        assert_memory_equal(text.data, "before", 6);
        assert_memory_equal(text.data + 6, bytes, lengths[i]);
        assert_int_equal(text.data[text.length], '\0');
        text_free(&text);
        (void)close(ends[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void test_write_to_nobody(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    (void)signal(SIGPIPE, SIG_IGN);
    assert_false(io_write_all(ends[1], "x", 1));
    assert_int_equal(errno, EPIPE);
    (void)close(ends[1]);
}

/* ---- Files, below a directory of the test's own ---- */

static int make_directory(void **state) {
    static char path[] = "/tmp/rxtrust-test-io-XXXXXX";
    *state = mkdtemp(path);
    return *state && chdir(path) == 0 ? 0 : -1;
}

static int remove_directory(void **state) {
    (void)unlink("file");
    (void)unlink("fifo");
    return rmdir(*state);
}

/* A hole has a length and takes no room. */
static void make_hole(off_t length) {
    int fd = open("file", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, length), 0);
    (void)close(fd);
}

static void test_limit(void **state) {
    (void)state;
    struct text text = {0};
    make_hole((off_t)IO_LIMIT);
    assert_null(io_read_file(AT_FDCWD, "file", &text));
    assert_int_equal(text.length, IO_LIMIT);
    text.length = 0; /* its memory serves again */
    make_hole((off_t)IO_LIMIT + 1);
    assert_string_equal(io_read_file(AT_FDCWD, "file", &text), "it is larger than 16 MiB");
    text_free(&text);
}

static void test_files(void **state) {
    struct text text = {0};
    int directory = open(*state, O_RDONLY | O_DIRECTORY);
    assert_true(directory >= 0);
    assert_int_equal(chdir("/"), 0);
    assert_string_equal(io_read_file(directory, "missing", &text), strerror(ENOENT));
    assert_string_equal(io_read_file(directory, ".", &text), strerror(EISDIR));
    assert_int_equal(mkfifoat(directory, "fifo", 0600), 0);
    assert_null(io_read_file(directory, "fifo", &text)); /* nobody writes: that is its end */
    assert_int_equal(text.length, 0);
    assert_int_equal(fchdir(directory), 0);
    (void)close(directory);
    text_free(&text);
}

int main(void) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_append),
                                              cmocka_unit_test(test_append_long),
                                              cmocka_unit_test(test_print),
                                              cmocka_unit_test(test_write_and_read),
                                              cmocka_unit_test(test_write_to_nobody),
                                              cmocka_unit_test(test_limit),
                                              cmocka_unit_test(test_files)};
    return cmocka_run_group_tests_name("io", tests, make_directory, remove_directory);
}
