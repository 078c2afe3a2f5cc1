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

# fits_terminal: no line of what was written is wider than 80 columns.
fits_terminal() {
    not grep -E '.{81}' "$state/output" "$state/errors"
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
    fits_terminal
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
END
    grep -q "\[vm:qiuet\] matches no guest; did you mean quiet?" "$state/errors"
    grep -q "$policy:[0-9]*: warning: the section decides nothing" "$state/errors"
    rxtrust check --json --guests > "$state/output"
    jq -e --arg uuid "$(guest_uuid 109)" '.[0] == {section: "vm:quiet", guest: "quiet", uuid: $uuid,
        mac: "'"$(mac 109)"'", policy: "off", override: null}' "$state/output"
    jq -e '.[1] == {section: "vm:qiuet", guest: null, uuid: null, mac: null, policy: null, override: null}' \
        "$state/output"
    jq -e '[.[] | select(.override == true).section] == ["rule:the uplinks"] and length == 6' "$state/output"
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
        fits_terminal
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
