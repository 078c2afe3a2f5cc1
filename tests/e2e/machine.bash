# The machine of an end-to-end test: a libvirt daemon, an uplink `up0` for macvtaps whose far end is a peer
# in a network namespace `peer`, guests, and the log. For use inside tests/sandbox only.

state=/run/e2e
syslog=$state/syslog
daemon_log=/var/log/libvirt/libvirtd.log
hook=/etc/libvirt/hooks/qemu
policy=/etc/libvirt/rxtrust.ini
program=${RXTRUST_PROGRAM:-build/rxtrust}
package=${RXTRUST_PACKAGE:-} # of Debian's kind: what is tested is the program that it installs, by its link
if [[ -n $package ]]; then
    hook=/etc/libvirt/hooks/qemu.d/50-rxtrust
    program=/usr/bin/rxtrust
fi
guest_files=${RXTRUST_GUEST:-build/guest}

# The tests look for whole messages: nothing is wrapped, whatever the terminal.
shopt -u checkwinsize
export COLUMNS=1000

# A busy machine makes guests late: a test that failed is run once more, and says so. Debian 11's bats can't.
# shellcheck disable=SC2034 # bats reads it
BATS_TEST_RETRIES=1
((${BATS_TEST_TRY_NUMBER:-1} == 1)) || echo "# remark: it failed at the first try" >&3

# wait_for SECONDS COMMAND...: until the command succeeds; fails after so many seconds.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || { echo "in vain: $*" >&2; return 1; }
        sleep 0.05
    done
}

# bats takes no notice of a failed `! command`.
not() {
    ! "$@"
}

# remark TEXT: why this libvirt doesn't do what the test's name says, which the test has asserted.
remark() {
    echo "# remark: $*" >&3
}

# ---- the machine ----

start_machine() {
    mkdir -p $state /etc/libvirt/hooks /var/log/libvirt/qemu
    cat > /etc/libvirt/qemu.conf <<'END'
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
remember_owner = 0
END
    cat > /etc/libvirt/libvirtd.conf <<END
log_filters = "1:util.command 1:util.hook 3:object 3:event"
log_outputs = "1:file:$daemon_log"
auth_unix_ro = "none"
auth_unix_rw = "none"
END
    # Debian's package with the daemon's units makes this user, and would start a daemon on the machine.
    id libvirt-qemu >/dev/null 2>&1 || useradd --system libvirt-qemu
    skip_interface_numbers "${RXTRUST_IFINDEX_BASE:-0}"
    ip netns add peer
    ip -n peer link set lo up
    ip -n peer link add lan type bridge mcast_snooping 0
    ip -n peer link set lan up
    ip -n peer address add 2001:db8::1/64 dev lan nodad
    ip -n peer address add 2001:db8:1::1/64 dev lan nodad
    plug_in "" far0
    start_syslog
    [[ -z $package ]] || dpkg -i "$package"
    virtlogd -d
    start_daemon
}

# skip_interface_numbers COUNT: interfaces that are made from here on have higher ones. The device nodes of
# macvtaps, which are named by them, share one directory with those of other machines. A veth takes two numbers,
# and is deleted much faster than a bridge.
skip_interface_numbers() {
    (($1 > 0)) || return 0
    seq -f 'link add number%.0f group 77 type veth' 1 2 "$1" | ip -batch -
    ip link del group 77
}

# plug_in NAMESPACE NAME [UPLINK]: gives the machine in that network namespace ("": this one) an uplink, up0,
# with the far end, NAME, at the peer.
plug_in() {
    local uplink=${3:-up0}
    ip link add "$2" type veth peer name "$uplink" ${1:+netns "$1"}
    ip link set "$2" netns peer
    ip -n peer link set "$2" master lan up
    ip ${1:+-n "$1"} link set "$uplink" up
}

start_syslog() {
    ln -sf $state/log /dev/log
    busybox syslogd -n -O $syslog & # writes the socket that /dev/log names
    wait_for 5 test -S /dev/log
}

# The hook finds its programs in $state/bin first: there a test puts a virsh of its own.
start_daemon() {
    PATH=$state/bin:$PATH libvirtd -d -p $state/libvirtd.pid 3>&- # bats waits for all that hold its 3
    wait_for 100 virsh list
}

stop_daemon() {
    local pid
    pid=$(cat $state/libvirtd.pid)
    kill "$pid"
    wait_for 30 eval "! kill -0 $pid"
}

restart_daemon() {
    stop_daemon
    start_daemon
}

# reconnect NAME: restarts the daemon, until the hook has done its work for this guest, which goes on after virsh
# gets its first answer.
reconnect() {
    stop_daemon
    start_daemon_again "$1"
}

start_daemon_again() {
    local before
    before=$(reconnects "$1")
    start_daemon
    wait_for 30 eval "((\$(reconnects $1) > before))"
    settle
}

reconnects() {
    grep -c "hooks/.* $1 reconnect begin" $daemon_log || true
}

# start_second_machine [FAR]: a second machine at the peer's other end, which is named so there. Migrations go
# over a link of their own: on the uplinks each device of a machine answers for all of its addresses, also one
# in passthrough mode, whose MAC address is the same on both.
start_second_machine() {
    ip netns add second
    plug_in second "${1:-far1}"
    ip link add between type veth peer name between netns second
    ip address add 192.0.2.1/24 dev between
    ip -n second address add 192.0.2.2/24 dev between
    ip link set between up
    ip -n second link set between up
    ip netns exec second unshare --mount --pid --uts --fork --kill-child tests/e2e/second-machine \
        > $state/second.log 2>&1 3>&- &
    second_machine=$!
    wait_for 100 virsh -c "qemu+unix:///system?socket=$state/second/libvirt-sock" list
}

stop_second_machine() {
    kill -KILL "$second_machine"
    ip link del between
    ip netns del second
}

# A background process of an earlier test may still run the program: it is replaced, not written to. The daemon
# notices a hook that comes when it starts, and calls it anew each time: so it is restarted only if there was none.
install_hook() {
    local noticed=no
    [[ ! -e $hook || ! -e $state/hook-noticed ]] || noticed=yes
    if [[ -n $package ]]; then
        mkdir -p "${hook%/*}"
        ln -sf "$program" $hook
    else
        cp "$program" $hook.new
        mv $hook.new $hook
    fi
    rm -f $policy
    [[ $noticed == yes ]] || restart_daemon
    touch $state/hook-noticed
}

# The program is the one file of `make static`.
is_static() {
    "$program" --version | grep -q '(static: '
}

# The installed hook is one that doesn't find it.
take_away_libxml2() {
    rm "$hook" # which may be a link to it
    sed 's/libxml2\.so/libxml0.so/' "$program" > "$hook"
    chmod +x "$hook"
    not cmp -s "$program" "$hook"
}

remove_hook() {
    rm -f $hook $policy $state/hook-noticed
    restart_daemon
}

# No call of the hook is under way, nor what it does in the background.
hook_is_idle() {
    ! pgrep -x "${hook##*/}" >/dev/null
}

settle() {
    wait_for 60 hook_is_idle
}

# The program as an administrator calls it; a test's own virsh is its virsh, too.
rxtrust() {
    PATH=$state/bin:$PATH "$program" "$@"
}

# code NAME [MAC]: the stable code of status for the guest's interface (the one with this MAC).
code() {
    { rxtrust status --json || true; } | jq -r --arg name "$1" --arg mac "${2-}" \
        '[.interfaces[] | select(.guest == $name and ($mac == "" or .mac == $mac)) | .code][0]'
}

# is CODE NAME [MAC]: status tells it; its exit code is 0 where it is as the policy says, and 1 where it isn't.
is() {
    local found exit_code=0 expected=1
    found=$(code "${@:2}")
    rxtrust status >/dev/null || exit_code=$?
    case $1 in trusted | multicast | opted-out) expected=0 ;; esac
    [[ $found == "$1" && $exit_code == "$expected" ]] || { echo "it is $found, exit code $exit_code" >&2; return 1; }
}

# note NAME: what rxtrust has noted in the live domain.
note() {
    virsh metadata "$1" urn:rxtrust:1 --live 2>/dev/null
}

# has_note NAME WORD [MAC]: the note says that the owner's word was this before rxtrust gave trust.
has_note() {
    [[ $(note "$1" | xmllint --xpath "string(//interface[${3:+@mac='$3' and }true()]/@was)" -) == "$2" ]]
}

has_no_note() {
    [[ -z $(note "$1" | xmllint --xpath '//interface' - 2>/dev/null) ]]
}

write_policy() {
    cat > $policy
}

# Becomes the virsh that the hook finds; the test's own calls are the real one's.
fake_virsh() {
    mkdir -p $state/bin
    cat > $state/bin/virsh
    chmod +x $state/bin/virsh
}

# The network `uplinks`: macvtaps on up0, as libvirt makes them.
start_network() {
    virsh -q net-info uplinks >/dev/null 2>&1 && return
    echo "<network><name>uplinks</name><forward mode='bridge'><interface dev='up0'/></forward></network>" \
        > $state/network.xml
    virsh -q net-define $state/network.xml
    virsh -q net-start uplinks
}

# ---- guests ----

# Guest number N has the MAC address 52:54:00:a1:N:10 and, on its interface I, three addresses
# 2001:db8:I::10N0:1 to :3. Their multicast groups are not the MAC's own.
mac() {
    printf '52:54:00:a1:%02x:%02x' "$1" $((16 + ${2:-0}))
}

addresses() {
    local i
    for i in 1 2 3; do
        printf '2001:db8:%x::%x:%x\n' "${2:-0}" $((0x1000 + $1)) "$i"
    done
}

# policy_is POLICY [OVERRIDE]
policy_is() {
    printf '[default]\npolicy = %s\noverride = %s\n' "$1" "${2-no}" | write_policy
}

# direct N [ATTRIBUTES [MODEL [MODE [INSIDE [UPLINK]]]]]: the XML of an interface on up0.
direct() {
    echo "<interface type='direct' ${2-}><mac address='$(mac "$1")'/><source dev='${6:-up0}' mode='${4:-bridge}'/>" \
        "<model type='${3:-virtio}'/>${5-}</interface>"
}

# define NAME N INTERFACES: defines the guest.
define() {
    local words
    words="eth0=$(addresses "$2" 0 | paste -sd,) eth1=$(addresses "$2" 1 | paste -sd,)"
    cat > "$state/domain.xml" <<END
<domain type='qemu'>
  <name>$1</name>
  <uuid>$(guest_uuid "$2")</uuid>
  <memory unit='MiB'>160</memory>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>$state/guest/kernel</kernel>
    <initrd>$state/guest/initrd</initrd>
    <cmdline>console=ttyS0 quiet $words</cmdline>
  </os>
  <features><acpi/></features>
  <on_reboot>destroy</on_reboot>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    $3
    <serial type='pty'><log file='/var/log/libvirt/qemu/$2.console' append='off'/><target port='0'/></serial>
    <serial type='tcp'><source mode='bind' host='127.0.0.1' service='$((4000 + $2))'/><target port='1'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
END
    virsh -q define "$state/domain.xml"
}

# make_disk FILE: an empty qcow2 image of 1 MiB, which keeps snapshots: a header, and the tables of references and
# clusters, a cluster of 64 KiB each.
make_disk() {
    local numbers
    {
        printf 'QFI\xfb'
        for numbers in 2 0 0 0 16 0 1048576 0 1 0 196608 0 65536 1 0 0 0; do
            printf '%08x' "$numbers" | sed 's/../\\x&/g' | xargs -0 printf
        done
    } > "$1"
    printf '\0\0\0\0\0\2' | dd of="$1" bs=65536 seek=1 conv=notrunc status=none
    printf '\0\1\0\1\0\1\0\1' | dd of="$1" bs=65536 seek=2 conv=notrunc status=none
    truncate -s 262144 "$1"
}

guest_uuid() {
    printf '0ddba11c-0000-4000-8000-%012x' "$1"
}

# start NAME N: starts the guest and waits until it has booted.
start() {
    virsh -q start "$1"
    wait_until_up "$2"
}

wait_until_up() {
    wait_for 60 grep -q GUEST-UP "/var/log/libvirt/qemu/$1.console"
}

is_running() {
    [[ $(virsh domstate "$1") == running ]]
}

remove() {
    virsh -q destroy --domain="$1" || true
    virsh -q undefine --domain="$1" --managed-save || virsh -q undefine --domain="$1"
    delete_what_libvirt_cannot
}

remove_all() {
    local name
    virsh list --all --name | while read -r name; do
        [[ -z $name ]] || remove "$name"
    done >/dev/null 2>&1
    delete_what_libvirt_cannot
}

# macvtap NAME [MAC]: the device of the guest's interface (the one with this MAC).
macvtap() {
    virsh -q domiflist "$1" | awk -v mac="${2-}" 'mac == "" || $5 == mac { print $1; exit }'
}

# The flag that lets every multicast frame in: in passthrough mode it is promiscuous mode, which the host device
# doesn't count there.
has_all_multicast() {
    local link
    link=$(ip -d link show "$1")
    [[ $link == *ALLMULTI* || ($link == *"mode passthru"* && $link == *PROMISC*) ]]
}

# rxtrust marks the devices whose all-multicast it has set.
is_marked() {
    [[ $(cat "/sys/class/net/$1/ifalias") == 'rxtrust: all-multicast' ]]
}

has_no_alias() {
    [[ -z $(cat "/sys/class/net/$1/ifalias") ]]
}

is_promiscuous() {
    ip link show "$1" | grep -q PROMISC
}

is_up() {
    ip link show "$1" | grep -q '[<,]UP[,>]'
}

# counters DEVICE: how often it is told to take everything, and all multicast. ip before 6.0 doesn't tell
# the second; the kernel's flags tell whether it is none.
counters() {
    ip -d link show "$1" | grep -oE '(promiscuity|allmulti) [0-9]+'
    echo "flags $(($(cat "/sys/class/net/$1/flags") & 0x300))" # libvirt may leave the device down
}

# libvirt 7.0 asks for it with a flag that Linux 5.19 and later take for another.
delete_what_libvirt_cannot() {
    local device found=no
    while read -r device; do
        found=yes
        [[ -e /sys/class/net/$device ]] || continue # it went with its uplink
        ip link del "$device"
    done < <(sed -n 's/.*error destroying network device \(.*\): Operation not supported/\1/p' $daemon_log)
    [[ $found == no ]] || : > $daemon_log # the name may soon be another device's
}

no_macvtap_is_left() {
    [[ -z $(ip -o link show type macvtap) ]]
}

live_trust() {
    virsh dumpxml "$1" | xmllint --xpath "string(//interface[${2:-1}]/@trustGuestRxFilters)" -
}

is_trusted() {
    [[ $(live_trust "$@") == yes ]]
}

# tell_guest N COMMAND: has the guest run it, and prints what it says.
tell_guest() {
    local line
    exec 9<>"/dev/tcp/127.0.0.1/$((4000 + $1))"
    echo "$2" >&9
    while read -r -t 10 line <&9; do
        line=${line%$'\r'}
        [[ $line != DONE ]] || break
        echo "$line"
    done
    exec 9>&-
    [[ $line == DONE ]]
}

# tell_guest_all N: has the guest run each line of the standard input.
tell_guest_all() {
    local command
    while read -r command; do
        tell_guest "$1" "$command"
    done
}

# From 10.0 on `virsh update-device` changes trust in a running guest.
libvirt_takes_live_trust() {
    (($(libvirtd --version | sed 's/.* \([0-9]*\)\..*/\1/') >= 10))
}

# trust_by NAME: has rxtrust trust a guest that runs. A libvirt that takes no live trust takes it from a saved image.
trust_by_rxtrust() {
    settle
    libvirt_takes_live_trust || restore "$1" "${@:2}"
    is_trusted "$1"
}

# restore NAME: from a managed save, paused.
restore() {
    save "$1"
    virsh -q start "$1" --paused
    settle
}

save() {
    virsh -q managedsave "$1"
    delete_what_libvirt_cannot
}

# has_group DEVICE ADDRESS: the device takes the address's solicited-node multicast group.
has_group() {
    local mac
    mac=$(ipv6_group_mac "$2")
    ip maddress show dev "$1" | grep -q "$mac"
}

# The Ethernet address of an IPv6 address's solicited-node group, for addresses as addresses() makes them.
ipv6_group_mac() {
    local last=${1##*:} rest=${1%:*}
    printf '33:33:ff:%02x:00:%02x' $((16#${rest##*:} & 255)) "$((16#$last))"
}

has_address() {
    ip link show "$1" | grep -q "$2"
}

# ---- the peer ----

# answers ADDRESS [SECONDS]: to the first ping, within so many seconds, of a host that has other work too.
answers() {
    ip -n peer neighbour flush all
    ip netns exec peer ping -6 -n -c 1 -W "${2:-5}" "$1" >/dev/null
}

# answers_all N [INTERFACE]: the guest answers on each of its addresses.
answers_all() {
    local address
    for address in $(addresses "$@"); do
        answers "$address" || { echo "no answer from $address" >&2; return 1; }
    done
}

# is_silent N [INTERFACE]: the guest doesn't answer, though it is there: it does once the peer is told its
# MAC address. A macvtap's filter has 256 buckets, a few of them open: one address may pass by accident,
# three don't.
is_silent() {
    local address silent=no
    for address in $(addresses "$@"); do
        answers "$address" 1 || silent=yes
    done
    [[ $silent == yes ]] || { echo "it answers on all of its addresses" >&2; return 1; }
    for address in $(addresses "$@"); do
        ip -n peer neighbour replace "$address" dev lan lladdr "$(mac "$@")" nud permanent
        ip netns exec peer ping -6 -n -c 1 -W 2 "$address" >/dev/null || silent=dead
        ip -n peer neighbour del "$address" dev lan
    done
    [[ $silent == yes ]] || { echo "it doesn't answer to its MAC address either" >&2; return 1; }
}

# ---- the log ----

log_says() {
    grep -q -- "rxtrust.*$1" $syslog
}

clear_log() {
    : > $syslog
}
