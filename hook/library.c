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
static const struct symbol libxml2_symbols[] = {LIBXML2_FUNCTIONS(STRUCT_LIBXML2){NULL, 0}};

struct library {
    const char *soname;
    const struct symbol *symbols;
    void *table;
    const char *problem;
    bool tried;
};

/* Fills the table. Returns NULL, or why it can't. */
static const char *load(const struct library *library) {
    /* Lazy: binding all that libxml2 and the ICU behind it call takes longer than parsing a domain.
     */
    void *handle = dlopen(library->soname, RTLD_LAZY | RTLD_LOCAL);
    if (!handle) {
        const char *reason = dlerror();
        reason = reason ? strdup(reason) : NULL; /* for good: the next error would replace it */
        return reason ? reason : "out of memory";
    }
    for (const struct symbol *symbol = library->symbols; symbol->name; symbol++) {
        void *address = dlsym(handle, symbol->name);
        if (!address)
            return "a library isn't the one that rxtrust was built with";
        memcpy((char *)library->table + symbol->offset, &address, sizeof address);
    }
    return NULL;
}

/* Loads it once; what came of that stays. */
static const void *table_of(struct library *library, const char **reason) {
    if (!library->tried)
        library->problem = load(library);
    library->tried = true;
    *reason = library->problem;
    return library->problem ? NULL : library->table;
}

const struct libxml2 *library_libxml2(const char **reason) {
    static struct libxml2 table;
    static struct library library = {LIBXML2_SONAME, libxml2_symbols, &table, NULL, false};
    return table_of(&library, reason);
}

#ifdef INIH_SONAME
const struct inih *library_inih(const char **reason) {
#define STRUCT_INIH(function) {NAME_AS_STRING(function), offsetof(struct inih, function)},
    static const struct symbol symbols[] = {INIH_FUNCTIONS(STRUCT_INIH){NULL, 0}};
    static struct inih table;
    static struct library library = {INIH_SONAME, symbols, &table, NULL, false};
    return table_of(&library, reason);
}
#else
const struct inih *library_inih(const char **reason) {
#define FUNCTION(function) function,
    static const struct inih table = {INIH_FUNCTIONS(FUNCTION)};
    *reason = NULL;
    return &table;
}
#endif
