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

# survives_untouched NAME N: the guest starts, gets nothing, and lives over a restart of the daemon.
survives_untouched() {
    define "$1" "$2" "$(direct "$2")"
    virsh -q start "$1"
    not has_all_multicast "$(macvtap "$1")"
    reconnect "$1"
    is_running "$1"
    not has_all_multicast "$(macvtap "$1")"
    has_no_alias "$(macvtap "$1")"
}

@test "a broken policy changes no guest, and the log names its line" {
    write_policy <<'END'
[default]
policy = trust
[vm:ha]
polcy = off
END
    survives_untouched unlucky 21
    log_says "guest unlucky: .*/etc/libvirt/rxtrust.ini:4: .*polcy"
}

@test "a policy that anyone may write is no policy" {
    write_policy <<'END'
[default]
policy = trust
END
    chmod 666 "$policy"
    survives_untouched unlucky 22
    log_says "rxtrust.ini: .*group or others"
}

@test "without /dev/log the guest starts, and stderr tells" {
    rm /dev/log
    echo nonsense | write_policy
    survives_untouched unheard 24
    grep -q 'rxtrust.ini:1: neither \[section\] nor key = value' "$daemon_log"
}

@test "without memory the guest starts, and the log tells" {
    gcc -shared -fPIC -o "$state"/fail.so tests/faults/fail.c -ldl
    mv "$hook" "$state"/qemu
    printf '#!/bin/sh\nFAIL_FROM=1 LD_PRELOAD=%s exec %s "$@"\n' "$state"/fail.so "$state"/qemu > "$hook"
    chmod +x "$hook"
    survives_untouched starved 25
    grep -q 'out of memory' "$syslog" # glibc before 2.36 leaves out the name then
}

@test "without libxml2 the guest starts, and the log tells" {
    take_away_libxml2
    survives_untouched upgraded 26
    log_says 'libxml0.so.*cannot open shared object'
}
