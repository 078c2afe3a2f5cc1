#include "libxml2.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Fills the table with the addresses of these names. Returns NULL or why it can't. */
__attribute__((unused)) static const char *load(const char *soname, const char *const *names,
                                                size_t count, void *table) {
    /* Binding all calls of libxml2 and of the ICU behind it takes longer than parsing a domain. */
    void *handle = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
    if (!handle) {
        const char *error = dlerror(), *reason = error ? strdup(error) : NULL; /* for good */
        return reason ? reason : "out of memory";
    }
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(handle, names[i]);
        if (!address)
            return "a library isn't the one that rxtrust was built with";
        memcpy((char *)table + i * sizeof address, &address, sizeof address);
    }
    return NULL;
}

#define NAME(function)     STRING(function),
#define STRING(name)       #name
#define FUNCTION(function) function,

#define LOADED(library, functions, soname)                                                         \
    const struct library *library_##library(const char **reason) {                                 \
        static const char *const names[] = {functions(NAME)};                                      \
        static struct library table;                                                               \
        static const char *problem;                                                                \
        static bool tried;                                                                         \
        if (!tried)                                                                                \
            problem = load(soname, names, sizeof names / sizeof *names, &table);                   \
        tried = true;                                                                              \
        *reason = problem;                                                                         \
        return problem ? NULL : &table;                                                            \
    }
#define LINKED(library, functions)                                                                 \
    const struct library *library_##library(const char **reason) {                                 \
        static const struct library table = {functions(FUNCTION)};                                 \
        *reason = NULL;                                                                            \
        return &table;                                                                             \
    }

#ifdef LIBXML2_SONAME
LOADED(libxml2, LIBXML2_FUNCTIONS, LIBXML2_SONAME)
#else
LINKED(libxml2, LIBXML2_FUNCTIONS)
#endif
#ifdef INIH_SONAME
LOADED(inih, INIH_FUNCTIONS, INIH_SONAME)
#else
LINKED(inih, INIH_FUNCTIONS)
#endif
