#!/usr/bin/env bats
# Live trust needs virsh: whatever virsh does, the guest starts at once, and the log is true.

load machine

setup() {
    install_hook
    clear_log
    mkdir -p "$state/bin"
}

teardown() {
    rm -rf /run/e2e/bin
    [[ ! -e /usr/bin/virsh.away ]] || mv /usr/bin/virsh.away /usr/bin/virsh
    remove_many
    remove_all
}

# milliseconds COMMAND...: how long it took.
milliseconds() {
    local begin end
    begin=$(date +%s%N)
    "$@"
    end=$(date +%s%N)
    echo $(((end - begin) / 1000000))
}

@test "a virsh that hangs or fails delays no start, is ended or tried again, and the log tells" {
    fake_virsh <<END
#!/bin/sh
case "\$*" in
*$(guest_uuid 81)*)
    echo \$\$ >> $state/hanging
    exec sleep 1000
    ;;
*$(guest_uuid 82)*)
    echo x >> $state/tries
    echo "error: no luck today" >&2
    exit 1
    ;;
esac
exec /usr/bin/virsh "\$@"
END
    define patient 81 "$(direct 81)"
    define unlucky 82 "$(direct 82)"
    define reference 83 "$(direct 83)"
    local hanging usual
    hanging=$(milliseconds virsh -q start patient --paused)
    usual=$(milliseconds virsh -q start reference --paused)
    echo "with a virsh that hangs $hanging ms, with the usual one $usual ms"
    ((hanging < usual + 10000)) # a start that waited for virsh would take the 30 s that virsh is given
    virsh -q start unlucky --paused
    wait_for 60 log_says "guest patient: started: .*virsh did not answer in time"
    wait_for 60 log_says "guest unlucky: started: .*no luck today"
    [ "$(wc -l < "$state/tries")" -gt 4 ]
    local pid
    while read -r pid; do
        not kill -0 "$pid"
    done < "$state/hanging"
    is_marked "$(macvtap patient)"
    is_marked "$(macvtap unlucky)"
}

# refuses_for N I: a virsh that refuses to change this interface of the guest, and says that the daemon takes live trust;
# what else is to be changed is kept.
refuses_for() {
    rm -f "$state"/sent.*
    fake_virsh <<END
#!/bin/bash
case "\$*" in
*update-device*)
    sent=\$(mktemp $state/sent.XXXXXX)
    cat > \$sent
    if grep -q $(mac "$1" "$2") \$sent; then
        echo "error: no luck today" >&2
        exit 1
    fi
    exec /usr/bin/virsh "\$@" < \$sent
    ;;
*version*)
    set -o pipefail
    /usr/bin/virsh "\$@" | sed 's/daemon: [0-9]\.[0-9.]*/daemon: 11.3.0/'
    exit
    ;;
esac
exec /usr/bin/virsh "\$@"
END
}

@test "virsh refuses one interface of a guest: the other is trusted, whichever comes first" {
    local refused other
    define half-lucky 87 "$(direct 87)$(direct 87 | sed "s/$(mac 87)/$(mac 87 1)/")"
    for refused in 0 1; do
        other=$((1 - refused))
        clear_log
        refuses_for 87 $refused
        virsh -q start half-lucky --paused
        wait_for 60 eval "grep -q $(mac 87 $other) $state/sent.*"
        wait_for 60 log_says "guest half-lucky: started: $(mac 87 $refused): .*no luck today"
        settle
        ! libvirt_takes_live_trust || is_trusted half-lucky $((other + 1))
        not is_trusted half-lucky $((refused + 1))
        has_all_multicast "$(macvtap half-lucky "$(mac 87 $refused)")"
        virsh -q destroy half-lucky
        delete_what_libvirt_cannot
    done
}

@test "virsh refuses to take trust back: it stays rxtrust's, by its note or by the alias of 0.1.0, and the log says why" {
    local number
    define told-92 92 "$(direct 92)"
    define told-93 93 "$(direct 93 "trustGuestRxFilters='yes'")"
    virsh -q start told-92 --paused
    trust_by_rxtrust told-92
    virsh -q start told-93 --paused
    settle
    ip link set "$(macvtap told-93)" allmulticast on alias "rxtrust $(guest_uuid 93): all-multicast, trust"
    policy_is off
    for number in 92 93; do
        refuses_for $number 0
        not rxtrust apply told-$number > "$state/output" 2>&1
        grep "still-trusted: .*; last attempt: no luck today" "$state/output"
        is still-trusted told-$number
        not is_marked "$(macvtap told-$number)"
    done
    libvirt_takes_live_trust || return 0
    rm "$state/bin/virsh"
    rxtrust apply
    for number in 92 93; do
        is opted-out told-$number
        not is_trusted told-$number
        not has_all_multicast "$(macvtap told-$number)"
        has_no_alias "$(macvtap told-$number)"
    done
}

@test "where root must authenticate to change anything, all that only looks works, and so does all-multicast" {
    fake_virsh <<'END'
#!/bin/sh
case " $* " in *" -r "* | *" --readonly "*) exec /usr/bin/virsh "$@" ;; esac
echo "error: failed to connect to the hypervisor" >&2
echo "error: authentication failed: Failed to start SASL negotiation" >&2
exit 1
END
    policy_is multicast
    define locked 88 "$(direct 88)"
    virsh -q start locked --paused
    settle
    rxtrust status
    rxtrust explain locked
    rxtrust check --guests
    ip link set "$(macvtap locked)" allmulticast off
    rxtrust apply
    has_all_multicast "$(macvtap locked)"
}

@test "every user whom libvirt lets look may ask for status, explain and check" {
    local as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/ "$state/rxtrust")
    cp "$program" "$state/rxtrust"
    define public 89 "$(direct 89)"
    virsh -q start public --paused
    settle
    chmod 700 /run/libvirt/libvirt-sock # as where polkit guards it
    "${as_nobody[@]}" status | grep public
    "${as_nobody[@]}" explain public | grep "$(mac 89)"
    "${as_nobody[@]}" check --guests | grep public
    ip link set "$(macvtap public)" allmulticast off
    not "${as_nobody[@]}" apply
    not has_all_multicast "$(macvtap public)"
    policy_is off
    chmod 600 "$policy"
    "${as_nobody[@]}" explain public > "$state/output" 2>&1 || (($? == 2))
    grep 'Permission denied' "$state/output"
    not grep mended "$state/output"
}

@test "with 1,400 guests every one is looked at" {
    local number
    stop_daemon
    for number in {1..1400}; do
        cat > "/etc/libvirt/qemu/many-$number.xml" <<END
<domain type='qemu'><name>many-$number</name><uuid>$(printf '0ddba11c-0000-4000-9000-%012x' "$number")</uuid>
<memory unit='MiB'>8</memory><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>
<interface type='direct'><mac address='$(printf '52:54:00:b0:%02x:%02x' $((number / 256)) $((number % 256)))'/>
<source dev='up0' mode='bridge'/><model type='virtio'/></interface></devices></domain>
END
    done
    start_daemon
    rxtrust check --guests --json | jq -r '.[].guest' | grep '^many-' | sort -u > "$state/output"
    [ "$(wc -l < "$state/output")" == 1400 ]
}

remove_many() {
    [[ -e /etc/libvirt/qemu/many-1.xml ]] || return 0
    stop_daemon
    rm /etc/libvirt/qemu/many-*.xml
    start_daemon
}

@test "without a virsh the log says so, and the guest has all-multicast" {
    mv /usr/bin/virsh /usr/bin/virsh.away
    virsh() {
        virsh.away "$@"
    }
    define alone 84 "$(direct 84)"
    virsh -q start alone --paused
    wait_for 10 log_says "guest alone: started: .*cannot run virsh: No such file or directory"
    is_marked "$(macvtap alone)"
}

@test "the daemon may be restarted while live trust is under way" {
    fake_virsh <<END
#!/bin/sh
echo x > $state/under-way
while [ ! -e $state/go ]; do sleep 0.05; done
exec /usr/bin/virsh "\$@"
END
    define steady 85 "$(direct 85)"
    virsh -q start steady --paused
    wait_for 10 test -e "$state/under-way"
    stop_daemon
    touch "$state/go"
    start_daemon
    settle
    ! libvirt_takes_live_trust || is trusted steady
    libvirt_takes_live_trust || is multicast steady
    log_says "guest steady: started: $(mac 85): "
    [ "$(virsh domstate steady)" == paused ]
}

@test "an opt-out while virsh fails counts: the guest is not trusted" {
    fake_virsh <<END
#!/bin/sh
echo "\$*" >> $state/calls-of-virsh
[ -e $state/reachable ] && exec /usr/bin/virsh "\$@"
echo "error: failed to connect to the hypervisor" >&2
exit 1
END
    : > "$state/calls-of-virsh"
    define regretted 86 "$(direct 86) $(direct 86 | sed "s/$(mac 86)/$(mac 86 1)/")"
    virsh -q start regretted --paused
    wait_for 10 test -s "$state/calls-of-virsh"
    write_policy <<END
[rule:the first]
mac = $(mac 86)
policy = off
END
    touch "$state/reachable"
    settle
    is opted-out regretted "$(mac 86)"
    not has_all_multicast "$(macvtap regretted "$(mac 86)")"
    not is_trusted regretted 1
    ! libvirt_takes_live_trust || is_trusted regretted 2
}
