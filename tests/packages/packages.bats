#!/usr/bin/env bats
# The Debian package: installed, upgraded, removed and purged by apt, on a machine whose guests run.

load ../e2e/machine

new=$RXTRUST_PACKAGES/new/deb
old=$RXTRUST_PACKAGES/0.0.9/deb
link=/etc/libvirt/hooks/qemu.d/50-rxtrust

setup() {
    mkdir -p /run/systemd/system
    # What a maintainer script asks of systemd; the daemon of this machine is not one of its units. apt doesn't
    # take the PATH that it finds.
    cat > /usr/bin/systemctl <<END
#!/bin/sh
echo "\$*" >> $state/asked
case \$* in
*"reload libvirtd.service") kill -HUP \$(cat $state/libvirtd.pid) ;;
*virtqemud*) exit 5 ;;
esac
END
    chmod +x /usr/bin/systemctl
    rm -f /usr/sbin/policy-rc.d # which may forbid it
    rm -f "$state"/asked
    remove_hook
    clear_log
}

teardown() {
    rm -rf /usr/local/bin/rxtrust /etc/libvirt/rxtrust.installed
    apt purge rxtrust > /dev/null
    remove_all
    rm -rf /run/systemd/system
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -y -q \
        -o Dpkg::Options::=--force-confold "$@" > "$state"/output 2>&1 || { cat "$state"/output; return 1; }
}

says() {
    cat "$state"/output
    grep -q -- "$1" "$state"/output
}

daemon() {
    pgrep -x -U 0 libvirtd | sort | head -n 1
}

# What is there, but for what dpkg and apt keep.
tree() {
    find /etc /usr /var -xdev \( -path /var/lib/dpkg -o -path /var/cache -o -path /var/log -o -path /var/lib/apt \
        -o -path /var/lib/libvirt -o -path /etc/libvirt/qemu \) -prune -o -printf '%p %y %m %u %l\n' | sort
}

@test "packages: lintian has no error and no warning" {
    lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$new"/*.changes > "$state"/output 2>&1 ||
        { cat "$state"/output; false; }
    cat "$state"/output
}

@test "packages: it holds what it should, where it should, and depends on what it loads" {
    dpkg-deb --contents "$new"/rxtrust_*.deb | awk '{ $1 = $2 = $3 = $4 = $5 = ""; print }' |
        sed 's/^ *//; s|^\./lib/|./usr/lib/|' | grep -v '/$' | sort > "$state"/contents
    cat "$state"/contents
    diff "$state"/contents - <<END
./etc/libvirt/hooks/qemu.d/50-rxtrust -> /usr/bin/rxtrust
./etc/libvirt/rxtrust.ini
./usr/bin/rxtrust
./usr/lib/systemd/system/rxtrust@.service
./usr/lib/udev/rules.d/60-rxtrust.rules
./usr/share/bash-completion/completions/rxtrust
./usr/share/doc/rxtrust/README.md.gz
./usr/share/doc/rxtrust/changelog.gz
./usr/share/doc/rxtrust/copyright
./usr/share/doc/rxtrust/neighbour-discovery.svg
./usr/share/lintian/overrides/rxtrust
./usr/share/man/man5/rxtrust.ini.5.gz
./usr/share/man/man8/rxtrust.8.gz
END
    [ "$(dpkg-deb --info "$new"/rxtrust_*.deb conffiles)" == /etc/libvirt/rxtrust.ini ]
    dpkg-deb --field "$new"/rxtrust_*.deb Depends > "$state"/output
    says 'libxml2.*libinih1\|libinih1.*libxml2'
}

@test "packages: installed, a guest that runs answers, one that starts too, and nothing was restarted" {
    define early 140 "$(direct 140)"
    start early 140
    is_silent 140
    local before
    before=$(daemon)
    apt install ./"$new"/rxtrust_*.deb
    says "1 guest as the policy says"
    answers_all 140
    [ "$(daemon)" == "$before" ]
    not grep -w 'start\|restart\|stop' "$state"/asked
    grep -q 'reload libvirtd.service' "$state"/asked
    grep -q 'daemon-reload' "$state"/asked
    define later 141 "$(direct 141)"
    start later 141
    answers_all 141
    settle
    /usr/bin/rxtrust status
    /usr/bin/rxtrust check
    [ "$(readlink $link)" == /usr/bin/rxtrust ]
    dpkg --verify rxtrust
}

@test "packages: udev's rule and the unit are good" {
    apt install ./"$new"/rxtrust_*.deb
    local rules
    rules=$(dpkg -L rxtrust | grep 60-rxtrust.rules)
    cat "$rules"
    systemd-analyze verify --man=no rxtrust@tap7.service > "$state"/output 2>&1 || true
    cat "$state"/output
    not grep rxtrust "$state"/output
    if udevadm verify --help > /dev/null 2>&1; then
        udevadm verify "$rules"
    else # before systemd 254
        grep -c . "$rules"
    fi
}

@test "packages: upgraded, the policy that was changed stays, and the hook goes on" {
    apt install ./"$old"/rxtrust_*.deb
    [ "$(rxtrust --version)" == "rxtrust 0.0.9" ]
    printf '[default]\npolicy = multicast\n' > "$policy"
    local before
    before=$(daemon)
    apt install ./"$new"/rxtrust_*.deb
    [ "$(rxtrust --version)" == "rxtrust $(dpkg-query -W -f '${Version}' rxtrust)" ]
    grep -q multicast "$policy"
    [ "$(daemon)" == "$before" ]
    not grep -w 'start\|restart\|stop' "$state"/asked
    define upgraded 142 "$(direct 142)"
    start upgraded 142
    answers_all 142
    rxtrust status
}

@test "packages: removed, the policy is what is left; purged, nothing is" {
    tree > "$state"/before
    apt install ./"$new"/rxtrust_*.deb
    rm "$state"/asked
    apt remove rxtrust
    grep -q 'reload libvirtd.service' "$state"/asked
    tree | diff "$state"/before - > "$state"/output || true
    cat "$state"/output
    [ "$(grep '^[<>]' "$state"/output)" == "> $policy f 644 root " ]
    define bare 143 "$(direct 143)"
    start bare 143
    is_silent 143
    not log_says "guest bare"
    virsh -q destroy bare
    virsh -q undefine bare
    apt purge rxtrust
    tree | diff "$state"/before -
}

@test "packages: beside what install.sh has installed, it warns" {
    cp build/rxtrust /usr/local/bin/rxtrust
    apt install ./"$new"/rxtrust_*.deb
    says "install.sh has installed another rxtrust here"
}

@test "packages: it installs with a policy that has errors, without a daemon, and without systemd" {
    printf '[default]\npolcy = off\n' > "$policy"
    apt install ./"$new"/rxtrust_*.deb
    says "rxtrust.ini:2: unknown key 'polcy'"
    apt purge rxtrust
    rm -rf /run/systemd/system
    stop_daemon
    apt install ./"$new"/rxtrust_*.deb
    not says "rxtrust: "
    start_daemon
}
