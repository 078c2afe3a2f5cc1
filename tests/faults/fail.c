/* Preloaded into a program, makes its calls to the allocator fail: the FAIL_AT-th one, or all from
 * the FAIL_FROM-th on, counted from 1. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static unsigned long calls, at, from;

__attribute__((constructor)) static void start(void) {
    const char *text = getenv("FAIL_AT");
    at = text ? strtoul(text, NULL, 10) : 0;
    text = getenv("FAIL_FROM");
    from = text ? strtoul(text, NULL, 10) : 0;
    calls = 0;
}

static bool fails(void) {
    calls++;
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
