"""One life, in the sandbox. usage: life.py ANSWER (--seed SEED --seconds SECONDS --most COUNT [--often KIND]... | --replay FILE)

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


def differences_of_guest(model, guest, lives, seen, groups):
    found = lives.get(m.name(guest.number))
    if (found is not None) != (guest.live is not None):
        return ["%s %s" % (m.name(guest.number), "runs" if found is not None else "doesn't run")]
    if found is None:
        return []
    bad = []
    expected = {live.interface["mac"]: live for live in guest.live}
    if set(found) != set(expected):
        return ["%s has the interfaces %s" % (m.name(guest.number), sorted(found))]
    for address, live in expected.items():
        what = "%s %s" % (m.name(guest.number), address)
        device = seen.get(found[address]["device"])
        if device is None:
            bad.append("%s: there is no device %s" % (what, found[address]["device"]))
            continue
        port = None
        if live.interface["network"] and not found[address]["port"]:
            bad.append("%s has no port" % what)
        elif live.interface["network"]:
            port = Machine.port_is_trusted(live.interface["network"], found[address]["port"])
        has_groups = device.name in groups
        model.adopt(guest, live, device.flag, has_groups, device.promiscuous, "all-multicast" in device.alias,
                    device.address)
        pairs = [("the device's MAC address", device.address, live.address),
                 ("promiscuous", device.promiscuous, live.promiscuous),
                 ("that it has the guest's groups", has_groups, has_groups and live.was_trusted),
                 ("the XML's trust", found[address]["says"], live.says), ("the port's trust", port, live.port),
                 ("all-multicast", device.flag, live.flag), ("up", device.up, live.up),
                 ("alias", device.alias, live.alias(guest.number))]
        bad += ["%s: %s is %s, not %s" % (what, word, is_so, should) for word, is_so, should in pairs
                if is_so != should]
    return bad


def differences_of_devices(model, seen):
    bad = []
    devices = sum(len(guest.live or []) for guest in model.guests)
    macvtaps = [link.name for link in seen.values() if link.is_macvtap]
    if len(macvtaps) != devices:
        bad.append("%d macvtaps are there, not %d: %s" % (len(macvtaps), devices, sorted(macvtaps)))
    for name in m.SHARED + m.EXCLUSIVE:
        count, should = seen[name].all_multicast, model.counters(name)
        if count is None:
            count, should = seen[name].flag, should != 0
        if count != should:
            bad.append("%s: allmulti is %s, not %s" % (name, count, should))
    return bad


def differences_of_status(model, machine):
    code, rows, error = machine.status()
    if model.policy is None:
        return [] if code == 1 and rows is None else ["status with a broken policy exits with %d: %s" % (code, rows)]
    if rows is None:
        return ["status exits with %d and prints nothing: %s" % (code, error)]
    bad = []
    expected = {(m.name(guest.number), live.interface["mac"]): (guest, live)
                for guest in model.guests for live in guest.live or []}
    if set(rows) != set(expected):
        bad.append("status has the interfaces %s, not %s" % (sorted(rows), sorted(expected)))
    good = True
    for which, (guest, live) in expected.items():
        row = rows.get(which)
        verdict, fits = model.verdict(guest, live)
        good = good and fits
        action = m.decide(model.policy, guest.number, live.interface)[0]
        if row is None:
            continue
        pairs = [("good", row["good"], fits), ("policy", row["policy"], action),
                 ("trust", row["trust"], "yes" if live.is_trusted() else "no"),
                 ("all-multicast", row["all_multicast"], live.flag)]
        bad += ["status of %s: %s is %s, not %s (%s)" % (which[1], word, is_so, should, row["verdict"])
                for word, is_so, should in pairs if is_so != should]
        if not row["verdict"].startswith(verdict):
            bad.append("status of %s: %s, not %s" % (which[1], row["verdict"], verdict))
    if (code == 0) != good:
        bad.append("status exits with %d" % code)
    return bad


def differences(model, machine):
    """Takes into the model what is libvirt's to decide."""
    seen, groups = links(), guest_groups()
    states = machine.listed()
    bad = []
    for guest in model.guests:
        should = ("paused" if guest.paused else "running" if guest.live is not None else
                  "shut off" if guest.stored is not None else None)
        if states.get(m.name(guest.number)) != should:
            bad.append("%s is %s, not %s" % (m.name(guest.number), states.get(m.name(guest.number)), should))
    running = [name for name, state in states.items() if state != "shut off"]
    lives = machine.lives(running)
    for guest in model.guests:
        bad += differences_of_guest(model, guest, lives, seen, groups)
    bad += differences_of_devices(model, seen)
    return bad or differences_of_status(model, machine)


def await_fit(model, machine, is_idle):
    bad = []

    def fits():
        bad[:] = differences(model, machine) if is_idle() else ["rxtrust isn't idle"]
        return not bad
    if not wait_for(FIT_SECONDS, fits):
        raise Difference("; ".join(bad))


def clean(machine):
    if machine.version < (8, 0):
        machine.delete_what_libvirt_cannot()
    return True


def settle(model, machine):
    def is_idle():
        return clean(machine) and machine.is_idle(model)  # a process may wait for such a device
    if not wait_for(SETTLE_SECONDS, is_idle):
        raise Difference("rxtrust isn't idle after %d s: %s" % (SETTLE_SECONDS, machine.busy()))
    await_fit(model, machine, is_idle)
    model.settled()


def end(model, machine, ops):
    """All guests are stopped: nothing is left of them."""
    for guest in model.guests:
        if guest.live is not None:
            op = {"op": "destroy", "guest": guest.number}
            ops.append(op)
            operations.do(op, machine, model)
            operations.change(op, model)
    settle(model, machine)
    left = machine.files_of_rxtrust()
    if left:
        raise Difference("left behind: %s" % left)


def drawn(arguments, model):
    rng = random.Random(arguments.seed)
    until = time.monotonic() + arguments.seconds
    for guest in range(GUESTS):
        yield {"op": "define", **operations.KINDS["define"].draw_for(rng, guest, model)}
    for _ in range(arguments.most):
        if time.monotonic() > until:
            return
        op = operations.draw_from(rng, model, list(operations.KINDS.values()))
        if op:
            yield op


def live(arguments):
    machine = Machine()
    machine.await_fit = lambda model: await_fit(model, machine, lambda: clean(machine))
    model = m.Model(GUESTS, machine.version >= (10, 1))
    model.reverts_in_place = machine.version < (8, 0)
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
