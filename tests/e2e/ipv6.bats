#!/usr/bin/env bats
# What rxtrust is for: guests on macvtap answer over IPv6.

load machine

teardown() {
    remove_all
}

@test "without the hook a guest on macvtap doesn't answer over IPv6" {
    remove_hook
    define plain 1 "$(direct 1)"
    start plain 1
    is_silent 1
}

@test "with the hook it answers from the first ping, and its persistent XML is as it was" {
    install_hook
    define plain 2 "$(direct 2)"
    virsh dumpxml --inactive plain > "$state"/before.xml
    start plain 2
    answers_all 2
    virsh dumpxml --inactive plain | diff "$state"/before.xml -
}
