/* Preloaded into a program, makes its calls to the allocator fail: the FAIL_AT-th one, or all from
 * the FAIL_FROM-th on, counted from 1, of the processes that are FAIL_DEPTH forks away from the
 * first. FAIL_COUNT names a file that gets the highest count for each depth, numbers of 8 bytes of
 * the machine; it must have room for DEPTHS of them. What the program executes is let alone. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { DEPTHS = 5 };

static uint64_t calls, at, from, depth, failing_depth;
static uint64_t *highest; /* shared by the processes */

static uint64_t number(const char *variable) {
    const char *text = getenv(variable);
    return text ? strtoul(text, NULL, 10) : 0;
}

static void go_deeper(void) {
    depth++;
    calls = 0;
}

__attribute__((constructor)) static void start(void) {
    const char *file = getenv("FAIL_COUNT");
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    void *shared =
        fd >= 0 ? mmap(NULL, DEPTHS * sizeof *highest, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                : MAP_FAILED;
    if (fd >= 0)
        (void)close(fd);
    highest = shared == MAP_FAILED ? NULL : shared;
    at = number("FAIL_AT");
    from = number("FAIL_FROM");
    failing_depth = number("FAIL_DEPTH");
    (void)pthread_atfork(NULL, NULL, go_deeper);
    (void)unsetenv("LD_PRELOAD");
    calls = 0;
}

static bool fails(void) {
    calls++;
    if (highest && depth < DEPTHS && calls > highest[depth])
        highest[depth] = calls;
    bool failing = depth == failing_depth && ((at && calls == at) || (from && calls >= from));
    if (failing)
        errno = ENOMEM;
    return failing;
}

void *malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
    return fails() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, bytes);
}

int posix_memalign(void **place, size_t alignment, size_t size) {
    void *block = fails() ? NULL : __libc_memalign(alignment, size);
    if (block)
        *place = block;
    return block ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size) {
    return fails() ? NULL : __libc_memalign(alignment, size);
}
