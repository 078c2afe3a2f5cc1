"""The operations of a life. Each kind says what it needs (possible), what it changes in the model (change) and
how it is done (do). What is drawn is a plain dict, so that a life can be printed, shortened and lived again; one
that is not possible, because what it builds on was left out, is passed over."""

import os
import threading

import model as m
from machine import SECOND, Difference, virsh, wait_for

MOST_INTERFACES = 3
SYSTEMS, MOST_SYSTEMS = 0.2, 2  # so many guests have an operating system: they cost time


def section(title, match=None, **keys):
    return {"title": title, "match": match or {}, **keys}


def policy_text(policy):
    lines = []
    for one in policy["sections"]:
        lines.append("[%s]" % one["title"])
        if one["title"].startswith("rule:"):
            lines += ["%s = %s" % (key, ", ".join(values)) for key, values in one["match"].items()]
        lines += ["%s = %s" % (key, one[key]) for key in ("policy", "override") if key in one]
    return "\n".join(lines) + "\n"


def draw_action(rng):
    return rng.choice(["trust", "trust", "multicast", "off"])


def draw_policy(rng, guests):
    if rng.random() < 0.08:
        return {"policy": None}
    if rng.random() < 0.08:
        return {"policy": {"sections": []}}
    sections = [section("default", policy=draw_action(rng), override=rng.choice(["no", "no", "yes"]))]
    for guest in range(guests):
        if rng.random() < 0.25:
            sections.append(section("vm:" + m.name(guest), {"vm": [m.name(guest)]}, policy=draw_action(rng)))
    rules = [("mode", ["bridge"]), ("mode", ["private", "vepa"]), ("mode", ["passthrough"]), ("dev", ["up0"]),
             ("dev", ["up1", "pass0"]), ("network", ["bridges", "vepas"]), ("network", ["privates"]),
             ("portgroup", ["trusting"]), ("mac", [m.mac(0, 0), m.mac(1, 1), m.mac(2, 0)])]
    for number in range(rng.randrange(3)):
        key, values = rng.choice(rules)
        one = section("rule:%d" % number, {key: values}, policy=draw_action(rng))
        if rng.random() < 0.3:
            one["override"] = rng.choice(["yes", "no"])
        sections.append(one)
    return {"policy": {"sections": sections}}


def draw_interface(rng, guest, number, free, where=None):
    """`free` are the host devices that passthrough mode may take."""
    address = m.mac(guest, number)
    model = rng.choice(["virtio", "virtio", "virtio", "e1000"])
    says = rng.choice([None, None, None, "yes", "no"])
    # Trust of a NIC that isn't virtio's is an error of the owner's; in passthrough mode it miscounts by itself.
    if model != "virtio" and says == "yes":
        says = None
    where = where or rng.choice(["direct", "direct", "network", "exclusive"])
    if where == "exclusive" and free:
        dev = rng.choice(sorted(free))
        free.discard(dev)
        says = None if says == "yes" else says
        if dev == "pass2":
            return m.networked(address, "passing", None, model, says)
        return m.direct(address, dev, "passthrough", model, says)
    if where == "network":
        network = rng.choice(["bridges", "privates", "vepas"])
        portgroup = rng.choice([None] + sorted(m.NETWORKS[network][3]))
        interface = m.networked(address, network, portgroup, model, says)
        if model != "virtio" and (says or m.network_says(interface)) == "yes":
            interface["says"] = "no"
        return interface
    return m.direct(address, rng.choice(m.SHARED), rng.choice(["bridge", "vepa", "private"]), model, says)


def exclusive_devices(interfaces):
    return {interface["dev"] for interface in interfaces if interface["dev"] in m.EXCLUSIVE}


class Kind:
    name = None
    weight = 10
    needs = None  # a state of the guest
    quick = True  # may be done beside another

    def draw(self, rng, model):
        """Parameters; by default a guest's number."""
        guests = [guest.number for guest in model.guests if self.is_possible({"guest": guest.number}, model)]
        return {"guest": rng.choice(guests)} if guests else None

    def is_possible(self, op, model):
        return self.needs is None or self.needs(model.guests[op["guest"]])

    def change(self, op, model):
        pass

    def do(self, op, machine, model):
        pass


def is_shut_off(guest):
    return guest.stored is not None and guest.live is None


def is_live(guest):
    return guest.live is not None


def is_awake(guest):
    """Its operating system can be told something."""
    return guest.booted and not guest.paused


class Define(Kind):
    name = "define"
    weight = 8
    needs = staticmethod(lambda guest: guest.live is None and not guest.images and not guest.snapshot)

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        return self.draw_for(rng, drawn["guest"], model) if drawn else None

    @staticmethod
    def draw_for(rng, guest, model):
        free = set(m.EXCLUSIVE)
        systems = sum(other.system for other in model.guests if other.number != guest)
        where = "exclusive" if rng.random() < 0.15 else None
        interfaces = [draw_interface(rng, guest, number, free, where)
                      for number in range(rng.randint(1, MOST_INTERFACES))]
        twins = [interface for interface in interfaces if interface["mode"] == "passthrough"]
        if twins and rng.random() < 0.4:
            rng.choice(twins)["mac"] = m.TWIN
        return {"guest": guest, "system": systems < MOST_SYSTEMS and rng.random() < SYSTEMS, "interfaces": interfaces}

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        guest.stored, guest.system = op["interfaces"], op.get("system", False)

    def do(self, op, machine, model):
        machine.define(op["guest"], op["interfaces"], op.get("system", False))


class Redefine(Kind):
    """What the stored XML says of trust; a guest that runs keeps what it has."""
    name = "redefine"
    weight = 4
    needs = staticmethod(lambda guest: guest.stored is not None)

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            guest = model.guests[drawn["guest"]]
            drawn["number"] = rng.randrange(len(guest.stored))
            interface = guest.stored[drawn["number"]]
            trusts = interface["model"] == "virtio" and interface["mode"] != "passthrough"
            drawn["says"] = rng.choice([None, "no", "yes"] if trusts else [None, "no"])
        return drawn

    def is_possible(self, op, model):
        stored = model.guests[op["guest"]].stored
        if stored is None or op.get("number", 0) >= len(stored):
            return False
        interface = stored[op.get("number", 0)]
        if (op.get("says") or m.network_says(interface)) == "yes":
            return interface["model"] == "virtio" and interface["mode"] != "passthrough"
        return True

    def redefined(self, op, model):
        interfaces = [dict(interface) for interface in model.guests[op["guest"]].stored]
        interfaces[op["number"]]["says"] = op["says"]
        return interfaces

    def change(self, op, model):
        model.guests[op["guest"]].stored = self.redefined(op, model)

    def do(self, op, machine, model):
        machine.define(op["guest"], self.redefined(op, model), model.guests[op["guest"]].system)


class Start(Kind):
    """From a managed save, if there is one."""
    name = "start"
    weight = 40

    @staticmethod
    def interfaces(guest):
        return guest.images["managed"][0] if "managed" in guest.images else guest.stored

    def is_possible(self, op, model):
        guest = model.guests[op["guest"]]
        return is_shut_off(guest) and not exclusive_devices(self.interfaces(guest)) & model.devices_in_use()

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            drawn["paused"] = rng.random() < 0.35
        return drawn

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        if "managed" in guest.images:
            interfaces, says, paused, insides = guest.images.pop("managed")
            model.restore(guest, interfaces, says, paused or op["paused"], insides)
        else:
            model.run(guest, guest.stored, [interface["says"] for interface in guest.stored], op["paused"])

    def do(self, op, machine, model):
        virsh("start", m.name(op["guest"]), *["--paused"] * op["paused"])


class Create(Define):
    """A transient guest: it has no stored XML, and is gone when it stops."""
    name = "create"
    weight = 12

    def is_possible(self, op, model):
        guest = model.guests[op["guest"]]
        return (guest.stored is None and guest.live is None and not guest.images and
                not exclusive_devices(op.get("interfaces", [])) & model.devices_in_use())

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            drawn["paused"] = rng.random() < 0.35
        return drawn

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        guest.system = op.get("system", False)
        model.run(guest, op["interfaces"], [interface["says"] for interface in op["interfaces"]], op["paused"])

    def do(self, op, machine, model):
        virsh("create", machine.write_domain(op["guest"], op["interfaces"], op.get("system", False)), *["--paused"] * op["paused"])


class Undefine(Kind):
    """A guest that runs is transient from then on."""
    name = "undefine"
    weight = 7
    needs = staticmethod(lambda guest: guest.stored is not None and "managed" not in guest.images and not guest.snapshot)

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        guest.kept = guest.stored if is_live(guest) else None
        guest.stored = None

    def do(self, op, machine, model):
        virsh("undefine", m.name(op["guest"]))


class DefineTransient(Kind):
    """A transient guest becomes persistent, as its owner describes it."""
    name = "define what runs"
    weight = 4
    needs = staticmethod(lambda guest: is_live(guest) and guest.stored is None)

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        guest.stored = [live.interface for live in guest.live]

    def do(self, op, machine, model):
        guest = model.guests[op["guest"]]
        machine.define(op["guest"], [live.interface for live in guest.live], guest.system)


class Suspend(Kind):
    name = "suspend"
    needs = staticmethod(lambda guest: is_live(guest) and not guest.paused)

    def change(self, op, model):
        model.set_running(model.guests[op["guest"]], False)

    def do(self, op, machine, model):
        virsh("suspend", m.name(op["guest"]))


class Resume(Kind):
    name = "resume"
    weight = 18
    needs = staticmethod(lambda guest: is_live(guest) and guest.paused)

    def change(self, op, model):
        model.set_running(model.guests[op["guest"]], True)

    def do(self, op, machine, model):
        virsh("resume", m.name(op["guest"]))


class Destroy(Kind):
    name = "destroy"
    weight = 6
    needs = staticmethod(is_live)

    def change(self, op, model):
        model.stop(model.guests[op["guest"]])

    def do(self, op, machine, model):
        virsh("destroy", m.name(op["guest"]))


class KillQemu(Destroy):
    name = "kill QEMU"
    weight = 3

    def do(self, op, machine, model):
        machine.kill_qemu(op["guest"])
        if not wait_for(30, lambda: machine.listed().get(m.name(op["guest"]), "shut off") == "shut off"):
            raise Difference("%s was killed and is said to run" % m.name(op["guest"]))


class Reset(Kind):
    name = "reset"
    weight = 4
    needs = staticmethod(is_live)

    def change(self, op, model):
        model.reset(model.guests[op["guest"]])

    def do(self, op, machine, model):
        virsh("reset", m.name(op["guest"]))


class ManagedSave(Kind):
    name = "managed save"
    needs = staticmethod(lambda guest: is_live(guest) and guest.stored is not None)

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        guest.images["managed"] = model.image(guest)
        model.stop(guest)

    def do(self, op, machine, model):
        virsh("managedsave", m.name(op["guest"]))


class Forget(Kind):
    name = "managed save removed"
    weight = 1
    needs = staticmethod(lambda guest: "managed" in guest.images and guest.live is None)

    def change(self, op, model):
        del model.guests[op["guest"]].images["managed"]

    def do(self, op, machine, model):
        virsh("managedsave-remove", m.name(op["guest"]))


def image_path(number):
    return "/var/tmp/life/image-%d" % number


class Save(Kind):
    name = "save"
    needs = staticmethod(is_live)

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        guest.images["file"] = model.image(guest)
        model.stop(guest)

    def do(self, op, machine, model):
        virsh("save", m.name(op["guest"]), image_path(op["guest"]))


class Restore(Kind):
    """Also with an XML that was edited; also --paused or --running."""
    name = "restore"
    weight = 20

    def is_possible(self, op, model):
        guest = model.guests[op["guest"]]
        if is_live(guest) or "file" not in guest.images or "managed" in guest.images:
            return False
        interfaces = guest.images["file"][0]
        return (not exclusive_devices(interfaces) & model.devices_in_use() and
                ("edit" not in op or op["edit"] < len(interfaces)))

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            drawn["state"] = rng.choice([None, None, "paused", "running"])
            interfaces = model.guests[drawn["guest"]].images["file"][0]
            if interfaces and rng.random() < 0.4:
                number = rng.randrange(len(interfaces))
                drawn["edit"] = number
                trusts = interfaces[number]["model"] == "virtio" and interfaces[number]["mode"] != "passthrough"
                drawn["says"] = rng.choice([None, "no", "yes"] if trusts else [None, "no"])
                if m.network_says(interfaces[number]) == "yes" and not trusts:
                    drawn["says"] = "no"
        return drawn

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        interfaces, says, paused, insides = guest.images.pop("file")
        says = list(says)
        if "edit" in op:
            says[op["edit"]] = op["says"]
        model.restore(guest, interfaces, says, op["state"] == "paused" or (paused and op["state"] != "running"),
                      insides)

    def do(self, op, machine, model):
        path = image_path(op["guest"])
        more = ["--" + op["state"]] if op["state"] else []
        if "edit" in op:
            interface = model.guests[op["guest"]].images["file"][0][op["edit"]]
            more += ["--xml", machine.edit_image(op["guest"], path, interface["mac"], op["says"])]
        virsh("restore", path, *more)
        os.unlink(path)


class Plug(Kind):
    name = "plug in"
    weight = 10

    def is_possible(self, op, model):
        guest = model.guests[op["guest"]]
        if not is_live(guest) or len(guest.live) >= MOST_INTERFACES + 1:
            return False
        if "interface" not in op:
            return True
        has = {live.interface["mac"] for live in guest.live}
        return (op["interface"]["mac"] not in has and
                not exclusive_devices([op["interface"]]) & model.devices_in_use())

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            guest = model.guests[drawn["guest"]]
            has = {live.interface["mac"] for live in guest.live}
            number = next(number for number in range(16) if m.mac(drawn["guest"], number) not in has)
            drawn["interface"] = draw_interface(rng, drawn["guest"], number, set(m.EXCLUSIVE) - model.devices_in_use())
        return drawn

    def change(self, op, model):
        interface = op["interface"]
        live = m.Live(interface, interface["says"], True)
        guest = model.guests[op["guest"]]
        guest.live.append(live)
        if is_awake(guest):
            live.boot()

    def do(self, op, machine, model):
        machine.plug(op["guest"], op["interface"])
        if is_awake(model.guests[op["guest"]]) and op["interface"]["model"] == "virtio":
            machine.set_up(op["guest"], op["interface"]["mac"])


class Unplug(Kind):
    name = "plug out"
    weight = 5
    needs = staticmethod(is_live)

    def is_possible(self, op, model):
        guest = model.guests[op["guest"]]
        return bool(guest.live) and op.get("number", 0) < len(guest.live)

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            drawn["number"] = rng.randrange(len(model.guests[drawn["guest"]].live))
        return drawn

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        gone = guest.live.pop(op["number"])
        if not is_awake(guest):
            model.reset(guest)
        model.left[gone.interface["dev"]] += gone.count  # README, Limits

    def do(self, op, machine, model):
        guest = model.guests[op["guest"]]
        machine.unplug(op["guest"], guest.live[op["number"]].interface["mac"], is_awake(guest))


class Link(Unplug):
    """libvirt 11.3 forgets by it that an interface is on a network, and takes the port away."""
    name = "link down and up"
    weight = 4

    def is_possible(self, op, model):
        if not super().is_possible(op, model):
            return False
        networked = model.guests[op["guest"]].live[op.get("number", 0)].interface["network"]
        return not (networked and model.takes_live_trust and "number" in op)

    def change(self, op, model):
        pass

    def do(self, op, machine, model):
        address = model.guests[op["guest"]].live[op["number"]].interface["mac"]
        virsh("domif-setlink", m.name(op["guest"]), address, "down")
        virsh("domif-setlink", m.name(op["guest"]), address, "up")


class AllMulticast(Kind):
    """An administrator's. In passthrough mode only where the kernel counts it right."""
    name = "ip link set allmulticast"
    weight = 8

    def is_possible(self, op, model):
        guest = model.guests[op["guest"]]
        if not guest.live or op.get("number", 0) >= len(guest.live):
            return False
        live = guest.live[op.get("number", 0)]
        return "on" not in op or not live.is_exclusive() or (live.up and (op["on"] or live.count > 0))

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            drawn["number"] = rng.randrange(len(model.guests[drawn["guest"]].live))
            drawn["on"] = not model.guests[drawn["guest"]].live[drawn["number"]].flag
        return drawn if drawn and self.is_possible(drawn, model) else None

    def change(self, op, model):
        live = model.guests[op["guest"]].live[op["number"]]
        live.set_flag(op["on"])
        live.in_step = False

    def do(self, op, machine, model):
        address = model.guests[op["guest"]].live[op["number"]].interface["mac"]
        machine.set_link(machine.live(op["guest"])[address]["device"], "allmulticast", "on" if op["on"] else "off")


class LinkUp(Kind):
    """An administrator's, on one device of a guest that is paused."""
    name = "ip link set up"
    weight = 4

    def is_possible(self, op, model):
        lives = model.guests[op["guest"]].live or []
        if "number" not in op:
            return any(not live.up for live in lives)
        return op["number"] < len(lives) and not lives[op["number"]].up

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            lives = model.guests[drawn["guest"]].live
            drawn["number"] = rng.choice([number for number, live in enumerate(lives) if not live.up])
        return drawn

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        model.come_up(guest, [guest.live[op["number"]]])

    def do(self, op, machine, model):
        address = model.guests[op["guest"]].live[op["number"]].interface["mac"]
        machine.set_link(machine.live(op["guest"])[address]["device"], "up")


class GuestAddress(Kind):
    """The guest changes the MAC address of its NIC, or takes its own again."""
    name = "guest's MAC address"
    weight = 10
    needs = staticmethod(is_awake)

    def is_possible(self, op, model):
        guest = model.guests[op["guest"]]
        if not is_awake(guest):
            return False
        if "number" not in op:
            return any(live.inside for live in guest.live)
        return (op["number"] < len(guest.live) and guest.live[op["number"]].inside is not None and
                guest.live[op["number"]].inside["address"] != op["address"])

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            guest = model.guests[drawn["guest"]]
            drawn["number"] = rng.choice([number for number, live in enumerate(guest.live) if live.inside])
            own = guest.live[drawn["number"]].interface["mac"]
            taken = {live.address for live in guest.live} | {live.inside["address"] for live in guest.live if live.inside}
            free = [m.mac(guest.number, number) for number in range(32, 40)]
            drawn["address"] = rng.choice([own, rng.choice([address for address in free if address not in taken])])
        return drawn

    def change(self, op, model):
        model.change_inside(model.guests[op["guest"]].live[op["number"]], "address", op["address"])

    def do(self, op, machine, model):
        machine.tell_nic(op["guest"], model.guests[op["guest"]].live[op["number"]].inside["address"],
                         "ip link set %s address " + op["address"])


class GuestFilter(GuestAddress):
    """What the guest's NIC takes: all multicast, everything, one multicast group more."""
    name = "guest's filter"
    commands = {("allmulti", True): "ifconfig %s allmulti", ("allmulti", False): "ifconfig %s -allmulti",
                ("promisc", True): "ifconfig %s promisc", ("promisc", False): "ifconfig %s -promisc",
                ("group", True): "ip address add 2001:db8:77::a:1/64 dev %s",
                ("group", False): "ip address del 2001:db8:77::a:1/64 dev %s"}

    def is_possible(self, op, model):
        guest = model.guests[op["guest"]]
        if not is_awake(guest):
            return False
        if "number" not in op:
            return any(live.inside for live in guest.live)
        return (op["number"] < len(guest.live) and guest.live[op["number"]].inside is not None and
                guest.live[op["number"]].inside[op["what"]] != op["on"])

    def draw(self, rng, model):
        drawn = Kind.draw(self, rng, model)
        if drawn:
            guest = model.guests[drawn["guest"]]
            drawn["number"] = rng.choice([number for number, live in enumerate(guest.live) if live.inside])
            drawn["what"] = rng.choice(["allmulti", "allmulti", "promisc", "group"])
            drawn["on"] = not guest.live[drawn["number"]].inside[drawn["what"]]
        return drawn

    def change(self, op, model):
        model.change_inside(model.guests[op["guest"]].live[op["number"]], op["what"], op["on"])

    def do(self, op, machine, model):
        machine.tell_nic(op["guest"], model.guests[op["guest"]].live[op["number"]].inside["address"],
                         self.commands[op["what"], op["on"]])


class PowerOff(Destroy):
    """The guest shuts itself down."""
    name = "guest powers off"
    weight = 3
    needs = staticmethod(is_awake)

    @staticmethod
    def begin(op, machine):
        machine.tell(op["guest"], "poweroff -f", answers=False)

    def do(self, op, machine, model):
        self.begin(op, machine)
        if not wait_for(30, lambda: machine.listed().get(m.name(op["guest"]), "shut off") == "shut off"):
            raise Difference("%s has shut itself down and is said to run" % m.name(op["guest"]))


class Shutdown(PowerOff):
    """The guest is asked to shut itself down, by its power button."""
    name = "shutdown"

    @staticmethod
    def begin(op, machine):
        virsh("shutdown", m.name(op["guest"]))


class Reboot(Reset):
    """The guest reboots itself."""
    name = "guest reboots"
    weight = 2
    needs = staticmethod(is_awake)

    def do(self, op, machine, model):
        machine.tell(op["guest"], "reboot -f", answers=False)


class Snapshot(Kind):
    name = "snapshot"
    weight = 8
    needs = staticmethod(lambda guest: is_live(guest) and guest.stored is not None and not guest.system and
                         not guest.snapshot and not guest.untouched)

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        guest.snapshot = guest.runs, guest.stored, model.image(guest)
        guest.snapshots += 1

    def do(self, op, machine, model):
        virsh("snapshot-create-as", m.name(op["guest"]), "s%d" % (model.guests[op["guest"]].snapshots + 1))


class ForgetSnapshot(Kind):
    name = "snapshot removed"
    weight = 2
    needs = staticmethod(lambda guest: bool(guest.snapshot))

    def change(self, op, model):
        model.guests[op["guest"]].snapshot = None

    def do(self, op, machine, model):
        virsh("snapshot-delete", m.name(op["guest"]), "s%d" % model.guests[op["guest"]].snapshots, "--metadata")


class Revert(Kind):
    """Of a guest that runs or doesn't; also --paused or --running."""
    name = "revert"
    weight = 10

    def is_possible(self, op, model):
        guest = model.guests[op["guest"]]
        if not guest.snapshot or "managed" in guest.images:
            return False
        if is_live(guest) and model.reverts_in_place:
            return model.reverts_to_same(guest)
        return not exclusive_devices(guest.snapshot[2][0]) & model.devices_in_use(guest)

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            drawn["state"] = rng.choice([None, None, "paused", "running"])
        return drawn

    def change(self, op, model):
        model.revert(model.guests[op["guest"]], op["state"])

    def do(self, op, machine, model):
        virsh("snapshot-revert", m.name(op["guest"]), "s%d" % model.guests[op["guest"]].snapshots, *["--" + op["state"]] if op["state"] else [])


def may_migrate(guest):
    """QEMU 5.2 and 7.2 fail to migrate a disk that came paused and has not run, hook or none."""
    return is_live(guest) and not guest.snapshot and not guest.untouched


class Migrate(Kind):
    """There and back; a guest that arrives paused is resumed there, for the reason above."""
    name = "migrate there and back"
    weight = 4
    quick = False
    needs = staticmethod(may_migrate)

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            drawn["persistent"] = model.guests[drawn["guest"]].stored is not None and rng.random() < 0.5
        return drawn

    def is_possible(self, op, model):
        guest = model.guests[op["guest"]]
        boots_there = guest.system and not guest.booted
        return may_migrate(guest) and not boots_there and not (op.get("persistent") and guest.stored is None)

    def change(self, op, model):
        guest = model.guests[op["guest"]]
        there = model.elsewhere(op["guest"], op["persistent"])
        there.set_running(there.guests[op["guest"]], True)
        model.stop(guest)
        model.restore(guest, *there.image(there.guests[op["guest"]]))

    def do(self, op, machine, model):
        here, there = model.copy(), model.elsewhere(op["guest"], op["persistent"])
        machine.start_second()
        problem = machine.migrate(op["guest"], "--migrateuri", "tcp://192.0.2.2", *["--persistent"] * op["persistent"])
        if problem:
            raise Difference("migrate: " + problem)
        here.stop(here.guests[op["guest"]])
        machine.await_fit(here)
        there = machine.settle_second(there)
        if there.guests[op["guest"]].paused:
            virsh("-c", SECOND, "resume", m.name(op["guest"]))
            there.set_running(there.guests[op["guest"]], True)
            there = machine.settle_second(there)
        problem = machine.migrate_back(op["guest"], *["--undefinesource"] * op["persistent"])
        if problem:
            raise Difference("migrate back: " + problem)
        there.stop(there.guests[op["guest"]])
        there.guests[op["guest"]].stored = None
        machine.settle_second(there)


class MigrateInVain(Kind):
    """The guest isn't let in there, where its network is missing; or it can't go, once all is prepared there."""
    name = "migrate in vain"
    weight = 2
    quick = False

    def draw(self, rng, model):
        drawn = super().draw(rng, model)
        if drawn:
            networks = {live.interface["network"] for live in model.guests[drawn["guest"]].live}
            drawn["network"] = rng.choice(sorted(networks - {None}) + [None])
        return drawn

    def is_possible(self, op, model):
        guest = model.guests[op["guest"]]
        return may_migrate(guest) and (op.get("network") is None or
                                       op["network"] in {live.interface["network"] for live in guest.live})

    def do(self, op, machine, model):
        machine.start_second()
        if op["network"]:
            virsh("-c", SECOND, "net-destroy", op["network"])
        # Nobody listens on this machine.
        if not machine.migrate(op["guest"], "--migrateuri", "tcp://192.0.2.2" if op["network"] else "tcp://127.0.0.1"):
            raise Difference("the migration succeeds")
        if op["network"]:
            virsh("-c", SECOND, "net-start", op["network"])
        there = model.elsewhere(op["guest"], False)
        there.stop(there.guests[op["guest"]])
        machine.settle_second(there)


class Everywhere(Kind):
    quick = False

    def draw(self, rng, model):
        return {}

    def is_possible(self, op, model):
        return True


class Apply(Everywhere):
    name = "apply"
    weight = 8
    quick = True

    def change(self, op, model):
        for guest in model.guests:
            model.reconcile(guest)

    def do(self, op, machine, model):
        done = machine.apply()
        after = model.copy()
        self.change(op, after)
        good = after.policy is not None and all(after.is_good(guest) for guest in after.guests if guest.live is not None)
        if (done.returncode == 0) != good and not op.get("beside"):
            raise Difference("apply exits with %d: %s" % (done.returncode, done.stderr.strip()))


class Restart(Everywhere):
    name = "daemon restarted"
    weight = 5

    def change(self, op, model):
        model.restart_daemon()

    def do(self, op, machine, model):
        machine.restart_daemon()


class KillDaemon(Restart):
    name = "daemon killed"
    weight = 3

    def do(self, op, machine, model):
        machine.kill_daemon()
        machine.start_daemon()


class KillBoth(Kind):
    name = "daemon and QEMU killed"
    weight = 2
    quick = False
    needs = staticmethod(is_live)

    def change(self, op, model):
        model.stop(model.guests[op["guest"]])
        model.restart_daemon()

    def do(self, op, machine, model):
        machine.kill_daemon()
        machine.kill_qemu(op["guest"])
        machine.start_daemon()


class Policy(Everywhere):
    """A new policy, and then nothing."""
    name = "policy"
    weight = 8

    def draw(self, rng, model):
        return draw_policy(rng, len(model.guests))

    def change(self, op, model):
        model.policy = op["policy"]

    def do(self, op, machine, model):
        machine.write_policy("[nonsense\n" if op["policy"] is None else
                             policy_text(op["policy"]) if op["policy"]["sections"] else None)


class PolicyApplied(Policy):
    name = "policy, and apply"
    weight = 10

    def change(self, op, model):
        super().change(op, model)
        Apply().change(op, model)

    def do(self, op, machine, model):
        super().do(op, machine, model)
        after = model.copy()
        super().change(op, after)
        Apply().do({}, machine, after)


class PolicyRestarted(Policy):
    name = "policy, and daemon restarted"
    weight = 3

    def change(self, op, model):
        super().change(op, model)
        Restart().change(op, model)

    def do(self, op, machine, model):
        super().do(op, machine, model)
        machine.restart_daemon()


KINDS = {kind.name: kind() for kind in (
    Define, Redefine, Start, Suspend, Resume, Destroy, KillQemu, Reset, ManagedSave, Forget, Save, Restore, Plug,
    Unplug, Link, AllMulticast, LinkUp, Apply, Restart, KillDaemon, KillBoth, Policy, PolicyApplied, PolicyRestarted,
    GuestAddress, GuestFilter, PowerOff, Shutdown, Reboot, Create, Undefine, DefineTransient, Migrate, MigrateInVain, Snapshot,
    ForgetSnapshot, Revert)}


class Both(Kind):
    """Two at once, on two guests; apply on all of them beside one that settles by itself."""
    name = "two at once"
    weight = 8
    quick = False
    beside_apply = ("start", "destroy", "resume", "restore", "managed save")

    def draw(self, rng, model):
        first = draw_from(rng, model, [kind for kind in KINDS.values() if kind.quick and kind.name != "apply"])
        if not first:
            return None
        if first["op"] in self.beside_apply and rng.random() < 0.3:
            return {"first": first, "second": {"op": "apply", "beside": True}}
        # As it is after the first, and as it is before: the order is not known.
        after = model.copy()
        KINDS[first["op"]].change(first, after)
        second = draw_from(rng, after, [kind for kind in KINDS.values() if kind.quick and kind.name != "apply"])
        drawn = {"first": first, "second": second}
        return drawn if second and self.is_possible(drawn, model) else None

    def is_possible(self, op, model):
        first, second = op["first"], op["second"]
        if first.get("guest") == second.get("guest") or not is_possible(first, model) or not is_possible(second, model):
            return False
        after, other = model.copy(), model.copy()
        change(first, after)
        change(second, other)
        return is_possible(second, after) and is_possible(first, other)

    def change(self, op, model):
        change(op["first"], model)
        change(op["second"], model)

    def do(self, op, machine, model):
        failed = []

        def one(which):
            try:
                do(op[which], machine, model)
            except Exception as error:  # pylint: disable=broad-except
                failed.append(error)
        threads = [threading.Thread(target=one, args=(which,)) for which in ("first", "second")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]


class Hang(Kind):
    """A start while virsh hangs: what needs no virsh is so at once, the rest once virsh answers."""
    name = "virsh hangs"
    weight = 6
    quick = False
    kinds = ("start", "create", "resume", "restore")

    def draw(self, rng, model):
        drawn = draw_from(rng, model, [KINDS[kind] for kind in self.kinds])
        return {"meanwhile": drawn} if drawn else None

    def is_possible(self, op, model):
        return is_possible(op["meanwhile"], model)

    def change(self, op, model):
        change(op["meanwhile"], model)

    def do(self, op, machine, model):
        middle, after = model.copy(), model.copy()
        middle.virsh_hangs = True
        change(op["meanwhile"], middle)
        change(op["meanwhile"], after)
        number = op["meanwhile"]["guest"]
        with machine.hanging_virsh() as waits:
            do(op["meanwhile"], machine, model)
            is_asked = model.policy and middle.is_good(middle.guests[number]) != after.is_good(after.guests[number])
            if is_asked and not wait_for(10, lambda: os.path.exists(waits)):
                raise Difference("no virsh is called")
            machine.await_fit(middle)


def draw_from(rng, model, kinds):
    """One that is possible, or None."""
    for _ in range(20):
        kind = rng.choices(kinds, [kind.weight for kind in kinds])[0]
        drawn = kind.draw(rng, model)
        if drawn is not None and kind.is_possible(drawn, model):
            return {"op": kind.name, **drawn}
    return None


def is_possible(op, model):
    return KINDS[op["op"]].is_possible(op, model)


def change(op, model):
    KINDS[op["op"]].change(op, model)


def do(op, machine, model):
    """`model` is as it was before."""
    KINDS[op["op"]].do(op, machine, model)


KINDS[Both.name] = Both()
KINDS[Hang.name] = Hang()
