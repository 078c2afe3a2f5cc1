"""What must be true of guests, macvtaps and host devices after each operation. Pure: it asks nothing of the
machine, but for what libvirt does with a guest that it trusts, which the driver tells it (adopt).

A guest is stored (as it starts next), and may run (live) or lie in a saved image. An interface that runs is
compared with what the policy wants, as rxtrust(8) and the README promise it; how rxtrust's own code finds
that is not repeated here."""

import copy

SHARED = ["up0", "up1"]
EXCLUSIVE = ["pass0", "pass1", "pass2"]  # passthrough mode shares a device with nobody

# name: mode, host device, trust of the network, trust of its portgroups; `plain` is the default one.
NETWORKS = {
    "bridges": ("bridge", "up0", None, {"plain": None, "trusting": "yes", "refusing": "no"}),
    "privates": ("private", "up1", "no", {"plain": None, "trusting": "yes"}),
    "vepas": ("vepa", "up1", "yes", {"plain": None, "refusing": "no"}),
    "passing": ("passthrough", "pass2", None, {"plain": None}),
}


TWIN = "52:54:00:a1:00:10"  # of one interface of several guests, in passthrough mode on different devices


def uuid(guest):
    return "0ddba11c-0000-4000-8000-%012x" % (guest + 1)


def name(guest):
    return "life-%d" % guest


def mac(guest, number):
    return "52:54:00:a1:%02x:%02x" % (guest + 1, 16 + number)


# ---- An interface, as its owner describes it ----


def direct(address, dev, mode, model, says):
    return {"mac": address, "network": None, "portgroup": None, "dev": dev, "mode": mode, "model": model, "says": says}


def networked(address, network, portgroup, model, says):
    mode, dev = NETWORKS[network][:2]
    return {"mac": address, "network": network, "portgroup": portgroup, "dev": dev, "mode": mode, "model": model,
            "says": says}


def network_says(interface):
    """What the portgroup says of trust, else the network."""
    if not interface["network"]:
        return None
    _, _, of_network, of_groups = NETWORKS[interface["network"]]
    return of_groups[interface["portgroup"] or "plain"] or of_network


# ---- The policy: sections in order, the last that matches decides, key by key ----


def matches(section, guest, interface):
    subject = {"vm": name(guest), "network": interface["network"], "mode": interface["mode"], "dev": interface["dev"],
               "mac": interface["mac"],
               "portgroup": (interface["portgroup"] or "plain") if interface["network"] else None}
    return all(subject[key] in values for key, values in section["match"].items())


def decide(policy, guest, interface):
    action, override = "trust", "no"
    for section in policy["sections"]:
        if matches(section, guest, interface):
            action = section.get("policy", action)
            override = section.get("override", override)
    return action, override == "yes"


def wanted(policy, guest, interface, says):
    """nothing, multicast or trust, for an interface whose XML says this of trust."""
    action, override = decide(policy, guest, interface)
    says = says or network_says(interface)
    if action == "off" or (says == "no" and not override):
        return "nothing"
    if says == "yes" and interface["model"] == "virtio":
        return "trust"
    if action == "multicast" or interface["model"] != "virtio" or interface["mode"] == "passthrough":
        return "multicast"
    return "trust"


# ---- An interface that runs ----


class Live:
    def __init__(self, interface, says, up):
        self.interface = interface
        self.says = says  # in the live XML
        self.port = (says or network_says(interface)) == "yes" if interface["network"] else None
        self.up = up
        self.flag = False  # all-multicast
        self.follows = False  # libvirt has copied the guest's receive filter
        self.marked = set()  # of what rxtrust says on the device that it set: all-multicast, trust
        self.named = False  # rxtrust says on the device whose it is, and that nothing is set
        self.unsure = False  # whether the flag that somebody else set is still there
        self.count = 0  # what the kernel has counted on the host device, in passthrough mode
        self.address = interface["mac"]  # of the device
        self.awaited = None  # the number of the background process that waits until the device is up
        self.was_trusted = False  # in this run
        self.in_step = False  # the guest changed its receive filter while it was trusted: the device is as its NIC
        self.promiscuous = False
        self.unheard = False  # libvirt was away: what QEMU told it then is lost, and QEMU waits with more until it asks
        self.inside = None  # what the guest's operating system has made of its NIC, if it has one that it knows

    def is_exclusive(self):
        return self.interface["mode"] == "passthrough"

    def is_trusted(self):
        return self.interface["model"] == "virtio" and (self.port if self.interface["network"] else self.says == "yes")

    def is_moved(self):
        """Its guest changed the MAC address, and libvirt doesn't change it back with the trust."""
        return self.address != self.interface["mac"]

    def set_flag(self, on):
        if self.is_exclusive() and self.up:
            self.count += int(on) - int(self.flag)
        self.flag = on

    def boot(self):
        if self.interface["model"] == "virtio":
            self.inside = {"address": self.interface["mac"], "allmulti": False, "promisc": False, "group": False}

    def alias(self, guest):
        marks = ", ".join(sorted(self.marked)) or ("nothing is set" if self.named else "")
        return "rxtrust %s: %s" % (uuid(guest), marks) if marks else ""


class Guest:
    def __init__(self, number):
        self.number = number
        self.stored = None  # interfaces; None while it runs: a transient guest
        self.kept = None  # what libvirt knows of a guest that was undefined while it runs
        self.live = None  # Lives
        self.paused = False
        self.system = False  # it has an operating system; without one it is an empty machine
        self.booted = False
        self.processes = 0  # that have waited for a device
        self.snapshot = None  # (which of its runs, stored, image)
        self.untouched = False  # it came paused from an image and has not run: QEMU takes no snapshot of its disk
        self.snapshots = 0  # that it had: each has a name of its own, for the disk keeps it
        self.runs = 0
        self.images = {}  # saved: "managed" or "file": (interfaces, what each says, paused, insides)

    def is_owners(self, live):
        """The trust that is in force: the stored XML says it too, or it isn't the interface's own."""
        if "trust" in live.marked:
            return False
        if live.says != "yes":
            return network_says(live.interface) == "yes"
        described = self.stored or self.kept
        if not described:  # of a transient guest nobody can know it: README, Limits
            return True
        return any((interface["says"] or network_says(interface)) == "yes" for interface in described
                   if interface["mac"] == live.interface["mac"])


class Model:
    def __init__(self, guests, takes_live_trust):
        self.guests = [Guest(number) for number in range(guests)]
        self.policy = {"sections": []}  # None: it can't be read
        self.takes_live_trust = takes_live_trust
        self.reverts_in_place = False  # where a guest that runs goes back to a snapshot, without the hook
        self.virsh_hangs = False  # then all that waits for it is still to come
        self.left = dict.fromkeys(SHARED + EXCLUSIVE, 0)  # all-multicast that is counted and nobody's any more

    def copy(self):
        return copy.deepcopy(self)

    # ---- what the policy wants, and whether it is so ----

    def want(self, guest, live):
        if live.is_trusted() and not guest.is_owners(live):
            # rxtrust's, now or before it was saved: as if the interface said nothing
            return wanted(self.policy, guest.number, live.interface, None), False
        return wanted(self.policy, guest.number, live.interface, live.says), True

    def can_change_trust(self, live):
        return self.takes_live_trust and not live.interface["network"]

    def verdict(self, guest, live):
        """How `status` says it, and whether that is as the policy says."""
        want, is_own = self.want(guest, live)
        trusted = live.is_trusted()
        given = "trust" in live.marked and self.can_change_trust(live)
        if want != "trust" and trusted and not is_own and given:
            return "NOT as the policy says: still trusted", False
        if want == "nothing":
            if live.flag and "all-multicast" in live.marked and not (trusted and live.follows):
                return ("NOT as the policy says: trusted until it is shut down" if trusted and not is_own else
                        "NOT as the policy says: still all-multicast"), False
            if trusted and not is_own:
                return "NOT as the policy says: trusted until it is shut down", False
            return "as the policy says: left alone", True
        if want == "trust" and trusted and (live.follows or live.flag):
            return "as the policy says: trusted", True
        if not live.flag and live.is_exclusive() and not live.up:
            return (("as the policy says: all-multicast as soon as the device is up", True) if live.awaited else
                    ("NOT as the policy says: all-multicast once the device is up", False))
        if want == "trust" and not trusted and self.can_change_trust(live):
            return "NOT as the policy says: not trusted", False
        if not live.flag:
            return ("NOT as the policy says: trusted, but" if want == "trust" and trusted else
                    "NOT as the policy says: no all-multicast"), False
        if want == "multicast" and trusted:
            return "NOT as the policy says: trusted until it is shut down", False
        return "as the policy says: all-multicast", True

    def is_good(self, guest):
        return all(self.verdict(guest, live)[1] for live in guest.live)

    # ---- rxtrust ----

    def reconcile(self, guest):
        """What a start, a daemon that comes back, apply, and a background process that is woken do."""
        if self.policy is None or guest.live is None or self.virsh_hangs:
            return
        waits = []
        for live in guest.live:
            want, _ = self.want(guest, live)
            if self.can_change_trust(live):
                if want == "trust" and not live.is_trusted():
                    live.says = "yes"
                    live.marked.add("trust")
                elif want != "trust" and live.is_trusted() and "trust" in live.marked:
                    live.says = None
                    live.in_step = False
                    live.marked.discard("trust")
                    if not live.flag:
                        live.marked.clear()
                    live.named = live.is_moved()
                    # An administrator's flag libvirt may have taken back while the guest was trusted.
                    live.unsure = live.flag and not live.marked
            trusted = live.is_trusted()
            if want == "nothing":
                if live.flag and "all-multicast" in live.marked and not (trusted and live.follows):
                    self.clear(live)
            elif not live.flag and not (want == "trust" and trusted and live.follows):
                if live.is_exclusive() and not live.up:
                    waits.append(live)
                    live.named = True
                else:
                    live.set_flag(True)
                    live.marked.add("all-multicast")
        guest.processes += 1
        for live in waits:
            live.awaited = live.awaited or guest.processes

    def restart_daemon(self):
        for guest in self.guests:
            guest.kept = None
            for live in guest.live or []:
                live.unheard, live.in_step = True, False
            self.reconcile(guest)

    def come_up(self, guest, lives):
        for live in lives:
            live.up = True
        woken = {live.awaited for live in lives} - {None}
        for live in guest.live:
            live.awaited = None if live.awaited in woken else live.awaited
        if woken:
            self.reconcile(guest)

    def set_at_start(self, guest):
        """What needs no virsh. Whose a trust is must be asked, where that decides whether anything is set."""
        for live in guest.live:
            unknown = live.is_trusted() and wanted(self.policy, guest.number, live.interface, None) == "nothing"
            if unknown or self.want(guest, live)[0] == "nothing":
                continue
            if live.is_exclusive():
                live.named = True
            else:
                live.set_flag(True)
                live.marked.add("all-multicast")

    @staticmethod
    def clear(live):
        live.up = live.up or live.is_exclusive()  # in one request, and it stays so
        live.set_flag(False)
        live.marked.discard("all-multicast")
        live.named = live.is_moved()

    # ---- libvirt ----

    def run(self, guest, interfaces, says, paused):
        guest.untouched = False
        guest.live = [Live(interface, said, not paused) for interface, said in zip(interfaces, says)]
        guest.paused = paused
        guest.runs += 1
        if self.virsh_hangs and self.policy is not None:
            self.set_at_start(guest)
        self.reconcile(guest)

    def restore(self, guest, interfaces, says, paused, insides):
        """The hook's output is the XML: trust is there from the first moment, on a network too."""
        said = list(says)
        for number, interface in enumerate(interfaces):
            if self.policy is not None and wanted(self.policy, guest.number, interface, says[number]) == "trust":
                if (says[number] or network_says(interface)) != "yes":
                    said[number] = "yes"
        self.run(guest, interfaces, said, paused)
        guest.untouched = paused
        guest.booted = insides is not None
        for live, inside in zip(guest.live, insides or []):
            live.inside = inside

    def reverts_to_same(self, guest):
        """The same interfaces on the same devices: libvirt 7.0 takes the devices' names from the snapshot."""
        run, _, image = guest.snapshot
        return run == guest.runs and image[:2] == self.image(guest)[:2]

    def revert(self, guest, state):
        """No hook changes the XML: it is that of the snapshot."""
        _, stored, (interfaces, says, paused, _) = guest.snapshot
        paused = state == "paused" or (paused and state != "running")
        guest.stored = stored
        if guest.live is not None and self.reverts_in_place:
            if not (paused and guest.paused):
                self.set_running(guest, not paused)
            return
        if guest.live is not None:
            self.stop(guest)
        self.run(guest, interfaces, says, paused)

    def elsewhere(self, number, is_persistent):
        """The second machine, where nothing is but this guest: it arrives there. Its XML goes through the hook."""
        there = Model(len(self.guests), self.takes_live_trust)
        there.policy = self.policy
        guest = there.guests[number]
        guest.stored = self.guests[number].stored if is_persistent else None
        there.restore(guest, *self.image(self.guests[number]))
        return there

    def stop(self, guest):
        for live in guest.live:
            if live.is_exclusive():
                if live.flag and "all-multicast" in live.marked:
                    self.clear(live)
                self.left[live.interface["dev"]] += live.count
        guest.live = guest.kept = None
        guest.paused = guest.booted = False

    def image(self, guest):
        return ([live.interface for live in guest.live], [live.says for live in guest.live], guest.paused,
                [live.inside for live in guest.live] if guest.booted else None)

    @staticmethod
    def reset(guest):
        guest.booted = False
        for live in guest.live:
            live.inside = None
            live.in_step = False

    def booting(self):
        """The guests whose operating system comes up now."""
        return [guest for guest in self.guests if guest.system and guest.live is not None and not guest.paused and
                not guest.booted]

    @staticmethod
    def boot(guest):
        guest.booted = True
        for live in guest.live:
            live.boot()

    @staticmethod
    def change_inside(live, what, value):
        """libvirt has the device of a guest that it trusts follow the guest's NIC."""
        live.inside[what] = value
        if live.is_trusted() and not live.unheard:
            live.in_step = True
            live.address, live.promiscuous = live.inside["address"], live.inside["promisc"]
            live.set_flag(live.inside["allmulti"])

    def set_running(self, guest, running):
        guest.paused = not running
        guest.untouched = guest.untouched and not running
        if running:
            self.come_up(guest, guest.live)
        for live in guest.live:
            live.up = running

    def devices_in_use(self, but=None):
        return {live.interface["dev"] for guest in self.guests if guest is not but for live in guest.live or []
                if live.is_exclusive()}

    # ---- what must be seen ----

    def counters(self, device):
        """What the kernel counts on the host device: all-multicast, and whether its address filter is off."""
        lives = [live for guest in self.guests for live in guest.live or [] if live.interface["dev"] == device]
        if device in EXCLUSIVE:
            return self.left[device] + sum(live.count for live in lives)
        return sum(live.flag and live.up for live in lives)

    def adopt(self, guest, live, flag, groups, promiscuous, is_marked, address):
        """libvirt sets the flag of a guest that it trusts as the guest's NIC has it, and takes it back, before
        rxtrust looks or after it: one whose trust is contested is looked at by the background process alone."""
        live.was_trusted = live.was_trusted or live.is_trusted()
        if live.was_trusted and not live.in_step:
            live.promiscuous = promiscuous
        if live.is_trusted() or live.unsure:
            if not live.in_step:
                if flag != live.flag:
                    live.set_flag(flag)
                if live.inside and address == live.inside["address"]:
                    live.address = address
            follows = groups or promiscuous or address != live.interface["mac"]
            live.follows = follows
            if follows and not is_marked:
                live.marked.discard("all-multicast")
            if flag and is_marked and self.policy and self.want(guest, live)[0] != "nothing":
                live.marked.add("all-multicast")

    def settled(self):
        for guest in self.guests:
            for live in guest.live or []:
                live.unsure = False
