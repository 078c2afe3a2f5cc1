#!/usr/bin/env bats
# Many at a time, and for long: RXTRUST_LOAD_SECONDS of it, two minutes unless told otherwise.

load ../e2e/machine

guests=50
workers=4
seconds=${RXTRUST_LOAD_SECONDS:-120}

setup() {
    install_hook
    clear_log
    # By a guest's number: off, multicast, trust, off, …
    write_policy <<END
[rule:off]
vm = $(names 0)
policy = off
[rule:multicast]
vm = $(names 1)
policy = multicast
END
}

teardown() {
    remove_all
}

# names REST: the guests whose number leaves that rest by three.
names() {
    seq -f 'load-%g' -s ', ' "$1" 3 $((guests - 1))
}

@test "200 hook calls at once: each prints its own guest's XML, rewritten by that guest's policy" {
    define load-1 1 "$(direct 1)"
    virsh dumpxml load-1 > "$state/one.xml"
    mkdir -p "$state/calls"
    cd "$state/calls"
    local number calls=()
    for number in {0..199}; do
        sed "s/load-1</load-$number</" ../one.xml > "$number.in"
        sed 's/<interface /&trustGuestRxFilters="yes" /' "$number.in" > "$number.canonical"
        ((number % 3 == 2 || number >= guests)) || : > "$number.canonical" # nothing is changed, so nothing printed
    done
    for number in {0..199}; do
        $hook "load-$number" prepare begin - < "$number.in" > "$number.out" 2> "$number.complaints" &
        calls+=($!)
    done
    for number in "${calls[@]}"; do
        wait "$number"
    done
    for number in {0..199}; do
        if [[ -s $number.canonical ]]; then
            diff <(xmllint --c14n "$number.canonical") <(xmllint --c14n "$number.out")
        else
            [[ ! -s $number.out ]]
        fi
    done
    hook_is_idle
}

# ---- guests that come and go ----

number_of() {
    echo "$((10#${1#load-}))"
}

# make_definitions: the guests' XML, which `define` writes into one file.
make_definitions() {
    local number
    mkdir -p "$state/load"
    for ((number = 0; number < guests; number++)); do
        define "load-$number" $((100 + number)) "$(direct $((100 + number)))"
        mv "$state/domain.xml" "$state/load/load-$number.xml"
        virsh -q undefine "load-$number"
    done
}

define_one() {
    virsh -q define "$state/load/$1.xml"
}

start_one() {
    virsh -q start "$1" --paused
}

destroy_one() {
    virsh -q destroy "$1"
}

restart_one() {
    destroy_one "$1"
    start_one "$1"
}

undefine_one() {
    virsh -q undefine "$1"
}

# work WORKER: does what comes to mind with the guests that are this worker's, until the time is over.
work() {
    local end=$((SECONDS + seconds)) number guest now does
    local -A is
    RANDOM=$1
    set -e
    while ((SECONDS < end)); do
        number=$((RANDOM % (guests / workers) * workers + $1))
        guest=load-$number
        now=${is[$guest]:-absent}
        case $now-$((RANDOM % 3)) in
        absent-*) does=define is[$guest]=defined ;;
        defined-0) does=undefine is[$guest]=absent ;;
        defined-*) does=start is[$guest]=running ;;
        running-0) does=destroy is[$guest]=defined ;;
        running-*) does=restart ;;
        esac
        ${does}_one "$guest"
        echo "$does $guest"
    done
}

# is_as_its_policy_says GUEST
is_as_its_policy_says() {
    local device
    device=$(macvtap "$1")
    case $(($(number_of "$1") % 3)) in
    0) not has_all_multicast "$device" && not is_trusted "$1" ;;
    1) has_all_multicast "$device" && not is_trusted "$1" ;;
    2) if libvirt_takes_live_trust; then is_trusted "$1"; else has_all_multicast "$device"; fi ;;
    esac
}

# What a daemon and a hook could leave behind; a log isn't.
files() {
    find /run /etc/libvirt /var/lib/libvirt /tmp -path "$state" -prune -o -type f -print | sort
}

descriptors() {
    find /proc/"$(cat "$state"/libvirtd.pid)"/fd -mindepth 1 | wc -l
}

@test "$guests guests defined, started, restarted and destroyed at random: each as its policy says, and nothing is left behind" {
    make_definitions
    # What the daemon opens once for all guests it has open now.
    define_one load-0
    start_one load-0
    remove load-0
    wait_for 60 hook_is_idle
    local worker guest before_files before_descriptors running=()
    before_files=$(files)
    before_descriptors=$(descriptors)

    for ((worker = 0; worker < workers; worker++)); do
        work "$worker" > "$state/load/$worker.log" 2>&1 &
        running+=($!)
    done
    for worker in "${!running[@]}"; do
        wait "${running[worker]}" || { cat "$state/load/$worker.log"; false; }
    done
    echo "# $(cat "$state"/load/*.log | cut -d' ' -f1 | sort | uniq -c | tr -s '\n ' ' ')" >&3

    wait_for 60 hook_is_idle
    not log_says 'error\|too long\|crashed\|refused'
    mapfile -t running < <(virsh list --name | grep load-)
    ((${#running[@]} >= guests / 5))
    for guest in "${running[@]}"; do
        is_as_its_policy_says "$guest" || { echo "$guest isn't as its policy says"; "$program" status; false; }
    done
    "$program" status > /dev/null
    remove_all
    [ -z "$(ip -o link show type macvtap)" ]
    not pgrep -f qemu-system
    hook_is_idle
    diff <(echo "$before_files") <(files)
    wait_for 10 test "$(descriptors)" -le "$before_descriptors"
}

# many_domains: what libvirt's test driver reads them from.
many_domains() {
    local number
    echo '<node>'
    for ((number = 0; number < many; number++)); do
        cat <<XML
<domain type='test'><name>tiny-$number</name><uuid>$(printf '0ddba11c-0000-4000-8000-%012x' "$number")</uuid>
<memory>1024</memory><os><type>hvm</type></os><devices><interface type='direct'>
<mac address='$(many_mac "$number")'/><source dev='up0' mode='bridge'/><target dev='tiny$number'/>
<model type='virtio'/></interface></devices></domain>
XML
    done
    echo '</node>'
}

many_mac() {
    printf '52:54:00:b0:%02x:%02x' $(($1 / 256)) $(($1 % 256))
}

# As many guests that run don't fit on the machine: they are those of libvirt's test driver, with real macvtaps.
@test "status of 500 guests asks virsh twice, and takes little longer than virsh itself" {
    local many=500 number dumps virsh_seconds status_seconds TIMEFORMAT=%R
    write_policy <<< "[default]
policy = multicast"
    many_domains > "$state/node.xml"
    for ((number = 0; number < many; number++)); do
        echo "link add link up0 name tiny$number address $(many_mac "$number") type macvtap mode bridge"
        echo "link set tiny$number allmulticast on up"
    done | ip -batch -
    fake_virsh <<END
#!/bin/sh
echo "\$3" >> $state/asked
shift 2 # -c qemu:///system
exec /usr/bin/virsh -c test://$state/node.xml "\$@"
END
    rm -f "$state/asked"
    PATH=$state/bin:$PATH "$program" status > "$state/output" # what is measured is warm
    [ "$(grep -c '^tiny-.*as the policy says: all-multicast$' "$state/output")" == $many ]
    [ "$(wc -l < "$state/asked")" == 2 ]
    dumps=$(sed -n 2p "$state/asked")
    virsh_seconds=$({ time {
        /usr/bin/virsh -c "test://$state/node.xml" list --uuid > /dev/null
        /usr/bin/virsh -c "test://$state/node.xml" "$dumps" > /dev/null
    }; } 2>&1)
    status_seconds=$({ time PATH=$state/bin:$PATH "$program" status > /dev/null; } 2>&1)
    echo "# status of $many guests: $status_seconds s; virsh alone, with the same two calls: $virsh_seconds s" >&3
    ip link set tiny7 allmulticast off
    not env PATH="$state/bin:$PATH" "$program" status > "$state/output"
    [ "$(grep -c 'NOT as the policy says' "$state/output")" == 1 ]
    rm -rf "${state:?}/bin"
    for ((number = 0; number < many; number++)); do
        echo "link del tiny$number"
    done | ip -batch -
}
