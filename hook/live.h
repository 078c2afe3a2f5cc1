/* Trust in a running guest: what `virsh update-device` does, from libvirt 10.0 on. It says in the
 * log what is true then: that the guest is trusted, or why not.
 *
 * Not while libvirt waits for the caller: a hook that calls libvirt back is a deadlock. */
#pragma once

#include "guest.h"

/* It takes this long at the most, and 5 seconds more. */
enum { LIVE_SECONDS = 30 };

/* For the guest's interfaces that the policy trusts and the XML doesn't, those of a libvirt network
 * left out: sent back as type='direct' they would lose the network's port. False: libvirt refused,
 * or didn't answer; that it doesn't take trust is no error. */
bool live_trust(const struct guest *guest);
