#!/usr/bin/env bats
# shellcheck disable=SC2317 # what follows a function that ends with exec is reached all the same
# What the hook and the commands do when something else happens meanwhile. The order of events is forced, mostly
# by a virsh of the test's own that waits.

load machine

setup() {
    install_hook
    clear_log
    rm -rf "${state:?}"/{at,go,sent.*,pipe-*}
}

teardown() {
    touch "$state/go"
    rm -rf "${state:?}/bin"
    remove_all
    wait_for 60 hook_is_idle
}

# hold_virsh WORD: the first call of the hook's virsh with this word waits until let_go; what is sent is kept.
# A libvirt before 10.0 seems to be one that takes live trust: so the hook sends it, which the test can see.
hold_virsh() {
    fake_virsh <<END
#!/bin/bash
if [[ "\$*" == *"$1"* ]] && mkdir $state/at 2>/dev/null; then
    echo \$\$ > $state/at/virsh
    echo \$PPID > $state/at/caller
    while [[ ! -e $state/go ]]; do sleep 0.05; done
fi
case "\$*" in
*version*)
    set -o pipefail
    /usr/bin/virsh "\$@" | sed 's/daemon: [0-9]\.[0-9.]*/daemon: 11.3.0/'
    exit
    ;;
*update-device*)
    sent=\$(mktemp $state/sent.XXXXXX)
    cat > \$sent
    exec /usr/bin/virsh "\$@" < \$sent
    ;;
esac
exec /usr/bin/virsh "\$@"
END
}

wait_until_held() {
    wait_for 30 test -s "$state/at/caller"
}

let_go() {
    touch "$state/go"
    wait_for 60 hook_is_idle
}

something_was_sent() {
    compgen -G "$state/sent.*"
}

# ---- live trust that comes late ----

@test "a guest that is restarted with 'no' in its XML before its live trust is sent is never trusted" {
    hold_virsh ""
    define late 130 "$(direct 130)"
    virsh -q start late --paused
    wait_until_held
    virsh -q destroy late
    define late 130 "$(direct 130 "trustGuestRxFilters='no'")"
    virsh -q start late --paused
    let_go
    not something_was_sent
    [ "$(live_trust late)" == no ]
    not has_all_multicast "$(macvtap late)"
}

@test "a guest that is restarted with 'no' in its XML while its live trust is under way is not trusted in the end" {
    hold_virsh update-device
    define late 131 "$(direct 131)"
    virsh -q start late --paused
    wait_until_held
    virsh -q destroy late
    define late 131 "$(direct 131 "trustGuestRxFilters='no'")"
    virsh -q start late --paused
    let_go
    not is_trusted late
    not has_all_multicast "$(macvtap late)"
    rxtrust status
}

@test "a guest that is restarted and opted out before its live trust is sent is never trusted" {
    hold_virsh dumpxml
    define late 132 "$(direct 132)"
    virsh -q start late --paused
    wait_until_held
    virsh -q destroy late
    write_policy <<< "[vm:late]
policy = off"
    virsh -q start late --paused
    let_go
    not something_was_sent
    [ -z "$(live_trust late)" ]
    not has_all_multicast "$(macvtap late)"
}

@test "a link that is set down before live trust is sent stays down" {
    hold_virsh ""
    define unplugged 133 "$(direct 133)"
    virsh -q start unplugged --paused
    wait_until_held
    virsh -q domif-setlink unplugged "$(mac 133)" down
    let_go
    something_was_sent
    [[ "$(virsh -q domif-getlink unplugged "$(mac 133)")" == *down ]]
    if libvirt_takes_live_trust; then
        is_trusted unplugged
    fi
}

@test "an opt-out that is applied while live trust is under way wins" {
    hold_virsh update-device
    define turned 134 "$(direct 134)"
    virsh -q start turned --paused
    wait_until_held
    write_policy <<< "[vm:turned]
policy = off"
    rxtrust apply turned > "$state/applied" 2>&1 3>&- &
    local apply=$!
    wait_for 5 has_ended_or_waits_for_a_lock "$apply" || true # as far as it gets
    not grep -q "1 guest as the policy says" "$state/applied"
    let_go
    wait "$apply" || [ -s "$state/applied" ]
    not is_trusted turned
    rxtrust apply turned
    not has_all_multicast "$(macvtap turned)"
    not is_marked "$(macvtap turned)"
    rxtrust status
}

has_ended_or_waits_for_a_lock() {
    ! kill -0 "$1" || grep -qE -- "-> FLOCK .* $1 " /proc/locks
}

@test "an opt-out while live trust is under way: it is taken back, and told" {
    hold_virsh update-device
    define turned 135 "$(direct 135)"
    virsh -q start turned --paused
    wait_until_held
    write_policy <<< "[vm:turned]
policy = off"
    clear_log
    let_go
    not is_trusted turned
    log_says "guest turned: .*$(mac 135)"
    rxtrust apply turned
    rxtrust status
}

@test "a background process that is ended takes its virsh along, and the log names the guest" {
    hold_virsh update-device
    define ended 136 "$(direct 136)"
    virsh -q start ended --paused
    wait_until_held
    [ "$(cat "/proc/$(cat "$state/at/caller")/comm")" == "${hook##*/}" ]
    clear_log
    kill -TERM "$(cat "$state/at/caller")"
    wait_for 5 hook_is_idle
    not kill -0 "$(cat "$state/at/virsh")"
    log_says "guest ended: "
    let_go
    not something_was_sent
    not is_trusted ended
    has_all_multicast "$(macvtap ended)"
}

# ---- whose all-multicast, whose device ----

@test "an administrator's own all-multicast stays over apply, on an opted-out guest" {
    write_policy <<< "[vm:monitored]
policy = off"
    define monitored 137 "$(direct 137)"
    virsh -q start monitored --paused
    ip link set "$(macvtap monitored)" allmulticast on
    rxtrust apply monitored
    has_all_multicast "$(macvtap monitored)"
    not is_marked "$(macvtap monitored)"
    rxtrust status
}

# handmade N DEVICE MODE [UPLINK]: the XML of a guest that libvirt doesn't know.
handmade() {
    echo "<domain type='qemu' id='99'><name>handmade</name><uuid>$(guest_uuid "$1")</uuid><devices>"
    direct "$1" "" virtio "$3" "<target dev='$2'/>" "${4-}"
    echo "</devices></domain>"
}

# untouched DEVICE N MODE OPERATION [UPLINK]: the hook, called for guest N with this device, leaves it alone.
untouched() {
    local before
    before=$(ip link show "$1")
    handmade "$2" "$1" "$3" "${5-}" | "$hook" handmade "$4" begin -
    wait_for 60 hook_is_idle
    diff <(echo "$before") <(ip link show "$1")
}

@test "a device that has become another guest's, with another MAC address, is not touched" {
    local operation
    ip link add link up0 name macvtap77 address "$(mac 138)" type macvtap mode bridge
    for operation in start reconnect; do
        untouched macvtap77 139 bridge "$operation"
    done
    handmade 138 macvtap77 bridge | "$hook" handmade start begin -
    has_all_multicast macvtap77
    is_marked macvtap77
    local mark="rxtrust ffffffff-0000-4000-8000-000000000001: all-multicast"
    [ "$(cat /sys/class/net/macvtap77/ifalias)" != "$mark" ]
    ip link del macvtap77

    plug_in "" far1 up1
    ip link add link up1 name macvtap78 type macvtap mode passthru
    ip link set macvtap78 up
    for operation in start started reconnect; do
        untouched macvtap78 139 passthrough "$operation" up1
    done
    ip link set macvtap78 allmulticast on alias "$mark"
    untouched macvtap78 139 passthrough stopped up1
    ip link del up1
}

# ---- restored guests ----

is_tainted() {
    grep -q 'tainted: hook-script' "/var/log/libvirt/qemu/$1.log"
}

# restore NAME: from a managed save, paused.
restore() {
    virsh -q managedsave "$1"
    virsh -q start "$1" --paused
}

@test "a restored guest without macvtap, or opted out, is not tainted; one whose XML is changed is" {
    define without 140 ""
    virsh -q start without --paused
    restore without
    not is_tainted without
    write_policy <<< "[vm:opted-out]
policy = off"
    define opted-out 141 "$(direct 141)"
    virsh -q start opted-out --paused
    restore opted-out
    not is_tainted opted-out
    rm "$policy"
    restore opted-out
    is_trusted opted-out
    is_tainted opted-out
}

# ---- guests that end ----

@test "a guest that ends while status or apply looks is left out, and the others are told" {
    local command
    define fleeting-1 144 "$(direct 144)"
    define lasting 145 "$(direct 145)"
    define fleeting-2 146 "$(direct 146)"
    virsh -q start lasting --paused
    for command in "status --json" "status" "apply"; do
        virsh -q start fleeting-1 --paused
        virsh -q start fleeting-2 --paused
        wait_for 60 hook_is_idle
        rm -rf "$state/at"
        fake_virsh <<END
#!/bin/sh
case "\$*" in
*dumpxml*)
    if mkdir $state/at 2>/dev/null; then
        /usr/bin/virsh -q destroy fleeting-1
        /usr/bin/virsh -q destroy fleeting-2
    fi
    ;;
esac
exec /usr/bin/virsh "\$@"
END
        # shellcheck disable=SC2086 # words
        rxtrust $command > "$state/output" 2> "$state/errors"
        test -d "$state/at"
        [ ! -s "$state/errors" ]
        not grep -q fleeting "$state/output"
        grep -qE 'lasting|^1 guest as the policy says' "$state/output"
        rm -rf "${state:?}/bin"
    done
}

@test "a transient guest that ends meanwhile: the log says that it is gone, and apply leaves it out" {
    local command
    define passing 143 "$(direct 143)"
    virsh -q undefine passing
    cp "$state/domain.xml" "$state/transient.xml"
    for command in started apply; do
        fake_virsh <<END
#!/bin/sh
case "\$*" in *dumpxml*) mkdir $state/at 2>/dev/null && /usr/bin/virsh -q destroy passing ;; esac
exec /usr/bin/virsh "\$@"
END
        if [[ $command == apply ]]; then
            mv "$state/bin/virsh" "$state/bin/later"
            virsh -q create "$state/transient.xml"
            wait_for 40 hook_is_idle
            clear_log
            mv "$state/bin/later" "$state/bin/virsh"
            rxtrust apply > "$state/output"
        else
            virsh -q create "$state/transient.xml"
            wait_for 40 log_says "guest passing: started: the guest is gone"
        fi
        test -d "$state/at"
        not log_says "well-formed"
        wait_for 20 hook_is_idle
        delete_what_libvirt_cannot
        rm -r "${state:?}"/{at,bin}
    done
}
