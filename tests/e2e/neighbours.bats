#!/usr/bin/env bats
# A hook of somebody else keeps working, before ours and after it.

load machine
hook=/etc/libvirt/hooks/qemu

setup() {
    rm -rf "$hook.d"
    remove_hook
    clear_log
}

teardown() {
    remove_all
    rm -rf "$hook.d" "$hook"
}

# Somebody else's filter: gives a restored domain a title.
others_filter() {
    cat <<'END'
#!/bin/sh
echo "$2" >> /run/e2e/others-calls
[ "$2" = restore ] || exit 0
sed 's/<uuid>/<title>titled<\/title>&/'
END
}

# restored_by_both NUMBER: a guest starts with all-multicast, and comes back from a save with the title and with trust.
restored_by_both() {
    chmod +x "$hook".d/* "$hook"
    : > "$state/others-calls"
    restart_daemon
    define "shared-$1" "$1" "$(direct "$1")"
    virsh -q start "shared-$1" --paused
    has_all_multicast "$(macvtap "shared-$1")"
    settle_both
    save "shared-$1"
    virsh -q start "shared-$1" --paused
    [ "$(virsh dumpxml "shared-$1" | xmllint --xpath 'string(/domain/title)' -)" == titled ]
    is_trusted "shared-$1"
    grep -q '^started$' "$state/others-calls"
    settle_both
}

settle_both() {
    wait_for 60 eval "! pgrep -x 'qemu|50-rxtrust'"
}

@test "another's hooks/qemu and ours in qemu.d" {
    mkdir -p "$hook.d"
    others_filter > "$hook"
    cp "$program" "$hook.d/50-rxtrust"
    restored_by_both 91
}

@test "ours in qemu.d before another's filter" {
    mkdir -p "$hook.d"
    printf '#!/bin/sh\nexit 0\n' > "$hook"
    cp "$program" "$hook.d/50-rxtrust"
    others_filter > "$hook.d/90-title"
    restored_by_both 92
}

@test "ours in qemu.d after another's filter" {
    mkdir -p "$hook.d"
    printf '#!/bin/sh\nexit 0\n' > "$hook"
    others_filter > "$hook.d/10-title"
    cp "$program" "$hook.d/50-rxtrust"
    restored_by_both 93
}
