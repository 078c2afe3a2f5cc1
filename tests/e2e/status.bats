#!/usr/bin/env bats
# What an administrator asks: status, apply, explain, check, and their exit codes.

load machine

setup() {
    install_hook
    clear_log
}

teardown() {
    remove_all
}

# exits CODE COMMAND...: its output is in $state/output, its errors in $state/errors.
exits() {
    local found=0
    "${@:2}" > "$state/output" 2> "$state/errors" < /dev/null || found=$?
    [[ $found == "$1" ]] || { echo "exit code $found, not $1: ${*:2}"; cat "$state/errors"; return 1; }
}

# fits_terminal ARGUMENT...: no line of what rxtrust writes is wider than 80 columns.
fits_terminal() {
    COLUMNS='' rxtrust "$@" > "$state/narrow" 2>&1 < /dev/null || true
    not grep -E '.{81}' "$state/narrow"
}

@test "status of a guest as the policy says, of one opted out, of one on no macvtap, of one that doesn't run, and of none" {
    exits 0 rxtrust status
    [ "$(rxtrust status --json | jq '.interfaces | length')" == 0 ]
    exits 0 rxtrust apply
    write_policy <<< "[vm:quiet]
policy = off"
    define quiet 101 "$(direct 101)"
    define loud 102 "$(direct 102)<interface type='user'><mac address='$(mac 102 1)'/></interface>"
    virsh -q start quiet --paused
    virsh -q start loud --paused
    settle
    exits 0 rxtrust status
    fits_terminal status
    grep -q "^quiet .* opted out  *no  *no .*vm:quiet" "$state/output"
    grep -q "^loud .* ok " "$state/output"
    [ "$(grep -c '^[a-zA-Z]' "$state/output")" == 3 ]
    exits 0 rxtrust status -v
    grep -q "$(mac 101)" "$state/output"
    rxtrust status --json > "$state/output"
    jq -e --arg uuid "$(guest_uuid 101)" --arg mac "$(mac 101)" --arg device "$(macvtap quiet)" '.interfaces[] |
        select(.guest == "quiet") | .uuid == $uuid and .mac == $mac and .device == $device and .state == "opted out" and
        .code == "opted-out" and .multicast == false and .trust == "no" and .policy == "off" and
        .section == "vm:quiet" and (.why | type) == "string"' "$state/output"
    jq -e '.interfaces[] | select(.guest == "loud") | .state == "ok" and .section == "default"' "$state/output"
    jq -e '.hook | type == "object"' "$state/output"

    [ "$(rxtrust status loud --json | jq -r '.interfaces[1].code')" == not-macvtap ]
    virsh -q destroy loud
    delete_what_libvirt_cannot
    [ "$(rxtrust status loud --json | jq -r '.interfaces[0].code')" == not-running ]
    [ "$(rxtrust status --json | jq -r '.interfaces | length')" == 1 ]
}

@test "the time of the hook's last call is known" {
    define called 103 "$(direct 103)"
    rm -f /run/rxtrust/last-call
    touch "$state/before"
    virsh -q start called --paused
    [ ! /run/rxtrust/last-call -ot "$state/before" ]
    settle
    rxtrust status --json | jq -e '.hook.last_call != null'
}

# hook_is STATE: status tells it, and its exit code is 1 where that is a problem.
hook_is() {
    local expected=1
    case $1 in works | in-place | unknown) expected=0 ;; esac
    exits "$expected" rxtrust status --json
    [ "$(jq -r .hook.state "$state/output")" == "$1" ] || { cat "$state/output"; return 1; }
    exits "$expected" rxtrust status
}

# Times are compared by the second.
next_second() {
    sleep 1.1
}

@test "status tells whether libvirt calls the hook, by the files' content, the last call and the guests' starts" {
    local hooks=/etc/libvirt/hooks
    next_second
    define called 113 "$(direct 113)"
    virsh -q start called --paused
    settle
    hook_is works
    not grep "run:" "$state/output"

    # The daemon has not noticed it.
    touch -d '1 hour ago' /run/rxtrust/last-call
    hook_is not-called
    grep -x "called started without the hook; run: systemctl reload libvirtd && rxtrust apply" "$state/output"
    exits 0 rxtrust apply
    grep -x "rxtrust: called started without the hook; run: systemctl reload libvirtd && rxtrust apply" "$state/errors"
    hook_is in-place

    # So is a guest that starts within the second in which the hook came, and another before it stopped.
    rm /run/rxtrust/last-apply
    touch /run/rxtrust/last-call
    sleep 0.05
    touch "$hook"
    sleep 0.05
    touch /run/libvirt/qemu/called.pid
    hook_is not-called

    # Another's file in its place is seen at once, however recent the last call is.
    touch /run/rxtrust/last-call
    mkdir -p "$state/hooks.d"
    cp "$program" "$state/hooks.d/10-first"
    rm "$hook"
    printf '#!/bin/sh\nfor each in %s/*; do "$each" "$@" || exit; done\n' "$state/hooks.d" > $hooks/qemu
    chmod +x $hooks/qemu
    hook_is foreign
    grep -x "libvirt has no hook that is rxtrust; run: install -D .* $hooks/qemu.d/50-rxtrust && systemctl reload libvirtd && rxtrust apply" \
        "$state/output"

    # A call that comes after it proves that it calls ours.
    next_second
    virsh -q destroy called
    delete_what_libvirt_cannot
    restart_daemon # in case there was only a link before
    virsh -q start called --paused
    wait_for 60 eval '! pgrep -x 10-first'
    hook_is works
    next_second
    touch $hooks/qemu
    hook_is foreign
    next_second
    touch /run/rxtrust/last-call
    hook_is works

    # A user who can't see the hooks can't know that none changed since.
    cp "$program" /usr/bin/rxtrust-of-all
    chmod 700 /etc/libvirt
    setpriv --reuid 65534 --regid 65534 --clear-groups rxtrust-of-all status --json > "$state/output" || true
    chmod 755 /etc/libvirt
    jq -e '.hook.state == "unknown"' "$state/output"

    # Ours is gone, and another's that was there before stays.
    next_second
    mkdir -p $hooks/qemu.d
    mv $hooks/qemu $hooks/qemu.d/10-another
    next_second
    cp "$program" $hooks/qemu
    touch /run/rxtrust/last-call
    rm $hooks/qemu
    hook_is foreign

    # A script that calls ours elsewhere.
    rm $hooks/qemu.d/10-another
    hook_is missing

    # That isn't hidden by an error of the policy.
    write_policy <<< nonsense
    exits 2 rxtrust status
    grep "libvirt has no hook that is rxtrust" "$state/output"
    grep "rxtrust.ini:1: neither" "$state/errors"
    exits 2 rxtrust status --json
    jq -e '.hook.state == "missing" and .interfaces == []' "$state/output"
    rm "$policy"

    printf '#!/bin/sh\nexec /opt/store/abc123-rxtrust/bin/rxtrust "$@"\n' > $hooks/qemu.d/50-ours
    hook_is not-executable
    grep -x "$hooks/qemu.d/50-ours is not executable; run: chmod +x $hooks/qemu.d/50-ours && systemctl reload libvirtd && rxtrust apply" \
        "$state/output"
    chmod +x $hooks/qemu.d/50-ours
    hook_is in-place
    rm -r $hooks/qemu.d
}

@test "a guest's name of spaces, quotes, dashes and other alphabets goes through every command, and isn't given to a shell" {
    local name="--all 'é' \"q\" Ж; touch pwned"
    define "$name" 107 "$(direct 107)"
    virsh -q start --domain="$name" --paused
    settle
    [[ "$(code "$name")" == trusted || "$(code "$name")" == multicast ]]
    rxtrust status | grep -qF -- "$name"
    ip link set "$(ip -o link show type macvtap | cut -d' ' -f2 | cut -d@ -f1)" allmulticast off alias ""
    rxtrust status > "$state/output" || true
    not grep -q "apply .*touch" "$state/output"
    rxtrust apply -- "$name"
    rxtrust explain -- "$name" | grep -q "$(mac 107)"
    rxtrust revert -- "$name"
    log_says "guest --all"
    virsh -q destroy --domain="$name"
    delete_what_libvirt_cannot
    virsh -q undefine --domain="$name"
    not rxtrust apply -- "$name"
}

@test "check --guests tells which defined guest's interface each section decides, and which decides none" {
    local command
    start_network
    virsh -q net-define <(sed 's/uplinks/inactive/' "$state/network.xml")
    policy_is off
    define quiet 109 "$(direct 109)"
    define loud 110 "$(direct 110)<interface type='network'><source network='uplinks'/><mac address='$(mac 110 1)'/></interface>
        <interface type='network'><source network='inactive'/><mac address='$(mac 110 2)'/></interface>
        <interface type='user'><mac address='$(mac 110 3)'/></interface>"
    virsh -q start quiet --paused
    write_policy <<END
[vm:quiet]
policy = off
[vm:qiuet]
policy = off
[vm:lou?]
policy = off
[rule:the uplinks]
network = uplinks
override = yes
[rule:instead of lou?]
vm = loud
dev = up0
policy = multicast
[rule:nobody]
vm = nobody, no-?
policy = off
END
    rxtrust check --guests > "$state/output" 2> "$state/errors"
    diff - <(sed 's/  */ /g' "$state/output") <<END
SECTION GUEST MAC POLICY OVERRIDE
vm:quiet quiet $(mac 109) off -
vm:qiuet - - - -
vm:lou? - - - -
rule:the uplinks loud $(mac 110 1) - yes
rule:instead of lou? loud $(mac 110) multicast -
rule:instead of lou? loud $(mac 110 1) multicast -
rule:nobody - - - -
END
    grep -q "\[vm:qiuet\] matches no guest; did you mean quiet?" "$state/errors"
    grep -q "$policy:[0-9]*: \[rule:nobody\]: vm = nobody matches no guest\$" "$state/errors"
    [ "$(grep "$policy:[0-9]*: warning: the section decides nothing" "$state/errors")" == \
        "$policy:5: warning: the section decides nothing" ]
    for command in check apply; do
        rxtrust $command > "$state/output" 2> "$state/errors"
        [ "$(grep -c "matches no guest" "$state/errors")" == 2 ]
    done
    rxtrust check --json --guests > "$state/output"
    jq -e --arg uuid "$(guest_uuid 109)" '.[0] == {section: "vm:quiet", guest: "quiet", uuid: $uuid,
        mac: "'"$(mac 109)"'", policy: "off", override: null}' "$state/output"
    jq -e '.[1] == {section: "vm:qiuet", guest: null, uuid: null, mac: null, policy: null, override: null}' \
        "$state/output"
    jq -e '[.[] | select(.override == true).section] == ["rule:the uplinks"] and length == 7' "$state/output"
}

@test "explain and check --guests promise nothing for a device that is no macvtap, nor for certain for one that is missing" {
    local number interfaces=""
    ip link add plain0 type bridge
    ip link add link up0 name mine0 type macvtap mode bridge
    for number in 0:plain0 1:missing0 2:mine0; do
        interfaces+="<interface type='ethernet'><mac address='$(mac 47 ${number%:*})'/>
            <target dev='${number#*:}' managed='no'/><model type='virtio'/></interface>"
    done
    define odd 47 "$interfaces"
    rxtrust explain odd > "$state/output"
    cat "$state/output"
    not grep "$(mac 47 0) .*all-multicast" "$state/output"
    grep "$(mac 47 0) .*plain0 is no macvtap" "$state/output"
    grep "$(mac 47 1) .*all-multicast if missing0 is a macvtap" "$state/output"
    grep "$(mac 47 2) .*all-multicast" "$state/output"
    write_policy <<< "[vm:odd]
policy = multicast"
    rxtrust check --guests > "$state/output"
    cat "$state/output"
    not grep "$(mac 47 0)" "$state/output"
    grep "$(mac 47 2)" "$state/output"
    ip link del mine0
    ip link del plain0
}

@test "check --guests without a section, of a file that is not installed, with an error, and without a daemon" {
    define plain 111 "$(direct 111)"
    [ "$(rxtrust check --guests --json | jq -c '.[] | [.section, .guest, .policy, .override]')" == \
        '["default","plain","trust",null]' ]
    printf '%s\n' '[default]' 'override = no' > "$state/another.ini"
    [ "$(rxtrust check --guests --json "$state/another.ini" |
        jq -c '.[] | [.section, .guest, .policy, .override]')" == '["default","plain","trust",false]' ]
    echo 'policy = of' >> "$state/another.ini"
    not rxtrust check --guests "$state/another.ini" > "$state/output" 2> "$state/errors"
    [ ! -s "$state/output" ]
    grep -q "^$state/another.ini:3: policy can't be" "$state/errors"
    not rxtrust check --json
    virsh -q undefine plain
    printf '%s\n' '[default]' '[vm:plain]' 'policy = off' > "$state/another.ini"
    exits 0 rxtrust check --guests "$state/another.ini"
    grep -q "another.ini.*vm:plain.* matches no guest" "$state/errors"
    stop_daemon
    exits 3 rxtrust check --guests
    grep -q "cannot ask libvirt: " "$state/errors"
    exits 0 rxtrust check
    start_daemon
}

@test "define names each interface that changes, stores that and nothing else, and puts the owner's word back" {
    define stored 112 "$(direct 112)<interface type='direct' trustGuestRxFilters='no'><mac address='$(mac 112 1)'/>
        <source dev='up0' mode='bridge'/><model type='virtio'/></interface>"
    virsh dumpxml stored --inactive > "$state/before.xml"
    policy_is trust yes
    exits 1 rxtrust define --dry-run stored
    diff - "$state/output" <<END
guest stored: define: $(mac 112): trustGuestRxFilters: unsaid -> yes
guest stored: define: $(mac 112 1): trustGuestRxFilters: no -> yes
stored XML: 1 to change, 0 as the policy says, 0 not
END
    virsh dumpxml stored --inactive | diff "$state/before.xml" -
    rxtrust explain stored > "$state/output"
    libvirt_takes_live_trust || grep "$(mac 112) .* all-multicast; for trust too, run: rxtrust define stored" "$state/output"
    exits 0 rxtrust define stored
    grep "stored: define: $(mac 112 1): trustGuestRxFilters: no -> yes" "$state/output"
    log_says "guest stored: define: $(mac 112): trustGuestRxFilters: unsaid -> yes"
    [ "$(rxtrust explain --json stored | jq -r '.[].gets' | uniq)" == trust ]
    exits 0 rxtrust define --dry-run --all
    grep "stored XML: 0 to change, 1 as the policy says, 0 not" "$state/output"

    policy_is off
    exits 0 rxtrust define stored
    grep "guest stored: define: $(mac 112 1): trustGuestRxFilters: yes -> no" "$state/output"
    virsh -q undefine stored
}

# as_libvirt VERSION: the daemon's version as virsh tells it.
as_libvirt() {
    fake_virsh <<END
#!/bin/bash
set -o pipefail
/usr/bin/virsh "\$@" | sed 's/^\(Running against daemon: \).*/\1$1/'
END
}

gets() {
    rxtrust explain --json foreseen | jq -r '.[].gets' | paste -sd,
}

@test "explain foresees what the hook gives and takes back at the next start, by the libvirt that runs" {
    start_network
    define foreseen 117 "$(direct 117)
        <interface type='network'><source network='uplinks'/><mac address='$(mac 117 1)'/><model type='virtio'/></interface>"
    as_libvirt 9.0.0
    [ "$(gets)" == all-multicast,all-multicast ]
    as_libvirt 10.1.0
    [ "$(gets)" == trust,all-multicast ]
    rxtrust explain foreseen | grep "$(mac 117 1) .* all-multicast; for trust too, run: rxtrust define foreseen"

    rxtrust define foreseen
    as_libvirt 9.0.0
    [ "$(gets)" == trust,trust ]
    policy_is multicast
    [ "$(gets)" == trust,trust ]
    rxtrust explain foreseen | grep "$(mac 117) .* trust; to take it back, run: rxtrust define foreseen"
    as_libvirt 10.1.0
    [ "$(gets)" == all-multicast,trust ]
    policy_is off
    [ "$(gets)" == nothing,trust ]
    rxtrust define foreseen
    [ "$(gets)" == nothing,nothing ]
    rm "$state/bin/virsh"
    virsh -q undefine foreseen
}

@test "no command writes a line of more than 80 columns, for names of 16 characters" {
    local name=a-guest-named-16 network=a-network-of-16c command
    start_network
    virsh -q net-info "$network" > /dev/null 2>&1 ||
        virsh -q net-define <(sed "s/uplinks/$network/" "$state/network.xml")
    define $name 114 "$(direct 114)$(direct 115 "" e1000)
        <interface type='network'><source network='uplinks'/><mac address='$(mac 114 1)'/><model type='virtio'/></interface>
        <interface type='network'><source network='uplinks'/><mac address='$(mac 114 2)'/></interface>"
    virsh -q start $name --paused
    settle
    ip link set "$(macvtap $name)" allmulticast off alias ""
    define b-guest-named-16 116 "$(direct 116 "trustGuestRxFilters='no'")<interface type='user'/>
        <interface type='network'><source network='$network'/><mac address='$(mac 116 1)'/></interface>
        <interface type='ethernet'><target dev='a-device-of-16c' managed='no'/><mac address='$(mac 116 2)'/></interface>"
    write_policy <<END
[rule:a-section-of-16c]
vm = $name
mac = $(mac 114 2)
policy = off
[vm:$(guest_uuid 114)]
override = yes
[vm:a-guest-named-17]
policy = off
END
    touch -d '1 hour ago' /run/rxtrust/last-call
    rm -f /dev/log
    for command in status "status $name b-guest-named-16" explain check "check --guests" "define --dry-run --all" \
        "explain no-such-guest-16" apply "apply b-guest-named-16" revert "define $name" "define --all" plugged "plugged x" --help \
        --version -x "status -x" "explain - x" "define" "rewrite x" "check --json"; do
        # shellcheck disable=SC2086 # words
        fits_terminal $command
    done
    for command in status apply revert explain check define plugged rewrite; do
        fits_terminal $command --help
    done
    rm "$hook"
    fits_terminal status

    write_policy <<END
polcy = off
[default]
policy = of
policy = "off"
 override = yes
[vm:a-guest-named-16, b-guest-named-16]
network = a-network-of-16c
policy =
[rule:nothing]
[vm:$name]
override = maybe # perhaps
[rule:mac]
mac = 52:54:0:*
mode = bridged
vm = 0ddba11c-0000-4000-8000-00000000011
policy = off
[rule:mac]
policy = off
[default]
[vm:x
[vm:a;b] c
nonsense
policy = off,on
$(printf 'a\tb\001c')
$(printf 'a\u00a0b')
$(printf 'x%.0s' {1..250})
END
    for command in status explain check "check --guests" "check $policy" apply "define $name"; do
        # shellcheck disable=SC2086 # words
        fits_terminal $command
    done
    ln -sf "$state/log" /dev/log
    virsh -q destroy $name
    virsh -q net-undefine $network
}

@test "every command's exit code tells what is wrong: the usage or the policy, libvirt, or a guest" {
    local command device
    policy_is multicast # under trust the hook's mark would not stay
    define broken 108 "$(direct 108)"
    virsh -q start broken --paused
    settle
    device=$(macvtap broken)
    for command in "status --nonsense" "apply --json" "revert -c x" "explain - broken" "check a b" "plugged" "plugged a b" \
        "rewrite x" "nonsense"; do
        # shellcheck disable=SC2086 # words
        exits 2 rxtrust $command
        [ -s "$state/errors" ]
        # shellcheck disable=SC2086 # words
        fits_terminal $command
    done
    exits 2 rxtrust
    for command in status apply revert explain check define plugged rewrite; do
        exits 0 rxtrust $command --help
    done
    exits 0 rxtrust -h
    exits 0 rxtrust -V
    exits 1 rxtrust status no-such-guest
    exits 1 rxtrust apply no-such-guest
    exits 1 rxtrust revert no-such-guest
    exits 1 rxtrust explain no-such-guest

    echo nonsense | write_policy
    exits 0 rxtrust plugged "$device" # the hook has seen to it: nothing is asked
    for command in status apply explain check "check --guests"; do
        # shellcheck disable=SC2086 # words
        exits 2 rxtrust $command
        [ ! -s "$state/output" ]
        grep -q "rxtrust.ini:1: neither" "$state/errors"
    done
    # Nobody's guest is changed, which the installed policy's errors say, and another file's don't.
    has_all_multicast "$device"
    exits 2 rxtrust check
    grep -q "no guest is changed" "$state/errors"
    cp "$policy" "$state/another.ini"
    exits 2 rxtrust check "$state/another.ini"
    not grep -q "no guest is changed" "$state/errors"
    # Only what takes everything back needs no policy.
    exits 0 rxtrust revert
    not has_all_multicast "$device"
    rm "$policy"
    stop_daemon
    for command in status apply revert explain "check --guests" "plugged $device"; do
        # shellcheck disable=SC2086 # words
        exits 3 rxtrust $command
        [ ! -s "$state/output" ]
        grep -q "cannot ask libvirt: " "$state/errors"
    done
    start_daemon
}
