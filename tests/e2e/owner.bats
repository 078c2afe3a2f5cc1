#!/usr/bin/env bats
# The owner's word on trust: what the guest's XML says of it, unless rxtrust itself has put it there. It comes back
# whenever rxtrust takes back what it gave, wherever the guest has been meanwhile.

load machine

setup() {
    install_hook
    clear_log
}

teardown() {
    remove_all
    settle
    [[ ! -e /sys/class/net/up1 ]] || ip link del up1
}

# has_word NAME WORD: the live XML says this (unsaid: nothing), nothing is noted, and status is content.
has_word() {
    local word=${2#unsaid}
    [[ $(live_trust "$1") == "$word" ]] || { echo "its live XML says '$(live_trust "$1")'" >&2; return 1; }
    has_no_note "$1"
    has_no_alias "$(macvtap "$1")"
    is opted-out "$1"
}

# loses_trust NAME WORD COMMAND...: after the command, which is rxtrust's, the owner's word is back at once. A libvirt
# that takes no live trust keeps the trust until the guest stops, which is said; so the guest is restored there.
loses_trust() {
    if libvirt_takes_live_trust; then
        rxtrust "${@:3}"
    else
        not rxtrust "${@:3}"
        is_trusted "$1"
        is trusted-until-shutdown "$1"
        restore "$1"
        remark "its trust ends when it is stopped or restored: libvirt before 10.1 takes none from a guest that runs"
    fi
    has_word "$1" "$2"
}

# said WORD: the attribute of an interface whose owner says this.
said() {
    [[ $1 == unsaid ]] || echo "trustGuestRxFilters='$1'"
}

@test "a 'no' that the policy went over counts again once the policy respects it, and after a restart of the daemon" {
    policy_is trust yes
    define stubborn 1 "$(direct 1 "trustGuestRxFilters='no'")"
    virsh -q start stubborn --paused
    trust_by_rxtrust stubborn
    policy_is trust
    not rxtrust status
    loses_trust stubborn no apply stubborn
    reconnect stubborn
    has_word stubborn no
}

@test "a 'no' that the policy went over comes back with an opt-out, and no later policy takes it for trust" {
    policy_is trust yes
    define stubborn 2 "$(direct 2 "trustGuestRxFilters='no'")"
    virsh -q start stubborn --paused
    trust_by_rxtrust stubborn
    has_note stubborn no
    policy_is off yes
    loses_trust stubborn no apply
    policy_is trust
    rxtrust apply
    has_word stubborn no
    # And over it again.
    policy_is trust yes
    rxtrust apply
    trust_by_rxtrust stubborn
    has_note stubborn no
    policy_is off
    loses_trust stubborn no apply
}

@test "the owner's word comes back by a restart of the daemon under another policy, also after the daemon was killed" {
    local pid
    policy_is trust yes
    define stubborn 3 "$(direct 3 "trustGuestRxFilters='no'")"
    virsh -q start stubborn --paused
    trust_by_rxtrust stubborn
    reconnect stubborn
    is_trusted stubborn
    pid=$(cat "$state/libvirtd.pid")
    kill -KILL "$pid"
    wait_for 10 eval "! kill -0 $pid"
    policy_is trust
    start_daemon_again stubborn
    if libvirt_takes_live_trust; then
        has_word stubborn no
    else
        loses_trust stubborn no apply
    fi
}

@test "where the owner has said nothing, nothing is said again, by apply and by revert" {
    define silent 4 "$(direct 4)"
    virsh -q start silent --paused
    virsh dumpxml silent --inactive > "$state/before.xml"
    trust_by_rxtrust silent
    has_note silent unsaid
    policy_is off
    loses_trust silent unsaid apply
    policy_is trust
    rxtrust apply
    trust_by_rxtrust silent
    if libvirt_takes_live_trust; then
        rxtrust revert silent
        [ -z "$(live_trust silent)" ]
        has_no_note silent
        has_no_alias "$(macvtap silent)"
    fi
    virsh dumpxml silent --inactive | diff "$state/before.xml" -
}

@test "an owner's 'yes' stays over every policy, a save and revert, and is never noted" {
    local action
    define owned 5 "$(direct 5 "trustGuestRxFilters='yes'")"
    for action in trust multicast off; do
        policy_is "$action" yes
        virsh -q start owned --paused
        settle
        rxtrust apply owned || [ "$action" == multicast ] # which it can't have
        rxtrust revert owned
        is_trusted owned
        restore owned
        is_trusted owned
        has_no_note owned
        virsh -q destroy owned
        delete_what_libvirt_cannot
    done
    # Its opt-out takes nothing, which is as it should be.
    virsh -q start owned --paused
    settle
    is opted-out owned
}

@test "a guest that is opted out while it is saved comes back with its owner's word" {
    local word
    for word in unsaid no; do
        policy_is trust yes
        define sleeper 6 "$(direct 6 "$(said $word)")"
        virsh -q start sleeper --paused
        trust_by_rxtrust sleeper
        has_note sleeper "$word"
        save sleeper
        policy_is off
        virsh -q start sleeper --paused
        settle
        has_word sleeper "$word"
        # And the other way round.
        save sleeper
        policy_is trust yes
        virsh -q start sleeper --paused
        settle
        is_trusted sleeper
        has_note sleeper "$word"
        remove sleeper
    done
}

@test "the live XML of a trusted guest, defined again by its administrator, makes no 'yes' of its owner's" {
    define copied 7 "$(direct 7)"
    virsh -q start copied --paused
    trust_by_rxtrust copied
    virsh dumpxml copied > "$state/live.xml"
    virsh -q define "$state/live.xml"
    policy_is off
    loses_trust copied unsaid apply
    # At its next start libvirt trusts it by that XML. The hook takes it back where libvirt lets it.
    virsh -q destroy copied
    delete_what_libvirt_cannot
    virsh -q start copied --paused
    settle
    libvirt_takes_live_trust || [ "$(code copied)" == trusted-until-shutdown ]
    loses_trust copied unsaid apply
}

@test "of two interfaces with one MAC address each has its own owner's word" {
    local owned other
    plug_in "" far1 up1
    for owned in 1 2; do
        other=$((3 - owned))
        define bonded 8 "$(direct 8 "$([[ $owned == 2 ]] || said yes)")$(
            direct 8 "$([[ $owned == 1 ]] || said yes)" virtio bridge "" up1)"
        policy_is trust
        virsh -q start bonded --paused
        trust_by_rxtrust bonded $other
        save bonded
        policy_is off
        virsh -q start bonded --paused
        settle
        only_its_owners_is_left $owned $other
        # And by commands.
        policy_is trust
        rxtrust apply
        trust_by_rxtrust bonded $other
        policy_is off
        if libvirt_takes_live_trust; then
            rxtrust apply
        else
            not rxtrust apply
            restore bonded
        fi
        only_its_owners_is_left $owned $other
        remove bonded
    done
}

# only_its_owners_is_left OWNED OTHER
only_its_owners_is_left() {
    is_trusted bonded "$1"
    [ -z "$(live_trust bonded "$2")" ]
    rxtrust status
}

@test "an interface that is defined anew with another word while the guest runs: the guest's own run counts" {
    define renewed 9 "$(direct 9)"
    virsh -q start renewed --paused
    trust_by_rxtrust renewed
    define renewed 9 "$(direct 9 "trustGuestRxFilters='yes'")"
    policy_is off
    loses_trust renewed unsaid apply
    virsh -q destroy renewed
    delete_what_libvirt_cannot
    virsh -q start renewed --paused
    settle
    is_trusted renewed
    is opted-out renewed
}

@test "a guest that goes back to a snapshot has its owner's word of that time, and today's policy" {
    local disk
    make_disk "$state/disk"
    disk="<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$state/disk'/>
        <target dev='vda' bus='virtio'/></disk>"
    policy_is trust yes
    define rewound 10 "$(direct 10 "$(said no)")$disk"
    virsh -q start rewound --paused
    trust_by_rxtrust rewound
    virsh -q snapshot-create-as rewound trusted
    policy_is trust
    loses_trust rewound no apply
    virsh -q snapshot-create-as rewound opted-out
    virsh -q destroy rewound
    delete_what_libvirt_cannot
    define rewound 10 "$(direct 10 "$(said yes)")$disk"

    virsh -q snapshot-revert rewound trusted --paused
    settle
    libvirt_takes_live_trust || [ "$(code rewound)" == trusted-until-shutdown ]
    loses_trust rewound no apply
    virsh -q destroy rewound
    delete_what_libvirt_cannot

    policy_is trust yes
    virsh -q snapshot-revert rewound opted-out --paused
    trust_by_rxtrust rewound
    has_note rewound no
    virsh -q snapshot-delete rewound trusted --metadata
    virsh -q snapshot-delete rewound opted-out --metadata
}
