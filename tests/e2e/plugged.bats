#!/usr/bin/env bats
# An interface that is plugged into a running guest: what udev's rule and its unit call for each macvtap.

load machine

setup() {
    install_hook
    clear_log
}

teardown() {
    rm -rf "${state:?}/bin"
    remove_all
    settle
    [[ ! -e /sys/class/net/up1 ]] || ip link del up1
}

# plugged DEVICE: as the unit calls it, by the name of the character device. Its output is in $state/said.
plugged() {
    PATH=$state/bin:$PATH rxtrust plugged "tap$(cat "/sys/class/net/$1/ifindex")" > "$state/said" 2>&1
}

says() {
    cat "$state/said"
    grep -q -- "$1" "$state/said"
}

is_quiet() {
    cat "$state/said"
    [ ! -s "$state/said" ]
}

# attach NAME N I [ARGUMENTS-OF-DIRECT...]: plugs interface I in.
attach() {
    direct "$2" "${@:4}" | sed "s/$(mac "$2")/$(mac "$2" "$3")/" > "$state/interface.xml"
    virsh -q attach-device "$1" "$state/interface.xml" --live
}

# run_guest NAME N: until the hook has done its work.
run_guest() {
    define "$1" "$2" "$(direct "$2")"
    virsh -q start "$1"
    settle
}

@test "an interface that is plugged in gets what the policy says, and its unit says so" {
    run_guest growing 120
    attach growing 120 1
    not rxtrust status
    plugged "$(macvtap growing "$(mac 120 1)")"
    rxtrust status
    has_all_multicast "$(macvtap growing "$(mac 120 1)")"
    ! libvirt_takes_live_trust || has_note growing unsaid "$(mac 120 1)"
    says "guest growing: plugged: $(mac 120 1): "
    plugged "$(macvtap growing "$(mac 120 1)")"
    is_quiet
}

@test "an interface that is plugged in is found when libvirt lists it, a while after its macvtap came" {
    run_guest slow 121
    attach slow 121 1
    fake_virsh <<END
#!/bin/bash
echo >> $state/looks
if ((\$(wc -l < $state/looks) > 4)); then exec /usr/bin/virsh "\$@"; fi
/usr/bin/virsh "\$@" | sed "/'$(macvtap slow "$(mac 121 1)")'/d"
exit "\${PIPESTATUS[0]}"
END
    rm -f "$state/looks"
    plugged "$(macvtap slow "$(mac 121 1)")"
    rm "$state/bin/virsh"
    rxtrust status
    says "guest slow: plugged: "
}

# The order is udev's: the device's event comes while libvirt still plugs in.
@test "called the moment that the macvtap is there, while libvirt plugs it in" {
    local before device
    run_guest quick 122
    before=$(macvtap quick)
    attach quick 122 1 &
    wait_for 10 eval 'compgen -G "/sys/class/net/macvtap*" | grep -qv "/'"$before"'\$"'
    device=$(compgen -G "/sys/class/net/macvtap*" | grep -v "/$before\$")
    plugged "${device##*/}"
    wait $!
    rxtrust status
    has_all_multicast "${device##*/}"
}

@test "it answers over IPv6: an interface that is plugged into a guest that has an address there" {
    define answering 123 "$(direct 123)"
    start answering 123
    attach answering 123 1
    wait_for 20 eval 'tell_guest 123 "ip link show eth1" | grep -q eth1:'
    tell_guest 123 "sysctl -w net.ipv6.conf.eth1.accept_dad=0"
    tell_guest 123 "ip link set eth1 up"
    local address
    for address in $(addresses 123 1); do
        tell_guest 123 "ip -6 address add $address/64 dev eth1"
    done
    is_silent 123 1
    plugged "$(macvtap answering "$(mac 123 1)")"
    answers_all 123 1
}

@test "at an ordinary start, of a guest that is as the policy says, nothing is done, nothing is said" {
    write_policy <<< "[vm:left-alone]
policy = off"
    define left-alone 124 "$(direct 124)"
    define ordinary 125 "$(direct 125)"
    virsh -q start left-alone
    virsh -q start ordinary
    settle
    clear_log
    plugged "$(macvtap left-alone)"
    is_quiet
    not has_all_multicast "$(macvtap left-alone)"
    plugged "$(macvtap ordinary)"
    is_quiet
    [ ! -s "$syslog" ]
}

@test "a device that is gone, and those that are nobody's" {
    rxtrust plugged tap99999
    rxtrust plugged macvtap99
    rxtrust plugged up0
    rxtrust plugged tap
    rxtrust plugged tap18446744073709551616
    not rxtrust plugged
    not rxtrust plugged a b
    ip link add link up0 name nobodys type macvtap mode bridge
    plugged nobodys
    is_quiet
    not has_all_multicast nobodys
    not strace -o "$state/calls" -e trace=sendto -e inject=sendto:error=ENOBUFS:when=1 "$program" plugged nobodys \
        > "$state/said" 2>&1
    says 'cannot list network devices: No buffer space available'
    rxtrust plugged nobodys & # and ends when the device does
    ip link del nobodys
    wait $!
}

@test "another interface has the name of the macvtap's character device" {
    local device
    run_guest named 130
    attach named 130 1
    device=$(macvtap named "$(mac 130 1)")
    ip link add name "tap$(cat "/sys/class/net/$device/ifindex")" type bridge
    plugged "$device"
    ip link del "tap$(cat "/sys/class/net/$device/ifindex")"
    has_all_multicast "$device"
}

@test "called beside the start: the guest is as the policy says, and the host device as it was" {
    local before mode device
    before=$(counters up0)
    for mode in bridge passthrough; do
        define beside 126 "$(direct 126 "" virtio $mode)"
        virsh -q start beside &
        wait_for 10 compgen -G '/sys/class/net/macvtap*'
        device=$(compgen -G '/sys/class/net/macvtap*')
        plugged "${device##*/}"
        wait $!
        settle
        has_all_multicast "${device##*/}"
        rxtrust status
        remove beside
        diff <(echo "$before") <(counters up0)
    done
}

@test "a guest that stops meanwhile" {
    local device
    run_guest stopping 127
    attach stopping 127 1
    device=$(macvtap stopping "$(mac 127 1)")
    # It is gone when it has been found.
    rm -rf "$state/at"
    fake_virsh <<END
#!/bin/bash
/usr/bin/virsh "\$@"
code=\$?
if [[ "\$*" == *dumpxml* ]] && mkdir $state/at 2>/dev/null; then /usr/bin/virsh -q destroy stopping > /dev/null 2>&1; fi
exit \$code
END
    plugged "$device"
    test -d "$state/at"
    rm "$state/bin/virsh"
    delete_what_libvirt_cannot
    no_macvtap_is_left
}

@test "in passthrough mode, plugged into a paused guest: the flag is there before the guest runs" {
    local device before
    plug_in "" far1 up1
    before=$(counters up1)
    run_guest paused 128
    virsh -q suspend paused
    attach paused 128 1 "" virtio passthrough "" up1
    device=$(macvtap paused "$(mac 128 1)")
    plugged "$device"
    has_all_multicast "$device"
    is_marked "$device"
    virsh -q resume paused
    rxtrust status
    remove paused
    diff <(echo "$before") <(counters up1)
}

@test "with a broken policy, and without a daemon, it changes nothing and says why" {
    local device
    run_guest broken 129
    attach broken 129 1
    device=$(macvtap broken "$(mac 129 1)")
    echo nonsense | write_policy
    not plugged "$device"
    says "rxtrust.ini:1: neither"
    not has_all_multicast "$device"
    rm "$policy"
    stop_daemon
    not plugged "$device"
    says "cannot ask libvirt: "
    start_daemon
}
