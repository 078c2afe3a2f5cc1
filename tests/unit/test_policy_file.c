/* The file of a policy: its owner and mode, paths that are no file, and a file that somebody is
 * writing. */
#undef _FORTIFY_SOURCE /* its read() is inline, and this file has one of its own */
#include "unit.h"

#include "../../hook/policy.h"
#include "../../hook/time_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static void assert_errors(const struct policy *policy, const char *expected) {
    struct report report;
    FILE *out = report_open(&report);
    for (size_t i = 0; i < policy->error_count; i++)
        (void)fprintf(out, "%zu: %s\n", policy->errors[i].line, policy->errors[i].reason);
    report_assert(&report, expected);
    assert_false(policy->out_of_memory);
}

/* ---- Owner, mode, and paths that are no file ---- */

#define GOOD_POLICY "[default]\npolicy = off\n"

/* The path follows. */
#define CHMOD       "0: it can be written by group or others: run chmod go-w "
#define CHOWN       "0: it belongs neither to root nor to the caller: run chown root "
#define NOT_REGULAR "0: it is not a regular file: mv a policy to "
#define WRITING     "0: somebody has it open for writing: wait for that, or mv a new file over it\n"
#define CHANGING    "0: it changes while it is read: mv a new file over it\n"

static const struct ownership {
    const char *name;
    mode_t mode;
    uid_t owner;
    gid_t group;
    const char *errors;
} ownerships[] = {
    {"root's, 0644", 0644, 0, 0, ""},
    {"root's, 0600", 0600, 0, 0, ""},
    {"root's, 0755", 0755, 0, 0, ""},
    {"root's, of another group", 0640, 0, 4711, ""},
    {"the group may write", 0664, 0, 0, CHMOD},
    {"others may write", 0646, 0, 0, CHMOD},
    {"only others may write", 0602, 0, 0, CHMOD},
    {"everybody may write", 0666, 0, 0, CHMOD},
    {"another user's", 0644, 4711, 0, CHOWN},
    {"the user's after root", 0644, 1, 0, CHOWN},
    {"another user's, for nobody to write", 0444, 4711, 0, CHOWN},
};

/* A directory of a test's own. */
struct place {
    char directory[32];
    char path[64];
};

static void place_make(struct place *place) {
    *place = (struct place){0};
    (void)snprintf(place->directory, sizeof place->directory, "/tmp/rxtrust-test-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    (void)snprintf(place->path, sizeof place->path, "%s/policy.ini", place->directory);
}

static void place_remove(const struct place *place) {
    (void)remove(place->path); /* some tests make nothing there */
    assert_int_equal(rmdir(place->directory), 0);
}

static void write_file(const char *path, const char *text) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

static bool read_file(const char *path, bool required, struct policy *policy) {
    bool good = policy_open(path, required, policy) ? policy_parse(policy) : policy->missing;
    return good;
}

/* Reads the policy at this place, and compares its errors; one without a newline names the path
 * behind it. */
static void assert_file_errors(const char *path, bool required, bool missing, const char *errors) {
    struct policy policy;
    bool good = read_file(path, required, &policy);
    char expected[320];
    bool names_path = *errors && errors[strlen(errors) - 1] != '\n';
    (void)snprintf(expected, sizeof expected, "%s%s%s", errors, names_path ? path : "",
                   names_path ? "\n" : "");
    assert_errors(&policy, expected);
    assert_int_equal(good, !*errors);
    assert_int_equal(policy.missing, missing);
    policy_free(&policy);
}

/* Of policy_open(), so far, and how long it asked for, in nanoseconds. */
static unsigned pauses;
static long paused;

static void test_ownership(void **state) {
    const struct ownership *row = *state;
    struct place place;
    if (geteuid() != 0)
        skip(); /* only root can give a file away */
    place_make(&place);
    write_file(place.path, GOOD_POLICY);
    assert_int_equal(chown(place.path, row->owner, row->group), 0);
    assert_int_equal(chmod(place.path, row->mode), 0);
    pauses = 0;
    assert_file_errors(place.path, false, false, row->errors);
    assert_true(!*row->errors || !pauses); /* it won't be another's in a moment */
    place_remove(&place);
}

/* The caller's own file is good too, be the caller root or not; and root's, whoever calls. */
static void test_callers_own(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip();
    static const uid_t owners[] = {4711, 0};
    for (size_t i = 0; i < COUNT(owners); i++) {
        struct place place;
        place_make(&place);
        write_file(place.path, GOOD_POLICY);
        assert_int_equal(chown(place.path, owners[i], owners[i]), 0);
        assert_int_equal(chmod(place.path, 0644), 0);
        assert_int_equal(chmod(place.directory, 0755), 0);
        assert_int_equal(seteuid(4711), 0);
        struct policy policy;
        bool good = read_file(place.path, true, &policy);
        assert_int_equal(seteuid(0), 0);
        assert_true(good);
        policy_free(&policy);
        place_remove(&place);
    }
}

static void test_unreadable(void **state) {
    (void)state;
    struct place place;
    if (geteuid() != 0)
        skip();
    place_make(&place);
    write_file(place.path, GOOD_POLICY);
    assert_int_equal(chmod(place.path, 0600), 0);
    assert_int_equal(chmod(place.directory, 0755), 0);
    assert_int_equal(seteuid(4711), 0);
    struct policy policy;
    pauses = 0;
    bool good = read_file(place.path, false, &policy);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(pauses, 0);
    assert_false(good);
    assert_errors(&policy, "0: Permission denied\n");
    policy_free(&policy);
    place_remove(&place);
}

static void test_missing(void **state) {
    (void)state;
    struct place place;
    place_make(&place);
    assert_file_errors(place.path, false, true, "");
    assert_file_errors(place.path, true, false, "0: No such file or directory\n");
    place_remove(&place);
}

/* There is a policy, only it can't be had: not the same as none. */
static void test_below_a_file(void **state) {
    (void)state;
    struct place place;
    char path[80];
    place_make(&place);
    write_file(place.path, GOOD_POLICY);
    (void)snprintf(path, sizeof path, "%s/policy.ini", place.path);
    pauses = 0;
    assert_file_errors(path, false, false, "0: Not a directory\n");
    assert_int_equal(pauses, 0);
    place_remove(&place);
}

static void test_directory(void **state) {
    (void)state;
    struct place place;
    place_make(&place);
    assert_file_errors(place.directory, false, false, NOT_REGULAR);
    place_remove(&place);
}

/* Nobody writes to it: a reader that waits would wait for ever. */
static void test_fifo(void **state) {
    (void)state;
    struct place place;
    place_make(&place);
    assert_int_equal(mkfifo(place.path, 0600), 0);
    assert_file_errors(place.path, false, false, NOT_REGULAR);
    place_remove(&place);
}

static void test_device(void **state) {
    (void)state;
    assert_file_errors("/dev/null", false, false, NOT_REGULAR);
}

static void test_symbolic_link(void **state) {
    (void)state;
    struct place place;
    char target[80];
    place_make(&place);
    (void)snprintf(target, sizeof target, "%s.target", place.path);
    write_file(target, GOOD_POLICY);
    assert_int_equal(symlink(target, place.path), 0);
    assert_file_errors(place.path, false, false, "");
    assert_int_equal(unlink(target), 0);
    place_remove(&place);
}

static void test_errors_of_a_file(void **state) {
    (void)state;
    struct place place;
    place_make(&place);
    write_file(place.path, "[default]\npolicy = on\noverride = off\n");
    assert_file_errors(place.path, false, false,
                       "2: policy can't be 'on', only trust, multicast or off\n"
                       "3: override can't be 'off', only yes or no\n");
    place_remove(&place);
}

static void test_large_files(void **state) {
    (void)state;
    static const struct {
        off_t size;
        const char *errors;
    } rows[] = {
        {(off_t)IO_LIMIT,
         "1: the line is too long: inih takes 198 bytes\n"}, /* all of it was read */
        {(off_t)IO_LIMIT + 1, "0: it is larger than 16 MiB\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct place place;
        place_make(&place);
        write_file(place.path, "");
        assert_int_equal(truncate(place.path, rows[i].size), 0);
        assert_file_errors(place.path, false, false, rows[i].errors);
        place_remove(&place);
    }
}

/* ---- A file that somebody is writing ---- */

/* The writer acts at a given moment: before the so-manieth read() of policy_open(), and in the
 * so-manieth of its pauses. These stand in for the C library's. */
static struct {
    const struct race *race;
    const char *path;
    unsigned reads;
    int open; /* the writer's file, or -1 */
} writer = {.open = -1};

#define HALF  "[default]\npolicy = trust\n"
#define WHOLE HALF "[vm:web-1]\npolicy = off\n"
#define OTHER HALF "[vm:web-2]\npolicy = off\n" /* as long as the whole */

static void write_half(const char *path) {
    write_file(path, HALF);
}

static void write_whole(const char *path) {
    write_file(path, WHOLE);
}

/* So that only the time of the change tells. */
static void write_as_long_and_old(const char *path) {
    struct stat before;
    assert_int_equal(stat(path, &before), 0);
    write_file(path, OTHER);
    const struct timespec times[] = {before.st_atim, before.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void begin_to_write(const char *path) {
    writer.open = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(writer.open >= 0);
    assert_int_equal(write(writer.open, HALF, strlen(HALF)), strlen(HALF));
}

static void write_the_rest(const char *path) {
    (void)path;
    const char *rest = &WHOLE[strlen(HALF)];
    assert_int_equal(write(writer.open, rest, strlen(rest)), strlen(rest));
    assert_int_equal(close(writer.open), 0);
    writer.open = -1;
}

static void rename_whole(const char *path) {
    char new_path[80];
    (void)snprintf(new_path, sizeof new_path, "%s.new", path);
    write_file(new_path, WHOLE);
    assert_int_equal(rename(new_path, path), 0);
}

static void take_away(const char *path) {
    assert_int_equal(unlink(path), 0);
}

static void write_beside(const char *path, const char *suffix, const char *text) {
    char beside[80];
    (void)snprintf(beside, sizeof beside, "%s%s", path, suffix);
    write_file(beside, text);
}

/* A link to what is not there. */
static void link_to_nothing(const char *path) {
    assert_int_equal(symlink("policy.ini.target", path), 0);
}

static void write_target(const char *path) {
    write_beside(path, ".target", WHOLE);
}

static void link_to_half(const char *path) {
    write_beside(path, ".half", HALF);
    assert_int_equal(symlink("policy.ini.half", path), 0);
}

static void link_to_whole(const char *path) {
    write_target(path);
    assert_int_equal(unlink(path), 0);
    link_to_nothing(path);
}

static void age(const char *path) {
    (void)path;
    const struct timespec time = {.tv_nsec = 50000000L};
    assert_int_equal(syscall(SYS_nanosleep, &time, NULL), 0);
}

static void write_as_long_and_wait(const char *path) {
    write_as_long_and_old(path);
    age(path);
}

static void write_whole_and_wait(const char *path) {
    write_whole(path);
    age(path);
}

static void date_directory(const char *path, time_t seconds) {
    char directory[80];
    (void)snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(path, '/') - path), path);
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds}};
    assert_int_equal(utimensat(AT_FDCWD, directory, times, 0), 0);
}

static void age_directory(const char *path) {
    date_directory(path, 1);
}

static void date_directory_ahead(const char *path) {
    date_directory(path, time(NULL) + 1000);
}

enum { FIRST_ACTS = 3, ALWAYS = 0 };

static const struct race {
    const char *name;
    void (*before[FIRST_ACTS])(const char *path); /* policy_open() */
    struct act {
        /* cppcheck-suppress unusedStructMember ; it is, by name, in the rows */
        void (*act)(const char *path);
        /* cppcheck-suppress unusedStructMember ; likewise */
        unsigned number; /* of the read or the pause, from 1; or ALWAYS */
    } read, pause;
    const char *errors;
    bool missing;
    unsigned least, most;                           /* pauses */
    enum { BY_KERNEL, EVERYWHERE, ON_NFS } refused; /* read leases */
} races[] = {
    {"nobody writes it", {write_whole, age}, {0}, {0}, "", false, 0, 0, BY_KERNEL},
    {"it was written a moment ago", {write_whole}, {0}, {0}, "", false, 1, 4, BY_KERNEL},
    {"half was written a moment ago",
     {write_half},
     {0},
     {write_whole, 1},
     "",
     false,
     1,
     4,
     BY_KERNEL},
    {"it is cut while it is read",
     {write_whole, age},
     {write_half, 1},
     {write_whole, 1},
     "",
     false,
     1,
     4,
     BY_KERNEL},
    {"it is cut when all of it was read",
     {write_whole, age},
     {write_half, 2},
     {write_whole, 1},
     "",
     false,
     1,
     4,
     BY_KERNEL},
    {"it is changed, and its size and time are as before",
     {write_whole, age},
     {write_as_long_and_old, 2},
     {write_whole, 1},
     "",
     false,
     1,
     4,
     BY_KERNEL},
    {"it is changed, and that is no moment ago",
     {write_whole, age},
     {write_as_long_and_wait, 2},
     {write_whole, 1},
     "",
     false,
     1,
     4,
     BY_KERNEL},
    {"a link is led elsewhere while it is read",
     {link_to_half, age},
     {link_to_whole, 1},
     {0, BY_KERNEL},
     "",
     false,
     1,
     4,
     BY_KERNEL},
    {"a writer that is slow has half of it",
     {begin_to_write, age},
     {0, BY_KERNEL},
     {write_the_rest, 3},
     "",
     false,
     3,
     6,
     BY_KERNEL},
    {"a writer never ends", {begin_to_write, age}, {0}, {0}, WRITING, false, 5, 20, BY_KERNEL},
    {"leases are refused, though nobody writes",
     {write_whole, age},
     {0, BY_KERNEL},
     {0, BY_KERNEL},
     "",
     false,
     POLICY_LOOKS - 1,
     POLICY_LOOKS - 1,
     EVERYWHERE},
    {"NFS refuses a lease, though nobody writes",
     {write_whole, age},
     {0, BY_KERNEL},
     {0, BY_KERNEL},
     "",
     false,
     POLICY_LOOKS - 1,
     POLICY_LOOKS - 1,
     ON_NFS},
    {"leases are refused, and a writer that is slow has half of it",
     {begin_to_write, age},
     {0, BY_KERNEL},
     {write_the_rest, POLICY_LOOKS - 1},
     "",
     false,
     POLICY_LOOKS - 1,
     6,
     EVERYWHERE},
    {"leases are refused, and it is cut while it is read",
     {write_whole, age},
     {write_half, 1},
     {write_whole, POLICY_LOOKS},
     "",
     false,
     POLICY_LOOKS,
     7,
     EVERYWHERE},
    {"leases are refused, and it is written between two looks",
     {write_half, age},
     {0},
     {write_whole_and_wait, POLICY_LOOKS - 1},
     "",
     false,
     POLICY_LOOKS,
     POLICY_LOOKS,
     EVERYWHERE},
    {"leases are refused, and it is written again and again",
     {write_whole, age},
     {write_half, ALWAYS},
     {0, BY_KERNEL},
     WRITING,
     false,
     5,
     20,
     EVERYWHERE},
    {"it is written again and again",
     {write_whole, age},
     {write_half, ALWAYS},
     {0, BY_KERNEL},
     CHANGING,
     false,
     5,
     20,
     BY_KERNEL},
    {"another is renamed over it while it is read",
     {write_half, age},
     {rename_whole, 1},
     {0, BY_KERNEL},
     "",
     false,
     1,
     4,
     BY_KERNEL},
    {"it is away for a moment", {NULL}, {0}, {write_whole, 1}, "", false, 1, 4, BY_KERNEL},
    {"it is taken away while it is read, and put back",
     {write_half, age},
     {take_away, 1},
     {write_whole, 1},
     "",
     false,
     1,
     4,
     BY_KERNEL},
    {"it was taken away a moment ago, for good",
     {write_whole, age, take_away},
     {0, BY_KERNEL},
     {0, BY_KERNEL},
     "",
     true,
     1,
     5,
     BY_KERNEL},
    {"it is taken away while it is read, for good",
     {write_whole, age},
     {take_away, 1},
     {0, BY_KERNEL},
     "",
     true,
     1,
     5,
     BY_KERNEL},
    {"there was none in the last second", {age_directory}, {0}, {0}, "", true, 0, 0, BY_KERNEL},
    {"there is none, and the clock was set back",
     {date_directory_ahead},
     {0},
     {0},
     "",
     true,
     0,
     0,
     BY_KERNEL},
    {"it is a link whose target is away for a moment",
     {link_to_nothing, age_directory},
     {0, BY_KERNEL},
     {write_target, 1},
     "",
     false,
     1,
     4,
     BY_KERNEL},
    {"it is a link to nothing",
     {link_to_nothing, age_directory},
     {0, BY_KERNEL},
     {0, BY_KERNEL},
     "0: No such file or directory\n",
     false,
     1,
     5,
     BY_KERNEL},
};

static void act(const struct act *act, unsigned number) {
    if (act->act && (act->number == number || act->number == ALWAYS))
        act->act(writer.path);
}

ssize_t read(int fd, void *data, size_t size) {
    if (writer.race)
        act(&writer.race->read, ++writer.reads);
    return syscall(SYS_read, fd, data, size);
}

int nanosleep(const struct timespec *time, struct timespec *left) {
    pauses++;
    paused += time->tv_sec * 1000000000L + time->tv_nsec;
    if (writer.race)
        act(&writer.race->pause, pauses);
    return (int)syscall(SYS_nanosleep, time, left);
}

/* policy_open() asks for leases of the policy and of this program. */
static bool is_policy(int fd) {
    struct stat file, policy;
    return fstat(fd, &file) == 0 && stat(writer.path, &policy) == 0 && file.st_ino == policy.st_ino;
}

int fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    if (command == F_SETLEASE && argument == F_RDLCK && writer.race &&
        (writer.race->refused == EVERYWHERE || (writer.race->refused == ON_NFS && is_policy(fd)))) {
        errno = EAGAIN;
        return -1;
    }
    return (int)syscall(SYS_fcntl, fd, command, argument);
}

int fstatfs(int fd, struct statfs *system) {
    long result = syscall(SYS_fstatfs, fd, system);
    if (writer.race && writer.race->refused == ON_NFS)
        system->f_type = NFS_SUPER_MAGIC;
    return (int)result;
}

static void test_race(void **state) {
    const struct race *row = *state;
    struct place place;
    struct policy policy;
    place_make(&place);
    writer.path = place.path;
    writer.reads = pauses = 0;
    paused = 0;
    for (size_t i = 0; i < FIRST_ACTS && row->before[i]; i++)
        row->before[i](place.path);
    int free_descriptor = dup(STDIN_FILENO);
    assert_int_equal(close(free_descriptor), 0);
    writer.race = row;
    bool good = policy_open(place.path, false, &policy);
    writer.race = NULL;
    int still_free = dup(STDIN_FILENO);
    assert_true(still_free <= free_descriptor); /* none is left open */
    assert_int_equal(close(still_free), 0);
    assert_errors(&policy, row->errors);
    assert_int_equal(policy.missing, row->missing);
    assert_int_equal(good, !*row->errors && !row->missing);
    if (good)
        assert_string_equal(policy.text.data, WHOLE);
    assert_true(pauses >= row->least && pauses <= row->most);
    assert_true(paused < 500000000L);
    policy_free(&policy);
    if (writer.open >= 0)
        assert_int_equal(close(writer.open), 0);
    writer.open = -1;
    static const char *const suffixes[] = {".target", ".half"};
    for (size_t i = 0; i < COUNT(suffixes); i++) {
        char beside[80];
        (void)snprintf(beside, sizeof beside, "%s%s", place.path, suffixes[i]);
        (void)remove(beside); /* only some make it */
    }
    place_remove(&place);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_callers_own),      cmocka_unit_test(test_unreadable),
    cmocka_unit_test(test_missing),          cmocka_unit_test(test_below_a_file),
    cmocka_unit_test(test_directory),        cmocka_unit_test(test_fifo),
    cmocka_unit_test(test_device),           cmocka_unit_test(test_symbolic_link),
    cmocka_unit_test(test_errors_of_a_file), cmocka_unit_test(test_large_files),
};

int main(void) {
    static struct CMUnitTest tests[COUNT(ownerships) + COUNT(races) + COUNT(others)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_ownership, ownerships);
    ADD_TABLE(tests, used, test_race, races);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("policy_file", tests, NULL, NULL);
}
