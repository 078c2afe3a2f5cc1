#!/usr/bin/env bats
# The Debian package: installed, upgraded, removed and purged by apt, on a machine whose guests run.

load ../e2e/machine

program=/usr/bin/rxtrust # the package's
new=$RXTRUST_PACKAGES/new/deb
old=$RXTRUST_PACKAGES/0.1.0/build/deb
link=/etc/libvirt/hooks/qemu.d/50-rxtrust

example=/usr/share/doc/rxtrust/rxtrust.ini

setup() {
    mkdir -p /run/systemd/system
    fake_systemctl active
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

# fake_systemctl STATE: what a maintainer script asks of systemd, where libvirtd.service is in this state and its socket
# is active; the daemon of this machine is not one of systemd's units. apt doesn't take the PATH that it finds.
fake_systemctl() {
    cat > /usr/bin/systemctl <<END
#!/bin/sh
echo "\$*" >> $state/asked
case \$* in
*virtqemud*) exit 5 ;;
*"is-active libvirtd.service") [ $1 = active ] ;;
*"reload libvirtd.service") kill -HUP \$(cat $state/libvirtd.pid) ;;
esac
END
    chmod +x /usr/bin/systemctl
}

# Nobody can answer a question: one is an error.
apt() {
    local status=0
    DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 "$@" > "$state"/output 2>&1 < /dev/null || status=$?
    [ $status -eq 0 ] || cat "$state"/output
    return $status
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
        -o -path /var/lib/libvirt -o -path /etc/libvirt/qemu -o -path /var/tmp \) -prune -o -printf '%p %y %m %u %l\n' | sort
}

@test "packages: it builds without a warning" {
    grep -q 'dpkg-deb: building package' "$RXTRUST_PACKAGES"/new.log
    not grep -i warning "$RXTRUST_PACKAGES"/new.log
}

@test "packages: lintian has no error and no warning" {
    lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$new"/*.changes > "$state"/output 2>&1 ||
        { cat "$state"/output; false; }
    cat "$state"/output
}

@test "packages: it holds what it should, where it should, and depends on what it loads" {
    dpkg-deb --contents "$new"/rxtrust_*.deb | awk '{ $1 = $2 = $3 = $4 = $5 = ""; print }' |
        sed 's/^ *//; s|^\./lib/systemd/|./usr/lib/systemd/|' | grep -v '/$' | sort > "$state"/contents
    cat "$state"/contents
    diff "$state"/contents - <<END
./etc/libvirt/hooks/qemu.d/50-rxtrust -> /usr/bin/rxtrust
./usr/bin/rxtrust
./usr/lib/systemd/system/rxtrust@.service
./usr/lib/udev/rules.d/60-rxtrust.rules
./usr/share/bash-completion/completions/rxtrust
./usr/share/doc/rxtrust/NEWS.md.gz
./usr/share/doc/rxtrust/README
./usr/share/doc/rxtrust/changelog.gz
./usr/share/doc/rxtrust/copyright
./usr/share/doc/rxtrust/rxtrust.ini
./usr/share/fish/vendor_completions.d/rxtrust.fish
./usr/share/lintian/overrides/rxtrust
./usr/share/man/man5/rxtrust.ini.5.gz
./usr/share/man/man8/rxtrust.8.gz
./usr/share/zsh/vendor-completions/_rxtrust
END
    not dpkg-deb --info "$new"/rxtrust_*.deb conffiles
    dpkg-deb --field "$new"/rxtrust_*.deb > "$state"/output
    says '^Homepage: http'
    says '^Maintainer: '
    not says '@'[A-Z]
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

@test "packages: what the README names is there" {
    apt install ./"$new"/rxtrust_*.deb
    local name
    grep -ohE '[A-Za-z]+\.(md|ini|svg)\b' /usr/share/doc/rxtrust/README | sort -u > "$state"/named
    grep -q rxtrust.ini "$state"/named
    while read -r name; do
        compgen -G "/usr/share/doc/rxtrust/$name*"
    done < "$state"/named
    not grep -F '](' /usr/share/doc/rxtrust/README
    rxtrust check "$example"
}

@test "packages: upgraded from 0.1.0, the policy that was edited stays in force, and the hook goes on" {
    apt install ./"$old"/rxtrust_*.deb
    [ "$(rxtrust --version)" == "rxtrust 0.1.0" ]
    printf '[default]\npolicy = multicast\n[vm:shut]\npolicy = off\n' > "$policy"
    cp "$policy" "$state"/edited
    local before
    before=$(daemon)
    apt install ./"$new"/rxtrust_*.deb
    [[ "$(rxtrust --version)" == "rxtrust $(dpkg-query -W -f '${Version}' rxtrust)"* ]]
    cmp "$policy" "$state"/edited
    dpkg --verify rxtrust > "$state"/output || true
    not says missing # nor is the rule, which 0.1.0 had below /lib
    [ "$(daemon)" == "$before" ]
    not grep -w 'start\|restart\|stop' "$state"/asked
    define upgraded 142 "$(direct 142)"
    start upgraded 142
    answers_all 142
    define shut 144 "$(direct 144)"
    virsh -q start shut
    not has_all_multicast "$(macvtap shut)"
    rxtrust status
    apt remove rxtrust
    cmp "$policy" "$state"/edited
    apt install ./"$new"/rxtrust_*.deb # over what dpkg calls config-files
    cmp "$policy" "$state"/edited
    apt purge rxtrust
    [ ! -e "$policy" ]
}

@test "packages: upgraded from 0.1.0, the policy that nobody edited goes, and that is said" {
    tree > "$state"/before
    apt install ./"$old"/rxtrust_*.deb
    [ -e "$policy" ]
    apt install ./"$new"/rxtrust_*.deb
    says "removed the policy $policy"
    [ ! -e "$policy" ]
    rxtrust check
    printf '[default]\npolicy = multicast\n' > "$policy"
    apt install --reinstall ./"$new"/rxtrust_*.deb
    not says "removed the policy"
    grep -q multicast "$policy"
    apt purge rxtrust
    tree | diff "$state"/before -
}

@test "packages: upgraded from 0.1.0, guests that run keep what they have, and it can be taken back" {
    apt install ./"$old"/rxtrust_*.deb
    define kept 145 "$(direct 145)"
    start kept 145
    answers_all 145
    wait_for 40 log_says "guest kept: started"
    wait_for 40 hook_is_idle
    apt install ./"$new"/rxtrust_*.deb
    says "1 guest as the policy says"
    answers_all 145
    rxtrust status
    printf '[vm:kept]\npolicy = off\n' > "$policy"
    not rxtrust status
    rxtrust apply kept
    not has_all_multicast "$(macvtap kept)"
    not is_trusted kept
    rxtrust status
}

@test "packages: a daemon that is idle behind its socket is neither started nor complained of" {
    fake_systemctl inactive
    apt install ./"$new"/rxtrust_*.deb
    grep -q 'is-active libvirtd.socket' "$state"/asked
    not grep '^reload\|-- reload' "$state"/asked
    not says "rxtrust: "
    not says "as the policy says"
}

@test "packages: a daemon that can't be reloaded is told" {
    rm -r /run/systemd/system
    apt install ./"$new"/rxtrust_*.deb
    says "rxtrust: libvirt's daemon could not be reloaded"
}

@test "packages: removed, the guests that keep something are named, and others are not" {
    apt install ./"$new"/rxtrust_*.deb
    printf '[default]\npolicy = multicast\n[vm:bare]\npolicy = off\n' > "$policy"
    define keeps 146 "$(direct 146)"
    virsh -q start keeps --paused
    define bare 147 "$(direct 147)"
    virsh -q start bare --paused
    apt remove rxtrust
    says "these guests keep what rxtrust gave them: keeps\$"
    says "run: rxtrust revert"
    apt install ./"$new"/rxtrust_*.deb
    virsh -q destroy keeps
    apt remove rxtrust
    not says "these guests keep"
    # A note of trust is enough.
    apt install ./"$new"/rxtrust_*.deb
    virsh -q metadata bare --live --uri urn:rxtrust:1 --key rxtrust --set '<given/>'
    apt remove rxtrust
    says "these guests keep what rxtrust gave them: bare\$"
}

@test "packages: removed, the administrator's policy is what is left; purged, nothing is" {
    rm -rf /etc/libvirt/hooks # dpkg removes it when it is empty
    tree > "$state"/before
    apt install ./"$new"/rxtrust_*.deb
    [ ! -e "$policy" ]
    cp "$example" "$policy"
    [ -e /run/rxtrust/last-apply ]
    apt install --reinstall ./"$new"/rxtrust_*.deb
    [ -e /run/rxtrust/last-apply ]
    rm "$state"/asked
    apt remove rxtrust
    [ ! -e /run/rxtrust ]
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
    says "rxtrust.ini:2: polcy is no key"
    apt purge rxtrust
    rm -rf /run/systemd/system
    stop_daemon
    apt install ./"$new"/rxtrust_*.deb
    not says "rxtrust: "
    start_daemon
}
