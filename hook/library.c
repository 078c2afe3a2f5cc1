#include "library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

struct symbol {
    const char *name;
    size_t offset;
};

#define NAME_AS_STRING(name)     #name
#define STRUCT_LIBXML2(function) {NAME_AS_STRING(function), offsetof(struct libxml2, function)},
#define STRUCT_INIH(function)    {NAME_AS_STRING(function), offsetof(struct inih, function)},
static const struct symbol libxml2_symbols[] = {LIBXML2_FUNCTIONS(STRUCT_LIBXML2){NULL, 0}};
static const struct symbol inih_symbols[] = {INIH_FUNCTIONS(STRUCT_INIH){NULL, 0}};

static bool load(const char *soname, const struct symbol *symbols, void *table,
                 const char **reason) {
    /* Lazy: binding all that libxml2 and the ICU behind it call takes longer than parsing a domain.
     */
    void *library = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
    for (const struct symbol *symbol = symbols; library && symbol->name; symbol++) {
        void *address = dlsym(library, symbol->name);
        if (!address) {
            *reason = "a library isn't the one that rxtrust was built with";
            return false;
        }
        *(void **)(void *)((char *)table + symbol->offset) = address;
    }
    if (!library)
        *reason = dlerror();
    return library != NULL;
}

const struct libxml2 *library_libxml2(const char **reason) {
    static struct libxml2 table;
    static bool loaded;
    loaded = loaded || load(LIBXML2_SONAME, libxml2_symbols, &table, reason);
    return loaded ? &table : NULL;
}

const struct inih *library_inih(const char **reason) {
    static struct inih table;
    static bool loaded;
    loaded = loaded || load(INIH_SONAME, inih_symbols, &table, reason);
    return loaded ? &table : NULL;
}
