/* Trust in a running guest: what `virsh update-device` does, from libvirt 10.0 on.
 *
 * libvirt waits for its hook, so the hook can't call it back. A process of its own does it:
 * nobody's child, in a session of its own, with none of the hook's descriptors. It ends within
 * LIVE_SECONDS and 5 more, and says in the log what is true then: that the guest is trusted, or why
 * not. */
#pragma once

#include "guest.h"

enum { LIVE_SECONDS = 30 };

/* For the guest's interfaces that the policy trusts and the XML doesn't, those of a libvirt network
 * left out: sent back as type='direct' they would lose the network's port. */

/* Starts that process, if there is such an interface, and returns at once; that it can't be started
 * is logged. */
void live_trust_detached(const struct guest *guest);

/* The same here and now. False: libvirt refused, or didn't answer; that it doesn't take trust is no
 * error. */
bool live_trust(const struct guest *guest);
