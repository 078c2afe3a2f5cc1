/* Preloaded into a program, makes its calls to the allocator fail: the FAIL_AT-th one, or all from
 * the FAIL_FROM-th on, counted from 1. A forked process counts on from where it began. FAIL_COUNT
 * names a file of 8 bytes or more that gets the highest count of any process, as a number of the
 * machine. What the program executes is let alone. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
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

static uint64_t calls, at, from;
static uint64_t *highest; /* shared by the processes */

static uint64_t number(const char *variable) {
    const char *text = getenv(variable);
    return text ? strtoul(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void start(void) {
    const char *file = getenv("FAIL_COUNT");
    int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    void *shared = fd >= 0 ? mmap(NULL, sizeof *highest, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                           : MAP_FAILED;
    if (fd >= 0)
        (void)close(fd);
    highest = shared == MAP_FAILED ? NULL : shared;
    at = number("FAIL_AT");
    from = number("FAIL_FROM");
    calls = 0;
    (void)unsetenv("LD_PRELOAD");
}

static bool fails(void) {
    calls++;
    if (highest && calls > *highest)
        *highest = calls;
    bool failing = (at && calls == at) || (from && calls >= from);
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
