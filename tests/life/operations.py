"""The operations of a life. Each kind says whom it is for (whom), what it is about (pick), whether that is possible
(fits), what it changes in the model (change) and how it is done (do, with the guest as it was before). What is drawn is
a plain dict, so that a life can be printed, shortened and lived again; one that is not possible, because what it builds
on was left out, is passed over."""

import copy
import os
import threading

import model as m
from machine import SECOND, Difference, virsh, wait_for

MOST_INTERFACES = 3
SYSTEMS, MOST_SYSTEMS = 0.2, 2  # so many guests have an operating system: they cost time


# ---- What is drawn ----


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


RULES = [("mode", ["bridge"]), ("mode", ["private", "vepa"]), ("mode", ["passthrough"]), ("dev", ["up0"]),
         ("dev", ["up1", "pass0"]), ("dev", ["uplink-zero"]), ("dev", ["uplink-one", "spare-*"]),
         ("network", ["bridges", "vepas"]), ("network", ["privates"]), ("portgroup", ["trusting"]), ("vm", ["life-*"]),
         ("mac", [m.mac(0, 0), m.mac(1, 1), m.mac(2, 0)]), ("mac", ["52:54:00:A1:02:*"])]


def draw_policy(rng, guests):
    """None: one that can't be read. No sections: none is there."""
    if rng.random() < 0.08:
        return None
    if rng.random() < 0.08:
        return {"sections": []}
    sections = [section("default", policy=draw_action(rng), override=rng.choice(["no", "no", "yes"]))]
    for guest in range(guests):
        if rng.random() < 0.25:
            name = rng.choice([m.name, m.name, m.uuid])(guest)
            sections.append(section("vm:" + name, {"vm": [name]}, policy=draw_action(rng)))
    for number in range(rng.randrange(3)):
        key, values = rng.choice(RULES)
        one = section("rule:%d" % number, {key: [value.lower() for value in values]}, policy=draw_action(rng))
        if rng.random() < 0.3:
            one["override"] = rng.choice(["yes", "no"])
        sections.append(one)
    return {"sections": sections}


def may_say(interface, says):
    """Trust of a NIC that isn't virtio's, or of one that libvirt can't trust, is an error of the owner's."""
    trustable = interface["model"] == "virtio" and not interface["device"]
    return trustable or (says or m.network_says(interface)) != "yes"


def draw_word(rng, interface):
    return rng.choice([says for says in (None, "no", "yes") if may_say(interface, says)])


def draw_interface(rng, guest, number, taken):
    """`taken`: what others have that nobody shares; what is drawn is added."""
    address = m.mac(guest, number)
    model = rng.choice(["virtio", "virtio", "virtio", "e1000"])
    where = rng.choice(["direct", "direct", "network", "network", "exclusive", "foreign"])
    free = {"exclusive": m.EXCLUSIVE, "foreign": sorted(m.FOREIGN)}.get(where)
    free = free and [one for one in free if one not in taken]
    if where == "network" or free == ["pass2"]:
        network = "passing" if free else rng.choice(["bridges", "privates", "vepas"])
        portgroup = rng.choice([None] + sorted(m.NETWORKS[network][3]))
        drawn = m.networked(address, network, portgroup, model, None)
    elif not free:
        drawn = m.interface_of(address, rng.choice(m.SHARED), rng.choice(["bridge", "vepa", "private"]), model, None)
    elif where == "foreign":
        drawn = m.ethernet(address, rng.choice(free), model, None)
    else:
        dev = rng.choice([dev for dev in free if dev != "pass2"])
        drawn = m.interface_of(address, dev, "passthrough", model, None)
    if drawn["dev"] in m.SHARED and not drawn["network"] and rng.random() < 0.3:
        drawn["named"] = m.ALTERNATIVE[drawn["dev"]]
    taken |= m.exclusives([drawn])
    drawn["says"] = draw_word(rng, drawn) if rng.random() < 0.5 or not may_say(drawn, None) else None
    return drawn


def draw_interfaces(rng, guest):
    taken = set()
    drawn = [draw_interface(rng, guest, number, taken) for number in range(rng.randint(1, MOST_INTERFACES))]
    twins = [interface for interface in drawn if interface["mode"] == "passthrough" and not interface["device"]]
    if twins and rng.random() < 0.4:
        rng.choice(twins)["mac"] = m.TWIN
    return drawn


def draw_domain(rng, guest, model):
    systems = sum(other.system for other in model.guests if other is not guest)
    return {"system": systems < MOST_SYSTEMS and rng.random() < SYSTEMS,
            "interfaces": draw_interfaces(rng, guest.number)}


# ---- Kinds ----


class Kind:
    name = None
    weight = 10
    quick = True  # may be done beside another

    def whom(self, guest):
        """Whether it is for this guest."""
        return True

    def pick(self, rng, guest, model):
        """Parameters, or None."""
        return {}

    def fits(self, op, guest, model):
        return True

    def change(self, op, guest, model):
        pass

    def do(self, op, guest, machine, model):
        pass


class Everywhere(Kind):
    """Is for no guest in particular."""
    quick = False
    whom = None


def is_live(guest):
    return guest.live is not None


def is_awake(guest):
    """Its operating system can be told something."""
    return guest.booted and not guest.paused


def are_free(description, model, but=None):
    return not m.exclusives(description.interfaces) & model.in_use(but)


def expect(done, code):
    if done.returncode != code:
        raise Difference("%s exits with %d, not %d: %s" % (" ".join(done.args), done.returncode, code,
                                                           (done.stdout + done.stderr).strip()))


# ---- Definitions ----


class Define(Kind):
    name = "define"
    weight = 8

    def whom(self, guest):
        return guest.live is None and not guest.images and not guest.snapshot

    def pick(self, rng, guest, model):
        return draw_domain(rng, guest, model)

    def change(self, op, guest, model):
        guest.stored, guest.system = m.Description(op["interfaces"], {}), op["system"]

    def do(self, op, guest, machine, model):
        machine.define(guest.number, op["interfaces"], op["system"])


class Create(Define):
    """A transient guest: it has no stored XML, and is gone when it stops."""
    name = "create"
    weight = 12

    def whom(self, guest):
        return super().whom(guest) and guest.stored is None

    def pick(self, rng, guest, model):
        return {**draw_domain(rng, guest, model), "paused": rng.random() < 0.35}

    def fits(self, op, guest, model):
        return are_free(m.Description(op["interfaces"], {}), model)

    def change(self, op, guest, model):
        guest.system = op["system"]
        model.run(guest, m.Description(op["interfaces"], {}), op["paused"])

    def do(self, op, guest, machine, model):
        path = machine.write_domain(guest.number, op["interfaces"], op["system"])
        virsh("create", path, *["--paused"] * op["paused"])


class Redefine(Kind):
    """The owner's word in the stored XML; a guest that runs keeps what it has."""
    name = "redefine"
    weight = 4

    def whom(self, guest):
        return guest.stored is not None and guest.stored.interfaces

    def pick(self, rng, guest, model):
        number = rng.randrange(len(guest.stored.interfaces))
        return {"number": number, "says": draw_word(rng, guest.stored.interfaces[number])}

    def fits(self, op, guest, model):
        interfaces = guest.stored.interfaces
        return op["number"] < len(interfaces) and may_say(interfaces[op["number"]], op["says"])

    @staticmethod
    def redefined(op, guest):
        words = [m.owners_word(interface, guest.stored.note) for interface in guest.stored.interfaces]
        words[op["number"]] = op["says"]
        return [dict(interface, says=word) for interface, word in zip(guest.stored.interfaces, words)]

    def change(self, op, guest, model):
        guest.stored = m.Description(self.redefined(op, guest), {})

    def do(self, op, guest, machine, model):
        machine.define(guest.number, self.redefined(op, guest), guest.system)


# ---- Starts and stops ----


class Start(Kind):
    """From a managed save, if there is one."""
    name = "start"
    weight = 40

    def whom(self, guest):
        return guest.stored is not None and not is_live(guest)

    def pick(self, rng, guest, model):
        return {"paused": rng.random() < 0.35}

    def fits(self, op, guest, model):
        return are_free(guest.images["managed"][0] if "managed" in guest.images else guest.stored, model)

    def change(self, op, guest, model):
        if "managed" in guest.images:
            description, paused, insides = guest.images.pop("managed")
            model.restore(guest, description, paused or op["paused"], insides)
        else:
            model.run(guest, guest.stored, op["paused"])

    def do(self, op, guest, machine, model):
        virsh("start", m.name(guest.number), *["--paused"] * op["paused"])


# ---- What is done in one call ----


class Simple(Kind):
    """`change` and `do` are functions (guest, model) and (guest, machine, model)."""

    def __init__(self, name, weight, whom, change, do, **more):
        self.name, self.weight, self.whom = name, weight, whom
        self.change = lambda op, guest, model: change(guest, model)
        self.do = lambda op, guest, machine, model: do(guest, machine, model)
        self.__dict__.update(more)


def by_virsh(command, *more):
    """`more`: functions of the guest."""
    return lambda guest, machine, model: virsh(command, m.name(guest.number), *[word(guest) for word in more])


def image_path(guest):
    return "/var/tmp/life/image-%d" % guest.number


def snapshot_name(guest):
    return "s%d" % guest.snapshots


def stop(guest, model):
    model.stop(guest)


def stop_and_restart(guest, model):
    model.stop(guest)
    model.restart_daemon()


def wait_until_off(guest, machine):
    if not wait_for(30, lambda: machine.listed().get(m.name(guest.number), "shut off") == "shut off"):
        raise Difference("%s has ended and is said to run" % m.name(guest.number))


def kill_qemu(guest, machine, model):
    machine.kill_qemu(guest.number)
    wait_until_off(guest, machine)


def power_off(guest, machine, model):
    machine.tell(guest.number, "poweroff -f", answers=False)
    wait_until_off(guest, machine)


def shut_down(guest, machine, model):
    by_virsh("shutdown")(guest, machine, model)
    wait_until_off(guest, machine)


def kill_daemon(guest, machine, model):
    machine.kill_daemon()
    if guest:
        machine.kill_qemu(guest.number)
    machine.start_daemon()


def save_as(image):
    def save(guest, model):
        guest.images[image] = guest.image()
        model.stop(guest)
    return save


def make_snapshot(guest, model):
    guest.snapshots += 1
    guest.snapshot = guest.runs, guest.stored, guest.image()


def undefine(guest, model):
    guest.stored = None


def define_live(guest, model):
    """An interface on a network is on its host device then: so libvirt reads what it has written."""
    interfaces, note = guest.described()
    guest.stored = m.Description([dict(one, network=None, portgroup=None) for one in interfaces], note)


def define_by_policy(guest, model):
    guest.stored = m.rewritten(model.policy, guest.number, guest.stored)


SIMPLE = [
    # The note goes along. A transient guest becomes persistent.
    Simple("define the live XML", 5, lambda guest: is_live(guest) and not guest.snapshot, define_live,
           lambda guest, machine, model: machine.define_live(guest.number)),
    Simple("rxtrust define", 5, lambda guest: guest.stored is not None, define_by_policy,
           lambda guest, machine, model: expect(machine.rxtrust("define", m.name(guest.number)),
                                                2 if model.policy is None else 0)),
    # A guest that runs is transient from then on.
    Simple("undefine", 5, lambda guest: (guest.stored is not None and "managed" not in guest.images and
                                         not guest.snapshot), undefine, by_virsh("undefine")),
    Simple("suspend", 10, lambda guest: is_live(guest) and not guest.paused,
           lambda guest, model: model.set_running(guest, False), by_virsh("suspend")),
    Simple("resume", 18, lambda guest: is_live(guest) and guest.paused,
           lambda guest, model: model.set_running(guest, True), by_virsh("resume")),
    Simple("reset", 4, is_live, lambda guest, model: model.reset(guest), by_virsh("reset")),
    Simple("guest reboots", 2, is_awake, lambda guest, model: model.reset(guest),
           lambda guest, machine, model: machine.tell(guest.number, "reboot -f", answers=False)),
    Simple("destroy", 6, is_live, stop, by_virsh("destroy")),
    Simple("kill QEMU", 3, is_live, stop, kill_qemu),
    Simple("guest powers off", 3, is_awake, stop, power_off),
    Simple("shutdown", 3, is_awake, stop, shut_down),  # by its power button
    Simple("save", 10, is_live, save_as("file"), by_virsh("save", image_path)),
    Simple("managed save", 10, lambda guest: is_live(guest) and guest.stored is not None, save_as("managed"),
           by_virsh("managedsave")),
    Simple("managed save removed", 1, lambda guest: "managed" in guest.images and not is_live(guest),
           lambda guest, model: guest.images.pop("managed"), by_virsh("managedsave-remove")),
    Simple("snapshot", 8, lambda guest: (is_live(guest) and guest.stored is not None and not guest.system and
                                         not guest.snapshot and not guest.untouched), make_snapshot,
           by_virsh("snapshot-create-as", lambda guest: "s%d" % (guest.snapshots + 1))),
    Simple("snapshot removed", 2, lambda guest: bool(guest.snapshot),
           lambda guest, model: setattr(guest, "snapshot", None),
           by_virsh("snapshot-delete", snapshot_name, lambda guest: "--metadata")),
    Simple("daemon restarted", 5, None, lambda guest, model: model.restart_daemon(),
           lambda guest, machine, model: machine.restart_daemon(), quick=False),
    Simple("daemon killed", 3, None, lambda guest, model: model.restart_daemon(), kill_daemon, quick=False),
    Simple("daemon and QEMU killed", 2, is_live, stop_and_restart, kill_daemon, quick=False),
]


# ---- Images, snapshots, migrations ----


class Restore(Kind):
    """Also with an XML in which the owner has changed the word of trust; also --paused or --running."""
    name = "restore"
    weight = 20

    def whom(self, guest):
        return not is_live(guest) and "file" in guest.images and "managed" not in guest.images

    def pick(self, rng, guest, model):
        interfaces = guest.images["file"][0].interfaces
        picked = {"state": rng.choice([None, None, "paused", "running"])}
        if interfaces and rng.random() < 0.4:
            number = rng.randrange(len(interfaces))
            picked.update(edit=number, says=draw_word(rng, interfaces[number]))
        return picked

    def fits(self, op, guest, model):
        description = guest.images["file"][0]
        return are_free(description, model) and op.get("edit", 0) < max(1, len(description.interfaces))

    def change(self, op, guest, model):
        description, paused, insides = copy.deepcopy(guest.images.pop("file"))
        if "edit" in op:
            description.interfaces[op["edit"]]["says"] = op["says"]
        model.restore(guest, description, op["state"] == "paused" or (paused and op["state"] != "running"), insides)

    def do(self, op, guest, machine, model):
        path = image_path(guest)
        more = ["--" + op["state"]] if op["state"] else []
        if "edit" in op:
            address = guest.images["file"][0].interfaces[op["edit"]]["mac"]
            more += ["--xml", machine.edit_image(guest.number, path, address, op["says"])]
        virsh("restore", path, *more)
        os.unlink(path)


class RevertToSnapshot(Kind):
    """Of a guest that runs or doesn't; also --paused or --running."""
    name = "back to the snapshot"
    weight = 10

    def whom(self, guest):
        return bool(guest.snapshot) and "managed" not in guest.images

    def pick(self, rng, guest, model):
        return {"state": rng.choice([None, None, "paused", "running"])}

    def fits(self, op, guest, model):
        if is_live(guest) and model.reverts_in_place:
            return model.reverts_to_same(guest)
        return are_free(guest.snapshot[2][0], model, guest)

    def change(self, op, guest, model):
        model.revert(guest, op["state"])

    def do(self, op, guest, machine, model):
        more = ["--" + op["state"]] if op["state"] else []
        virsh("snapshot-revert", m.name(guest.number), snapshot_name(guest), *more)


class Migrate(Kind):
    """There and back; a guest that arrives paused is resumed there, because QEMU 5.2 and 7.2 fail to migrate a disk
    that came paused and has not run, hook or none. The other machine may have another policy."""
    name = "migrate there and back"
    weight = 5
    quick = False

    def whom(self, guest):
        boots_there = guest.system and not guest.booted
        return (is_live(guest) and not guest.snapshot and not guest.untouched and guest.may_move() and
                not boots_there)

    def pick(self, rng, guest, model):
        return {"persistent": guest.stored is not None and rng.random() < 0.5,
                "policy": model.policy if rng.random() < 0.5 else draw_policy(rng, len(model.guests))}

    def fits(self, op, guest, model):
        return guest.stored is not None or not op["persistent"]

    def change(self, op, guest, model):
        there = model.elsewhere(guest.number, op["persistent"], op["policy"])
        there.set_running(there.guests[guest.number], True)
        model.stop(guest)
        model.restore(guest, *there.guests[guest.number].image())

    def do(self, op, guest, machine, model):
        here, there = model.copy(), model.elsewhere(guest.number, op["persistent"], op["policy"])
        machine.start_second()
        machine.write_policy(there_text(op["policy"]), there=True)
        problem = machine.migrate(guest.number, "--migrateuri", "tcp://192.0.2.2", *["--persistent"] * op["persistent"])
        if problem:
            raise Difference("migrate: " + problem)
        here.stop(here.guests[guest.number])
        machine.await_fit(here)
        there = machine.settle_second(there)
        if there.guests[guest.number].paused:
            virsh("-c", SECOND, "resume", m.name(guest.number))
            there.set_running(there.guests[guest.number], True)
            there = machine.settle_second(there)
        problem = machine.migrate_back(guest.number, *["--undefinesource"] * op["persistent"])
        if problem:
            raise Difference("migrate back: " + problem)
        there.stop(there.guests[guest.number])
        there.guests[guest.number].stored = None
        machine.settle_second(there)


class MigrateInVain(Kind):
    """The guest isn't let in there, where its network is missing; or it can't go, once all is prepared there."""
    name = "migrate in vain"
    weight = 2
    quick = False

    def whom(self, guest):
        return Migrate.whom(self, guest)

    def pick(self, rng, guest, model):
        networks = {live.interface["network"] for live in guest.live}
        return {"network": rng.choice(sorted(networks - {None}) + [None])}

    def fits(self, op, guest, model):
        return op["network"] is None or op["network"] in {live.interface["network"] for live in guest.live}

    def do(self, op, guest, machine, model):
        machine.start_second()
        machine.write_policy(there_text(model.policy), there=True)
        if op["network"]:
            virsh("-c", SECOND, "net-destroy", op["network"])
        # Nobody listens on this machine.
        if not machine.migrate(guest.number, "--migrateuri", "tcp://192.0.2.2" if op["network"] else "tcp://127.0.0.1"):
            raise Difference("the migration succeeds")
        if op["network"]:
            virsh("-c", SECOND, "net-start", op["network"])
        there = model.elsewhere(guest.number, False, model.policy)
        there.stop(there.guests[guest.number])
        machine.settle_second(there)


# ---- Interfaces ----


class Plug(Kind):
    """Also as udev's unit has it: `rxtrust plugged`, with the name of the link or of its character device."""
    name = "plug in"
    weight = 12

    def whom(self, guest):
        return is_live(guest) and len(guest.live) <= MOST_INTERFACES

    def pick(self, rng, guest, model):
        has = {live.interface["mac"] for live in guest.live}
        number = next(number for number in range(16) if m.mac(guest.number, number) not in has)
        return {"interface": draw_interface(rng, guest.number, number, model.in_use()),
                "plugged": rng.choice([None, None, "link", "node"])}

    def fits(self, op, guest, model):
        has = {live.interface["mac"] for live in guest.live}
        return op["interface"]["mac"] not in has and are_free(m.Description([op["interface"]], {}), model)

    def change(self, op, guest, model):
        live = model.attach(op["interface"], True)
        guest.live.append(live)
        if is_awake(guest):
            live.boot()
        if op["plugged"] and not live.device.marked:
            model.settle(guest)

    def do(self, op, guest, machine, model):
        machine.plug(guest.number, op["interface"])
        if is_awake(guest) and op["interface"]["model"] == "virtio":
            machine.set_up(guest.number, op["interface"]["mac"])
        if op["plugged"]:
            after = model.copy()
            self.change(op, after.guests[guest.number], after)
            code = 2 if after.policy is None else 0 if after.is_good(after.guests[guest.number]) else 1
            is_marked = op["interface"]["device"] and model.foreign[op["interface"]["device"]].marked
            device = machine.live(guest.number)[op["interface"]["mac"]]["device"]
            expect(machine.plugged(device, op["plugged"]), 0 if is_marked else code)


class OnInterface(Kind):
    """Is about one interface of a guest that runs."""

    def which(self, op, live):
        return True

    def whom(self, guest):
        return is_live(guest) and any(self.which({}, live) for live in guest.live)

    def pick(self, rng, guest, model):
        return {"number": rng.choice([number for number, live in enumerate(guest.live) if self.which({}, live)])}

    def fits(self, op, guest, model):
        return op["number"] < len(guest.live) and self.which(op, guest.live[op["number"]])

    def device(self, op, guest, machine):
        return machine.live(guest.number)[guest.live[op["number"]].interface["mac"]]["device"]


class Unplug(OnInterface):
    name = "plug out"
    weight = 5

    def change(self, op, guest, model):
        model.forget(guest.live.pop(op["number"]))
        if not is_awake(guest):
            model.reset(guest)

    def do(self, op, guest, machine, model):
        machine.unplug(guest.number, guest.live[op["number"]].interface["mac"], is_awake(guest))


class Link(OnInterface):
    """libvirt 11.3 forgets by it that an interface is on a network, and takes the port away."""
    name = "link down and up"
    weight = 4

    def fits(self, op, guest, model):
        return super().fits(op, guest, model) and not (
            guest.live[op["number"]].interface["network"] and model.takes_live_trust)

    def do(self, op, guest, machine, model):
        for state in ("down", "up"):
            virsh("domif-setlink", m.name(guest.number), guest.live[op["number"]].interface["mac"], state)


class Flag(OnInterface):
    """An administrator's: all-multicast, in passthrough mode only where the kernel counts it right; there also
    promiscuous mode."""
    name = "ip link set allmulticast, promisc"
    weight = 10

    def which(self, op, live):
        device, exclusive = live.device, live.is_exclusive()
        if op.get("flag") == "promisc":
            return exclusive and not live.is_trusted() and op["on"] != device.promiscuous
        on = op.get("on", not device.flag)
        return on != device.flag and (not exclusive or (device.up and (on or device.count > 0)))

    def pick(self, rng, guest, model):
        picked = super().pick(rng, guest, model)
        live = guest.live[picked["number"]]
        if live.is_exclusive() and rng.random() < 0.6:
            return {**picked, "flag": "promisc", "on": not live.device.promiscuous}
        return {**picked, "flag": "allmulticast", "on": not live.device.flag}

    def change(self, op, guest, model):
        live = guest.live[op["number"]]
        if op["flag"] == "promisc":
            live.device.promiscuous = op["on"]
        else:
            live.device.set_flag(op["on"])
        live.in_step = False

    def do(self, op, guest, machine, model):
        machine.set_link(self.device(op, guest, machine), op["flag"], "on" if op["on"] else "off")


class LinkUp(OnInterface):
    """An administrator's, on one device of a guest that is paused, or one that libvirt hasn't made."""
    name = "ip link set up, down"
    weight = 6

    def which(self, op, live):
        return op.get("up", not live.device.up) != live.device.up and (not live.device.up or live.interface["device"])

    def pick(self, rng, guest, model):
        picked = super().pick(rng, guest, model)
        return {**picked, "up": not guest.live[picked["number"]].device.up}

    def change(self, op, guest, model):
        guest.live[op["number"]].device.up = op["up"]

    def do(self, op, guest, machine, model):
        machine.set_link(self.device(op, guest, machine), "up" if op["up"] else "down")


# ---- What the guest's operating system does ----


class Inside(OnInterface):
    """The guest changes the MAC address of its NIC, or takes its own again, or changes what the NIC takes: all
    multicast, everything, one multicast group more."""
    name = "guest's NIC"
    weight = 20

    def which(self, op, live):
        return live.inside is not None and ("what" not in op or live.inside[op["what"]] != op["to"])

    def whom(self, guest):
        return is_awake(guest) and super().whom(guest)

    def pick(self, rng, guest, model):
        picked = super().pick(rng, guest, model)
        live = guest.live[picked["number"]]
        what = rng.choice(["address", "address", "allmulti", "promisc", "group"])
        if what != "address":
            return {**picked, "what": what, "to": not live.inside[what]}
        taken = {other.device.address for other in guest.live}
        taken |= {other.inside["address"] for other in guest.live if other.inside}
        free = [m.mac(guest.number, number) for number in range(32, 40)]
        to = rng.choice([live.interface["mac"], rng.choice([address for address in free if address not in taken])])
        return {**picked, "what": what, "to": to}

    def change(self, op, guest, model):
        model.change_inside(guest.live[op["number"]], op["what"], op["to"])

    def do(self, op, guest, machine, model):
        if op["what"] == "address":
            command = "ip link set %s address " + op["to"]
        elif op["what"] == "group":
            command = "ip address %s 2001:db8:77::a:1/64 dev %%s" % ("add" if op["to"] else "del")
        else:
            command = "ifconfig %%s %s%s" % ("" if op["to"] else "-", op["what"])
        machine.tell_nic(guest.number, guest.live[op["number"]].inside["address"], command)


# ---- rxtrust, its policy, and the daemon ----


class Apply(Everywhere):
    name = "apply"
    weight = 8
    quick = True
    want = None  # what is made true instead of the policy

    def change(self, op, guest, model):
        model.settle_all(self.want == "nothing")

    def do(self, op, guest, machine, model):
        done = machine.rxtrust(self.name)
        after = model.copy()
        self.change(op, None, after)
        if not op.get("beside"):
            asks_policy = self.want is None
            expect(done, 2 if asks_policy and after.policy is None else 0 if after.all_good(self.want) else 1)


class Revert(Apply):
    name = "revert"
    weight = 4
    quick = False
    want = "nothing"


def there_text(policy):
    """The policy's file; None: there is none."""
    return "[nonsense\n" if policy is None else policy_text(policy) if policy["sections"] else None


class Policy(Everywhere):
    """A new policy, and then nothing, or what makes it true."""
    name = "policy"
    weight = 8
    then = Kind()

    def pick(self, rng, guest, model):
        return {"policy": draw_policy(rng, len(model.guests))}

    def change(self, op, guest, model):
        model.policy = op["policy"]
        self.then.change({}, None, model)

    def do(self, op, guest, machine, model):
        machine.write_policy(there_text(op["policy"]))
        after = model.copy()
        after.policy = op["policy"]
        self.then.do({}, None, machine, after)


class PolicyApplied(Policy):
    name = "policy, and apply"
    weight = 10
    then = Apply()


class PolicyRestarted(Policy):
    name = "policy, and daemon restarted"
    weight = 3
    then = next(kind for kind in SIMPLE if kind.name == "daemon restarted")


# ---- Two at once ----


class Both(Everywhere):
    """On two guests; apply on all of them beside one that settles by itself."""
    name = "two at once"
    weight = 8
    beside_apply = ("start", "destroy", "resume", "restore", "managed save")

    def pick(self, rng, guest, model):
        kinds = [kind for kind in KINDS.values() if kind.quick and kind.name != "apply"]
        first = draw_from(rng, model, kinds)
        if first and first["op"] in self.beside_apply and rng.random() < 0.3:
            return {"first": first, "second": {"op": "apply", "beside": True}}
        second = draw_from(rng, model, kinds)
        return {"first": first, "second": second} if first and second else None

    def fits(self, op, guest, model):
        """In both orders: which one is done first isn't known."""
        first, second = op["first"], op["second"]
        if first.get("guest") == second.get("guest"):
            return False
        for one, other in ((first, second), (second, first)):
            after = model.copy()
            if not is_possible(one, after):
                return False
            change(one, after)
            if not is_possible(other, after):
                return False
        return True

    def change(self, op, guest, model):
        change(op["first"], model)
        change(op["second"], model)

    def do(self, op, guest, machine, model):
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


class Hang(Everywhere):
    """A start while virsh hangs: what needs no virsh is so at once, the rest once virsh answers."""
    name = "virsh hangs"
    weight = 6
    kinds = ("start", "create", "restore")

    def pick(self, rng, guest, model):
        drawn = draw_from(rng, model, [KINDS[kind] for kind in self.kinds])
        return {"meanwhile": drawn} if drawn else None

    def fits(self, op, guest, model):
        return is_possible(op["meanwhile"], model)

    def change(self, op, guest, model):
        change(op["meanwhile"], model)

    def do(self, op, guest, machine, model):
        middle, after = model.copy(), model.copy()
        middle.virsh_hangs = True
        change(op["meanwhile"], middle)
        middle.virsh_hangs = False
        change(op["meanwhile"], after)
        number = op["meanwhile"]["guest"]
        says = [[live.interface["says"] for live in one.guests[number].live] for one in (middle, after)]
        with machine.hanging_virsh() as waits:
            do(op["meanwhile"], machine, model)
            if says[0] != says[1] and not wait_for(10, lambda: os.path.exists(waits)):
                raise Difference("no virsh is called")
            machine.await_fit(middle, idle=False)


KINDS = {kind.name: kind for kind in SIMPLE + [make() for make in (
    Define, Redefine, Start, Create, Restore, RevertToSnapshot, Migrate, MigrateInVain, Plug, Unplug, Link,
    Flag, LinkUp, Inside, Apply, Revert, Policy, PolicyApplied, PolicyRestarted, Both, Hang)]}


def draw_from(rng, model, kinds):
    """One that is possible, or None."""
    for _ in range(20):
        kind = rng.choices(kinds, [kind.weight for kind in kinds])[0]
        guests = [guest for guest in model.guests if kind.whom and kind.whom(guest)]
        guest = rng.choice(guests) if guests else None
        picked = kind.pick(rng, guest, model) if guest or not kind.whom else None
        if picked is not None:
            op = {"op": kind.name, **({"guest": guest.number} if guest else {}), **picked}
            if is_possible(op, model):
                return op
    return None


def guest_of(op, model):
    return model.guests[op["guest"]] if "guest" in op else None


def is_possible(op, model):
    kind, guest = KINDS[op["op"]], guest_of(op, model)
    return (guest is None or kind.whom(guest)) and kind.fits(op, guest, model)


def change(op, model):
    KINDS[op["op"]].change(op, guest_of(op, model), model)


def do(op, machine, model):
    """`model` is as it was before."""
    KINDS[op["op"]].do(op, guest_of(op, model), machine, model)
