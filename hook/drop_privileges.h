/* What a process gives up before it reads what comes from outside. */
#pragma once

#include <stdbool.h>

/* From now on, and with no way back: no capability, no privilege by exec, nobody's user and group
 * if it was root's and that can be had; it ends with its parent; it dumps no core; it has at most
 * 1 GiB of memory; and no system call but those that allocate memory and write to what is open.
 * That takes a kernel with seccomp, and x86-64, ARM64, ppc64le, s390x or RISC-V: others do without.
 * False: any other failure. */
bool drop_privileges(void);

/* A build for a sanitizer or for valgrind gives up nothing: these need terabytes of addresses,
 * files, and a process that looks for leaks at exit(3), which a fuzzer takes for a crash. */
#ifdef SANITIZED
enum { PRIVILEGES_KEPT = true };
#else
enum { PRIVILEGES_KEPT = false };
#endif
#if defined SANITIZED && !defined FUZZED
enum { EXIT_FINDS_LEAKS = true };
#else
enum { EXIT_FINDS_LEAKS = false };
#endif
