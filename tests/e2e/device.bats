#!/usr/bin/env bats
# The macvtap: its flag and its mark, the real device below it, and what belongs to libvirt, to an administrator or to
# somebody else's program.

load machine

setup() {
    install_hook
    clear_log
}

teardown() {
    remove_all
    settle
    local device
    for device in mine0 up1; do
        [[ ! -e /sys/class/net/$device ]] || ip link del $device
    done
    ip link property del dev up0 altname uplink 2>/dev/null || true
}

# sets_nothing_on NAME: the device is as libvirt made it.
sets_nothing_on() {
    not has_all_multicast "$(macvtap "$1")"
    has_no_alias "$(macvtap "$1")"
}

# ---- the mark ----

@test "the mark says that all-multicast is rxtrust's: set with it, gone with it, and never there under trust" {
    define marked 20 "$(direct 20)"
    policy_is multicast
    virsh -q start marked --paused
    has_all_multicast "$(macvtap marked)"
    is_marked "$(macvtap marked)"
    policy_is off
    rxtrust apply
    sets_nothing_on marked
    policy_is multicast
    rxtrust apply
    is_marked "$(macvtap marked)"
    has_all_multicast "$(macvtap marked)"
    rxtrust revert
    sets_nothing_on marked
    is no-multicast marked
    policy_is trust
    rxtrust apply
    trust_by_rxtrust marked
    has_no_alias "$(macvtap marked)"
}

@test "a mark whose flag is gone is worth nothing: what an administrator sets later stays over an opt-out" {
    policy_is multicast
    define monitored 21 "$(direct 21)"
    virsh -q start monitored --paused
    ip link set "$(macvtap monitored)" allmulticast off
    is no-multicast monitored
    policy_is off
    rxtrust apply
    has_no_alias "$(macvtap monitored)"
    ip link set "$(macvtap monitored)" allmulticast on
    rxtrust apply
    rxtrust revert
    has_all_multicast "$(macvtap monitored)"
    is opted-out monitored
}

@test "what a guest that its owner trusts has from libvirt, or from an administrator, stays over its opt-out" {
    local number address
    define owned 22 "$(direct 22 "trustGuestRxFilters='yes'")"
    start owned 22
    wait_for 10 not has_all_multicast "$(macvtap owned)"
    for address in $(addresses 22); do # then libvirt has followed the guest for the last time
        wait_for 10 has_group "$(macvtap owned)" "$address"
    done
    has_no_alias "$(macvtap owned)"
    ip link set "$(macvtap owned)" allmulticast on
    policy_is off
    rxtrust apply
    rxtrust revert
    has_all_multicast "$(macvtap owned)"
    ip link set "$(macvtap owned)" allmulticast off

    # QEMU's filter holds 64 groups.
    policy_is trust
    rxtrust apply
    for number in {1..70}; do
        echo "ip -6 address add 2001:db8::aaaa:$number/64 dev eth0"
    done | tell_guest_all 22
    wait_for 10 has_all_multicast "$(macvtap owned)"
    policy_is off
    rxtrust apply
    rxtrust revert
    has_all_multicast "$(macvtap owned)"
    has_no_alias "$(macvtap owned)"
    answers_all 22

    tell_guest 22 "ip link set eth0 promisc on"
    wait_for 10 is_promiscuous "$(macvtap owned)"
    rxtrust apply
    rxtrust revert
    is_promiscuous "$(macvtap owned)"
    is opted-out owned
}

@test "what version 0.1.0 has marked is taken back" {
    local mark
    policy_is off
    define upgraded 24 "$(direct 24)"
    virsh -q start upgraded --paused
    for mark in "all-multicast" "all-multicast, trust"; do
        ip link set "$(macvtap upgraded)" allmulticast on alias "rxtrust $(guest_uuid 24): $mark"
        not rxtrust status
        rxtrust apply
        sets_nothing_on upgraded
        rxtrust status
    done
    ip link set "$(macvtap upgraded)" allmulticast on alias "rxtrust, said the administrator: all-multicast"
    rxtrust apply
    has_all_multicast "$(macvtap upgraded)"
}

@test "an administrator's own flags and alias stay over apply, revert and the guest's opt-out" {
    policy_is off
    define monitored 25 "$(direct 25)"
    virsh -q start monitored --paused
    ip link set "$(macvtap monitored)" allmulticast on promisc on alias "the administrator's"
    rxtrust apply
    policy_is multicast
    rxtrust apply
    policy_is off
    rxtrust revert
    has_all_multicast "$(macvtap monitored)"
    is_promiscuous "$(macvtap monitored)"
    [ "$(cat "/sys/class/net/$(macvtap monitored)/ifalias")" == "the administrator's" ]
}

# ---- what comes with trust goes with it ----

@test "an opt-out of a guest that takes everything: its macvtap takes everything no more" {
    define curious 26 "$(direct 26)"
    start curious 26
    if libvirt_takes_live_trust; then
        wait_for 10 is_trusted curious
        settle
    fi
    tell_guest 26 "ip link set eth0 promisc on"
    ! libvirt_takes_live_trust || wait_for 10 is_promiscuous "$(macvtap curious)"
    policy_is off
    rxtrust apply
    not is_promiscuous "$(macvtap curious)"
    sets_nothing_on curious
    is opted-out curious
    rxtrust status --json | jq -e '.interfaces[0].multicast == false'
    policy_is trust
    rxtrust apply
    answers_all 26
}

# ---- where libvirt doesn't look at a trusted guest's filter ----

# two_models N: the XML of two interfaces that their owner trusts.
two_models() {
    direct "$1" "trustGuestRxFilters='yes'"
    direct "$1" "trustGuestRxFilters='yes'" virtio-net-pci | sed "s/$(mac "$1")/$(mac "$1" 1)/"
}

# has_new_addresses N I: the guest's interface has three more.
has_new_addresses() {
    local number
    for number in 1 2 3; do
        tell_guest "$1" "ip -6 address add 2001:db8:$2::77:$number/64 dev eth$2"
    done
}

answers_at_new_addresses() {
    local number
    for number in 1 2 3; do
        answers "2001:db8:$1::77:$number" "$2" || return 1
    done
}

@test "a trusted guest that gets addresses while the daemon is away answers at them once it is back" {
    define patient 30 "$(two_models 30)"
    start patient 30
    wait_for 10 not has_all_multicast "$(macvtap patient "$(mac 30 1)")"
    stop_daemon
    has_new_addresses 30 0
    has_new_addresses 30 1
    not answers_at_new_addresses 1 1
    start_daemon_again patient
    answers_at_new_addresses 0 5
    answers_at_new_addresses 1 5
    has_no_alias "$(macvtap patient)"
    rxtrust status
}

@test "a guest that is restored with trust answers, also by a model of QEMU's name, which libvirt doesn't look at then" {
    define sleeper 32 "$(two_models 32)"
    start sleeper 32
    save sleeper
    virsh -q start sleeper
    sleep 3 # for so long it announces itself, and is found even when it is deaf
    answers_all 32 0
    answers_all 32 1
    has_no_alias "$(macvtap sleeper)"
    is trusted sleeper
}

@test "a model of QEMU's own name is trusted, and status is content with its owner's 'yes'" {
    define media 34 "$(direct 34 "trustGuestRxFilters='yes'" virtio-net-pci)$(
        direct 34 "" virtio-net-pci | sed "s/$(mac 34)/$(mac 34 1)/")"
    virsh -q start media --paused
    settle
    is trusted media "$(mac 34)"
    trust_by_rxtrust media 2
    is trusted media "$(mac 34 1)"
}

# ---- the real device ----

@test "a rule by host device and mode holds whatever name the guest's XML has for the device" {
    ip link property add dev up0 altname uplink
    define by-alias 35 "$(direct 35 "" virtio bridge "" uplink)"
    define by-name 36 "$(direct 36)"
    local name
    for name in up0 uplink; do
        write_policy <<< "[rule:the uplink]
dev = $name
policy = off"
        virsh -q start by-alias --paused
        virsh -q start by-name --paused
        settle
        sets_nothing_on by-alias
        sets_nothing_on by-name
        is opted-out by-alias
        rm "$policy"
        rxtrust apply
        has_all_multicast "$(macvtap by-alias)"
        has_all_multicast "$(macvtap by-name)"
        [ "$(code by-alias)" != opted-out ]
        virsh -q destroy by-alias
        virsh -q destroy by-name
        delete_what_libvirt_cannot
    done
}

# borrowed N DEVICE [ATTRIBUTES]: the XML of an interface on a macvtap that somebody else made.
borrowed() {
    echo "<interface type='ethernet' ${3-}><mac address='$(mac "$1")'/><target dev='$2' managed='no'/>" \
        "<model type='virtio'/></interface>"
}

@test "a rule by host device or mode holds for a macvtap that somebody else made there" {
    local rule
    ip link add link up0 name mine0 address "$(mac 37)" type macvtap mode vepa
    define borrower 37 "$(borrowed 37 mine0)"
    for rule in "dev = up0" "mode = vepa"; do
        write_policy <<< "[rule:not there]
$rule
policy = off"
        virsh -q start borrower --paused
        settle
        sets_nothing_on borrower
        is opted-out borrower
        rm "$policy"
        rxtrust apply
        is multicast borrower
        virsh -q destroy borrower
    done
    write_policy <<< "[rule:another]
mode = bridge
policy = off"
    virsh -q start borrower --paused
    has_all_multicast mine0
}

# ---- macvtaps that somebody else made ----

@test "a macvtap that somebody else made gets all-multicast, which apply and the guest's stop take back" {
    ip link add link up0 name mine0 address "$(mac 38)" type macvtap mode bridge
    define borrower 38 "$(borrowed 38 mine0)"
    start borrower 38
    ip link set mine0 up
    answers_all 38
    is multicast borrower
    [ -z "$(live_trust borrower)" ]

    ip link set mine0 allmulticast off
    is no-multicast borrower
    reconnect borrower
    has_all_multicast mine0
    ip link set mine0 allmulticast off
    rxtrust apply borrower
    has_all_multicast mine0

    policy_is off
    rxtrust apply borrower
    sets_nothing_on borrower
    is_silent 38
    policy_is trust
    rxtrust apply
    is_marked mine0
    virsh -q destroy borrower
    not has_all_multicast mine0
    has_no_alias mine0
}

@test "when its guest stops, all-multicast that somebody else has set on his own macvtap stays" {
    ip link add link up0 name mine0 address "$(mac 39)" type macvtap mode bridge
    define borrower 39 "$(borrowed 39 mine0)"
    ip link set mine0 allmulticast on
    virsh -q start borrower --paused
    settle
    has_no_alias mine0
    virsh -q destroy borrower
    has_all_multicast mine0
    # And what is set after rxtrust's flag has gone.
    ip link set mine0 allmulticast off
    virsh -q start borrower --paused
    is_marked mine0
    policy_is off
    rxtrust apply
    ip link set mine0 allmulticast on
    virsh -q destroy borrower
    has_all_multicast mine0
}
