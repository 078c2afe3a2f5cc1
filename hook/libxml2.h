/* The functions of libxml2 and inih, from the libraries as they are on this machine.
 *
 * The dynamic linker ends a program whose library is missing, with exit code 127, and such a hook
 * would refuse every guest; an upgrade may do that (2.14 turned libxml2.so.2 into .so.16). So a
 * library whose soname is defined (by the Makefile, as the linker would have recorded it) is loaded
 * when it is first needed: a missing one is a line in the log, and a call that parses nothing does
 * not pay for it. Without a soname the library is linked in. */
#pragma once

#include <libxml/parser.h>

#include <ini.h>

/* The parser's place in its input: 2.14 deprecates the older function. */
#if LIBXML_VERSION >= 21400
#define XML_POSITION xmlCtxtGetInputPosition
#else
#define XML_POSITION xmlByteConsumed
#endif

#define LIBXML2_FUNCTIONS(F)                                                                       \
    F(xmlCreatePushParserCtxt)                                                                     \
    F(xmlCtxtGetLastError)                                                                         \
    F(xmlCtxtUseOptions)                                                                           \
    F(xmlDictCreate)                                                                               \
    F(xmlDictFree)                                                                                 \
    F(xmlDictLookup)                                                                               \
    F(xmlFreeParserCtxt)                                                                           \
    F(xmlParseChunk)                                                                               \
    F(xmlStopParser)                                                                               \
    F(XML_POSITION)

#define INIH_FUNCTIONS(F) F(ini_parse_stream)

#define LIBRARY_MEMBER(function) __typeof__(&function) function;
struct libxml2 {
    LIBXML2_FUNCTIONS(LIBRARY_MEMBER)
};
struct inih {
    INIH_FUNCTIONS(LIBRARY_MEMBER)
};
#undef LIBRARY_MEMBER

/* Returns the library's functions, loaded by the first call and never unloaded. NULL: *reason says
 * why, a text that is never freed. */
const struct libxml2 *library_libxml2(const char **reason);
const struct inih *library_inih(const char **reason);
