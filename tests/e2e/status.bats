#!/usr/bin/env bats
# What an administrator asks of guests that run: status and apply.

load machine

setup() {
    install_hook
    clear_log
}

teardown() {
    remove_all
}

# verdict NAME: what status says of the guest.
verdict() {
    { rxtrust status --json || true; } | jq -r --arg name "$1" '.[] | select(.guest == $name) | .verdict'
}

@test "status of a guest as the policy says, of one opted out, and of none" {
    [ "$(rxtrust status)" == "no running guest has an interface on macvtap" ]
    [ "$(rxtrust status --json | jq length)" == 0 ]
    [ "$(rxtrust apply)" == "no guest runs: nothing is to be done" ]
    write_policy <<< "[vm:quiet]
policy = off"
    define quiet 101 "$(direct 101)"
    define loud 102 "$(direct 102)"
    virsh -q start quiet --paused
    virsh -q start loud --paused
    wait_for 40 log_says "guest loud: started"
    rxtrust status
    [ "$(verdict quiet)" == "as the policy says: left alone: off by policy" ]
    [[ "$(verdict loud)" == "as the policy says: "* ]]
    rxtrust status | grep -q "^quiet .*off  *vm:quiet"
}

@test "a guest that ran before the hook: status tells, apply mends, and the guest answers" {
    remove_hook
    define early 103 "$(direct 103)"
    start early 103
    is_silent 103
    not rxtrust status
    [[ "$(verdict early)" == "NOT as the policy says: "*"; run: rxtrust apply early" ]]
    rxtrust explain early 2>&1 >/dev/null | grep -q "libvirt's hook .* is not rxtrust"
    cp "$program" "$hook" # which the daemon doesn't call yet
    rxtrust apply
    answers_all 103
    rxtrust status
}

@test "an opt-out after the fact: status tells, and apply takes all-multicast back" {
    define turned 104 "$(direct 104 "" e1000)"
    start turned 104
    has_all_multicast "$(macvtap turned)"
    write_policy <<< "[vm:turned]
policy = off"
    not rxtrust status
    [ "$(verdict turned)" == "NOT as the policy says: still all-multicast; run: rxtrust apply turned" ]
    rxtrust apply turned
    not has_all_multicast "$(macvtap turned)"
    [ "$(verdict turned)" == "as the policy says: left alone: off by policy" ]
}

@test "an opt-out of a guest that is trusted: status tells, and apply takes trust back" {
    define turned 105 "$(direct 105)"
    start turned 105
    wait_for 40 log_says "guest turned: started"
    write_policy <<< "[vm:turned]
policy = off"
    if libvirt_takes_live_trust; then
        not rxtrust status
        [ "$(verdict turned)" == "NOT as the policy says: still trusted; run: rxtrust apply turned" ]
        rxtrust apply
        rxtrust status
        not is_trusted turned
        not is_marked "$(macvtap turned)"
        [ "$(verdict turned)" == "as the policy says: left alone: off by policy" ]
        remark "trust is taken back at once, and its groups stay on the device until the guest stops"
    else
        rxtrust apply
        rxtrust status
        is_silent 105
        remark "all-multicast is taken back at once: libvirt before 10.0 doesn't take trust in a running guest"
    fi
}

@test "an interface plugged in later gets what the policy says by apply" {
    define growing 106 "$(direct 106)"
    start growing 106
    wait_for 40 log_says "guest growing: started"
    direct 106 | sed "s/$(mac 106)/$(mac 106 1)/" > "$state/interface.xml"
    virsh -q attach-device growing "$state/interface.xml" --live
    not rxtrust status
    rxtrust apply growing
    rxtrust status
    not rxtrust apply no-such-guest
}

@test "an interface plugged in whose portgroup trusts it is left alone where the policy is off: the trust is its owner's" {
    virsh -q net-create <(echo "<network><name>trusting</name><forward mode='bridge'><interface dev='up0'/></forward>
        <portgroup name='guests' trustGuestRxFilters='yes'/></network>")
    define growing 112 "$(direct 112)"
    virsh -q start growing --paused
    cat > "$state/interface.xml" <<END
<interface type='network'><mac address='$(mac 112 1)'/><source network='trusting' portgroup='guests'/>
<model type='virtio'/></interface>
END
    virsh -q attach-device growing "$state/interface.xml" --live
    write_policy <<< "[default]
policy = off"
    rxtrust apply growing
    rxtrust status > "$state/output"
    grep -q "$(mac 112 1) .* as the policy says: left alone: off by policy, trusted by its own XML or network" \
        "$state/output"
    remove growing
    virsh -q net-destroy trusting
}

@test "a guest's name of spaces, quotes, dashes and other alphabets goes through every command" {
    local name="--all 'é' \"q\" Ж"
    define "$name" 107 "$(direct 107)"
    virsh -q start --domain="$name" --paused
    [[ "$(verdict "$name")" != "" ]]
    rxtrust status | grep -qF -- "$name"
    rxtrust apply -- "$name"
    rxtrust explain -- "$name" | grep -q "$(mac 107)"
    wait_for 40 log_says "guest --all"
    virsh -q destroy --domain="$name"
    not rxtrust apply -- "$name"
    virsh -q undefine --domain="$name"
}

@test "check --guests tells which defined guest's interface each section decides, and which decides none" {
    start_network
    virsh -q net-define <(sed 's/uplinks/inactive/' "$state/network.xml")
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
    diff - "$state/errors" <<END
rxtrust: $(mac 110 2): network inactive: libvirt has no such active network
$policy:3: warning: the section decides nothing for any guest that is defined
$policy:5: warning: the section decides nothing for any guest that is defined
END
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
    rxtrust check --guests "$state/another.ini" > "$state/output" 2> "$state/errors"
    [ "$(< "$state/errors")" == "$state/another.ini:2: warning: the section decides nothing for any guest that is defined" ]
    stop_daemon
    not rxtrust check --guests 2> "$state/errors"
    grep -q "virsh: " "$state/errors"
    rxtrust check
    start_daemon
}

@test "status and apply with a broken policy, or no daemon, say so and fail" {
    define broken 108 "$(direct 108)"
    virsh -q start broken --paused
    echo nonsense | write_policy
    not rxtrust status > "$state/output" 2> "$state/errors"
    [ ! -s "$state/output" ]
    grep -q "rxtrust.ini:1: neither" "$state/errors"
    [ "$(tail -n 1 "$state/errors")" == "$policy: no guest is touched until this is mended" ]
    not rxtrust apply
    not rxtrust check 2> "$state/errors"
    [ "$(tail -n 1 "$state/errors")" == "$policy: no guest is touched until this is mended" ]
    cp "$policy" "$state/another.ini"
    not rxtrust check "$state/another.ini" 2> "$state/errors"
    not grep -q "no guest is touched" "$state/errors"
    rm "$policy"
    stop_daemon
    not rxtrust status 2> "$state/errors"
    grep -q "virsh: " "$state/errors"
    start_daemon
}
