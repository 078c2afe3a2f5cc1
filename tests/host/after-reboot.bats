#!/usr/bin/env bats
# The host was rebooted, and is left as it was found.

load host

setup_file() {
    start_peer
}

@test "a guest that starts with the host is as the policy says" {
    wait_for "$slowly" is_in_state plain running
    has_all_multicast "$(macvtap plain)"
    log_says "guest plain: start"
    rxtrust status
}

@test "it answers over IPv6, until it is opted out" {
    wait_for "$slowly" grep -q GUEST-UP /var/log/libvirt/qemu/3.console
    answers_all 3
    write_policy <<< "[vm:plain]
policy = off"
    rxtrust apply
    is_silent 3
}

@test "AppArmor has denied nothing, and would have said so" {
    [ "$(journalctl --list-boots | wc -l)" -ge 2 ]
    [ -z "$(denials)" ]
    aa-exec -p libvirtd -- sh -c '/etc/libvirt/hooks/qemu --version'
    not aa-exec -p libvirtd -- sh -c 'build/rxtrust --version' # that isn't where hooks are
    wait_for "$slowly" denials
}

@test "uninstalled: nothing is left, and a guest starts" {
    local guest
    virsh -q destroy plain
    for guest in early loud plain quiet; do
        virsh -q undefine $guest
    done
    ./install.sh --uninstall --purge
    diff "$state"/files <(list_files)
    hook_is_idle
    [ ! -e /run/rxtrust ]
    define_guest later 5
    start_paused later
    not has_all_multicast "$(macvtap later)"
}
