"""The machine of a life: what is done to it and what is seen of it. For use inside tests/sandbox, after
start_machine of tests/e2e/machine.bash."""

import contextlib
import fcntl
import glob
import json
import os
import pickle
import re
import signal
import socket
import struct
import subprocess
import time
import xml.etree.ElementTree as ET

import model as m

STATE = "/run/e2e"
SECOND = "qemu+unix:///system?socket=%s/second/libvirt-sock" % STATE
SECOND_ETC = STATE + "/second-etc"
POLICY = "/etc/libvirt/rxtrust.ini"
PROGRAM = os.environ.get("RXTRUST_PROGRAM", "build/rxtrust")
NOTE = "urn:rxtrust:1"
STAYS = re.compile(r"/run/rxtrust(/[0-9a-f-]{36}\.lock|/last-call|/last-apply)?$")
BOOT = "<kernel>/run/e2e/guest/kernel</kernel><initrd>/run/e2e/guest/initrd</initrd>" \
    "<cmdline>console=ttyS0 quiet</cmdline>"
SERIAL = """<serial type='pty'><log file='%s' append='off'/><target port='0'/></serial>
<serial type='tcp'><source mode='bind' host='127.0.0.1' service='%d'/><target port='1'/></serial>"""
BOOT_SECONDS = 120
DISK = """<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='%s'/>
<target dev='vda' bus='virtio'/></disk>"""
QUIET = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)


class Difference(Exception):
    pass


def run(*command, **more):
    return subprocess.run(command, check=False, timeout=120, **{**QUIET, **more})


def virsh(*arguments):
    """The command must succeed."""
    done = run("virsh", "-q", *arguments)
    if done.returncode:
        raise Difference("virsh %s: %s" % (" ".join(arguments), done.stderr.strip().replace("\n", "; ")))
    return done.stdout


def words(command):
    """One of the words of tests/e2e/machine.bash."""
    done = run("bash", "-c", ". tests/e2e/machine.bash; exec 3>/dev/null; " + command)
    if done.returncode:
        raise Difference("%s: %s" % (command, done.stderr.strip()))


def wait_for(seconds, condition):
    end = time.monotonic() + seconds
    while True:
        outcome = condition()
        if outcome or time.monotonic() > end:
            return outcome
        time.sleep(0.05)


def console(guest):
    return "/var/log/libvirt/qemu/%s.console" % m.name(guest)


def port(guest):
    return 4000 + guest


# ---- links, by rtnetlink: ip of Debian 11 doesn't tell a device's count of all-multicast ----


def attributes(data):
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


class Link:
    def __init__(self, data):
        self.index, self.flags = struct.unpack_from("=4xiI", data)
        of = attributes(data[16:])
        info = attributes(of.get(18, b""))
        self.name = of[3].rstrip(b"\0").decode()
        self.address = ":".join("%02x" % byte for byte in of.get(1, b""))
        self.alias = of.get(20, b"").rstrip(b"\0").decode("utf-8", "replace")
        self.promiscuity = struct.unpack("=I", of[30])[0]
        self.all_multicast = struct.unpack("=I", of[61])[0] if 61 in of else int(self.flags & 0x200 != 0)
        self.is_macvtap = info.get(1, b"").rstrip(b"\0") == b"macvtap"
        self.up = bool(self.flags & 1)
        self.promiscuous = bool(self.flags & 0x100)
        self.flag = bool(self.flags & 0x200)


def links():
    found = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as asked:
        asked.send(struct.pack("=IHHII", 32, 18, 0x301, 1, 0) + struct.pack("=BxHiII", 0, 0, 0, 0, 0))
        while True:
            data = asked.recv(1 << 20)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind == 3:
                    return found
                link = Link(data[16:length])
                found[link.name] = link
                data = data[(length + 3) & ~3:]


def guest_groups():
    """The devices on which somebody has added multicast groups by hand, as libvirt does for a trusted guest."""
    with open("/proc/net/dev_mcast", encoding="ascii") as lines:
        return {line.split()[1] for line in lines if int(line.split()[3]) > 0}


# ---- processes of rxtrust ----


def processes(*names):
    """Those that have not ended, be it that nobody has waited for them yet."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                name, rest = re.search(r"\((.*)\) (.)", file.read()).groups()
                if name in names and rest != "Z":
                    found.append(int(path.split("/")[2]))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def make_disk(path):
    """An empty qcow2 image of 1 MiB: a header, and the tables of references and clusters, a cluster each."""
    cluster = 1 << 16
    with open(path, "wb") as file:
        file.write(struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 16, 1 << 20, 0, 1, 3 * cluster, cluster, 1, 0, 0))
        file.seek(cluster)
        file.write(struct.pack(">Q", 2 * cluster))
        file.seek(2 * cluster)
        file.write(struct.pack(">4H", 1, 1, 1, 1))
        file.truncate(4 * cluster)


def make_nodes(first, highest):
    """From the first one that isn't there, for more macvtaps than an operation makes; the highest index may be gone."""
    last = max(first, highest) + 40
    for number in range(first, last):
        path = "/dev/tap%d" % number
        if not os.path.lexists(path):
            os.symlink("/run/devices/tap%d" % number, path)
    return last


class Machine:
    def __init__(self):
        version = re.search(r"(\d+)\.(\d+)\.\d+", run("libvirtd", "--version").stdout)
        self.version = int(version.group(1)), int(version.group(2))
        self.taps = self.second_taps = 0
        self.await_fit = None  # (model): in the midst of an operation, for one that compares there too
        self.boots = {}  # by the number of a guest: its QEMU, and how often it has come up there
        self.told = 0
        os.makedirs("/var/tmp/life", exist_ok=True)

    @staticmethod
    def make_links():
        """Alternative names, and the macvtaps that somebody else made."""
        for link, name in m.ALTERNATIVE.items():
            run("ip", "link", "property", "add", "dev", link, "altname", name)
        for name, (link, mode) in m.FOREIGN.items():
            run("ip", "link", "add", "link", link, "name", name, "address", m.foreign_mac(name), "type", "macvtap",
                "mode", mode.replace("passthrough", "passthru"))
            if mode != "passthrough":
                run("ip", "link", "set", name, "up")

    def make_taps(self):
        """Each macvtap has a number that none has had, and QEMU opens a device node of that number."""
        highest = max(link.index for link in links().values())
        self.taps = make_nodes(self.taps, highest)
        if os.path.exists(SECOND_ETC):
            lines = run("ip", "-n", "second", "-o", "link").stdout.splitlines()
            highest = max(int(line.split(":")[0]) for line in lines)
            self.second_taps = make_nodes(self.second_taps, highest)

    # ---- guests ----

    @staticmethod
    def interface_xml(interface):
        trust = " trustGuestRxFilters='%s'" % interface["says"] if interface["says"] else ""
        if interface["device"]:
            source = "type='ethernet'%s><target dev='%s' managed='no'/>" % (trust, interface["device"])
        elif interface["network"]:
            group = " portgroup='%s'" % interface["portgroup"] if interface["portgroup"] else ""
            source = "type='network'%s><source network='%s'%s/>" % (trust, interface["network"], group)
        else:
            source = "type='direct'%s><source dev='%s' mode='%s'/>" % (trust, interface["named"], interface["mode"])
        return ("<interface %s<mac address='%s'/><model type='%s'/><rom enabled='no'/></interface>"
                % (source, interface["mac"], interface["model"]))

    def write_domain(self, guest, interfaces, system):
        path, disk = "/var/tmp/life/domain-%d.xml" % guest, "/var/tmp/life/disk-%d" % guest
        boot = BOOT if system else ""
        # Without a disk there is no snapshot.
        more = SERIAL % (console(guest), port(guest)) if system else DISK % disk
        if not os.path.exists(disk):
            make_disk(disk)
        with open(path, "w", encoding="ascii") as file:
            file.write("""<domain type='qemu'><name>%s</name><uuid>%s</uuid><memory unit='MiB'>%d</memory>
<os><type arch='x86_64' machine='pc'>hvm</type>%s</os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>%s%s
<controller type='usb' model='none'/><memballoon model='none'/></devices></domain>""" % (
                m.name(guest), m.uuid(guest), 160 if system else 8, boot,
                "".join(self.interface_xml(interface) for interface in interfaces), more))
        return path

    def define(self, guest, interfaces, system):
        virsh("define", self.write_domain(guest, interfaces, system))

    @staticmethod
    def define_live(guest):
        path = "/var/tmp/life/live-%d.xml" % guest
        with open(path, "w", encoding="utf-8") as file:
            file.write(virsh("dumpxml", "--security-info", m.name(guest)))
        virsh("define", path)

    @staticmethod
    def qemu(guest):
        with open("/run/libvirt/qemu/%s.pid" % m.name(guest), encoding="ascii") as file:
            return int(file.read())

    def wait_until_up(self, guest):
        """Its operating system says so each time that it has come up."""
        pid = self.qemu(guest)
        known = self.boots.get(guest)
        before = known[1] if known and known[0] == pid else 0

        def ups():
            with open(console(guest), "rb") as file:
                return file.read().count(b"GUEST-UP")
        if not wait_for(BOOT_SECONDS, lambda: ups() > before):
            raise Difference("%s isn't up after %d s" % (m.name(guest), BOOT_SECONDS))
        self.boots[guest] = pid, ups()

    def tell(self, guest, command, answers=True):
        """Has the guest's operating system run a command; returns the lines that it says."""
        for _ in range(5):
            self.told += 1
            with socket.create_connection(("127.0.0.1", port(guest)), 10) as line:
                line.settimeout(10)
                try:
                    # What is said before it reads is lost.
                    if self.say(line, "echo told-%d" % self.told) == ["told-%d" % self.told]:
                        return self.say(line, command, answers)
                except OSError:
                    pass
        raise Difference("%s doesn't answer to: %s" % (m.name(guest), command))

    @staticmethod
    def say(line, command, answers=True):
        line.sendall(command.encode() + b"\n")
        text = b""
        while answers and not text.endswith(b"DONE\r\n"):
            data = line.recv(4096)
            if not data:
                raise OSError("closed")
            text += data
        return text.decode().splitlines()[:-1]

    def tell_nic(self, guest, address, command):
        """The command has a place for the name of the NIC that has this MAC address inside the guest."""
        said = self.tell(guest, command % self.nic(guest, address))
        if said:
            raise Difference("%s says: %s" % (m.name(guest), said))

    def set_up(self, guest, address):
        if not wait_for(30, lambda: self.nic(guest, address)):
            raise Difference("%s doesn't see the NIC %s" % (m.name(guest), address))
        self.tell_nic(guest, address, "ip link set %s up")

    def nic(self, guest, address):
        """The name of the NIC with this MAC address inside the guest."""
        for line in self.tell(guest, "grep -H . /sys/class/net/eth*/address"):
            found = re.match("/sys/class/net/(eth[0-9]+)/address:%s$" % address, line)
            if found:
                return found.group(1)
        return None

    def plug(self, guest, interface):
        path = "/var/tmp/life/interface-%d.xml" % guest
        with open(path, "w", encoding="ascii") as file:
            file.write(self.interface_xml(interface))
        virsh("attach-device", m.name(guest), path, "--live")

    def unplug(self, guest, address, answers):
        """Where no operating system answers, it goes at the reset."""
        alias = self.live(guest)[address]["alias"]
        virsh("detach-device-alias", m.name(guest), alias, "--live")
        if not answers:
            virsh("reset", m.name(guest))
        if not wait_for(30, lambda: address not in self.live(guest)):
            raise Difference("%s isn't unplugged from %s" % (address, m.name(guest)))

    @staticmethod
    def read_domain(root):
        """Its interfaces by MAC address, and the note."""
        found = {}
        for interface in root.findall("./devices/interface"):
            source, target, alias = (interface.find(tag) if interface.find(tag) is not None else {}
                                     for tag in ("source", "target", "alias"))
            found[interface.find("mac").get("address")] = {
                "says": interface.get("trustGuestRxFilters"), "device": target.get("dev"),
                "port": source.get("portid"), "alias": alias.get("name")}
        entries = root.findall("./metadata/{%s}given/{%s}interface" % (NOTE, NOTE))
        return found, {entry.get("mac"): {"unsaid": None}.get(entry.get("was"), entry.get("was")) for entry in entries}

    def live(self, guest):
        return self.read_domain(ET.fromstring(virsh("dumpxml", m.name(guest))))[0]

    @staticmethod
    def edit_image(guest, path, address, says):
        """The XML of a saved image with another word on trust; returns where it stands. As XML tools do, this one names
        the note's namespace anew, and at the root."""
        root = ET.fromstring(virsh("save-image-dumpxml", path, "--security-info"))
        for interface in root.findall("./devices/interface"):
            if interface.find("mac").get("address") == address:
                interface.attrib.pop("trustGuestRxFilters", None)
                if says:
                    interface.set("trustGuestRxFilters", says)
        edited = "/var/tmp/life/edited-%d.xml" % guest
        ET.ElementTree(root).write(edited)
        return edited

    @staticmethod
    def set_link(device, *what):
        done = run("ip", "link", "set", device, *what)
        if done.returncode:
            raise Difference("ip link set %s: %s" % (device, done.stderr.strip()))

    @staticmethod
    def kill_qemu(guest):
        os.kill(Machine.qemu(guest), signal.SIGKILL)

    # ---- rxtrust and the daemon ----

    @staticmethod
    def write_policy(text, there=False):
        """None: none is there. `there`: the second machine's."""
        path = SECOND_ETC + "/rxtrust.ini" if there else POLICY
        if text is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            return
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path + ".new", 0o644)
        os.rename(path + ".new", path)

    @staticmethod
    def rxtrust(*arguments):
        return run(PROGRAM, *arguments)

    @staticmethod
    def plugged(device, form):
        return Machine.rxtrust("plugged", "tap%d" % links()[device].index if form == "node" else device)

    @staticmethod
    def restart_daemon():
        words("restart_daemon")

    @staticmethod
    def kill_daemon():
        with open(STATE + "/libvirtd.pid", encoding="ascii") as file:
            pid = int(file.read())
        os.kill(pid, signal.SIGKILL)
        if not wait_for(30, lambda: pid not in processes("libvirtd")):
            raise Difference("the daemon doesn't end")

    @staticmethod
    def start_daemon():
        words("start_daemon")

    @contextlib.contextmanager
    def hanging_virsh(self):
        """Every virsh of the hook's waits until this is over. Gives the file that is there once one does."""
        directory = STATE + "/bin"
        gate, waits, fake = directory + "/gate", directory + "/waits", directory + "/virsh"
        os.makedirs(directory, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(waits)
        with open(gate, "w", encoding="ascii") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with open(fake + ".new", "w", encoding="ascii") as file:
                file.write('#!/bin/sh\n: > %s\nexec flock -s %s /usr/bin/virsh "$@"\n' % (waits, gate))
            os.chmod(fake + ".new", 0o755)
            os.rename(fake + ".new", fake)
            try:
                yield waits
            finally:
                os.unlink(fake)

    # ---- the second machine ----

    def start_second(self):
        """Once in a life, when it is needed."""
        if os.path.exists(SECOND_ETC):
            return
        words("start_second_machine second-up0 &&\n"
              "for uplink in %s; do plug_in second second-$uplink $uplink; done" % " ".join(m.SHARED[1:] + m.EXCLUSIVE))
        for link, name in m.ALTERNATIVE.items():
            run("ip", "-n", "second", "link", "property", "add", "dev", link, "altname", name)
        for network in m.NETWORKS:
            virsh("-c", SECOND, "net-define", "tests/life/networks/%s.xml" % network)
            virsh("-c", SECOND, "net-start", network)
        self.run_there("ln -sf /run/e2e/second/libvirt-sock-ro /run/libvirt")  # where `virsh -r` looks for it
        self.make_taps()

    @staticmethod
    def run_there(command, *arguments):
        pids = run("ip", "netns", "pids", "second").stdout.split()
        pid = next(pid for pid in pids if int(pid) in processes("libvirtd"))
        return run("nsenter", "-t", pid, "-m", "-n", "-p", "-r", "sh", "-c", command, "sh", *arguments)

    @staticmethod
    def migrate(guest, *more):
        """None, or why it didn't."""
        return Machine.moved("virsh", "-q", "migrate", "--live", "--unsafe", m.name(guest), SECOND, *more)

    @staticmethod
    def migrate_back(guest, *more):
        return Machine.moved("virsh", "-q", "-c", SECOND, "migrate", "--live", "--unsafe", m.name(guest),
                             "qemu:///system", "--migrateuri", "tcp://192.0.2.1", *more)

    @staticmethod
    def moved(*command):
        """7.0 may tell of a device that it can't delete, once the guest has moved: the comparison shows if it has."""
        done = run(*command)
        return done.stderr.strip() if done.returncode and "error destroying network device" not in done.stderr else None

    @staticmethod
    def settle_second(model):
        """Compares it there with this model of it; returns that with what is libvirt's to decide."""
        path = "/var/tmp/life/second"
        with open(path, "wb") as file:
            pickle.dump(model, file)
        done = Machine.run_there('cd "$1" && exec python3 "$2" "$3"', os.getcwd(), "tests/life/second.py", path)
        if done.returncode:
            raise Difference("on the second machine: " + (done.stdout or done.stderr))
        with open(path, "rb") as file:
            return pickle.load(file)

    # ---- what is seen ----

    @staticmethod
    def is_idle():
        """No process of rxtrust works."""
        return not processes("qemu", "rxtrust")

    @staticmethod
    def busy():
        return run("ps", "-eo", "pid,ppid,stat,wchan:20,args:60").stdout

    def listed(self):
        states = {}
        for line in virsh("list", "--all").splitlines():
            columns = line.split(None, 2)
            if columns:
                states[columns[1]] = columns[2].strip()
        return states

    def described(self, names, *more):
        """Of each guest its interfaces and the note, as the live XML has them, or the stored one (--inactive)."""
        if not names:
            return {}
        text = virsh("; ".join(" ".join(("dumpxml", *more, name)) for name in names))
        found = {}
        for part in re.findall(r"<domain .*?</domain>", text, re.DOTALL):
            root = ET.fromstring(part)
            found[root.find("name").text] = self.read_domain(root)
        return found

    @staticmethod
    def port_is_trusted(network, port):
        with open("/run/libvirt/network/%s/ports/%s.xml" % (network, port), encoding="utf-8") as file:
            filters = ET.fromstring(file.read()).find("rxfilters")
        return filters is not None and filters.get("trustGuest") == "yes"

    @staticmethod
    def status():
        """Its exit code, what it says of the hook, and each interface's row by guest and MAC address, or None."""
        done = Machine.rxtrust("status", "--json")
        if not done.stdout:
            return done.returncode, None, done.stderr.strip()
        told = json.loads(done.stdout)
        return done.returncode, {(row["guest"], row["mac"]): row for row in told["interfaces"]}, told["hook"]

    @staticmethod
    def left_behind():
        """The times of the last calls, and locks that nobody holds, are no trace of a guest."""
        left = [path for path in glob.glob("/run/rxtrust*") + glob.glob("/run/rxtrust/*") if not STAYS.match(path)]
        for path in glob.glob("/run/rxtrust/*.lock"):
            with open(path, encoding="ascii") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    left.append(path)
        return left

    @staticmethod
    def log(lines):
        with open(STATE + "/syslog", encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()[-lines:]

    @staticmethod
    def delete_what_libvirt_cannot():
        with open("/var/log/libvirt/libvirtd.log", encoding="utf-8", errors="replace") as log:
            if re.search("error destroying network device .*: Operation not supported", log.read()):
                words("delete_what_libvirt_cannot")
