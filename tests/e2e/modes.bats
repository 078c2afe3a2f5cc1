#!/usr/bin/env bats
# A guest's whole life in each of macvtap's modes: it answers all the way, and leaves the host device as it was,
# so that the next guest starts there. The kernel and libvirt treat the modes differently, passthrough above all.

load machine

# Each test has an uplink of its own: passthrough mode shares it with nobody, and one that is spoilt spoils one test.
setup() {
    install_hook
    clear_log
    plug_in "" far1 up1
    before=$(counters up1)
    rm -rf "${state:?}"/{at,go,dumps,output}
}

teardown() {
    touch "$state/go"
    rm -rf "${state:?}/bin"
    remove_all
    wait_for 60 hook_is_idle
    ip link del up1
    [[ ! -e /sys/class/net/up2 ]] || ip link del up2
}

# define_on_up1 NAME N MODE
define_on_up1() {
    define "$1" "$2" "$(direct "$2" "" virtio "$3" "" up1)"
}

# has_ended NAME: the guest has, and what it had of the host is given back.
has_ended() {
    wait_for 30 eval "[[ \$(virsh domstate $1) == 'shut off' ]]"
    wait_for 30 nothing_is_held
    delete_what_libvirt_cannot
    no_macvtap_is_left
    diff <(echo "$before") <(counters up1)
}

policy_is() {
    write_policy <<< "[default]
policy = $1"
}

# takes_all NAME: by rxtrust. In passthrough mode it comes once the device is up.
takes_all() {
    wait_for 20 has_all_multicast "$(macvtap "$1")"
    is_marked "$(macvtap "$1")"
}

takes_its_own() {
    not has_all_multicast "$(macvtap "$1")"
    not is_marked "$(macvtap "$1")"
}

# gets_the_policy NAME N MODE: a guest that the policy trusts.
gets_the_policy() {
    if [[ $3 == passthrough ]]; then # where trust comes down to all-multicast
        takes_all "$1"
        [ -z "$(live_trust "$1")" ]
    elif libvirt_takes_live_trust; then
        wait_for 20 is_trusted "$1"
    fi
    answers_all "$2"
}

# trusted_life MODE N
trusted_life() {
    local name=trusted-$1
    define_on_up1 "$name" "$2" "$1"
    virsh dumpxml --inactive "$name" > "$state/before.xml"
    start "$name" "$2"
    gets_the_policy "$name" "$2" "$1"

    virsh -q suspend "$name"
    virsh -q resume "$name"
    gets_the_policy "$name" "$2" "$1"

    virsh -q managedsave "$name"
    has_ended "$name"
    virsh -q start "$name"
    gets_the_policy "$name" "$2" "$1"
    virsh -q destroy "$name"
    has_ended "$name"

    # A paused guest's device is down all its life.
    virsh -q start "$name" --paused
    virsh -q managedsave "$name"
    has_ended "$name"
    virsh -q start "$name" --paused
    virsh -q destroy "$name"
    has_ended "$name"

    start "$name" "$2"
    restart_daemon
    gets_the_policy "$name" "$2" "$1"
    virsh -q destroy "$name"
    has_ended "$name"
    virsh dumpxml --inactive "$name" | diff "$state/before.xml" -

    start "$name" "$2"
    gets_the_policy "$name" "$2" "$1"
}

# multicast_life MODE N
multicast_life() {
    local name=listening-$1
    policy_is multicast
    define_on_up1 "$name" "$2" "$1"
    start "$name" "$2"
    takes_all "$name"
    answers_all "$2"

    policy_is off
    "$program" apply "$name"
    takes_its_own "$name"
    is_silent "$2"
    policy_is multicast
    "$program" apply "$name"
    takes_all "$name"
    answers_all "$2"

    virsh -q suspend "$name"
    virsh -q destroy "$name"
    has_ended "$name"

    start "$name" "$2"
    takes_all "$name"
    answers_all "$2"
    kill -KILL "$(cat "/run/libvirt/qemu/$name.pid")"
    has_ended "$name"

    virsh -q start "$name" --paused
    "$program" apply "$name" || [ "$1" == passthrough ] # whose device must be up first
    policy_is off
    "$program" apply "$name"
    takes_its_own "$name"
    virsh -q destroy "$name"
    has_ended "$name"

    policy_is multicast
    virsh -q start "$name" --paused
    virsh -q resume "$name"
    wait_until_up "$2"
    takes_all "$name"
    answers_all "$2"
    [ -z "$(live_trust "$name")" ]
    virsh -q destroy "$name"
    has_ended "$name"
}

@test "bridge mode: a trusted guest's whole life, and the next starts" {
    trusted_life bridge 120
}

@test "vepa mode: a trusted guest's whole life, and the next starts" {
    trusted_life vepa 121
}

@test "private mode: a trusted guest's whole life, and the next starts" {
    trusted_life private 122
}

@test "passthrough mode: all-multicast instead of trust for a guest's whole life, and the next starts" {
    trusted_life passthrough 123
}

@test "bridge mode: a guest that gets multicast only is opted out and back, killed and started again" {
    multicast_life bridge 124
}

@test "vepa mode: a guest that gets multicast only is opted out and back, killed and started again" {
    multicast_life vepa 125
}

@test "private mode: a guest that gets multicast only is opted out and back, killed and started again" {
    multicast_life private 126
}

@test "passthrough mode: a guest that gets multicast only is opted out and back, killed and started again" {
    multicast_life passthrough 127
}

@test "passthrough mode: a guest whose start fails takes nothing from the one that has the device" {
    define_on_up1 first 57 passthrough
    start first 57
    takes_all first
    define second 58 "$(direct 58 "trustGuestRxFilters='yes'" virtio passthrough "" up1)"
    not virsh -q start second
    define third 59 "$(direct 57 "" virtio passthrough "" up1)" # with the first's MAC address
    not virsh -q start third
    takes_all first
    answers_all 57
    "$program" apply first
    virsh -q destroy first
    has_ended first
}

@test "passthrough mode: on a device that somebody else has named nothing is set, and status says why" {
    define_on_up1 named 59 passthrough
    virsh -q start named --paused
    ip link set "$(macvtap named)" alias "the administrator's"
    virsh -q resume named
    wait_until_up 59
    wait_for 60 hook_is_idle
    not has_all_multicast "$(macvtap named)"
    not "$program" status > "$state/output"
    grep -q "^named .* NOT as the policy says: the device: it has an alias of somebody else's" "$state/output"
    ip link set "$(macvtap named)" alias ""
    "$program" apply named
    takes_all named
    virsh -q destroy named
    has_ended named
}

borrowed() {
    echo "<interface type='ethernet'><mac address='$(mac "$1" "$2")'/><target dev='$3' managed='no'/>" \
        "<model type='virtio'/></interface>"
}

both_are_awaited() {
    "$program" status > "$state/status" || return 1
    (($(grep -c 'as the policy says: all-multicast as soon as the device is up' "$state/status") == 2))
}

# They outlive the guest: nothing of it stays on them, nor a process that waits for them.
@test "passthrough mode: macvtaps that somebody else made, down while the guest stops, up one after the other" {
    plug_in "" far2 up2
    before2=$(counters up2)
    ip link add link up1 name mine1 type macvtap mode passthru
    ip link add link up2 name mine2 type macvtap mode passthru
    define borrower 130 "$(borrowed 130 0 mine1)$(borrowed 130 1 mine2)"

    virsh -q start borrower
    wait_for 20 both_are_awaited
    virsh -q destroy borrower
    wait_for 20 nothing_is_held
    [ -z "$(cat /sys/class/net/mine1/ifalias /sys/class/net/mine2/ifalias)" ]

    virsh -q start borrower
    wait_for 20 both_are_awaited
    ip link set mine1 up
    wait_for 20 has_all_multicast mine1
    not has_all_multicast mine2
    ip link set mine2 up
    wait_for 20 has_all_multicast mine2
    virsh -q destroy borrower
    wait_for 20 nothing_is_held
    not has_all_multicast mine1
    not is_marked mine2

    ip link set mine1 down
    ip link set mine2 down
    # One comes, and is up, while another is waited for.
    define borrower 130 "$(borrowed 130 0 mine1)"
    clear_log
    virsh -q start borrower
    wait_for 20 log_says 'started: .*all-multicast as soon as mine1 is up'
    borrowed 130 1 mine2 > "$state/borrowed.xml"
    virsh -q attach-device borrower "$state/borrowed.xml" --live
    not "$program" status
    "$program" apply borrower
    wait_for 20 both_are_awaited
    ip link set mine2 up
    wait_for 20 has_all_multicast mine2
    not has_all_multicast mine1
    virsh -q destroy borrower
    wait_for 20 nothing_is_held
    ip link set mine2 down

    # The one that is waited for goes when another one has come.
    define borrower 130 "$(borrowed 130 0 mine1)"
    clear_log
    virsh -q start borrower
    wait_for 20 log_says 'started: .*all-multicast as soon as mine1 is up'
    borrowed 130 1 mine2 > "$state/borrowed.xml"
    virsh -q attach-device borrower "$state/borrowed.xml" --live
    ip link del mine1
    wait_for 20 log_says 'started: .*all-multicast as soon as mine2 is up'
    ip link set mine2 up
    wait_for 20 has_all_multicast mine2
    virsh -q destroy borrower
    wait_for 20 nothing_is_held
    diff <(echo "$before") <(counters up1)
    ip link set mine2 down
    diff <(echo "$before2") <(counters up2)
}

# begin_in_steps COMMAND...: beside the test; it stops after each request to the kernel, until go_on.
begin_in_steps() {
    strace -qq -o /dev/null -e trace=sendto -e inject=sendto:signal=SIGSTOP "$@" > /dev/null 2>&1 3>&- &
    tracer=$!
    wait_for 20 is_stopped
}

# And not for the moment that strace takes at each system call.
is_stopped() {
    local look
    for look in {1..10}; do
        [[ $(ps -o stat= --ppid "$tracer") == [tT]* ]] || return 1
    done
}

go_on() {
    kill -CONT "$(pgrep -P "$tracer")"
    wait_for 20 is_stopped
}

# go_on_until COMMAND...: with one step at least.
go_on_until() {
    go_on
    until "$@"; do
        go_on
    done
}

# has_a_name DEVICE [WORDS]: its alias is rxtrust's, and says this.
has_a_name() {
    grep -q "^rxtrust .*${2:-}" "/sys/class/net/$1/ifalias"
}

holds_a_device() {
    compgen -G '/run/rxtrust.link-*' > /dev/null
}

has_ended_in_steps() {
    ! is_stopped || kill -CONT "$(pgrep -P "$tracer")"
    ! kill -0 "$tracer"
}

@test "passthrough mode: a guest that is suspended just before all-multicast is set leaves the host device as it was" {
    policy_is off
    define_on_up1 pausing 132 passthrough
    virsh -q start pausing
    wait_for 60 hook_is_idle
    policy_is trust
    begin_in_steps "$program" apply pausing
    go_on_until has_a_name "$(macvtap pausing)" "nothing is set"
    go_on_until not holds_a_device
    go_on_until holds_a_device # and has looked whether it is up
    virsh -q suspend pausing
    wait_for 60 has_ended_in_steps
    has_all_multicast "$(macvtap pausing)"
    virsh -q destroy pausing
    has_ended pausing
    policy_is multicast
    define_on_up1 next 133 bridge
    virsh -q start next
}

@test "passthrough mode: a guest that is resumed while it is opted out has its device up" {
    define_on_up1 resumed 134 passthrough
    virsh -q start resumed
    takes_all resumed
    wait_for 60 hook_is_idle
    virsh -q suspend resumed
    policy_is off
    begin_in_steps "$program" apply resumed
    go_on_until holds_a_device
    go_on
    virsh -q resume resumed
    wait_for 60 has_ended_in_steps
    not has_all_multicast "$(macvtap resumed)"
    ip link show up dev "$(macvtap resumed)" | grep -q macvtap
    virsh -q destroy resumed
    has_ended resumed
}

@test "passthrough mode: what the daemon's restart sets while apply is about to name the device stays marked" {
    policy_is off
    define_on_up1 named 135 passthrough
    virsh -q start named
    wait_for 60 hook_is_idle
    virsh dumpxml named > "$state/output"
    policy_is trust
    begin_in_steps "$program" apply named
    go_on
    not has_a_name "$(macvtap named)"
    "$hook" named reconnect begin - < "$state/output" > /dev/null 3>&-
    is_marked "$(macvtap named)"
    wait_for 60 has_ended_in_steps
    is_marked "$(macvtap named)"
    virsh -q destroy named
    has_ended named
}

@test "passthrough mode: the host device is as it was also when libxml2 went while the guest ran" {
    define_on_up1 upgraded 138 passthrough
    virsh -q start upgraded
    takes_all upgraded
    wait_for 60 hook_is_idle
    take_away_libxml2
    virsh -q destroy upgraded
    has_ended upgraded
}

@test "passthrough mode: a guest that stops takes nothing from another that has its macvtap now" {
    ip link add link up1 name mine1 type macvtap mode passthru
    ip link set mine1 up
    define lender 136 "$(borrowed 136 0 mine1)"
    define taker 137 "$(borrowed 137 0 mine1)"
    virsh -q start lender
    wait_for 20 has_all_multicast mine1
    virsh -q start taker
    wait_for 60 hook_is_idle
    virsh -q destroy lender
    has_all_multicast mine1
    "$program" status
    virsh -q destroy taker
    not has_all_multicast mine1
    ip link del mine1
    diff <(echo "$before") <(counters up1)
}

@test "passthrough mode: nothing is set just after the guest has stopped, on a macvtap that somebody else made" {
    ip link add link up1 name mine1 type macvtap mode passthru
    define borrower 131 "$(borrowed 131 0 mine1)"
    virsh -q start borrower
    wait_for 20 log_says 'started: .*all-multicast as soon as mine1 is up'
    # It tells of the guest as it was before.
    fake_virsh <<END
#!/bin/bash
/usr/bin/virsh "\$@" > $state/output
if mkdir $state/at; then
    until [[ -e $state/go ]]; do sleep 0.05; done
fi
cat $state/output
END
    ip link set mine1 up
    wait_for 20 test -d "$state/at"
    virsh -q destroy borrower
    not has_all_multicast mine1
    touch "$state/go"
    wait_for 20 log_says 'started: the guest is gone'
    wait_for 20 nothing_is_held
    not has_all_multicast mine1
    [ -z "$(cat /sys/class/net/mine1/ifalias)" ]
    ip link del mine1
    diff <(echo "$before") <(counters up1)
}

# Its XML names no host device when it stops.
@test "passthrough mode: a guest on a network that stops leaves alone the device of another with its MAC address" {
    plug_in "" far2 up2
    virsh -q net-define /dev/stdin <<< "<network><name>passing</name>
        <forward mode='passthrough'><interface dev='up2'/></forward></network>"
    virsh -q net-start passing
    write_policy <<< "[vm:second]
policy = off"
    define first 132 "<interface type='network'><mac address='$(mac 132)'/><source network='passing'/>
        <model type='virtio'/></interface>"
    define second 133 "$(direct 132 "" virtio passthrough "" up1)"
    virsh -q start first --paused
    virsh -q start second --paused
    virsh -q destroy first
    wait_for 20 nothing_is_held
    [ -z "$(cat "/sys/class/net/$(macvtap second)/ifalias")" ]
    virsh -q destroy second
    virsh -q net-destroy passing
    virsh -q net-undefine passing
}

# hold_dump N [COMMAND]: the Nth dump that the hook has from virsh, made after COMMAND, comes late.
hold_dump() {
    fake_virsh <<END
#!/bin/bash
if [[ "\$*" == *dumpxml* ]]; then
    echo >> $state/dumps
    if ((\$(wc -l < $state/dumps) == $1)); then
        ${2-}
        /usr/bin/virsh "\$@" > $state/output
        mkdir $state/at
        until [[ -e $state/go ]]; do sleep 0.05; done
        exec cat $state/output
    fi
fi
exec /usr/bin/virsh "\$@"
END
}

@test "passthrough mode: a guest that is started again while the background looks at the one that stopped" {
    define again 134 "$(direct 134 "" virtio passthrough "" up1)"
    hold_dump 2 "/usr/bin/virsh -q destroy again"
    virsh -q start again
    wait_for 20 test -d "$state/at"
    [ "$(virsh domstate again)" == "shut off" ]
    delete_what_libvirt_cannot
    virsh -q start again --paused
    touch "$state/go"
    wait_for 20 log_says 'started: the guest is gone'
    virsh -q resume again
    wait_for 20 has_all_multicast "$(macvtap again)"
    virsh -q destroy again
    has_ended again
}

@test "passthrough mode: what the background set by an old XML is taken back from a guest that says 'no' now" {
    ip link add link up1 name mine1 type macvtap mode passthru
    ip link set mine1 up
    define borrower 135 "$(borrowed 135 0 mine1)"
    hold_dump 1
    virsh -q start borrower
    wait_for 20 test -d "$state/at"
    virsh -q destroy borrower
    define borrower 135 "$(borrowed 135 0 mine1 | sed "s/<interface/& trustGuestRxFilters='no'/")"
    virsh -q start borrower
    touch "$state/go"
    wait_for 20 hook_is_idle
    not has_all_multicast mine1
    "$program" status
    virsh -q destroy borrower
    [ -z "$(cat /sys/class/net/mine1/ifalias)" ]
    ip link del mine1
}
