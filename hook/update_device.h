/* Trust in a guest that runs: `virsh update-device` (libvirt 10.1 and later; reconcile.h says which
 * take it). Never from a process that libvirt waits for. */
#pragma once

#include "domain.h"
#include "virsh.h"

/* Sends the interface, as it stands in the guest's live XML read a moment ago, with
 * trustGuestRxFilters='yes' or without the attribute. libvirt replaces the whole interface by it.
 * Returns NULL: libvirt said yes; else why not, which lives as long as the result. Call
 * virsh_result_free() either way. */
const char *update_device(const char *uuid, const struct interface *interface, bool trust,
                          const struct virsh_text *xml, time_t deadline,
                          struct virsh_result *result);
