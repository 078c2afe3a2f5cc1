#!/usr/bin/env bats
# What rxtrust is for: guests on macvtap answer over IPv6.

load machine

teardown() {
    remove_all
}

@test "without the hook a guest on macvtap doesn't answer over IPv6; apply mends that, and so does the daemon's next start" {
    remove_hook
    define early 1 "$(direct 1)"
    start early 1
    is_silent 1
    [ "$(code early)" == no-multicast ]
    not rxtrust status
    rxtrust apply
    answers_all 1

    rxtrust revert
    is_silent 1
    install_hook
    wait_for 20 eval "((\$(reconnects early) > 0))"
    settle
    answers_all 1
    rxtrust status
}

@test "with the hook it answers from the first ping, and its persistent XML is as it was" {
    install_hook
    define plain 2 "$(direct 2)"
    virsh dumpxml --inactive plain > "$state"/before.xml
    start plain 2
    answers_all 2
    virsh dumpxml --inactive plain | diff "$state"/before.xml -
}
