#!/usr/bin/env bats
# Live trust needs virsh: whatever virsh does, the guest starts at once, and the log is true.

load machine

setup() {
    install_hook
    clear_log
    mkdir -p "$state/bin"
}

teardown() {
    rm -rf "$state/bin"
    [[ ! -e /usr/bin/virsh.away ]] || mv /usr/bin/virsh.away /usr/bin/virsh
    remove_all
}

# Becomes the virsh that the hook finds.
fake_virsh() {
    cat > "$state/bin/virsh"
    chmod +x "$state/bin/virsh"
}

# milliseconds COMMAND...: how long it took.
milliseconds() {
    local begin end
    begin=$(date +%s%N)
    "$@"
    end=$(date +%s%N)
    echo $(((end - begin) / 1000000))
}

@test "a virsh that hangs delays no start, is ended, and the log tells" {
    fake_virsh <<< '#!/bin/sh
echo $$ >> /run/e2e/hanging
exec sleep 1000'
    define patient 81 "$(direct 81)"
    define reference 82 "$(direct 82)"
    local hanging usual
    hanging=$(milliseconds virsh -q start patient --paused)
    rm "$state/bin/virsh"
    usual=$(milliseconds virsh -q start reference --paused)
    echo "with a virsh that hangs $hanging ms, with the usual one $usual ms"
    ((hanging < 3 * usual))
    wait_for 60 log_says "guest patient: live: not trusted: virsh: it didn't end in time"
    local pid
    while read -r pid; do
        not kill -0 "$pid"
    done < "$state/hanging"
    is_paused patient
    has_all_multicast "$(macvtap patient)"
}

is_paused() {
    [[ $(virsh domstate "$1") == paused ]]
}

@test "a virsh that fails is tried again, and the log says why it failed" {
    fake_virsh <<< '#!/bin/sh
echo x >> /run/e2e/tries
echo "error: no luck today" >&2
exit 1'
    define unlucky 83 "$(direct 83)"
    start unlucky 83
    wait_for 60 log_says "guest unlucky: live: not trusted: virsh: no luck today"
    [ "$(wc -l < "$state/tries")" -gt 4 ]
    answers_all 83
}

@test "without a virsh the log says so, and the guest answers" {
    mv /usr/bin/virsh /usr/bin/virsh.away
    virsh() {
        virsh.away "$@"
    }
    define alone 84 "$(direct 84)"
    start alone 84
    wait_for 10 log_says "guest alone: live: not trusted: virsh: No such file or directory"
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
        wait_for 30 log_says "guest steady: live: .* trusted, macvtap"
        is_trusted steady
    else
        wait_for 30 log_says "guest steady: live: .* not taken by this libvirt, all-multicast stays"
    fi
    [ "$(virsh domstate steady)" == paused ]
}
