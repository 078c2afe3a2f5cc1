#!/usr/bin/env bats
# A host as Debian's packages make it: rxtrust is installed, guests start, the daemon is restarted.

load host

# Each test goes on where the one before it ended.
setup_file() {
    make_state
    list_files > "$state"/files
}

# Leaves a guest that is to start with the host.
teardown_file() {
    local guest
    write_policy <<< "[vm:plain]
policy = multicast"
    virsh -q autostart plain
    for guest in early loud plain quiet; do # a paused guest would hold up the shutdown
        virsh -q destroy $guest
    done
}

@test "the host is as packaged: AppArmor confines libvirt's daemon, and no unit has failed" {
    virsh list
    [ "$(cat "/proc/$(pgrep -o -x libvirtd)/attr/current")" == "libvirtd (enforce)" ]
    not grep -q '^[^#]' /etc/libvirt/qemu.conf
    [ "$(systemctl is-system-running)" == running ]
}

@test "install.sh: a guest that runs gets its multicast" {
    define_guest early 1
    start_paused early
    not has_all_multicast "$(macvtap early)"
    ./install.sh
    has_all_multicast "$(macvtap early)"
    rxtrust check
    rxtrust status
}

@test "guests that start are as the policy says, and the journal says so" {
    write_policy <<< "[vm:quiet]
policy = off
[vm:plain]
policy = multicast"
    define_guest quiet 2
    define_guest plain 3
    define_guest loud 4
    start_paused quiet
    start_paused plain
    start_paused loud
    not has_all_multicast "$(macvtap quiet)"
    has_all_multicast "$(macvtap plain)"
    has_all_multicast "$(macvtap loud)"
    wait_for "$slowly" log_says "guest loud: started: .*: \(trusted\|multicast\)"
    log_says "guest plain: start"
    not log_says "guest quiet"
    if libvirt_takes_live_trust; then
        is_trusted loud
    fi
    not is_trusted plain
    not is_trusted quiet
    rxtrust status
}

@test "systemctl restart libvirtd: a guest gets what it lost meanwhile" {
    local device
    device=$(macvtap plain)
    ip link set "$device" allmulticast off
    not rxtrust status
    systemctl restart libvirtd
    wait_for "$slowly" has_all_multicast "$device"
    wait_for "$slowly" log_says "guest plain: reconnect"
    is_in_state plain paused
    rxtrust status
}

@test "an opt-out of a guest that runs: status shows it, apply takes all-multicast back" {
    write_policy <<< "[vm:quiet]
policy = off
[vm:plain]
policy = off"
    not rxtrust status
    rxtrust apply plain
    not has_all_multicast "$(macvtap plain)"
    rxtrust status
}
