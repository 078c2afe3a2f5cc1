#!/usr/bin/env bats
# A guest's life beyond its start: saved, restored, running before the hook was there.

load machine

teardown() {
    remove_all
}

@test "a managed save brings trust along, and the guest answers" {
    install_hook
    define sleeper 11 "$(direct 11)"
    start sleeper 11
    virsh -q managedsave sleeper
    virsh -q start sleeper
    wait_for 10 is_running sleeper
    [ "$(live_trust sleeper)" == yes ]
    answers_all 11
}

@test "a guest that ran before the hook was there answers after a restart of the daemon" {
    remove_hook
    define early 12 "$(direct 12)"
    start early 12
    is_silent 12
    install_hook
    is_running early
    answers_all 12
}
