/* A parser process that was taken over by its input can send a message, and use up its own time and
 * memory, and nothing else. */
#include "sandbox.h"

#include "time_limits.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing(void *user) {
    (void)user;
}

/* Under a sanitizer there are neither filter nor limits. */
#if !SANITIZED

/* An emulator of user programs has no filter for them, and takes its own memory for theirs. It runs
 * a build with -DEMULATED, in which nothing is attempted that only these refuse. */
#ifndef EMULATED

#define MEBIBYTE ((size_t)1 << 20)

/* What each attempt is made on. */
static struct {
    pid_t parent;
    int file; /* open in the parent, for reading and writing */
    char memory[8];
} target = {.file = -1};

static long try_read(void) {
    return open("/etc/passwd", O_RDONLY);
}
static long try_write(void) {
    return open("/run/rxtrust-was-here", O_WRONLY | O_CREAT, 0600);
}
static long try_memory_file(void) {
    return memfd_create("code", 0);
}
static long try_directory(void) {
    return mkdirat(AT_FDCWD, "/run/rxtrust-was-here", 0700);
}
static long try_remove(void) {
    return unlinkat(AT_FDCWD, "/run/rxtrust-is-not-there", 0);
}
static long try_own(void) {
    return fchownat(AT_FDCWD, "/run", 65534, 65534, 0);
}
static long try_kept_file(void) {
    return write(target.file, "x", 1);
}
static long try_link(void) {
    return socket(AF_NETLINK, SOCK_RAW, 0);
}
static long try_internet(void) {
    return socket(AF_INET6, SOCK_STREAM, 0);
}
static long try_packets(void) {
    return socket(AF_PACKET, SOCK_RAW, 0);
}
static long try_local(void) {
    return socket(AF_UNIX, SOCK_STREAM, 0);
}
static long try_kill(void) {
    return kill(target.parent, 0);
}
static long try_trace(void) {
    return ptrace(PTRACE_ATTACH, target.parent, 0, 0);
}
static long try_mount(void) {
    return mount("none", "/run", "tmpfs", 0, NULL);
}
static long try_namespace(void) {
    return unshare(CLONE_NEWUSER);
}
static long try_root(void) {
    return setresuid(0, 0, 0);
}
static long try_module(void) {
    return syscall(SYS_init_module, NULL, 0, "");
}
static long try_dumpable(void) {
    return prctl(PR_SET_DUMPABLE, 1);
}

static long try_exec(void) {
    char *const none[] = {NULL};
    return execve("/bin/true", none, none);
}

static long try_fork(void) {
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child;
}

static long try_parents_memory(void) {
    struct iovec here = {"taken", 6}, there = {target.memory, 6};
    return process_vm_writev(target.parent, &here, 1, &there, 1, 0);
}

static long try_execute(void) {
    char *page = target.memory - (uintptr_t)target.memory % 4096;
    return mprotect(page, 1, PROT_READ | PROT_EXEC);
}

static long try_much_memory(void) {
    void *got =
        mmap(NULL, 1024 * MEBIBYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return got == MAP_FAILED ? -1 : 0;
}

static long try_some_memory(void) {
    void *got =
        mmap(NULL, 256 * MEBIBYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return got == MAP_FAILED ? -1 : 0;
}

static long try_close(void) {
    return close(STDIN_FILENO);
}

static long try_standard_output(void) {
    return write(STDOUT_FILENO, "forged", 6);
}

/* The error it ends with; 0: it can be done. */
static const struct attempt {
    const char *name;
    long (*make)(void);
    int error;
} attempts[] = {
    {"read a file", try_read, EPERM},
    {"write a file", try_write, EPERM},
    {"make a file in memory", try_memory_file, EPERM},
    {"make a directory", try_directory, EPERM},
    {"remove a file", try_remove, EPERM},
    {"give a file away", try_own, EPERM},
    {"write what its parent has open", try_kept_file, EBADF},
    {"speak to the kernel's network", try_link, EPERM},
    {"speak to another host", try_internet, EPERM},
    {"speak in packets of its own", try_packets, EPERM},
    {"speak to a daemon", try_local, EPERM},
    {"run a program", try_exec, EPERM},
    {"start a process", try_fork, EPERM},
    {"send a signal", try_kill, EPERM},
    {"trace a process", try_trace, EPERM},
    {"write the memory of a process", try_parents_memory, EPERM},
    {"mount", try_mount, EPERM},
    {"make a namespace", try_namespace, EPERM},
    {"be root again", try_root, EPERM},
    {"load a module", try_module, EPERM},
    {"be dumped", try_dumpable, EPERM},
    {"change what its memory is for", try_execute, EPERM},
    {"take a GiB of memory", try_much_memory, ENOMEM},
    {"take a quarter of it", try_some_memory, 0},
    {"write to standard output", try_standard_output, 0}, /* it is /dev/null */
    {"close a descriptor", try_close, 0},                 /* the end of its message */
};

static void make_attempt(void *user, struct message *message) {
    const struct attempt *attempt = user;
    long made = attempt->make();
    message_put_number(message, made < 0 ? (size_t)errno : 0);
}

static void test_attempt(void **state) {
    struct attempt attempt = *(const struct attempt *)*state;
    struct message message;
    int ends[2];
    target.parent = getpid();
    memcpy(target.memory, "intact", 7);
    assert_int_equal(pipe(ends), 0);
    target.file = ends[1];
    assert_null(sandbox_run(nothing, make_attempt, &attempt, &message));
    assert_int_equal(message_get_number(&message, SIZE_MAX), attempt.error);
    assert_true(message_is_whole(&message));
    assert_string_equal(target.memory, "intact");
    message_free(&message);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

#endif

/* ---- What the kernel says of it ---- */

struct fact {
    const char *name;
    const char *line; /* how it begins in /proc/PID/status */
    const char *value;
};

static const struct fact facts[] = {
    {"effective capabilities", "CapEff:", "0000000000000000"},
    {"permitted capabilities", "CapPrm:", "0000000000000000"},
    {"inheritable capabilities", "CapInh:", "0000000000000000"},
    {"ambient capabilities", "CapAmb:", "0000000000000000"},
    {"no new privileges", "NoNewPrivs:", "1"},
#ifndef EMULATED
    {"system calls are filtered", "Seccomp:", "2"},
#endif
    {"user", "Uid:", "65534\t65534\t65534\t65534"},
    {"group", "Gid:", "65534\t65534\t65534\t65534"},
    {"further groups", "Groups:", " "},
};

/* ---- One that runs, seen from outside ---- */

/* Says in shared memory that its privileges are dropped: no system call is left for that. */
static void run_for_ever(void *user, struct message *message) {
    (void)message;
    *(volatile bool *)user = true;
    for (;;)
        ;
}

/* The only child of a process, once it has one. */
static pid_t child_of(pid_t parent) {
    char path[64], text[64];
    long child = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", parent, parent);
    while (!child) {
        FILE *stream = fopen(path, "re");
        assert_non_null(stream);
        child = fgets(text, sizeof text, stream) ? strtol(text, NULL, 10) : 0;
        (void)fclose(stream);
    }
    return (pid_t)child;
}

/* Puts into `value` what the kernel says of a process on the line that begins so. */
static void read_status(pid_t process, const char *line, char value[256]) {
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/status", process);
    FILE *stream = fopen(path, "re");
    assert_non_null(stream);
    do
        assert_non_null(fgets(value, 256, stream));
    while (strncmp(value, line, strlen(line)) != 0);
    (void)fclose(stream);
    value[strcspn(value, "\n")] = '\0';
    const char *from = value + strlen(line);
    from += *from == '\t';
    memmove(value, from, strlen(from) + 1);
}

/* Starts a process that sandboxes another, and waits until that one has dropped its privileges. */
static void start_sandboxed(pid_t *parent, pid_t *child) {
    bool *dropped =
        mmap(NULL, sizeof *dropped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(dropped != MAP_FAILED);
    *parent = fork();
    if (*parent == 0) {
        struct message message;
        (void)sandbox_run(nothing, run_for_ever, dropped, &message);
        _exit(0);
    }
    *child = child_of(*parent);
    while (!*(volatile bool *)dropped)
        assert_int_equal(waitpid(*parent, NULL, WNOHANG), 0);
    assert_int_equal(munmap(dropped, sizeof *dropped), 0);
}

/* Kills the parent; the child must end with it, not when its own time is over. */
static void end_sandboxed(pid_t parent, pid_t child) {
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
    assert_true(end.fd >= 0);
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    assert_int_equal(poll(&end, 1, SANDBOX_SECONDS * 500), 1);
    (void)close(end.fd);
}

static void test_fact(void **state) {
    const struct fact *fact = *state;
    pid_t parent = 0, child = 0;
    char value[256];
    start_sandboxed(&parent, &child);
    read_status(child, fact->line, value);
    end_sandboxed(parent, child);
    assert_string_equal(value, fact->value);
}

/* libvirt waits for a hook's pipes: nothing may outlive one that was killed. */
static void test_orphan(void **state) {
    (void)state;
    pid_t parent = 0, child = 0;
    start_sandboxed(&parent, &child);
    end_sandboxed(parent, child);
}

#endif

/* ---- How it can end ---- */

static void send_nothing(void *user, struct message *message) {
    (void)user, (void)message;
}

#if !SANITIZED /* they would tell of it as an error */
static void crash(void *user, struct message *message) {
    (void)user, (void)message;
    __builtin_trap();
}
#endif

static void be_killed(void *user) {
    (void)user;
    (void)raise(SIGKILL);
}

static void break_off(void *user, struct message *message) {
    (void)user, (void)message;
    _exit(1);
}

/* Writes to the pipe past sandbox_run(): it is the one descriptor above standard error. */
static bool send_raw(const char *bytes, size_t length) {
    ssize_t sent = -1;
    for (int fd = STDERR_FILENO + 1; fd < 64 && sent < 0; fd++)
        sent = write(fd, bytes, length);
    return sent > 0;
}

static void send_too_much(void *user, struct message *message) {
    static const char zeros[65536];
    (void)user, (void)message;
    while (send_raw(zeros, sizeof zeros)) /* until nobody reads any more */
        ;
    _exit(0);
}

static void exit_as_linker(void *user) {
    (void)user;
    _exit(127);
}

static void hang(void *user) {
    (void)user;
    unsigned seconds = alarm(0);
    (void)raise(seconds > 0 && seconds <= SANDBOX_SECONDS ? SIGALRM : SIGKILL);
}

static const struct ending {
    const char *name;
    void (*open)(void *user);
    void (*work)(void *user, struct message *message);
    const char *problem;
} endings[] = {
    {"well, without a word", nothing, send_nothing, NULL},
#if !SANITIZED
    {"by a crash", nothing, crash, "the parser process crashed"},
#endif
    {"by a signal", be_killed, send_nothing, "the parser process crashed"},
    {"without a message", nothing, break_off, "out of memory"},
    {"with too long a message", nothing, send_too_much, "malformed answer from the parser process"},
    {"in the dynamic linker", exit_as_linker, send_nothing,
     "out of memory, or a library does not fit"},
    {"when its time is over", hang, send_nothing, "the parser process took too long"},
};

static void test_ending(void **state) {
    const struct ending *ending = *state;
    struct message message;
    const char *problem = sandbox_run(ending->open, ending->work, NULL, &message);
    message_free(&message);
    if (ending->problem)
        assert_string_equal(problem, ending->problem);
    else
        assert_null(problem);
}

/* ---- Messages that end too early, come in pieces, or are longer than a pipe holds ---- */

static void send_part(void *user, struct message *message) {
    (void)user, (void)message;
    (void)send_raw("\5\0\0\0\0\0\0\0ab", 10);
    _exit(1);
}

static void test_partial_message(void **state) {
    (void)state;
    struct message message;
    const char *problem = sandbox_run(nothing, send_part, NULL, &message);
    if (SANITIZED) { /* there the exit code is awaited */
        assert_string_equal(problem, "out of memory");
    } else {
        assert_null(problem);
        static const struct message_field field = {.kind = FIELD_TEXT};
        const char *text = "something";
        message_get_struct(&message, &(struct message_struct){&field, 1, sizeof(char *)}, &text);
        assert_null(text);
        assert_false(message_is_whole(&message));
    }
    message_free(&message);
}

static void count_to(void *user, struct message *message) {
    for (size_t i = 0; i < *(const size_t *)user; i++)
        message_put_number(message, i);
}

static void test_long_messages(void **state) {
    (void)state;
    static const size_t counts[] = {0, 1, 2046, 2047, 2048, 2049, 100000};
    for (size_t i = 0; i < COUNT(counts); i++) {
        size_t count = counts[i];
        struct message message;
        assert_null(sandbox_run(nothing, count_to, &count, &message));
        for (size_t number = 0; number < count; number++)
            assert_int_equal(message_get_number(&message, SIZE_MAX), number);
        assert_true(message_is_whole(&message));
        message_free(&message);
    }
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_long_messages),
    cmocka_unit_test(test_partial_message),
#if !SANITIZED
    cmocka_unit_test(test_orphan),
#endif
};

int main(void) {
    static struct CMUnitTest tests[64];
    size_t used = 0;
#if !SANITIZED
#ifndef EMULATED
    ADD_TABLE(tests, used, test_attempt, attempts);
#endif
    ADD_TABLE(tests, used, test_fact, facts);
#endif
    ADD_TABLE(tests, used, test_ending, endings);
    ADD_TESTS(tests, used, others);
    return _cmocka_run_group_tests("sandbox", tests, used, NULL, NULL);
}
