#!/usr/bin/env bats
# Trust in the running guest: on the libvirts that take it, and told on those that don't.

load machine

setup() {
    install_hook
    clear_log
}

teardown() {
    remove_all
}

# Told within 10 s what became of live trust, and that is true.
told() {
    if libvirt_takes_live_trust; then
        wait_for 10 log_says "guest $1: live: .* trusted, macvtap"
        [ "$(live_trust "$1")" == yes ]
    else
        wait_for 10 log_says "guest $1: live: .* not taken by this libvirt, all-multicast stays"
        [ -z "$(live_trust "$1")" ]
    fi
}

@test "within 2 s of its start a guest is trusted, and its macvtap carries the guest's own groups" {
    define trusted 31 "$(direct 31)"
    virsh dumpxml --inactive trusted > "$state/before.xml"
    virsh -q start trusted
    if libvirt_takes_live_trust; then
        wait_for 2 is_trusted trusted
    fi
    wait_until_up 31
    told trusted
    answers_all 31
    virsh dumpxml --inactive trusted | diff "$state/before.xml" -
    if libvirt_takes_live_trust; then
        local address
        for address in $(addresses 31); do
            wait_for 2 has_group "$(macvtap trusted)" "$address"
        done
        not has_all_multicast "$(macvtap trusted)"
    fi
}

@test "a guest changes its MAC address: a trusted one is followed, another is lost" {
    define changing 32 "$(direct 32)"
    start changing 32
    told changing
    tell_guest 32 "ip link set eth0 address 52:54:00:a1:20:99"
    tell_guest 32 "ip link show eth0" | grep -q 52:54:00:a1:20:99
    if libvirt_takes_live_trust; then
        wait_for 5 has_address "$(macvtap changing)" 52:54:00:a1:20:99
        answers_all 32
    else
        has_address "$(macvtap changing)" "$(mac 32)"
        not answers "$(addresses 32 | head -n 1)"
    fi
}
