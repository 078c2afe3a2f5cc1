#!/usr/bin/env bats
# A guest moves from one host to another, each with a libvirt daemon, files and a network of its own.

load machine

setup() {
    install_hook
    clear_log
    start_second_machine
}

teardown() {
    stop_second_machine
    remove_all
}

second='qemu+unix:///system?socket=/run/e2e/second/libvirt-sock'

@test "a guest that migrates live arrives with trust, and answers" {
    define traveller 111 "$(direct 111)"
    start traveller 111
    answers_all 111
    virsh -q migrate --live --persistent traveller "$second" --migrateuri tcp://192.0.2.2
    [ "$(virsh -c "$second" domstate traveller)" == running ]
    [ "$(virsh -c "$second" dumpxml traveller | xmllint --xpath 'string(//interface/@trustGuestRxFilters)' -)" == yes ]
    answers_all 111
    # Where it left with trust there was nothing to add on its way.
    libvirt_takes_live_trust || log_says "guest traveller: migrate: trustGuestRxFilters='yes' written into the XML of 1 of 1"
}
