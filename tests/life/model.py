"""What must be true of guests, macvtaps and host devices after each operation. Pure: it asks nothing of the
machine, but for what libvirt does with a guest that it trusts, which the driver tells it (adopt).

A guest is stored (as it starts next), and may run (live) or lie in a saved image. Each of the three is a description:
its interfaces, with the word of trust that the XML says, and rxtrust's note. An interface that runs is compared with
what the policy wants, as rxtrust(8) and the README promise it; how rxtrust's own code finds that is not repeated."""

import collections
import copy
import fnmatch

SHARED = ["up0", "up1"]
EXCLUSIVE = ["pass0", "pass1", "pass2"]  # passthrough mode shares a device with nobody
ALTERNATIVE = {"up0": "uplink-zero", "up1": "uplink-one", "pass0": "spare-zero"}

# Macvtaps that somebody else made, for type='ethernet': host device, mode.
FOREIGN = {"own0": ("up0", "bridge"), "own1": ("up1", "private"), "own2": ("pass3", "passthrough")}

# name: mode, host device, trust of the network, trust of its portgroups; `plain` is the default one.
NETWORKS = {
    "bridges": ("bridge", "up0", None, {"plain": None, "trusting": "yes", "refusing": "no"}),
    "privates": ("private", "up1", "no", {"plain": None, "trusting": "yes"}),
    "vepas": ("vepa", "up1", "yes", {"plain": None, "refusing": "no"}),  # it has the device's alternative name
    "passing": ("passthrough", "pass2", None, {"plain": None}),
}

TWIN = "52:54:00:a1:00:10"  # of one interface of several guests, in passthrough mode on different devices
MARK = "rxtrust: all-multicast"
GOOD = {"trusted": "ok", "multicast": "ok", "opted-out": "opted out"}


def uuid(guest):
    return "0ddba11c-0000-4000-8000-%012x" % (guest + 1)


def name(guest):
    return "life-%d" % guest


def mac(guest, number):
    return "52:54:00:a1:%02x:%02x" % (guest + 1, 16 + number)


def foreign_mac(device):
    return "52:54:00:a2:00:%02x" % sorted(FOREIGN).index(device)


# ---- Descriptions. The note has the owner's word, by MAC address, where a 'yes' in the XML is rxtrust's ----

Description = collections.namedtuple("Description", "interfaces note")


def interface_of(address, dev, mode, model, says, **more):
    """`dev` is the host device, `named` what the XML calls it, `device` the macvtap that somebody else made."""
    return {"mac": address, "dev": dev, "mode": mode, "model": model, "says": says, "named": dev, "network": None,
            "portgroup": None, "device": None, **more}


def networked(address, network, portgroup, model, says):
    mode, dev = NETWORKS[network][:2]
    return interface_of(address, dev, mode, model, says, network=network, portgroup=portgroup)


def ethernet(address, device, model, says):
    return interface_of(address, *FOREIGN[device], model, says, device=device)


def network_says(interface):
    """What the portgroup says of trust, else the network."""
    if not interface["network"]:
        return None
    _, _, of_network, of_groups = NETWORKS[interface["network"]]
    return of_groups[interface["portgroup"] or "plain"] or of_network


def owners_word(interface, note):
    is_rxtrusts = interface["says"] == "yes" and interface["mac"] in note
    return note[interface["mac"]] if is_rxtrusts else interface["says"]


def noted(interfaces, words):
    """The note that tells these words of the owner's."""
    return {interface["mac"]: word for interface, word in zip(interfaces, words)
            if interface["says"] == "yes" and word != "yes"}


def rewritten(policy, guest, description):
    """What `migrate`, `restore` and `rxtrust define` make of it."""
    if policy is None:
        return description
    words = [owners_word(interface, description.note) for interface in description.interfaces]
    interfaces = []
    for interface, word in zip(description.interfaces, words):
        gives = (wanted(policy, guest, interface, word) == "trust" and
                 (word or network_says(interface)) != "yes")
        interfaces.append(dict(interface, says="yes" if gives else word))
    if interfaces == description.interfaces:
        return description
    return Description(interfaces, noted(interfaces, words))


# ---- The policy: sections in order, the last that matches decides, key by key ----


def matches(section, guest, interface):
    subject = {"vm": [name(guest), uuid(guest)], "network": [interface["network"]], "mode": [interface["mode"]],
               "dev": [interface["dev"], ALTERNATIVE.get(interface["dev"])], "mac": [interface["mac"]],
               "portgroup": [(interface["portgroup"] or "plain") if interface["network"] else None]}
    return all(any(fnmatch.fnmatchcase(text, pattern) for text in subject[key] if text for pattern in patterns)
               for key, patterns in section["match"].items())


def decide(policy, guest, interface):
    """The action, the section that says it, and whether the owner's 'no' gives way."""
    action, title, override = "trust", "default", "no"
    for section in policy["sections"]:
        if matches(section, guest, interface):
            if "policy" in section:
                action, title = section["policy"], section["title"]
            override = section.get("override", override)
    return action, title, override == "yes"


def wanted(policy, guest, interface, word):
    """nothing, multicast or trust, for an interface whose owner says this of trust."""
    action, _, override = decide(policy, guest, interface)
    word = word or network_says(interface)
    trustable = interface["model"] == "virtio" and not interface["device"]
    if action == "off" or (word == "no" and not override):
        return "nothing"
    if word == "yes" and trustable:
        return "trust"
    if action == "multicast" or not trustable or interface["mode"] == "passthrough":
        return "multicast"
    return "trust"


# ---- An interface that runs ----


class Device:
    """A macvtap."""

    def __init__(self, address, is_exclusive, up):
        self.address = address
        self.is_exclusive = is_exclusive
        self.up = up
        self.flag = False  # all-multicast
        self.promiscuous = False
        self.marked = False  # its alias says that rxtrust has opened it
        self.count = 0  # all-multicast, as the kernel has counted it on the host device, in passthrough mode

    def set_flag(self, on):
        """As an administrator or libvirt does."""
        if self.is_exclusive and self.up:
            self.count += int(on) - int(self.flag)
        self.flag = on

    def is_open(self):
        """Every multicast frame arrives."""
        return self.flag or (self.is_exclusive and self.promiscuous)

    def open(self, on, marked):
        """As rxtrust does: in passthrough mode by promiscuous mode, which the kernel doesn't count there."""
        if self.is_exclusive:
            self.promiscuous = on
        else:
            self.flag = on
        self.marked = marked


class Live:
    def __init__(self, interface, device):
        self.interface = dict(interface)  # what it says is what the live XML says
        self.device = device
        self.port = (interface["says"] or network_says(interface)) == "yes" if interface["network"] else None
        self.follows = False  # libvirt has copied something of the guest's receive filter
        self.was_trusted = False  # in this run
        self.in_step = False  # the guest changed its receive filter while it was trusted: the device is as its NIC
        self.unheard = False  # libvirt was away: what QEMU told it then is lost, and QEMU waits with more until it asks
        self.unread = False  # likewise, and the guest has changed nothing since: libvirt leaves the device alone
        self.opened = False  # all-multicast was seen since: who takes it away is a libvirt that has looked after all
        self.inside = None  # what the guest's operating system has made of its NIC, if it has one that it knows

    def is_exclusive(self):
        return self.interface["mode"] == "passthrough"

    def is_trusted(self):
        says_yes = self.port if self.interface["network"] else self.interface["says"] == "yes"
        return says_yes and self.interface["model"] == "virtio" and not self.interface["device"]

    def hears(self):
        return self.device.is_open() or (self.is_trusted() and (self.follows or self.is_exclusive()))

    def boot(self):
        if self.interface["model"] == "virtio":
            self.inside = {"address": self.interface["mac"], "allmulti": False, "promisc": False, "group": False}


class Guest:
    def __init__(self, number):
        self.number = number
        self.stored = None  # a description; None while it runs: a transient guest
        self.live = None  # Lives
        self.note = {}  # in the live XML
        self.paused = False
        self.system = False  # it has an operating system; without one it is an empty machine
        self.booted = False
        self.snapshot = None  # (which of its runs, stored, image)
        self.untouched = False  # it came paused from an image and has not run: QEMU takes no snapshot of its disk
        self.snapshots = 0  # that it had: each has a name of its own, for the disk keeps it
        self.runs = 0
        self.images = {}  # saved: "managed" or "file"

    def described(self):
        """As the live XML is now."""
        return Description([dict(live.interface) for live in self.live], dict(self.note))

    def image(self):
        """What is saved, and goes along in a migration."""
        return self.described(), self.paused, [live.inside for live in self.live] if self.booted else None

    def may_move(self):
        """Another machine has no macvtap that somebody else made, and here nobody keeps count of its devices."""
        return not any(live.interface["device"] or (live.is_exclusive() and live.is_trusted()) for live in self.live)


class Model:
    def __init__(self, guests, version):
        self.guests = [Guest(number) for number in range(guests)]
        self.policy = {"sections": []}  # None: it can't be read
        self.takes_live_trust = version >= (10, 1)
        self.looks_after_restart = version >= (8, 0)  # at the receive filters of the guests that it trusts
        self.reverts_in_place = version < (8, 0)  # where a guest that runs goes back to a snapshot, without the hook
        self.virsh_hangs = False  # then all that waits for it is still to come
        self.foreign = {device: Device(foreign_mac(device), mode == "passthrough", mode != "passthrough")
                        for device, (_, mode) in FOREIGN.items()}
        self.left = dict.fromkeys(EXCLUSIVE, 0)  # all-multicast that is counted and nobody's any more; None: unknown

    def copy(self):
        return copy.deepcopy(self)

    # ---- what the policy wants, and whether it is so ----

    def want(self, guest, live):
        return wanted(self.policy, guest.number, live.interface, owners_word(live.interface, guest.note))

    @staticmethod
    def is_given(guest, live):
        """Trust is in force, and it is rxtrust's."""
        return live.is_trusted() and owners_word(live.interface, guest.note) != live.interface["says"]

    def can_change_trust(self, live):
        return self.takes_live_trust and not live.interface["network"] and not self.virsh_hangs

    def verdict(self, guest, live, want=None):
        """The code that `status` tells."""
        want = want or self.want(guest, live)
        trusted, given = live.is_trusted(), self.is_given(guest, live)
        if given and want != "trust":
            if self.can_change_trust(live):
                return "still-trusted"
            return "trusted-until-shutdown" if want == "nothing" or live.hears() else "no-multicast"
        if want == "nothing":
            return "still-multicast" if live.device.is_open() and live.device.marked and not trusted else "opted-out"
        if not live.hears():
            return "no-multicast"
        if want == "multicast" or trusted:
            return "trusted" if trusted else "multicast"
        return "not-trusted" if self.can_change_trust(live) else "multicast"

    def is_good(self, guest, want=None):
        return all(self.verdict(guest, live, want) in GOOD for live in guest.live)

    def all_good(self, want=None):
        return all(self.is_good(guest, want) for guest in self.guests if guest.live is not None)

    # ---- rxtrust ----

    def settle(self, guest, revert=False, after_restart=False):
        """What a start, a daemon that comes back, apply and revert make true."""
        if guest.live is None or (self.policy is None and not revert):
            return
        words = [owners_word(live.interface, guest.note) for live in guest.live]
        changed = False
        for live, word in zip(guest.live, words):
            want = "nothing" if revert else self.want(guest, live)
            device, trusted = live.device, live.is_trusted()
            if want != "trust" and self.is_given(guest, live) and self.can_change_trust(live):
                live.interface["says"] = word
                device.promiscuous = live.in_step = False
                device.open(want == "multicast", want == "multicast")
                changed = True
            elif want == "nothing":
                if device.is_open() and device.marked and not trusted:
                    device.open(False, False)
            elif not live.hears():
                device.open(True, not trusted)
            if want == "trust" and trusted and after_restart and not live.is_exclusive():
                device.flag = True
            if want == "trust" and not trusted and self.can_change_trust(live):
                live.interface["says"] = "yes"
                changed = True
            device.marked = device.marked and device.is_open() and not live.is_trusted()
        if changed:
            guest.note = noted([live.interface for live in guest.live], words)

    def settle_all(self, revert=False):
        for guest in self.guests:
            self.settle(guest, revert)

    def restart_daemon(self):
        for guest in self.guests:
            for live in guest.live or []:
                live.unheard, live.unread, live.in_step = True, not self.looks_after_restart, False
                live.opened = False
            self.settle(guest, after_restart=True)

    # ---- libvirt ----

    def attach(self, interface, up):
        device = self.foreign.get(interface["device"])
        return Live(interface, device or Device(interface["mac"], interface["mode"] == "passthrough", up))

    def run(self, guest, description, paused):
        guest.untouched = False
        guest.live = [self.attach(interface, not paused) for interface in description.interfaces]
        guest.note = dict(description.note)
        guest.paused = paused
        guest.runs += 1
        self.settle(guest)

    def restore(self, guest, description, paused, insides):
        """The hook's output is the XML: trust is there from the first moment, on a network too."""
        self.run(guest, rewritten(self.policy, guest.number, description), paused)
        guest.untouched = paused
        guest.booted = insides is not None
        for live, inside in zip(guest.live, insides or []):
            live.inside = inside

    def reverts_to_same(self, guest):
        """The same interfaces on the same devices: libvirt 7.0 takes the devices' names from the snapshot."""
        run, _, image = guest.snapshot
        return run == guest.runs and image[0] == guest.described()

    def revert(self, guest, state):
        """No hook changes the XML: it is that of the snapshot."""
        _, stored, (description, paused, _) = guest.snapshot
        paused = state == "paused" or (paused and state != "running")
        guest.stored = stored
        if guest.live is not None and self.reverts_in_place:
            if not (paused and guest.paused):
                self.set_running(guest, not paused)
            return
        if guest.live is not None:
            self.stop(guest)
        self.run(guest, description, paused)

    def elsewhere(self, number, is_persistent, policy):
        """The second machine, where nothing is but this guest: it arrives there. Its XML goes through the hook."""
        there = copy.copy(self)
        there.guests = [Guest(guest.number) for guest in self.guests]
        there.foreign, there.left, there.policy = {}, dict.fromkeys(EXCLUSIVE, 0), policy
        there = there.copy()
        guest = there.guests[number]
        guest.system, guest.stored = self.guests[number].system, self.guests[number].stored if is_persistent else None
        there.restore(guest, *copy.deepcopy(self.guests[number].image()))
        return there

    def stop(self, guest):
        for live in guest.live:
            if not live.interface["device"]:
                self.forget(live)
            elif live.device.marked:
                live.device.open(False, False)
        guest.live = None
        guest.note = {}
        guest.paused = guest.booted = False

    def forget(self, live):
        """Its macvtap goes; what was counted for somebody else's flag stays."""
        if live.is_exclusive() and not live.interface["device"]:
            left = self.left[live.interface["dev"]]
            self.left[live.interface["dev"]] = None if live.is_trusted() or left is None else left + live.device.count

    @staticmethod
    def reset(guest):
        guest.booted = False
        for live in guest.live:
            live.inside = None
            live.in_step = live.unread = False

    def booting(self):
        """The guests whose operating system comes up now."""
        return [guest for guest in self.guests if guest.system and guest.live is not None and not guest.paused and
                not guest.booted]

    @staticmethod
    def boot(guest):
        guest.booted = True
        for live in guest.live:
            live.boot()
            live.unread = False

    @staticmethod
    def change_inside(live, what, value):
        """libvirt has the device of a guest that it trusts follow the guest's NIC."""
        live.inside[what] = value
        live.unread = False
        if live.is_trusted() and not live.unheard:
            live.in_step = True
            live.device.address, live.device.promiscuous = live.inside["address"], live.inside["promisc"]
            live.device.set_flag(live.inside["allmulti"])

    @staticmethod
    def set_running(guest, running):
        guest.paused = not running
        guest.untouched = guest.untouched and not running
        for live in guest.live:
            if not live.interface["device"]:
                live.device.up = running

    def in_use(self, but=None):
        """Host devices in passthrough mode, and macvtaps that somebody else made."""
        return {one for guest in self.guests if guest is not but
                for one in exclusives(live.interface for live in guest.live or [])}

    # ---- what must be seen ----

    def counters(self, dev):
        """What the kernel counts on the host device: promiscuous mode and all-multicast."""
        devices = [live.device for guest in self.guests for live in guest.live or []
                   if live.interface["dev"] == dev and not live.interface["device"]]
        devices += [self.foreign[device] for device in self.foreign if FOREIGN[device][0] == dev]
        up = [one for one in devices if one.up]
        if dev in SHARED:  # a veth has no filter for the addresses that it is given, but promiscuous mode
            return sum(one.promiscuous for one in up) + bool(up), sum(one.flag for one in up)
        return len(up), self.left.get(dev, 0) + sum(one.count for one in devices)

    def adopt_count(self, dev, count):
        """Under trust in passthrough mode libvirt itself changes the flag while the device is up, and gives nothing back."""
        lives = [live for guest in self.guests for live in guest.live or [] if live.interface["dev"] == dev]
        if dev in self.left and self.left[dev] is None:
            self.left[dev] = 0 if lives and lives[0].is_trusted() else count - sum(live.device.count for live in lives)
        for live in lives:
            if dev in self.left and live.is_trusted():
                live.device.count = count - self.left[dev]

    def adopt(self, live, flag, groups, promiscuous, address):
        """Under trust the flag is libvirt's, which sets it as the guest's NIC has it. But it takes it away only where
        it follows the guest's filter."""
        live.was_trusted = live.was_trusted or live.is_trusted()
        live.follows = groups or promiscuous
        if live.interface["device"]:
            live.device.address = address  # as it was made
        if not live.is_trusted() or live.in_step:
            return
        live.device.promiscuous = promiscuous
        live.opened = live.unread and (live.opened or flag)  # a guest's system joins and leaves groups by itself, too
        if flag or (live.follows and (live.opened or not live.unread)):
            live.device.set_flag(flag)
        if live.inside and address == live.inside["address"]:
            live.device.address = address


def exclusives(interfaces):
    """What no other guest may have at the same time."""
    return {interface["device"] or interface["dev"] for interface in interfaces
            if interface["device"] or interface["mode"] == "passthrough"}
