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
    starts_untouched "$1"
}

starts_untouched() {
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

# least_memory PROGRAM: the KiB of data with which it starts. libc needs some before it calls a static program.
least_memory() {
    local limit=64
    until (ulimit -d $limit && exec "$1" --version) > /dev/null 2>&1; do
        limit=$((limit + 4))
    done 2>/dev/null
    echo $limit
}

# A library can't be preloaded into a static program: its guest has a description that needs more than there is.
@test "without memory the guest starts, and the log tells" {
    define starved 25 "$(direct 25)"
    mv "$hook" "$state"/qemu
    if is_static; then
        virsh -q desc starved --config "$(printf '%0120000d' 0)"
        printf '#!/bin/bash\nulimit -d %s && exec %s "$@"\n' "$(least_memory "$state"/qemu)" "$state"/qemu > "$hook"
    else
        gcc -shared -fPIC -o "$state"/fail.so tests/faults/fail.c -ldl
        printf '#!/bin/sh\nFAIL_FROM=1 LD_PRELOAD=%s exec %s "$@"\n' "$state"/fail.so "$state"/qemu > "$hook"
    fi
    chmod +x "$hook"
    starts_untouched starved
    grep -q 'out of memory' "$syslog" # glibc before 2.36 leaves out the name then
}

@test "without libxml2 the guest starts, and the log tells" {
    if is_static; then
        remark "the one file has libxml2 in it"
        not grep -q 'libxml2\.so' "$program"
        return
    fi
    take_away_libxml2
    survives_untouched upgraded 26
    log_says 'libxml0.so.*cannot open shared object'
}
