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
    start unlucky 82
    answers_all 82
    wait_for 60 log_says "guest patient: started: libvirt can't be asked, so nothing more is done: virsh: it didn't end in time"
    wait_for 60 log_says "guest unlucky: started: libvirt can't be asked, so nothing more is done: virsh: no luck today"
    [ "$(wc -l < "$state/tries")" -gt 4 ]
    local pid
    while read -r pid; do
        not kill -0 "$pid"
    done < "$state/hanging"
    [ "$(virsh domstate patient)" == paused ]
    has_all_multicast "$(macvtap patient)"
}

@test "without a virsh the log says so, and the guest answers" {
    mv /usr/bin/virsh /usr/bin/virsh.away
    virsh() {
        virsh.away "$@"
    }
    define alone 84 "$(direct 84)"
    start alone 84
    wait_for 10 log_says "guest alone: started: libvirt can't be asked, so nothing more is done: virsh: No such file or directory"
    answers_all 84
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
    if libvirt_takes_live_trust; then
        wait_for 30 log_says "guest steady: started: .*: as the policy says: trusted"
        is_trusted steady
    else
        wait_for 30 log_says "guest steady: started: .*: as the policy says: all-multicast: libvirt before 10.0"
    fi
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
    wait_for 30 log_says "guest regretted: started: $(mac 86): .*left alone: off by policy"
    wait_for 30 log_says "guest regretted: started: $(mac 86 1): .*: as the policy says: "
    not is_trusted regretted 1
    ! libvirt_takes_live_trust || is_trusted regretted 2
}
