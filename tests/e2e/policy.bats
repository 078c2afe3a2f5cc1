#!/usr/bin/env bats
# Each kind of interface gets what the policy says, and no more.

load machine

setup() {
    install_hook
}

teardown() {
    remove_all
}

@test "an opted-out guest beside a trusted one stays silent, its device as libvirt made it" {
    write_policy <<'END'
[vm:private-*]
policy = off
END
    define private-one 9 "$(direct 9)"
    define public 10 "$(direct 10)"
    start private-one 9
    start public 10
    answers_all 10
    is_silent 9
    not has_all_multicast "$(macvtap private-one)"
    [ -z "$(live_trust private-one)" ]
}

@test "'no' in the XML is an opt-out" {
    define refusing 3 "$(direct 3 "trustGuestRxFilters='no'")"
    start refusing 3
    is_silent 3
    not has_all_multicast "$(macvtap refusing)"
    [ "$(live_trust refusing)" == no ]
}

@test "policy = multicast gives all-multicast, not trust" {
    write_policy <<'END'
[default]
policy = multicast
END
    define listener 4 "$(direct 4)"
    start listener 4
    answers_all 4
    has_all_multicast "$(macvtap listener)"
    [ -z "$(live_trust listener)" ]
}

@test "an interface on a libvirt network gets all-multicast and keeps its port" {
    start_network
    define networked 5 "<interface type='network'><mac address='$(mac 5)'/><source network='uplinks'/><model type='virtio'/></interface>"
    start networked 5
    answers_all 5
    has_all_multicast "$(macvtap networked)"
    [ "$(virsh -q net-port-list uplinks | wc -l)" == 1 ]
}

@test "a network that is opted out stays silent" {
    start_network
    write_policy <<'END'
[rule:no uplinks]
network = up*
policy = off
END
    define networked 6 "<interface type='network'><mac address='$(mac 6)'/><source network='uplinks'/><model type='virtio'/></interface>"
    start networked 6
    is_silent 6
    not has_all_multicast "$(macvtap networked)"
}

@test "an e1000 interface can't be trusted and gets all-multicast" {
    define old-card 7 "$(direct 7 "" e1000)"
    start old-card 7
    has_all_multicast "$(macvtap old-card)"
    [ -z "$(live_trust old-card)" ]
}

# The device is its owner's: it is there before the guest and after it.
@test "a macvtap that somebody else made gets all-multicast, which apply takes back" {
    ip link add link up0 name mine0 address "$(mac 9)" type macvtap mode bridge
    define borrower 9 "<interface type='ethernet'><mac address='$(mac 9)'/>
        <target dev='mine0' managed='no'/><model type='virtio'/></interface>"
    start borrower 9
    ip link set mine0 up
    answers_all 9
    has_all_multicast mine0
    is_marked mine0
    [ -z "$(live_trust borrower)" ]
    "$program" status | grep -q "mine0.*as the policy says: all-multicast: libvirt can't trust a device that it didn't make"

    ip link set mine0 allmulticast off
    not "$program" status
    restart_daemon
    wait_for 20 has_all_multicast mine0
    ip link set mine0 allmulticast off
    "$program" apply borrower
    has_all_multicast mine0

    write_policy <<'END'
[vm:borrower]
policy = off
END
    "$program" apply borrower
    not has_all_multicast mine0
    not is_marked mine0
    is_silent 9
    virsh -q destroy borrower
    ip link del mine0
}

@test "of two interfaces one is opted out by its MAC address" {
    write_policy <<END
[rule:the second]
mac = $(mac 8 1)
policy = off
END
    define two-armed 8 "$(direct 8) $(direct 8 | sed "s/$(mac 8)/$(mac 8 1)/")"
    start two-armed 8
    answers_all 8 0
    is_silent 8 1
    not has_all_multicast "$(macvtap two-armed "$(mac 8 1)")"
    [ -z "$(live_trust two-armed 2)" ]
}
