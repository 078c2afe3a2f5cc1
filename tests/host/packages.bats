#!/usr/bin/env bats
# Debian's package in place of install.sh, which is gone by now, and after it the one file that needs no other; guest
# `later` runs, without the hook.

load host

teardown_file() {
    virsh -q destroy later
    virsh -q destroy second
}

@test "the package: a guest that runs gets its multicast, and one that starts by the hook's link" {
    list_files > "$state"/files
    denials | wc -l > "$state"/denials
    dpkg -i package.deb
    [ "$(readlink /etc/libvirt/hooks/qemu.d/50-rxtrust)" == /usr/bin/rxtrust ]
    has_all_multicast "$(macvtap later)"
    define_guest second 6
    start_paused second
    has_all_multicast "$(macvtap second)"
    log_says "guest second: start"
    rxtrust status
}

@test "an interface that is plugged in gets what the policy says, by udev and systemd" {
    local device before=$EPOCHSECONDS
    direct 7 "" virtio bridge "" eth0 > "$state"/interface.xml
    virsh -q attach-device second "$state"/interface.xml --live
    device=$(macvtap second "$(mac 7)")
    wait_for "$slowly" has_all_multicast "$device"
    echo "# on the emulated machine it took $((EPOCHSECONDS - before)) s" >&3
    is_marked "$device"
    wait_for "$slowly" log_says "guest second: plugged: $(mac 7)"
    wait_for "$slowly" eval '[[ -z $(systemctl list-units --state activating --plain --no-legend "rxtrust@*") ]]'
    [ -z "$(systemctl list-units --failed --plain --no-legend)" ]
    rxtrust status
}

@test "with the package AppArmor has denied nothing" {
    [ "$(denials | wc -l)" == "$(cat "$state"/denials)" ]
}

@test "purged: nothing is left, and libvirt's daemon does without" {
    dpkg --purge rxtrust
    diff "$state"/files <(list_files)
    define_guest third 8
    start_paused third
    not has_all_multicast "$(macvtap third)"
    virsh -q destroy third
}

@test "the one file: two commands, and a guest that starts is served" {
    ip link set dev "$(macvtap later)" allmulticast off # as if it had started without a hook
    install -m 755 one-file /etc/libvirt/hooks/qemu
    systemctl reload libvirtd
    define_guest fourth 9
    start_paused fourth
    has_all_multicast "$(macvtap fourth)"
    log_says "guest fourth: start"
    /etc/libvirt/hooks/qemu --version | grep static
    /etc/libvirt/hooks/qemu apply later
    has_all_multicast "$(macvtap later)"
    [ "$(denials | wc -l)" == "$(cat "$state"/denials)" ]
    virsh -q destroy fourth
    rm /etc/libvirt/hooks/qemu
    systemctl reload libvirtd
}
