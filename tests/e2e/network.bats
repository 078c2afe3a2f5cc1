#!/usr/bin/env bats
# Interfaces on libvirt networks: their trust is their port's, which libvirt makes at the start and no live call changes.

load machine

setup() {
    install_hook
    clear_log
}

teardown() {
    local network
    remove_all
    settle
    for network in $(virsh -q net-list --all --name); do
        virsh -q net-destroy "$network" || true
        virsh -q net-undefine "$network" || true
    done
}

# start_network NAME [ATTRIBUTES [INSIDE [MODE]]]: macvtaps on up0.
start_network() {
    virsh -q net-define <(echo "<network ${2-}><name>$1</name><forward mode='${4:-bridge}'><interface dev='up0'/></forward>
        ${3-}</network>")
    virsh -q net-start "$1"
}

# on N NETWORK [INTERFACE [ATTRIBUTES [GROUP]]]: the XML of an interface there.
on() {
    echo "<interface type='network' ${4-}><mac address='$(mac "$1" "${3:-0}")'/>" \
        "<source network='$2' ${5:+portgroup='$5'}/><model type='virtio'/></interface>"
}

has_nothing() {
    not has_all_multicast "$(macvtap "$@")"
    has_no_alias "$(macvtap "$@")"
}

@test "an interface on a network gets all-multicast and keeps its port, and an opt-out by the network holds" {
    start_network uplinks
    start_network private
    write_policy <<'END'
[rule:no private]
network = priv*
policy = off
END
    define networked 40 "$(on 40 uplinks)$(on 40 private 1)"
    start networked 40
    settle
    answers_all 40 0
    has_all_multicast "$(macvtap networked "$(mac 40)")"
    is multicast networked "$(mac 40)"
    is_silent 40 1
    has_nothing networked "$(mac 40 1)"
    is opted-out networked "$(mac 40 1)"
    rxtrust apply
    [ "$(virsh -q net-port-list uplinks | wc -l)" == 1 ]
    [ -z "$(live_trust networked)" ]
}

@test "a port that rxtrust has trusted stays so until the guest stops: status says so, whatever the policy has become" {
    start_network uplinks
    define saved 41 "$(on 41 uplinks)"
    virsh -q start saved --paused
    restore saved
    is trusted saved
    has_note saved unsaid
    local action
    for action in multicast off; do
        policy_is $action
        is trusted-until-shutdown saved
        rxtrust status --json | jq -e '.interfaces[0].trust == "yes"'
        not rxtrust apply
        is trusted-until-shutdown saved
    done
    restore saved
    is opted-out saved
    has_nothing saved
    policy_is multicast
    rxtrust apply
    is multicast saved
}

@test "a network's 'no' that the policy went over counts again after the next save" {
    start_network refusing "trustGuestRxFilters='no'"
    policy_is trust yes
    define overridden 42 "$(on 42 refusing)"
    virsh -q start overridden --paused
    restore overridden
    is trusted overridden
    rm "$policy"
    is trusted-until-shutdown overridden
    restore overridden
    is opted-out overridden
    has_nothing overridden
}

@test "trust that comes to a network while its guest runs isn't the guest's: it gets all-multicast" {
    start_network later
    define early 43 "$(on 43 later)"
    virsh -q start early --paused
    settle
    virsh -q net-destroy later
    virsh -q net-undefine later
    start_network later "trustGuestRxFilters='yes'"
    ip link set "$(macvtap early)" allmulticast off
    not rxtrust status
    rxtrust apply
    has_all_multicast "$(macvtap early)"
    rxtrust status --json | jq -e '.interfaces[0].trust != "yes"'
}

@test "an opt-out by a network's default portgroup holds, also once the network is stopped under the guest" {
    start_network grouped "" "<portgroup name='guests' default='yes'/><portgroup name='staff'/>"
    write_policy <<'END'
[default]
policy = multicast
override = yes
[rule:guests]
portgroup = guests
policy = off
END
    define visitor 44 "$(on 44 grouped)$(on 44 grouped 1 "" staff)"
    virsh -q start visitor --paused
    settle
    has_nothing visitor "$(mac 44)"
    has_all_multicast "$(macvtap visitor "$(mac 44 1)")"
    is opted-out visitor "$(mac 44)"
    virsh -q net-destroy grouped
    rxtrust apply || true # of such a network not all is known
    reconnect visitor
    has_nothing visitor "$(mac 44)"
    virsh -q destroy visitor
    delete_what_libvirt_cannot
    # What would be so at its next start isn't known either, and no more is promised than what is certain.
    rxtrust explain visitor > "$state/output"
    not grep "$(mac 44) .*all-multicast" "$state/output"
}

@test "trust that a saved guest was given on a network isn't forgotten once the network is stopped under it" {
    start_network stopped
    define lasting 48 "$(on 48 stopped)"
    virsh -q start lasting --paused
    settle
    restore lasting
    is trusted lasting
    policy_is off
    is trusted-until-shutdown lasting
    virsh -q net-destroy stopped
    is trusted-until-shutdown lasting
    not rxtrust revert
}

@test "trust by the portgroup is its owner's: it stays where the policy is off, on an interface plugged in, too" {
    start_network trusting "" "<portgroup name='staff' trustGuestRxFilters='yes'/>"
    define growing 45 "$(on 45 trusting 0 "" staff)"
    virsh -q start growing --paused
    settle
    on 45 trusting 1 "" staff > "$state/interface.xml"
    virsh -q attach-device growing "$state/interface.xml" --live
    policy_is off
    rxtrust apply
    is opted-out growing "$(mac 45)"
    is opted-out growing "$(mac 45 1)"
    policy_is trust
    rxtrust apply
    is trusted growing "$(mac 45 1)"
    has_no_note growing
}
