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

@test "a guest that is trusted and opted out while it is saved stays trusted, and the log says so" {
    install_hook
    define regretted 13 "$(direct 13)"
    virsh -q start regretted --paused
    virsh -q managedsave regretted
    virsh -q start regretted --paused
    is_trusted regretted
    virsh -q managedsave regretted
    write_policy <<END
[vm:regretted]
policy = off
END
    clear_log
    virsh -q start regretted --paused
    is_trusted regretted
    log_says "guest regretted: start: $(mac 13): macvtap.*: NOT as the policy says: trusted"
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
