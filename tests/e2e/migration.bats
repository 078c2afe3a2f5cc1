#!/usr/bin/env bats
# A guest moves from one host to another, each with a libvirt daemon, a policy and a network of its own.

load machine

setup() {
    install_hook
    clear_log
    start_second_machine
}

teardown() {
    stop_second_machine
    remove_all
    settle
}

second='qemu+unix:///system?socket=/run/e2e/second/libvirt-sock'
second_policy=/run/e2e/second-etc/rxtrust.ini

# there COMMAND ARGUMENT...: virsh, for the second machine.
there() {
    virsh -q -c "$second" "$@"
}

# move_away NAME, move_back NAME
move_away() {
    virsh -q migrate --live --persistent "$1" "$second" --migrateuri tcp://192.0.2.2
    settle
    delete_what_libvirt_cannot
}

move_back() {
    local device
    there migrate --live --persistent "$1" qemu:///system --migrateuri tcp://192.0.2.1
    settle
    for device in $(ip -n second -o link show type macvtap | sed 's/^[0-9]*: \([^@]*\)@.*/\1/'); do
        ip -n second link del "$device" # libvirt 7.0 left it
    done
}

# live_trust_there NAME
live_trust_there() {
    there dumpxml "$1" | xmllint --xpath 'string(//interface/@trustGuestRxFilters)' -
}

note_there() {
    there metadata "$1" urn:rxtrust:1 --live 2>/dev/null | xmllint --xpath 'string(//interface/@was)' -
}

@test "a guest that migrates live arrives with trust, and answers" {
    define traveller 111 "$(direct 111)"
    start traveller 111
    answers_all 111
    move_away traveller
    [ "$(there domstate traveller)" == running ]
    [ "$(live_trust_there traveller)" == yes ]
    [ "$(note_there traveller)" == unsaid ]
    sleep 3 # for so long it announces itself, and is found even when it is deaf
    answers_all 111
}

@test "each host's own policy holds: a guest that is opted out on the other arrives there with its owner's word" {
    local word
    for word in unsaid no; do
        policy_is trust yes
        define traveller 112 "$(direct 112 "$([[ $word == unsaid ]] || echo "trustGuestRxFilters='no'")")"
        virsh -q start traveller
        trust_by_rxtrust traveller
        [ "$(virsh domstate traveller)" == running ] || virsh -q resume traveller
        printf '[default]\npolicy = off\n' > $second_policy
        move_away traveller
        [ "$(live_trust_there traveller)" == "${word#unsaid}" ]
        not note_there traveller
        # Back home it is trusted as before.
        move_back traveller
        is_trusted traveller
        has_note traveller "$word"
        remove traveller
        rm $second_policy
    done
}
