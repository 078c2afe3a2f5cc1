#include "library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct symbol {
    const char *name;
    size_t offset;
};

#define NAME_AS_STRING(name)     #name
#define STRUCT_LIBXML2(function) {NAME_AS_STRING(function), offsetof(struct libxml2, function)},
#define STRUCT_INIH(function)    {NAME_AS_STRING(function), offsetof(struct inih, function)},
static const struct symbol libxml2_symbols[] = {LIBXML2_FUNCTIONS(STRUCT_LIBXML2){NULL, 0}};
static const struct symbol inih_symbols[] = {INIH_FUNCTIONS(STRUCT_INIH){NULL, 0}};

/* Fills the table. Returns NULL, or why it can't. */
static const char *load(const char *soname, const struct symbol *symbols, void *table) {
    /* Lazy: binding all that libxml2 and the ICU behind it call takes longer than parsing a domain.
     */
    void *library = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
    if (!library) {
        const char *reason = dlerror();
        reason = reason ? strdup(reason) : NULL; /* for good: the next error would replace it */
        return reason ? reason : "out of memory";
    }
    for (const struct symbol *symbol = symbols; symbol->name; symbol++) {
        void *address = dlsym(library, symbol->name);
        if (!address)
            return "a library isn't the one that rxtrust was built with";
        memcpy((char *)table + symbol->offset, &address, sizeof address);
    }
    return NULL;
}

const struct libxml2 *library_libxml2(const char **reason) {
    static struct libxml2 table;
    static const char *problem;
    static bool tried;
    if (!tried)
        problem = load(LIBXML2_SONAME, libxml2_symbols, &table);
    tried = true;
    *reason = problem;
    return problem ? NULL : &table;
}

const struct inih *library_inih(const char **reason) {
    static struct inih table;
    static const char *problem;
    static bool tried;
    if (!tried)
        problem = load(INIH_SONAME, inih_symbols, &table);
    tried = true;
    *reason = problem;
    return problem ? NULL : &table;
}
