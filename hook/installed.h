/* Whether libvirt calls this program. */
#pragma once

#include <stdbool.h>

/* True: libvirt's hook for QEMU, hooks/qemu or an executable in hooks/qemu.d, is rxtrust. False:
 * none is, or that can't be known, which is logged: guests that start get nothing then. */
bool installed_is_called(void);
