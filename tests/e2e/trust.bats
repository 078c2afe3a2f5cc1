#!/usr/bin/env bats
# Trust in the running guest, on the libvirts that take it; and which interface gets what.

load machine

setup() {
    install_hook
    clear_log
}

teardown() {
    rm -rf "${state:?}/bin"
    remove_all
    settle
}

# gets_trust NAME [MAC]: once the background is done; on a libvirt that takes no live trust, all-multicast.
gets_trust() {
    settle
    not log_says "guest $1: prepare: " # what libvirt discards is no news
    if libvirt_takes_live_trust; then
        [ "$(code "$@")" == trusted ]
        has_no_alias "$(macvtap "$@")"
    else
        [ "$(code "$@")" == multicast ]
        is_marked "$(macvtap "$@")"
        remark "all-multicast, and status says why: libvirt before 10.1 gives no trust to a guest that runs"
    fi
    log_says "guest $1: started: .*$(macvtap "$@"): " || not libvirt_takes_live_trust
}

# gets_nothing NAME [MAC]
gets_nothing() {
    [ "$(code "$@")" == opted-out ]
    not has_all_multicast "$(macvtap "$@")"
    has_no_alias "$(macvtap "$@")"
}

@test "a guest is trusted within 2 s of its start: its macvtap takes the guest's own groups, and its new MAC address" {
    local address
    define trusted 31 "$(direct 31)"
    virsh dumpxml --inactive trusted > "$state/before.xml"
    virsh -q start trusted
    ! libvirt_takes_live_trust || wait_for 2 is_trusted trusted
    wait_until_up 31
    gets_trust trusted
    answers_all 31
    virsh dumpxml --inactive trusted | diff "$state/before.xml" -
    if libvirt_takes_live_trust; then
        for address in $(addresses 31); do
            wait_for 2 has_group "$(macvtap trusted)" "$address"
        done
        not has_all_multicast "$(macvtap trusted)"
    fi
    tell_guest 31 "ip link set eth0 address 52:54:00:a1:20:99"
    tell_guest 31 "ip link show eth0" | grep -q 52:54:00:a1:20:99
    if libvirt_takes_live_trust; then
        wait_for 5 has_address "$(macvtap trusted)" 52:54:00:a1:20:99
        answers_all 31
        # Its new address is no way around an opt-out, which leaves it on the device, nor one in the way of an opt-in.
        policy_is off
        rxtrust apply trusted
        not is_trusted trusted
        policy_is trust
        rxtrust apply trusted
        is trusted trusted
    else
        has_address "$(macvtap trusted)" "$(mac 31)"
        not answers "$(addresses 31 | head -n 1)"
        remark "a new MAC address cuts the guest off: libvirt before 10.1 gives no trust to a guest that runs"
    fi
}

@test "what is opted out, by policy or in the XML, gets nothing; multicast only and an e1000 are never trusted" {
    write_policy <<END
[rule:second]
mac = $(mac 33 1)
policy = off
[rule:third]
mac = $(mac 33 2)
policy = multicast
[vm:quiet-*]
policy = off
END
    define mixed 33 "$(direct 33)$(direct 33 | sed "s/$(mac 33)/$(mac 33 1)/")$(
        direct 33 | sed "s/$(mac 33)/$(mac 33 2)/")$(
        direct 33 "trustGuestRxFilters='no'" | sed "s/$(mac 33)/$(mac 33 3)/")$(
        direct 33 "" e1000 | sed "s/$(mac 33)/$(mac 33 4)/")"
    define quiet-one 34 "$(direct 34)"
    virsh -q start quiet-one --paused
    start mixed 33
    gets_trust mixed "$(mac 33)"
    answers_all 33 0
    is_silent 33 1
    gets_nothing quiet-one
    gets_nothing mixed "$(mac 33 1)"
    gets_nothing mixed "$(mac 33 3)"
    local other
    for other in 2 4; do
        [ "$(code mixed "$(mac 33 $other)")" == multicast ]
        is_marked "$(macvtap mixed "$(mac 33 $other)")"
    done
    for other in 2 3 5; do
        [ -z "$(live_trust mixed $other)" ]
    done
    [ "$(live_trust mixed 4)" == no ]
    not log_says "guest quiet-one: started"
    rxtrust status
}

@test "trust goes live on an interface with everything on it, and nothing else in the live XML changes" {
    local inside="<driver name='qemu' queues='2'/><boot order='1'/><alias name='ua-uplink'/><link state='up'/>
        <address type='pci' domain='0x0000' bus='0x00' slot='0x09' function='0x0'/>"
    local more # what not every libvirt allows on a macvtap, or not every kernel can do
    for more in "<mtu size='1400'/>" "<coalesce><rx><frames max='32'/></rx></coalesce>" \
        "<bandwidth><inbound average='100000'/></bandwidth>" "<bandwidth><outbound average='100000'/></bandwidth>"; do
        if define laden 38 "$(direct 38 "" virtio bridge "$inside$more")" && virsh -q start laden --paused; then
            inside+=$more
            virsh -q destroy laden
            delete_what_libvirt_cannot
        fi
    done
    policy_is off
    define laden 38 "$(direct 38 "" virtio bridge "$inside")"
    virsh -q start laden --paused
    settle
    virsh dumpxml laden > "$state/before.xml"
    policy_is trust
    rxtrust apply
    virsh dumpxml laden > "$state/after.xml"
    if libvirt_takes_live_trust; then
        is trusted laden
        not diff "$state/before.xml" "$state/after.xml"
    fi
    diff "$state/before.xml" <(without_trust "$state/after.xml")
    policy_is off
    rxtrust apply
    virsh dumpxml laden | diff "$state/before.xml" -
}

# The note's element, and the metadata if there is nothing else in it.
without_trust() {
    sed "s/ trustGuestRxFilters='yes'//" "$1" | sed '/<metadata>/,/<\/metadata>/d'
}

@test "a guest destroyed the moment that it has started leaves nothing behind" {
    define brief 42 "$(direct 42)"
    virsh -q start brief
    virsh -q destroy brief
    wait_for 60 nothing_left_behind
    virsh -q list >/dev/null
}

# Neither a process of ours nor a virsh.
nothing_left_behind() {
    hook_is_idle && ! pgrep -x virsh >/dev/null
}

@test "eight guests started at once: each as its policy says, and nothing is left behind" {
    write_policy <<< "[rule:every other one]
vm = crowd-[1357]
policy = off"
    local number starts=()
    for number in {0..7}; do
        define "crowd-$number" $((50 + number)) "$(direct $((50 + number)))"
    done
    for number in {0..7}; do
        virsh -q start "crowd-$number" --paused &
        starts+=($!)
    done
    for number in "${starts[@]}"; do
        wait "$number"
    done
    wait_for 60 nothing_left_behind
    rxtrust status
    for number in 0 2 4 6; do
        gets_trust "crowd-$number"
        gets_nothing "crowd-$((number + 1))"
    done
}

@test "a libvirt that says 10.0 gets no live trust, and the guest starts again" {
    local round
    fake_virsh <<END
#!/bin/bash
[[ "\$*" != *update-device* ]] || echo "\$*" >> $state/sent
set -o pipefail
/usr/bin/virsh "\$@" | sed 's/^\(Running against daemon: \).*/\110.0.0/'
END
    rm -f "$state/sent"
    define ubuntu 48 "$(direct 48)"
    for round in 1 2; do
        virsh -q start ubuntu --paused
        settle
        is multicast ubuntu
        ip link set "$(macvtap ubuntu)" allmulticast off
        rxtrust apply ubuntu
        is_marked "$(macvtap ubuntu)"
        rxtrust status --json | jq -e '.interfaces[0].why | contains("libvirt 10.0")'
        virsh -q destroy ubuntu
        delete_what_libvirt_cannot
        wait_for 30 no_macvtap_is_left
    done
    [ ! -e "$state/sent" ]
}
