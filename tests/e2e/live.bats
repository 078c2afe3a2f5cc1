#!/usr/bin/env bats
# Trust in the running guest: on the libvirts that take it, and in the log on those that don't.

load machine

setup() {
    install_hook
    clear_log
}

teardown() {
    remove_all
}

# In the end the log says what became of live trust, and that is true.
outcome_is_logged() {
    not log_says "guest $1: prepare: " # what libvirt discards is no news
    if libvirt_takes_live_trust; then
        wait_for 40 log_says "guest $1: started: .*: as the policy says: trusted"
        [ "$(live_trust "$1")" == yes ]
    else
        wait_for 40 log_says "guest $1: started: .*: as the policy says: all-multicast: libvirt before 10.0"
        [ -z "$(live_trust "$1")" ]
        remark "all-multicast, and the log says so: libvirt before 10.0 doesn't take trust in a running guest"
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
    outcome_is_logged trusted
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
    outcome_is_logged changing
    tell_guest 32 "ip link set eth0 address 52:54:00:a1:20:99"
    tell_guest 32 "ip link show eth0" | grep -q 52:54:00:a1:20:99
    if libvirt_takes_live_trust; then
        wait_for 5 has_address "$(macvtap changing)" 52:54:00:a1:20:99
        answers_all 32
        # Its new address is no way around an opt-out.
        write_policy <<< "[default]
policy = off"
        "$program" apply changing
        not is_trusted changing
        # libvirt leaves that address on the device, which is known all the same when the guest is opted in.
        rm "$policy"
        "$program" apply changing
        is_trusted changing
        "$program" status
    else
        has_address "$(macvtap changing)" "$(mac 32)"
        not answers "$(addresses 32 | head -n 1)"
        remark "a new MAC address cuts the guest off: libvirt before 10.0 doesn't take trust in a running guest"
    fi
}

@test "what is opted out, by policy or in the XML, or gets multicast only is never trusted" {
    write_policy <<END
[vm:off-guest]
policy = off
[vm:multicast-guest]
policy = multicast
END
    define off-guest 33 "$(direct 33)"
    define multicast-guest 34 "$(direct 34)"
    define no-guest 35 "$(direct 35 "trustGuestRxFilters='no'")"
    define allowed-guest 36 "$(direct 36)"
    local name
    for name in off-guest multicast-guest no-guest allowed-guest; do
        virsh -q start "$name" --paused
    done
    outcome_is_logged allowed-guest
    wait_for 60 hook_is_idle
    not is_trusted off-guest
    not is_trusted multicast-guest
    not is_trusted no-guest
    not log_says "guest \(off\|multicast\|no\)-guest: started"
}

@test "of two interfaces the one that the policy trusts is trusted" {
    write_policy <<END
[rule:the second]
mac = $(mac 37 1)
policy = off
END
    define two-armed 37 "$(direct 37) $(direct 37 | sed "s/$(mac 37)/$(mac 37 1)/")"
    start two-armed 37
    outcome_is_logged two-armed
    not is_trusted two-armed 2
    answers_all 37 0
    is_silent 37 1
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
        fi
    done
    define laden 38 "$(direct 38 "" virtio bridge "$inside")"
    clear_log
    write_policy <<< "[default]
policy = off"
    virsh -q start laden --paused
    virsh dumpxml laden > "$state/before.xml"
    virsh -q destroy laden
    rm "$policy"
    virsh -q start laden --paused
    outcome_is_logged laden
    virsh dumpxml laden > "$state/after.xml"
    virsh -q resume laden
    wait_until_up 38
    answers_all 38
    # The number of the run and the device's, the process's and the terminal's names are new at each start.
    not diff <(comparable "$state/before.xml") <(sed 's/trustGuestRxFilters/trust/' "$state/after.xml")
    diff <(comparable "$state/before.xml") <(comparable "$state/after.xml")
}

comparable() {
    sed "s/ trustGuestRxFilters='yes'//; s/ id='[0-9]*'//; s/macvtap[0-9]*/macvtap/; s/pts\/[0-9]*/pts/g" "$1"
}

@test "an interface on a libvirt network is not sent back: its port stays" {
    start_network
    define networked 39 "<interface type='network'><mac address='$(mac 39)'/><source network='uplinks'/><model type='virtio'/></interface>"
    define allowed-guest 40 "$(direct 40)"
    start networked 39
    virsh -q start allowed-guest --paused
    outcome_is_logged allowed-guest
    [ "$(virsh -q net-port-list uplinks | wc -l)" == 1 ]
    not log_says "guest networked: started"
    answers_all 39
}

@test "a guest started paused and resumed is trusted and answers" {
    define paused 41 "$(direct 41)"
    virsh -q start paused --paused
    outcome_is_logged paused
    virsh -q resume paused
    wait_until_up 41
    answers_all 41
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

@test "ten guests started at once: each as its policy says, and nothing is left behind" {
    write_policy <<< "[rule:every other one]
vm = crowd-[13579]
policy = off"
    local number
    for number in {0..9}; do
        define "crowd-$number" $((50 + number)) "$(direct $((50 + number)))"
    done
    local starts=()
    for number in {0..9}; do
        virsh -q start "crowd-$number" --paused &
        starts+=($!)
    done
    for number in "${starts[@]}"; do
        wait "$number"
    done
    for number in 0 2 4 6 8; do
        outcome_is_logged "crowd-$number"
    done
    wait_for 60 nothing_left_behind
    for number in 1 3 5 7 9; do
        not is_trusted "crowd-$number"
        not has_all_multicast "$(macvtap "crowd-$number")"
    done
}

@test "a guest that is trusted live stops and starts again, three times" {
    local round
    define returning 47 "$(direct 47)"
    for round in 1 2 3; do
        start returning 47
        if libvirt_takes_live_trust; then
            wait_for 30 is_trusted returning
        fi
        wait_for 60 hook_is_idle
        virsh -q destroy returning
        delete_what_libvirt_cannot
        wait_for 30 no_macvtap_is_left
    done
}

@test "a libvirt that says 10.0 gets no live trust: log, status and apply say why, and the guest starts again" {
    local round why="all-multicast: libvirt 10.0 would forget its device"
    fake_virsh <<END
#!/bin/bash
[[ "\$*" != *update-device* ]] || echo "\$*" >> $state/sent
set -o pipefail
/usr/bin/virsh "\$@" | sed 's/^\(Running against daemon: \).*/\110.0.0/'
END
    rm -f "$state/sent"
    define ubuntu 48 "$(direct 48)"
    for round in 1 2; do
        clear_log
        start ubuntu 48
        wait_for 60 log_says "guest ubuntu: started: $(mac 48): macvtap.*: as the policy says: $why"
        PATH=$state/bin:$PATH "$program" status > "$state/output"
        grep -q "^ubuntu .* as the policy says: $why" "$state/output"
        ip link set "$(macvtap ubuntu)" allmulticast off
        PATH=$state/bin:$PATH "$program" apply ubuntu
        has_all_multicast "$(macvtap ubuntu)"
        answers_all 48
        virsh -q destroy ubuntu
        delete_what_libvirt_cannot
        wait_for 30 no_macvtap_is_left
    done
    rm -rf "${state:?}/bin"
    [ ! -e "$state/sent" ]
}
