#!/usr/bin/env bats
# Many at a time. Guests that come and go at random are those of tests/life.

load ../e2e/machine

guests=50

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

# canonical FILE: without the white space between elements.
canonical() {
    xmllint --noblanks "$1" | xmllint --c14n -
}

@test "200 hook calls at once: each prints its own guest's XML, rewritten by that guest's policy" {
    define load-1 1 "$(direct 1)"
    virsh dumpxml load-1 > "$state/one.xml"
    mkdir -p "$state/calls"
    cd "$state/calls"
    local number calls=() note mac
    mac=$(sed -n "s/.*<mac address='\(.*\)'.*/\1/p" ../one.xml)
    note="<metadata><rxtrust:given xmlns:rxtrust='urn:rxtrust:1'><rxtrust:interface mac='$mac' was='unsaid'\/><\/rxtrust:given><\/metadata>"
    for number in {0..199}; do
        sed "s/load-1</load-$number</" ../one.xml > "$number.in"
        # The note stands first in what is printed.
        sed -n "1s/.*/&\n$note/; s/<interface /&trustGuestRxFilters='yes' /; p" "$number.in" > "$number.canonical"
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
            diff <(canonical "$number.canonical") <(canonical "$number.out")
        else
            [[ ! -s $number.out ]]
        fi
    done
    hook_is_idle
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
@test "status of 500 guests asks virsh for a hundred at a time, and takes little longer than virsh itself" {
    local many=500 number dumps=() virsh_seconds status_seconds TIMEFORMAT=%R
    write_policy <<< "[default]
policy = multicast"
    many_domains > "$state/node.xml"
    for ((number = 0; number < many; number++)); do
        echo "link add link up0 name tiny$number address $(many_mac "$number") type macvtap mode bridge"
        echo "link set tiny$number allmulticast on up"
    done | ip -batch -
    fake_virsh <<END
#!/bin/sh
echo "\$4" >> $state/asked
shift 3 # -r -c qemu:///system
exec /usr/bin/virsh -c test://$state/node.xml "\$@"
END
    rm -f "$state/asked"
    PATH=$state/bin:$PATH "$program" status --json > "$state/output" # what is measured is warm
    [ "$(jq '[.interfaces[] | select(.state == "ok" and .code == "multicast")] | length' "$state/output")" == $many ]
    [ "$(wc -l < "$state/asked")" == 6 ]
    mapfile -t dumps < <(tail -n +2 "$state/asked")
    virsh_seconds=$({ time {
        /usr/bin/virsh -c "test://$state/node.xml" list --uuid > /dev/null
        for number in "${!dumps[@]}"; do
            /usr/bin/virsh -c "test://$state/node.xml" "${dumps[number]}" > /dev/null
        done
    }; } 2>&1)
    status_seconds=$({ time PATH=$state/bin:$PATH "$program" status --json > /dev/null; } 2>&1)
    echo "# status of $many guests: $status_seconds s; virsh alone, with the same calls: $virsh_seconds s" >&3
    ip link set tiny7 allmulticast off
    not env PATH="$state/bin:$PATH" "$program" status --json > "$state/output"
    [ "$(jq -c '[.interfaces[] | select(.state != "ok") | [.guest, .code]]' "$state/output")" == '[["tiny-7","no-multicast"]]' ]
    rm -rf "${state:?}/bin"
    for ((number = 0; number < many; number++)); do
        echo "link del tiny$number"
    done | ip -batch -
}
