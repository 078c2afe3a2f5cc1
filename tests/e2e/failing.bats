#!/usr/bin/env bats
# rxtrust is never the reason that a guest doesn't start, move or survive.

load machine

setup() {
    install_hook
    clear_log
}

teardown() {
    ln -sf "$state"/log /dev/log
    remove_all
}

# starts_and_survives NAME N
starts_and_survives() {
    define "$1" "$2" "$(direct "$2")"
    start "$1" "$2"
    restart_daemon
    is_running "$1"
}

# The daemon may answer before it calls the hook.
survives_untouched() {
    wait_for 20 log_says "guest $1: reconnect: nothing is done for this guest"
    not has_all_multicast "$(macvtap "$1")"
}

@test "a broken policy changes no guest, and the log names its line" {
    write_policy <<'END'
[default]
policy = trust
[vm:ha]
polcy = off
END
    starts_and_survives unlucky 21
    survives_untouched unlucky
    log_says "guest unlucky: /etc/libvirt/rxtrust.ini:4: unknown key 'polcy'"
}

@test "a policy that anyone may write is no policy" {
    write_policy <<'END'
[default]
policy = trust
END
    chmod 666 "$policy"
    starts_and_survives unlucky 22
    survives_untouched unlucky
    log_says "rxtrust.ini: it can be written by group or others"
}

@test "with the policy gone the defaults hold" {
    rm -f "$policy"
    starts_and_survives lucky 23
    answers_all 23
    log_says "guest lucky: start: .*all-multicast on .* policy = trust in \[default\]"
}

@test "without /dev/log the guest starts, and stderr tells" {
    rm /dev/log
    echo nonsense | write_policy
    starts_and_survives unheard 24
    grep -q 'rxtrust.ini:1: neither \[section\] nor key = value' "$daemon_log"
}

@test "without memory the guest starts, and the log tells" {
    gcc -shared -fPIC -o "$state"/fail.so tests/faults/fail.c -ldl
    mv "$hook" "$state"/qemu
    printf '#!/bin/sh\nFAIL_FROM=1 LD_PRELOAD=%s exec %s "$@"\n' "$state"/fail.so "$state"/qemu > "$hook"
    chmod +x "$hook"
    starts_and_survives starved 25
    wait_for 20 hook_is_idle
    not has_all_multicast "$(macvtap starved)"
    grep -q 'out of memory' "$syslog" # glibc before 2.36 leaves out the name then
}

@test "without libxml2 the guest starts, and the log tells" {
    take_away_libxml2
    starts_and_survives upgraded 26
    survives_untouched upgraded
    log_says 'libxml0.so.*cannot open shared object'
}
