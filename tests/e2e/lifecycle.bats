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
    wait_for 40 log_says "guest regretted: started: $(mac 13): macvtap.*: NOT as the policy says: trusted until it is shut down"
}

@test "a guest on a network that says 'no', trusted over it while it was saved: status says so once that is over" {
    install_hook
    virsh -q net-create <(echo "<network trustGuestRxFilters='no'><name>refusing</name>
        <forward mode='bridge'><interface dev='up0'/></forward></network>")
    write_policy <<< "[default]
override = yes"
    define overridden 14 "<interface type='network'><mac address='$(mac 14)'/><source network='refusing'/><model type='virtio'/></interface>"
    virsh -q start overridden --paused
    virsh -q managedsave overridden
    virsh -q start overridden --paused
    wait_for 60 hook_is_idle
    "$program" status > "$state/output"
    grep -q '^overridden .* as the policy says: trusted' "$state/output"
    rm "$policy"
    not "$program" status > "$state/output"
    grep -q '^overridden .* NOT as the policy says: trusted until it is shut down' "$state/output"
    remove overridden
    virsh -q net-destroy refusing
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

@test "a guest that its owner trusts is left alone where the policy is off, and no error is logged" {
    install_hook
    write_policy <<< "[default]
policy = off"
    define owned 15 "$(direct 15 "trustGuestRxFilters='yes'")"
    clear_log
    virsh -q start owned --paused
    wait_for 60 log_says "guest owned: started: $(mac 15): macvtap.*: as the policy says: left alone: off by policy, trusted"
    not log_says "NOT as the policy says"
    "$program" status > "$state/output"
    grep -q '^owned .* as the policy says: left alone' "$state/output"
}
