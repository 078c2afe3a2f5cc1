#!/usr/bin/env bats
# shellcheck disable=SC2317 # what follows a function that ends with exec is reached all the same
# What the hook and the commands do when something else happens meanwhile. The order of events is forced, mostly
# by a virsh of the test's own that waits.

load machine

setup() {
    install_hook
    clear_log
    rm -rf "${state:?}"/{at,go,sent.*,dumps}
}

teardown() {
    touch "$state/go"
    rm -rf "${state:?}/bin"
    remove_all
    settle
    [[ ! -e /sys/class/net/mine0 ]] || ip link del mine0
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
    settle
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
    not grep -q "as the policy says" "$state/applied"
    let_go
    wait "$apply" || [ -s "$state/applied" ]
    not is_trusted turned
    rxtrust apply turned
    not has_all_multicast "$(macvtap turned)"
    has_no_alias "$(macvtap turned)"
    is opted-out turned
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
    wait_for 5 log_says "guest ended: "
    let_go
    not something_was_sent
    not is_trusted ended
    has_all_multicast "$(macvtap ended)"
}

# ---- which device ----

@test "a macvtap that goes and comes anew, by the same name, while apply looks is not the guest's" {
    local device
    policy_is off
    define replaced 138 "$(direct 138)"
    virsh -q start replaced --paused
    device=$(macvtap replaced)
    policy_is multicast
    fake_virsh <<END
#!/bin/bash
/usr/bin/virsh "\$@"
code=\$?
if [[ "\$*" == *dumpxml* ]]; then
    ip link del $device && ip link add link up0 name $device type macvtap mode bridge
    touch $state/at
fi
exit \$code
END
    not rxtrust apply replaced
    [ -e "$state/at" ]
    not has_all_multicast "$device"
    has_no_alias "$device"
    rm "$state/bin/virsh"
    # Now it is, as far as anybody can tell.
    rxtrust apply replaced
    is_marked "$device"
    virsh -q destroy replaced
    ip link del "$device" 2>/dev/null || true
}

# What the guest's stop takes back is taken back for good.
@test "an apply that is late leaves nothing on a macvtap of somebody else's whose guest has stopped meanwhile" {
    ip link add link up0 name mine0 type macvtap mode bridge
    define borrower 139 "<interface type='ethernet'><mac address='$(mac 139)'/><target dev='mine0' managed='no'/>
        <model type='virtio'/></interface>"
    virsh -q start borrower --paused
    settle
    ip link set mine0 allmulticast off
    fake_virsh <<END
#!/bin/bash
/usr/bin/virsh "\$@" > $state/output
code=\$?
if [[ "\$*" == *dumpxml* ]]; then
    echo x >> $state/dumps
    if ((\$(wc -l < $state/dumps) == 2)); then
        touch $state/at
        until [[ -e $state/go ]]; do sleep 0.05; done
    fi
fi
cat $state/output
exit \$code
END
    rm -f "$state/dumps"
    rxtrust apply borrower > "$state/applied" 2>&1 3>&- &
    local apply=$!
    wait_for 20 test -e "$state/at"
    virsh -q destroy borrower
    touch "$state/go"
    wait "$apply" || true
    not has_all_multicast mine0
    has_no_alias mine0
}

# ---- restored guests ----

is_tainted() {
    grep -q 'tainted: hook-script' "/var/log/libvirt/qemu/$1.log"
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
        settle
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
        grep -qE 'lasting|^1 guest' "$state/output"
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
            settle
            clear_log
            mv "$state/bin/later" "$state/bin/virsh"
            rxtrust apply > "$state/output"
        else
            virsh -q create "$state/transient.xml"
            wait_for 40 log_says "guest passing: started: the guest is gone"
        fi
        test -d "$state/at"
        not log_says "well-formed"
        settle
        delete_what_libvirt_cannot
        rm -r "${state:?}"/{at,bin}
    done
}
