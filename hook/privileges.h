/* The privileges that a process gives up before it parses input from outside. */
#pragma once

#include <stdbool.h>

/* From now on, with no way back: no capability; no privilege by exec; the user and group nobody, if
 * it was root and can change that; it ends with its parent; no core dump; at most 1 GiB of memory;
 * and only system calls that allocate memory, and write to or close a descriptor. That takes a
 * kernel with seccomp, and x86-64, ARM64, ppc64le, s390x or RISC-V; others get no filter.
 *
 * A build for a sanitizer or valgrind (SANITIZED=1) gives up nothing: these need terabytes of
 * addresses, and files. False: any other failure. */
bool drop_privileges(void);
