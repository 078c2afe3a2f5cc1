# The words of the end-to-end tests, on a whole machine: libvirt, the journal and the disk are the
# machine's own, and everything takes its time.

load ../e2e/machine
# shellcheck disable=SC2034 # bats reads it
BATS_TEST_RETRIES=0 # each test goes on where the one before it ended

state=/var/lib/tests
slowly=1800 # seconds to wait for what takes three minutes in an emulator that has a processor to itself

make_state() {
    mkdir -p $state/guest
    cp build/guest/{kernel,initrd} $state/guest
}

# Whose uplink is the hub, as the machine's is.
start_peer() {
    ip netns add peer
    ip link set eth1 netns peer
    ip -n peer link set eth1 name lan
    ip -n peer link set lan up
    ip -n peer address add 2001:db8::1/64 dev lan nodad
}

# Guest NAME, number N, on the uplink.
define_guest() {
    define "$1" "$2" "$(direct "$2" "" virtio bridge "" eth0)"
}

start_paused() {
    virsh -q start "$1" --paused
}

log_says() {
    journalctl -q -b -t rxtrust -o cat | grep -q -- "$1"
}

is_in_state() {
    [[ $(virsh domstate "$1") == "$2" ]]
}

denials() {
    journalctl -q -o cat -g 'apparmor="DENIED"'
}

# Every file that isn't a guest's or the machine's own to change.
list_files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /srv -o -path $state -o -path /var/tmp \
        -o -path /var/log -o -path /var/cache -o -path /var/lib/libvirt -o -path /var/lib/systemd \
        -o -path /etc/libvirt/qemu -o -path /etc/apparmor.d/libvirt \) -prune -o -print | sort
}
