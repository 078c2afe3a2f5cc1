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

@test "reverted and purged: nothing is left, and libvirt's daemon does without" {
    /usr/bin/rxtrust revert
    not has_all_multicast "$(macvtap later)"
    not has_all_multicast "$(macvtap second)"
    dpkg --purge rxtrust
    diff "$state"/files <(list_files)
    [ ! -e /run/rxtrust ]
    define_guest third 8
    start_paused third
    not has_all_multicast "$(macvtap third)"
    virsh -q destroy third
}

@test "the one file: two commands, and a guest that starts is served" {
    local place number=9
    for place in /etc/libvirt/hooks/qemu /etc/libvirt/hooks/qemu.d/50-rxtrust; do
        install -D -m 755 one-file $place
        systemctl reload libvirtd
        define_guest "served-$number" $number
        start_paused "served-$number"
        has_all_multicast "$(macvtap "served-$number")"
        log_says "guest served-$number: start"
        $place --version | grep static
        $place apply later
        has_all_multicast "$(macvtap later)"
        $place revert
        not has_all_multicast "$(macvtap later)"
        virsh -q destroy "served-$number"
        rm $place
        systemctl reload libvirtd
        number=$((number + 1))
    done
    [ "$(denials | wc -l)" == "$(cat "$state"/denials)" ]
}
