#!/usr/bin/env bats
# A guest's life in each of macvtap's modes: it answers all the way, and leaves the host device as it was, so that the
# next guest starts there. The kernel and libvirt treat the modes differently, passthrough above all.

load machine

# Each test has an uplink of its own: passthrough mode shares it with nobody, and one that is spoilt spoils one test.
setup() {
    install_hook
    clear_log
    plug_in "" far1 up1
    before=$(counters up1)
}

teardown() {
    remove_all
    settle
    ip link del up1
}

# define_on_up1 NAME N MODE [ATTRIBUTES]
define_on_up1() {
    define "$1" "$2" "$(direct "$2" "${4-}" virtio "$3" "" up1)"
}

# has_ended NAME: the guest has, and what it had of the host is given back.
has_ended() {
    wait_for 30 eval "[[ \$(virsh domstate $1) == 'shut off' ]]"
    settle
    delete_what_libvirt_cannot
    no_macvtap_is_left
    diff <(echo "$before") <(counters up1)
}

# takes_all NAME MODE: by rxtrust.
takes_all() {
    local device
    device=$(macvtap "$1")
    has_all_multicast "$device"
    is_marked "$device"
    host_is_told yes "$@"
}

takes_its_own() {
    local device
    device=$(macvtap "$1")
    not has_all_multicast "$device"
    has_no_alias "$device"
    host_is_told no "$@"
}

# host_is_told YES|NO NAME MODE: to take all multicast, by this macvtap if it is up. In passthrough mode it takes everything
# then, and isn't told of multicast.
host_is_told() {
    local all=$1 found=no
    if ! is_up "$(macvtap "$2")"; then
        diff <(echo "$before") <(counters up1)
        return
    fi
    if [[ $3 == passthrough ]]; then
        all=no
        counters up1 | grep -qx 'promiscuity 1'
    fi
    (($(cat /sys/class/net/up1/flags) & 0x200)) && found=yes
    [[ $found == "$all" ]] || { echo "up1 takes all multicast: $found" >&2; return 1; }
}

# gets_trust NAME MODE: where trust is the policy, which in passthrough mode comes down to all-multicast.
gets_trust() {
    settle
    if [[ $2 == passthrough ]]; then
        takes_all "$1" "$2"
        [ -z "$(live_trust "$1")" ]
    elif libvirt_takes_live_trust; then
        is_trusted "$1"
    fi
}

# whole_life MODE N
whole_life() {
    local name=living-$1
    policy_is multicast
    define_on_up1 "$name" "$2" "$1"
    virsh dumpxml --inactive "$name" > "$state/before.xml"
    start "$name" "$2"
    takes_all "$name" "$1"
    answers_all "$2"
    policy_is off
    rxtrust apply "$name"
    takes_its_own "$name" "$1"
    is_silent "$2"
    policy_is multicast
    rxtrust apply "$name"
    answers_all "$2"

    policy_is trust
    rxtrust apply "$name"
    gets_trust "$name" "$1"
    virsh -q suspend "$name"
    virsh -q resume "$name"
    answers_all "$2"
    reconnect "$name"
    gets_trust "$name" "$1"
    answers_all "$2"

    save "$name"
    has_ended "$name"
    virsh -q start "$name"
    gets_trust "$name" "$1"
    [ "$1" == passthrough ] || is_trusted "$name"
    sleep 3 # for so long it announces itself, and is found even when it is deaf
    answers_all "$2"

    kill -KILL "$(cat "/run/libvirt/qemu/$name.pid")"
    has_ended "$name"
    virsh dumpxml --inactive "$name" | diff "$state/before.xml" -
    virsh -q start "$name"
    gets_trust "$name" "$1"
    virsh -q destroy "$name"
    has_ended "$name"
}

@test "bridge mode: a guest answers all its life, and the next start succeeds" {
    whole_life bridge 120
}

@test "vepa mode: a guest answers all its life, and the next start succeeds" {
    whole_life vepa 121
}

@test "private mode: a guest answers all its life, and the next start succeeds" {
    whole_life private 122
}

@test "passthrough mode: a guest answers all its life, and the next start succeeds" {
    whole_life passthrough 123
}

# every_order MODE N: the flag comes and goes while the device is down and while it is up, and so does the guest.
every_order() {
    local name=ordered-$1
    policy_is multicast
    define_on_up1 "$name" "$2" "$1"

    virsh -q start "$name" --paused
    not is_up "$(macvtap "$name")"
    takes_all "$name" "$1"
    policy_is off
    rxtrust apply
    takes_its_own "$name" "$1"
    policy_is multicast
    rxtrust apply
    takes_all "$name" "$1"
    virsh -q resume "$name"
    is_up "$(macvtap "$name")"
    takes_all "$name" "$1"
    policy_is off
    rxtrust apply
    is_up "$(macvtap "$name")"
    takes_its_own "$name" "$1"
    policy_is multicast
    rxtrust apply
    is_up "$(macvtap "$name")"
    takes_all "$name" "$1"
    virsh -q suspend "$name"
    takes_all "$name" "$1"
    policy_is off
    rxtrust apply
    takes_its_own "$name" "$1"
    virsh -q resume "$name"
    is_up "$(macvtap "$name")"
    takes_its_own "$name" "$1"
    virsh -q destroy "$name"
    has_ended "$name"

    # Each way to end, with the flag set.
    policy_is multicast
    virsh -q start "$name"
    virsh -q destroy "$name"
    has_ended "$name"
    virsh -q start "$name"
    virsh -q suspend "$name"
    virsh -q destroy "$name"
    has_ended "$name"
    virsh -q start "$name" --paused
    restore "$name"
    takes_all "$name" "$1"
    virsh -q resume "$name"
    takes_all "$name" "$1"
    kill -KILL "$(cat "/run/libvirt/qemu/$name.pid")"
    has_ended "$name"
}

@test "bridge mode: all-multicast comes and goes in every order, and the host device counts right" {
    every_order bridge 124
}

@test "vepa mode: all-multicast comes and goes in every order, and the host device counts right" {
    every_order vepa 125
}

@test "private mode: all-multicast comes and goes in every order, and the host device counts right" {
    every_order private 126
}

@test "passthrough mode: all-multicast comes and goes in every order, and the host device counts right" {
    every_order passthrough 127
    define_on_up1 next 128 bridge
    virsh -q start next
    takes_all next bridge
    virsh -q destroy next
    has_ended next
}

@test "passthrough mode: a guest that its owner trusts is libvirt's alone, and answers" {
    define_on_up1 owned 129 passthrough "trustGuestRxFilters='yes'"
    virsh -q start owned --paused
    not grep -q ALLMULTI <(ip link show "$(macvtap owned)")
    not log_says "all-multicast set on"
    has_no_alias "$(macvtap owned)"
    virsh -q resume owned
    wait_until_up 129
    answers_all 129
    rxtrust apply
    has_no_alias "$(macvtap owned)"
    is trusted owned
    reconnect owned
    answers_all 129
    virsh -q destroy owned
    has_ended owned
}

@test "passthrough mode: a guest whose start fails takes nothing from the one that has the device" {
    define_on_up1 first 57 passthrough
    virsh -q start first
    takes_all first passthrough
    define second 58 "$(direct 58 "trustGuestRxFilters='yes'" virtio passthrough "" up1)"
    not virsh -q start second
    define third 59 "$(direct 57 "" virtio passthrough "" up1)" # with the first's MAC address
    not virsh -q start third
    settle
    takes_all first passthrough
    virsh -q destroy first
    has_ended first
}

# counters_are PROMISCUITY: and nothing of multicast.
counters_are() {
    counters up1 | grep -qx "promiscuity $1"
    (($(cat /sys/class/net/up1/flags) & 0x200)) && return 1
    return 0
}

# They outlive the guest: nothing of it stays on them.
@test "passthrough mode: a macvtap that somebody else made, brought up before, during and after the guest's run" {
    ip link add link up1 name mine1 type macvtap mode passthru
    define borrower 130 "<interface type='ethernet'><mac address='$(mac 130)'/><target dev='mine1' managed='no'/>
        <model type='virtio'/></interface>"
    local round
    for round in down up; do
        ip link set mine1 $round
        virsh -q start borrower --paused
        has_all_multicast mine1
        is_marked mine1
        ip link set mine1 up
        counters_are 1
        virsh -q destroy borrower
        not has_all_multicast mine1
        has_no_alias mine1
        counters_are 1
        ip link set mine1 down
        diff <(echo "$before") <(counters up1)
    done
    ip link del mine1
    diff <(echo "$before") <(counters up1)
}
