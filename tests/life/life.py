"""One life, in the sandbox. usage: life.py ANSWER (--seed SEED --seconds SECONDS --most COUNT [--often KIND]... |
--replay FILE)

Writes to the file ANSWER what it did, as JSON, and the difference between model and machine that ended it, if
one did."""

import argparse
import json
import random
import sys
import time
import traceback

import model as m
import operations
from machine import Difference, Machine, guest_groups, links, wait_for

GUESTS = 5
SETTLE_SECONDS = 90  # of which a virsh that hangs takes 30
FIT_SECONDS = 10  # and then libvirt's own work may still be under way


def different(what, pairs):
    return ["%s: %s is %s, not %s" % (what, word, is_so, should) for word, is_so, should in pairs if is_so != should]


def differences_of_guest(model, guest, found, seen, groups):
    name = m.name(guest.number)
    if (found is not None) != (guest.live is not None):
        return ["%s %s" % (name, "runs" if found is not None else "doesn't run")]
    if found is None:
        return []
    interfaces, note = found
    expected = {live.interface["mac"]: live for live in guest.live}
    if set(interfaces) != set(expected):
        return ["%s has the interfaces %s" % (name, sorted(interfaces))]
    described = guest.described()
    bad = different(name, [("the note", that_counts(described, note), that_counts(described, guest.note))])
    for address, live in expected.items():
        what, interface, one = "%s %s" % (name, address), live.interface, interfaces[address]
        device, port = seen.get(one["device"]), None
        if device is None:
            bad.append("%s: there is no device %s" % (what, one["device"]))
            continue
        if interface["network"] and not one["port"]:
            bad.append("%s has no port" % what)
        elif interface["network"]:
            port = Machine.port_is_trusted(interface["network"], one["port"])
        has_groups = device.name in groups
        model.adopt(live, device.flag, has_groups, device.promiscuous, device.address)
        bad += different(what, [
            ("the device's MAC address", device.address, live.device.address),
            ("promiscuous", device.promiscuous, live.device.promiscuous),
            ("that it has the guest's groups", has_groups, has_groups and live.was_trusted),
            ("the XML's trust", one["says"], interface["says"]), ("the port's trust", port, live.port),
            *pairs_of_device(device, live.device)])
    return bad


def that_counts(description, note):
    """An entry whose interface doesn't say 'yes' counts for nothing."""
    given = [interface["mac"] for interface in description.interfaces if interface["says"] == "yes"]
    return {mac: note[mac] for mac in given if mac in note}


def pairs_of_device(device, should):
    return [("all-multicast", device.flag, should.flag), ("up", device.up, should.up),
            ("alias", device.alias, m.MARK if should.marked else "")]


def differences_of_devices(model, seen):
    bad = []
    of_guests = [live for guest in model.guests for live in guest.live or [] if not live.interface["device"]]
    macvtaps = [link.name for link in seen.values() if link.is_macvtap]
    if len(macvtaps) != len(of_guests) + len(model.foreign):
        bad.append("%d macvtaps are there, not %d: %s" % (
            len(macvtaps), len(of_guests) + len(model.foreign), sorted(macvtaps)))
    for name, device in model.foreign.items():
        bad += different(name, pairs_of_device(seen[name], device))
    for name in m.SHARED + m.EXCLUSIVE + ["pass3"] * bool(model.foreign):
        link = seen[name]
        model.adopt_count(name, link.all_multicast)
        promiscuity, all_multicast = model.counters(name)
        bad += different(name, [("promiscuity", link.promiscuity, promiscuity),
                                ("allmulti", link.all_multicast, all_multicast)])
    return bad


def differences_of_status(model, machine, lives):
    code, rows, hook = machine.status()
    if model.policy is None:
        return [] if code == 2 and rows == {} else ["status with a broken policy exits with %d: %s" % (code, rows)]
    if rows is None:
        return ["status exits with %d and prints nothing: %s" % (code, hook)]
    expected = {(m.name(guest.number), live.interface["mac"]): (guest, live)
                for guest in model.guests for live in guest.live or []}
    if set(rows) != set(expected):
        return ["status has the interfaces %s, not %s" % (sorted(rows), sorted(expected))]
    bad = different("status", [("its exit code", code, 0 if model.all_good() else 1),
                               ("the hook's state", hook["state"] in ("works", "in-place"), True)])
    for (name, address), (guest, live) in expected.items():
        row, verdict = rows[name, address], model.verdict(guest, live)
        action, section, _ = m.decide(model.policy, guest.number, live.interface)
        should = {"code": verdict, "state": m.GOOD.get(verdict, "BROKEN"), "policy": action, "section": section,
                  "trust": "yes" if live.is_trusted() else "no", "multicast": live.hears(),
                  "mode": live.interface["mode"], "uuid": m.uuid(guest.number),
                  "device": lives[name][0][address]["device"]}
        bad += different("status of %s %s (%s)" % (name, address, row["why"]),
                         [(key, row[key], should[key]) for key in should])
    return bad


def differences(model, machine):
    """Takes into the model what is libvirt's to decide."""
    seen, groups = links(), guest_groups()
    states = machine.listed()
    lives = machine.described([name for name, state in states.items() if state != "shut off"])
    persistent = [m.name(guest.number) for guest in model.guests if guest.stored is not None]
    stored = machine.described(persistent, "--inactive")
    bad = []
    for guest in model.guests:
        name = m.name(guest.number)
        bad += different(name, [("its state", states.get(name), "paused" if guest.paused else
                                 "running" if guest.live is not None else
                                 "shut off" if guest.stored is not None else None)])
        bad += differences_of_guest(model, guest, lives.get(name), seen, groups)
        if guest.stored is not None:
            interfaces, note = stored[name]
            bad += different(name + ", stored", [
                ("trust", {mac: one["says"] for mac, one in interfaces.items()},
                 {interface["mac"]: interface["says"] for interface in guest.stored.interfaces}),
                ("the note", that_counts(guest.stored, note), that_counts(guest.stored, guest.stored.note))])
    bad += differences_of_devices(model, seen)
    return bad or differences_of_status(model, machine, lives)


def await_fit(model, machine, idle=True):
    """`idle`: rxtrust must be so, too."""
    bad = []

    def fits():
        clean(machine)
        bad[:] = ["rxtrust isn't idle"] if idle and not machine.is_idle() else differences(model, machine)
        return not bad
    if not wait_for(FIT_SECONDS, fits):
        raise Difference("; ".join(bad))


def clean(machine):
    if machine.version < (8, 0):
        machine.delete_what_libvirt_cannot()


def settle(model, machine):
    if not wait_for(SETTLE_SECONDS, machine.is_idle):
        raise Difference("rxtrust isn't idle after %d s: %s" % (SETTLE_SECONDS, machine.busy()))
    await_fit(model, machine)


def end(model, machine, ops):
    """All guests are stopped: nothing is left of them."""
    for guest in model.guests:
        if guest.live is not None:
            op = {"op": "destroy", "guest": guest.number}
            ops.append(op)
            operations.do(op, machine, model)
            operations.change(op, model)
    settle(model, machine)
    left = machine.left_behind()
    if left:
        raise Difference("left behind: %s" % left)


def drawn(arguments, model):
    rng = random.Random(arguments.seed)
    until = time.monotonic() + arguments.seconds
    for guest in model.guests:
        yield {"op": "define", "guest": guest.number, **operations.draw_domain(rng, guest, model)}
    for _ in range(arguments.most):
        if time.monotonic() > until:
            return
        op = operations.draw_from(rng, model, list(operations.KINDS.values()))
        if op:
            yield op


def live(arguments):
    machine = Machine()
    machine.await_fit = lambda model, idle=True: await_fit(model, machine, idle)
    machine.make_links()
    model = m.Model(GUESTS, machine.version)
    answer = {"done": [], "difference": None}
    if arguments.replay:
        with open(arguments.replay, encoding="ascii") as file:
            ops = json.load(file)
    else:
        ops = drawn(arguments, model)
    try:
        for op in ops:
            if not operations.is_possible(op, model):
                continue
            answer["done"].append(op)
            print(len(answer["done"]), json.dumps(op), file=sys.stderr, flush=True)
            before = model.copy()
            machine.make_taps()
            operations.change(op, model)
            operations.do(op, machine, before)
            for guest in model.booting():
                machine.wait_until_up(guest.number)
                model.boot(guest)
            settle(model, machine)
        end(model, machine, answer["done"])
    except Difference as difference:
        answer["difference"] = str(difference)
        answer["log"] = machine.log(20)
    except Exception:  # pylint: disable=broad-except
        answer["difference"] = traceback.format_exc()
    return answer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("answer")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--most", type=int)
    parser.add_argument("--often", action="append", default=[])
    parser.add_argument("--replay")
    arguments = parser.parse_args()
    for kind in arguments.often:
        operations.KINDS[kind].weight = max(10, 10 * operations.KINDS[kind].weight)
    answer = live(arguments)
    with open(arguments.answer, "w", encoding="ascii") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main()
