/* libxml2 and inih. libxml2 is loaded when it is first needed; so is inih, unless the machine that
 * builds has its archive: built in, it costs a call nothing, loaded a twentieth of its time.
 *
 * A hook that the dynamic linker can't start is a hook that refuses every guest: after an upgrade
 * that took a library away (libxml2.so.2 became .so.16 in 2.14) libvirt would see exit code 127.
 * Loaded by hand, a missing library is a line in the log and the guest starts. And a call that has
 * nothing to do doesn't pay for libxml2 and the ICU behind it.
 *
 * LIBXML2_SONAME, and INIH_SONAME if inih isn't built in, are what the linker would have recorded;
 * the Makefile asks for them. */
#pragma once

#include <libxml/parser.h>

#include <ini.h>

/* Where the parser stands: xmlByteConsumed() is deprecated since its successor came. */
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
    F(xmlSetGenericErrorFunc)                                                                      \
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

/* The library's functions, loaded by the first call and never unloaded, or NULL: then *reason is a
 * text that stays. */
const struct libxml2 *library_libxml2(const char **reason);
const struct inih *library_inih(const char **reason);
