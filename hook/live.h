/* Trust in a running guest: what `virsh update-device` does, from libvirt 10.0 on. It says in the
 * log what is true then: that the guest is trusted, or why not.
 *
 * Not while libvirt waits for the caller: a hook that calls libvirt back is a deadlock. */
#pragma once

#include "guest.h"

/* How long virsh is given; what it answers is read after that. */
enum { LIVE_SECONDS = 30 };

/* There is something to do. */
bool live_is_due(const struct guest *guest);

/* For the guest's interfaces that the policy trusts and the XML doesn't, those of a libvirt network
 * left out: sent back as type='direct' they would lose the network's port. False: libvirt refused,
 * or didn't answer; that it doesn't take trust is no error. */
bool live_trust(const struct guest *guest);
