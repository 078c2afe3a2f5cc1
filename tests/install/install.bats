#!/usr/bin/env bats
# install.sh: on a machine whose guests run, beside others' hooks, twice, interrupted, and away again.

load ../e2e/machine

source=$state/source # a copy, because it builds there
fakes=$state/fakes   # programs that are found before the machine's own

setup() {
    rm -rf "$fakes"
    mkdir -p "$fakes"
    [[ -d $source ]] || copy_source
    remove_hook
    clear_log
}

teardown() {
    bring_back
    "$source"/install.sh --uninstall --purge
    rm -rf "$hook" "$hook.d"
    remove_all
}

copy_source() {
    mkdir -p "$source"/build
    cp -a Makefile install.sh config hook "$source"
    cp "$(dirname "$program")"/version "$source"/VERSION
    cp -a "$(dirname "$program")"/hook "$(dirname "$program")"/{rxtrust,version} "$source"/build
    make -s -C "$source"
}

installer() {
    PATH=$fakes:$PATH "$source"/install.sh "$@"
}

# fake NAME: a program of this name with the text on standard input.
fake() {
    { echo "#!/bin/sh" && cat; } > "$fakes/$1"
    chmod +x "$fakes/$1"
}

# hide FILE: until the test's end it isn't there.
hide() {
    mv "$1" "$1.hidden"
    echo "$1" >> "$state"/hidden
}

hide_libvirt() {
    local name
    for name in libvirtd virtqemud virsh; do
        [[ -z $(command -v $name) ]] || hide "$(command -v $name)"
    done
}

bring_back() {
    local file
    umount -l /etc 2>/dev/null || true
    rm -rf /run/systemd/system
    rm -f /usr/local/bin/rxtrust
    [[ -e $state/hidden ]] || return 0
    while read -r file; do
        rm -rf "$file"
        mv "$file.hidden" "$file"
    done < "$state"/hidden
    rm "$state"/hidden
}

# What is there, but for the times of directories.
tree() {
    find /etc /usr/local /opt -printf '%p %y %m %u %l\n' | sort
    find /etc/libvirt /usr/local/share -type f -exec sha256sum {} + | sort
}

# From here on no file of the machine may change, until nothing_changed.
nothing_may_change() {
    touch "$state"/stamp
    sleep 0.05 # the kernel's clock for files is a coarse one
}

nothing_changed() {
    local changed
    changed=$(find /etc /usr /opt -cnewer "$state"/stamp)
    echo "changed: $changed"
    [ -z "$changed" ]
}

their_hook() {
    printf '#!/bin/sh\necho "$1 $2" >> %s\n' "$state"/theirs > "$hook"
    chmod +x "$hook"
    cp "$hook" "$state"/their-hook
    rm -f "$state"/theirs
}

daemon() {
    pgrep -x -U 0 libvirtd | sort | head -n 1
}

qemu() {
    cat "/run/libvirt/qemu/$1.pid"
}

# starts NAME: it is started and gone again, without waiting for its boot.
starts() {
    virsh -q start "$1"
    virsh -q destroy "$1"
    delete_what_libvirt_cannot
}

says() {
    grep -q -- "$1" "$state"/output
}

# refuses TEXT OPTION...: ends with 1, says the text on standard error, and changes nothing.
refuses() {
    local text=$1 status=0
    shift
    nothing_may_change
    installer "$@" > "$state"/stdout 2> "$state"/output || status=$?
    cat "$state"/output
    [ $status -eq 1 ]
    says "$text"
    nothing_changed
}

is_the_command() {
    [ ! -L "$1" ] && cmp "$program" "$1"
}

@test "install: a running guest answers afterwards, and neither it nor the daemon was restarted" {
    define early 60 "$(direct 60)"
    start early 60
    is_silent 60
    not "$program" status
    local before
    before="$(daemon) $(qemu early)"
    installer | tee "$state"/output
    answers_all 60
    [ "$(daemon) $(qemu early)" == "$before" ]
    says early
    says "install.sh --uninstall"
    rxtrust status
    define later 61 "$(direct 61)"
    start later 61
    answers_all 61
    rxtrust status --json | jq -e . > /dev/null
    rxtrust status --json | jq -r '.. | strings' | grep -qx later
}

@test "install: manual pages, completions and command are where they are looked for" {
    installer
    is_the_command /usr/local/bin/rxtrust
    [ "$(rxtrust --version)" == "$("$program" --version)" ]
    [ -f /usr/local/share/man/man8/rxtrust.8 ]
    [ -f /usr/local/share/man/man5/rxtrust.ini.5 ]
    cmp config/rxtrust.bash-completion /usr/local/share/bash-completion/completions/rxtrust
    cmp config/rxtrust.zsh-completion /usr/local/share/zsh/site-functions/_rxtrust
    cmp config/rxtrust.fish-completion /usr/local/share/fish/vendor_completions.d/rxtrust.fish
    cmp config/rxtrust.ini /usr/local/share/doc/rxtrust/rxtrust.ini
    [ ! -e "$policy" ]
    rxtrust check
    rxtrust check /usr/local/share/doc/rxtrust/rxtrust.ini
}

@test "install: it complains of nothing, also where SIGPIPE is ignored" {
    installer # the program of another version may have to be looked at
    (trap '' PIPE && installer) 2> "$state"/output
    (trap '' PIPE && installer --uninstall) 2>> "$state"/output
    cat "$state"/output
    [ ! -s "$state"/output ]
}

@test "install: the command is still rxtrust when somebody overwrites the hook, and tells of it" {
    installer
    printf '#!/bin/sh\ntouch %s\n' "$state"/theirs > "$hook"
    rm -f "$state"/theirs
    not rxtrust status > "$state"/output 2>&1
    says "libvirt has no hook that is rxtrust"
    rxtrust apply
    [ ! -e "$state"/theirs ]
}

@test "install: twice changes nothing, not even a time, under any sh" {
    installer
    nothing_may_change
    local shell
    for shell in sh dash "busybox sh"; do
        $shell "$source"/install.sh > "$state"/output
        says "every file is as it should be"
    done
    nothing_changed
}

@test "install: what has been damaged is mended" {
    installer
    tree > "$state"/before
    echo more >> "$hook"
    chmod 600 /usr/local/share/man/man8/rxtrust.8
    chown daemon /usr/local/share/man/man5/rxtrust.ini.5
    ln -sf nowhere "$state"/link
    rm /usr/local/bin/rxtrust /usr/local/share/bash-completion/completions/rxtrust
    installer
    tree | diff "$state"/before -
}

# What the installer of 0.1.0 left: of each file just its path, and the policy.
as_of_0_1_0() {
    installer --no-apply
    printf '[default]\npolicy = multicast\n' > "$policy"
    echo '[default]' > "$policy.dist"
    printf '%s\n' "$policy" "$policy.dist" > "$state"/record
    sed 's/^[^ ]*  //' /etc/libvirt/rxtrust.installed >> "$state"/record
    cp "$state"/record /etc/libvirt/rxtrust.installed
}

@test "install: an upgrade from 0.1.0 keeps the policy, and removes the default that lay beside it" {
    as_of_0_1_0
    cp "$policy" "$state"/mine
    installer
    cmp "$policy" "$state"/mine
    [ ! -e "$policy.dist" ]
    installer --uninstall
    cmp "$policy" "$state"/mine
    installer --uninstall --purge
    [ ! -e "$policy" ]
}

@test "install: a policy with errors is kept, and told" {
    printf '[default]\npolcy = off\n' > "$policy"
    local status=0
    installer > "$state"/output 2>&1 || status=$?
    [ $status -eq 1 ]
    says "rxtrust.ini:2: polcy is no key"
    [ "$(wc -l < "$policy")" -eq 2 ]
}

@test "install: an older rxtrust is replaced, also in qemu.d" {
    { cat "$program" && echo older; } > "$state"/older
    chmod +x "$state"/older
    cp "$state"/older "$hook"
    installer
    cmp "$program" "$hook"
    [ ! -e "$hook.d" ]
    their_hook
    mkdir "$hook.d"
    cp "$state"/older "$hook.d"/50-rxtrust
    installer
    cmp "$program" "$hook.d"/50-rxtrust
    [ "$(ls "$hook.d")" == 50-rxtrust ]
    is_the_command /usr/local/bin/rxtrust
    cp "$state"/older "$hook"
    installer
    cmp "$program" "$hook"
    [ ! -e "$hook.d"/50-rxtrust ]
}

@test "install: beside another's hook, which goes on working" {
    their_hook
    installer
    cmp "$hook" "$state"/their-hook
    [ ! -e "$state"/theirs ] # it wasn't even asked
    define beside 62 "$(direct 62)"
    start beside 62
    answers_all 62
    grep -q 'beside started' "$state"/theirs
    rxtrust status
    installer --uninstall
    cmp "$hook" "$state"/their-hook
    [ ! -e "$hook.d" ]
    define after-us 63 "$(direct 63)"
    starts after-us
    grep -q 'after-us started' "$state"/theirs
}

@test "install: neither a program of somebody else's nor a link that leads nowhere is touched" {
    cp /bin/true "$hook"
    installer
    cmp /bin/true "$hook"
    cmp "$program" "$hook.d"/50-rxtrust
    installer --uninstall --purge
    cmp /bin/true "$hook"
    ln -sf /nowhere "$hook"
    installer
    [ "$(readlink "$hook")" == /nowhere ]
    cmp "$program" "$hook.d"/50-rxtrust
}

@test "install: beside a hook that is a link to another rxtrust, as a package makes it" {
    mkdir "$hook.d"
    cp "$program" "$state"/packaged
    ln -s "$state"/packaged "$hook.d"/50-rxtrust
    refuses "50-rxtrust leads to another rxtrust"
}

@test "install: a copy of rxtrust that somebody else keeps in qemu.d is told, and stays" {
    installer
    mkdir "$hook.d"
    cp "$program" "$hook.d"/10-backup
    installer 2> "$state"/output
    says "10-backup is rxtrust too"
    cmp "$program" "$hook"
    chmod -x "$hook.d"/10-backup
    installer 2> "$state"/output
    [ ! -s "$state"/output ]
    chmod +x "$hook.d"/10-backup
    ln -s "$hook" /usr/local/bin/rxtrust-link
    installer --uninstall --purge 2> "$state"/output
    says "10-backup is rxtrust too"
    [ -L /usr/local/bin/rxtrust-link ]
    [ "$(find /etc/libvirt -path '*rxtrust*' -o -path "$hook*" -type f)" == "$hook.d/10-backup" ]
    rm /usr/local/bin/rxtrust-link
}

@test "install: --uninstall leaves what has become somebody else's" {
    installer
    ln -sf "$state"/packaged "$hook"
    cp "$program" "$state"/packaged
    ln -sf "$state"/packaged /usr/local/bin/rxtrust
    installer --uninstall 2> "$state"/output
    says "$hook is rxtrust too"
    [ "$(readlink "$hook" /usr/local/bin/rxtrust | sort -u)" == "$state"/packaged ]
    [ ! -e /usr/local/share/man/man8/rxtrust.8 ]
    [ ! -e /etc/libvirt/rxtrust.installed ]
}

@test "install: directories with hard names, which the unit says as systemd takes them" {
    local prefix='/opt/my 100% "own" \&|'
    installer --destdir "$state/my stage" --prefix "$prefix"
    "$state/my stage$prefix/bin/rxtrust" --version
    cmp "$program" "$state/my stage$hook"
    cp "$state/my stage/etc/systemd/system/rxtrust@.service" "$state"/unit
    grep -qxF 'ExecStart="/opt/my 100%% \"own\" \\&|/bin/rxtrust" plugged %i' "$state"/unit
    installer --destdir "$state/my stage" --prefix "$prefix" --uninstall --purge
    [ -z "$(find "$state/my stage" ! -type d)" ]
}

@test "install: another's command of the same name is left alone" {
    echo theirs > /usr/local/bin/rxtrust
    refuses "/usr/local/bin/rxtrust is there and is not rxtrust"
}

@test "install: uninstalled, the machine is as it was" {
    tree > "$state"/before
    installer
    echo '[default]' > "$policy"
    installer --uninstall > "$state"/output
    says "the policy is still there: $policy"
    [ -e "$policy" ]
    installer --uninstall --purge
    tree | diff "$state"/before -
    installer --prefix /opt/deep/er
    [ -x /opt/deep/er/bin/rxtrust ]
    installer # knows where it was
    [ ! -e /usr/local/bin/rxtrust ]
    installer --uninstall --purge
    tree | diff "$state"/before -
    rm -r /etc/libvirt/hooks
    tree > "$state"/before
    installer
    installer --uninstall --purge
    tree | diff "$state"/before -
    mkdir /etc/libvirt/hooks
    installer --uninstall > "$state"/output
    says "nothing of rxtrust"
}

@test "install: uninstalled, a guest starts and is as libvirt makes it" {
    installer
    installer --uninstall
    define bare 65 "$(direct 65)"
    start bare 65
    is_silent 65
    not has_all_multicast "$(macvtap bare)"
    not log_says bare
}

@test "install: uninstalled while a guest keeps what was set, it says so, and the build takes it back" {
    define kept 66 "$(direct 66)"
    virsh -q start kept --paused
    installer
    has_all_multicast "$(macvtap kept)"
    installer --uninstall > "$state"/output
    says "these guests keep what rxtrust gave them:\$"
    says "^    kept\$"
    has_all_multicast "$(macvtap kept)"
    installer --uninstall --revert > "$state"/output 2>&1 # no command is left that could
    not says "not found"
    says "^to take that back now, install rxtrust again, and run:\$"
    printf '[default]\npolicy = off\n' | write_policy
    (cd "$source" && build/rxtrust apply)
    not has_all_multicast "$(macvtap kept)"
    installer
    installer --uninstall > "$state"/output
    not says "guests keep"
}

@test "install: --uninstall --revert takes back what running guests have" {
    define reverted 68 "$(direct 68)"
    virsh -q start reverted --paused
    installer
    has_all_multicast "$(macvtap reverted)"
    installer --uninstall --revert > "$state"/output 2>&1
    cat "$state"/output
    says "^run /usr/local/bin/rxtrust revert\$"
    [ ! -e /usr/local/bin/rxtrust ]
    not has_all_multicast "$(macvtap reverted)"
    not says "guests keep"
}

# Each command that changes a file is a moment: the installer is killed instead of it, a copy half done.
kill_at() {
    local command
    echo "$1" > "$state"/moment
    echo 0 > "$state"/count
    for command in cp chmod mkdir rmdir ln mv rm; do
        fake $command <<END
count=\$((\$(cat $state/count) + 1))
echo \$count > $state/count
if [ \$count -eq \$(cat $state/moment) ]; then
    [ $command != cp ] || dd if="\$1" of="\$2" bs=1000 count=1 2>/dev/null
    kill -KILL \$PPID
    exit 1
fi
exec $(command -v $command) "\$@"
END
    done
}

# killed_everywhere BEFORE OPTION...: from the state that BEFORE makes the installer is killed at each moment
# in turn. libvirt always finds a whole program or none, a second run ends as an undisturbed one does.
killed_everywhere() {
    local before=$1 moment=0 status file last='' now
    shift
    define killed 66 "$(direct 66)"
    kill_at 0
    $before
    installer "$@" > /dev/null
    tree > "$state"/wanted
    while true; do
        moment=$((moment + 1))
        kill_at 0
        $before
        kill_at $moment
        status=0
        installer "$@" > "$state"/output 2>&1 || status=$?
        [ $status -ne 0 ] || break
        [ $status -eq 137 ]
        for file in "$hook" "$hook.d"/* "$hook.d"/.rxtrust*; do
            [[ ! -e $file ]] || is_whole "$file"
        done
        now=$(find /etc/libvirt/hooks -type f -exec sha256sum {} +)
        [[ $now == "$last" ]] || starts killed
        last=$now
        kill_at 0
        installer "$@" > "$state"/output 2>&1
        tree | diff "$state"/wanted -
    done
    echo "$moment moments"
    [ $moment -gt 8 ]
}

is_whole() {
    local known
    for known in "$program" "$state"/older "$state"/their-hook; do
        ! cmp -s "$known" "$1" || return 0
    done
    echo "half of a program: $1"
    return 1
}

nothing_there() {
    "$source"/install.sh --uninstall --purge > /dev/null
    rm -rf "$hook.d"
}

older_there() {
    nothing_there
    { cat "$program" && echo older; } > "$state"/older
    cp "$state"/older "$hook"
    chmod +x "$hook"
    printf '[default]\n' > "$policy"
}

theirs_there() {
    nothing_there
    their_hook
}

newest_there() {
    "$source"/install.sh --no-apply > /dev/null
}

@test "install: killed at any moment of an upgrade, guests start, and a second run mends" {
    killed_everywhere older_there --no-apply
}

@test "install: killed at any moment beside another's hook, guests start, and a second run mends" {
    killed_everywhere theirs_there --no-apply
}

@test "install: killed at any moment of taking it away, guests start, and a second run mends" {
    nothing_there
    tree > "$state"/bare
    killed_everywhere newest_there --uninstall --purge
    virsh -q undefine killed
    tree | diff "$state"/bare -
}

@test "install: a read-only /etc" {
    mount --bind /etc /etc
    mount -o remount,bind,ro /etc
    refuses "/etc/libvirt can't be written: is it on a read-only file system"
}

@test "install: no libvirt" {
    hide_libvirt
    hide /etc/libvirt
    refuses "there is no libvirt here"
}

@test "install: no root" {
    chmod -R go+rX "$source"
    PATH=$fakes:$PATH setpriv --reuid 65534 --regid 65534 --clear-groups "$source"/install.sh \
        > "$state"/output 2>&1 && false
    says "only root can do this"
}

@test "install: no compiler: it names the packages, and installs none" {
    hide "$(command -v gcc)"
    rm -rf "$source"/build
    fake apt-get <<< "echo \"\$@\" >> $state/asked"
    rm -f "$state"/asked
    refuses "rxtrust could not be built"
    says "^apt-get install .* gcc .* libxml2-dev libinih-dev\$"
    says "install.sh --deps"
    says "install.sh --binary FILE"
    [ ! -e "$state"/asked ]
    rm -rf "$source"
}

@test "install: --deps, and nothing can be had" {
    hide "$(command -v gcc)"
    fake apt-get <<< "echo \"\$@\" >> $state/asked; echo 'no network' >&2; exit 100"
    rm -f "$state"/asked
    refuses "the packages could not be installed" --deps
    says "no network"
    grep -q '^install .* gcc ' "$state"/asked
    grep -q '^update' "$state"/asked
    rm -f "$fakes"/apt-get
    hide "$(command -v apt-get)"
    refuses "the packages could not be installed" --deps
}

@test "install: each distribution is asked for its own packages" {
    local line manager package
    hide "$(command -v apt-get)"
    for line in dnf:inih-devel zypper:libinih-devel pacman:libinih apk:inih-dev; do
        manager=${line%:*} package=${line#*:}
        rm -f "$fakes"/*
        # shellcheck disable=SC2016 # it is the fake's
        fake "$manager" <<< 'echo "$@" >&2; exit 1'
        refuses " $package\\b" --deps
    done
}

@test "install: --deps: what is missing is installed, and built with" {
    hide "$(command -v gcc)"
    rm -rf "$source"/build
    fake apt-get <<< "cp -a $(command -v gcc || echo /usr/bin/gcc).hidden /usr/bin/gcc"
    installer --deps > "$state"/output
    says "^run apt-get install .* gcc "
    rxtrust check
    rm -rf "$source"
}

@test "install: --deps that doesn't help is no longer nothing" {
    hide "$(command -v gcc)"
    rm -rf "$source"/build
    fake apt-get <<< 'printf "#!/bin/sh\nexit 1\n" > /usr/bin/gcc; chmod +x /usr/bin/gcc'
    not installer --deps > "$state"/output 2>&1
    says "Nothing but packages was changed"
    not says "Nothing was changed"
    rm -rf "$source"
}

@test "install: --binary needs neither compiler nor make, and refuses what isn't rxtrust or doesn't run" {
    cp "$program" "$state"/ready
    hide "$(command -v gcc)"
    hide "$(command -v make)"
    (cd "$state" && PATH=$fakes:$PATH "$source"/install.sh --binary ready > output)
    not says "^build"
    cmp "$state"/ready "$hook"
    cmp "$state"/ready /usr/local/bin/rxtrust
    rxtrust status
    refuses "passwd is not rxtrust" --binary /etc/passwd
    { head -c 18 "$program"; printf '\267'; tail -c +20 "$program"; } > "$state"/foreign # another processor's
    chmod +x "$state"/foreign
    refuses "foreign is not rxtrust, or can't be run on a $(uname -m)" --binary "$state"/foreign
    refuses "needs a name behind it" --binary
}

# steps FILE: what an installer's output says that it does.
steps() {
    grep -E '^(build|install|keep|list|reload|remove|run) ' "$1"
}

# same_steps OPTION...: --dry-run tells what the installer then does, each step once, in its order, and does nothing.
same_steps() {
    nothing_may_change
    installer --dry-run "$@" > "$state"/told
    nothing_changed
    installer "$@" > "$state"/output
    cat "$state"/told
    diff <(steps "$state"/told) <(steps "$state"/output)
    [ -z "$(sort "$state"/told | uniq --repeated)" ]
}

@test "install: --dry-run tells each step that an installation takes, and does none" {
    same_steps
    says "^install $hook\$"
    says "^reload kill -HUP"
    says "^run /usr/local/bin/rxtrust check\$"
    says "^run /usr/local/bin/rxtrust apply\$"
    says "^run /usr/local/bin/rxtrust status\$"
    same_steps # again
    says "^run /usr/local/bin/rxtrust apply\$"
    not says "^install"
    same_steps --no-apply
    not says "^run .* apply"
    stop_daemon
    same_steps
    not says "^run .* apply"
    start_daemon
}

@test "install: --dry-run tells each step of an uninstallation, and does none" {
    define kept 69 "$(direct 69)"
    installer
    virsh -q start kept --paused
    settle
    echo '[default]' > "$policy"
    touch /etc/libvirt/hooks/.rxtrust.new
    nothing_may_change
    installer --dry-run --uninstall > "$state"/output
    nothing_changed
    says "these guests keep what rxtrust gave them:\$"
    says "^    kept\$"
    same_steps --uninstall --purge --revert
    says "^remove $hook\$"
    says "^run /usr/local/bin/rxtrust revert\$"
    says "^remove $policy\$"
    says "^remove the locks and times in /run/rxtrust\$"
    says "^remove /run/rxtrust if it is empty\$"
    not says "still there"
    not grep "guests keep" "$state"/told
}

@test "install: --uninstall leaves nothing of rxtrust's in /run, and what is somebody else's there" {
    define called 70 "$(direct 70)"
    installer
    starts called
    settle
    [ -e /run/rxtrust/last-call ]
    [ -e /run/rxtrust/last-apply ]
    compgen -G '/run/rxtrust/*.lock'
    installer --uninstall --destdir "$state"/stage
    [ -e /run/rxtrust/last-call ]
    installer --uninstall
    [ ! -e /run/rxtrust ]
    installer
    touch /run/rxtrust/theirs
    installer --uninstall
    [ "$(ls /run/rxtrust)" == theirs ]
    rm -r /run/rxtrust
}

@test "install: --uninstall leaves the files in /run to another rxtrust that libvirt calls" {
    installer
    mkdir "$hook.d"
    cp "$program" "$hook.d"/10-another
    installer --dry-run --uninstall > "$state"/output 2>&1
    not says "^remove .*/run/rxtrust"
    says "10-another is rxtrust too"
    installer --uninstall
    [ -e /run/rxtrust/last-apply ]
}

@test "install: --uninstall removes the directory of the documentation, also one that make install made" {
    local documentation=/usr/local/share/doc/rxtrust
    (cd "$source" && make -s install)
    [ -d "$documentation" ]
    touch "$documentation"/theirs
    installer --uninstall
    [ "$(ls "$documentation")" == theirs ]
    rm "$documentation"/theirs
    installer --uninstall
    [ ! -e "$documentation" ]
    (cd "$source" && make -s install DESTDIR="$state"/made PREFIX=/usr)
    (cd "$source" && make -s uninstall DESTDIR="$state"/made PREFIX=/usr)
    [ ! -e "$state"/made/usr/share/doc/rxtrust ]
}

@test "install: --destdir writes there and nowhere else, and make install does so too" {
    local daemon_log_size
    fake systemctl <<< "touch $state/called"
    fake virsh <<< "touch $state/called"
    cp "$fakes"/virsh "$fakes"/apt-get
    rm -f "$state"/called
    daemon_log_size=$(stat -c %s "$daemon_log")
    nothing_may_change
    installer --destdir "$state"/stage --prefix /usr
    (cd "$source" && PATH=$fakes:$PATH make -s install DESTDIR="$state"/made PREFIX=/usr)
    nothing_changed
    [ ! -e "$state"/called ]
    [ "$(stat -c %s "$daemon_log")" -eq "$daemon_log_size" ]
    diff -r --no-dereference "$state"/stage "$state"/made
    [ "$(cd "$state"/stage && find . ! -type d | sort | paste -sd' ')" == "./etc/libvirt/hooks/qemu \
./etc/systemd/system/rxtrust@.service ./etc/udev/rules.d/60-rxtrust.rules ./usr/bin/rxtrust ./usr/share/bash-completion/completions/rxtrust \
./usr/share/doc/rxtrust/rxtrust.ini ./usr/share/fish/vendor_completions.d/rxtrust.fish ./usr/share/man/man5/rxtrust.ini.5 \
./usr/share/man/man8/rxtrust.8 ./usr/share/zsh/site-functions/_rxtrust" ]
    is_the_command "$state"/stage/usr/bin/rxtrust
    (cd "$source" && make -s uninstall DESTDIR="$state"/made PREFIX=/usr)
    [ -z "$(cd "$state"/made && find . ! -type d)" ]
}

@test "install: systemd's daemon is reloaded by systemd, not restarted" {
    fake systemctl <<< "echo \"\$*\" >> $state/called; case \$* in *virtqemud*) exit 3 ;; esac"
    rm -f "$state"/called
    mkdir -p /run/systemd/system
    installer
    grep -qx 'reload libvirtd' "$state"/called
    not grep -q start "$state"/called
}

@test "install: a daemon that is idle behind its socket is not started" {
    stop_daemon
    installer > "$state"/output 2>&1
    cat "$state"/output
    says "no libvirt daemon runs: one that starts will notice the change"
    not says "^run .* apply"
    start_daemon
}

@test "install: a rule and a unit that were changed stay, also a mask; those that were not are renewed" {
    local unit=/etc/systemd/system/rxtrust@.service rule=/etc/udev/rules.d/60-rxtrust.rules
    fake systemctl <<< 'case $* in *is-active*) exit 3 ;; esac'
    fake udevadm <<< ''
    installer
    cp "$unit" "$state"/unit
    sed -i 's/^TimeoutStartSec=.*/TimeoutStartSec=7/' "$source"/config/rxtrust@.service # a newer rxtrust
    installer > "$state"/output
    grep -qx TimeoutStartSec=7 "$unit"
    cp config/rxtrust@.service "$source"/config
    installer # back
    cmp "$unit" "$state"/unit
    echo '# mine' >> "$unit"
    ln -sf /dev/null "$rule"
    cp "$unit" "$state"/mine
    installer > "$state"/output
    says "^keep $unit, which was changed here\$"
    says "^keep $rule, which was changed here\$"
    cmp "$unit" "$state"/mine
    [ "$(readlink "$rule")" == /dev/null ]
    installer --uninstall --purge > "$state"/output
    cmp "$unit" "$state"/mine
    [ "$(readlink "$rule")" == /dev/null ]
    rm "$unit" "$rule"
}

@test "install: the unit of 0.1.0 is renewed, unless it was changed" {
    local unit=/etc/systemd/system/rxtrust@.service
    fake systemctl <<< 'case $* in *is-active*) exit 3 ;; esac'
    fake udevadm <<< ''
    installer --prefix /opt/x
    as_of_0_1_0
    sed -i -e '/^# It logs/d; /^Standard/d' -e 's|^TimeoutStartSec=.*|&\n# In passthrough mode a process may stay behind that waits until a paused guest runs.\nKillMode=process|' "$unit"
    cp "$unit" "$state"/unit
    installer
    not grep KillMode "$unit"
    as_of_0_1_0
    sed 's/plugged/plugged --verbose/' "$state"/unit > "$unit"
    installer
    grep -q KillMode "$unit"
    rm "$unit"
}

@test "install: with another prefix than before it refuses" {
    installer --prefix /opt/x
    refuses "rxtrust is installed below /opt/x" --prefix /opt/y
}

@test "install: udev's rule and its unit come, are noticed, and go, where systemd and udev are" {
    fake systemctl <<< "echo \"systemctl \$*\" >> $state/called; case \$* in *virtqemud*) exit 3 ;; esac"
    fake udevadm <<< "echo \"udevadm \$*\" >> $state/called"
    rm -f "$state"/called
    mkdir -p /run/systemd/system
    tree > "$state"/before
    installer --prefix /opt/rxtrust
    cmp config/60-rxtrust.rules /etc/udev/rules.d/60-rxtrust.rules
    diff config/rxtrust@.service /etc/systemd/system/rxtrust@.service > "$state"/output || true
    [ "$(grep -c '^>' "$state"/output)" -eq 1 ]
    says '^> ExecStart="/opt/rxtrust/bin/rxtrust" plugged %i$'
    noticed
    installer
    not grep daemon-reload "$state"/called
    rm -f "$state"/called
    installer --uninstall --purge
    noticed
    tree | diff "$state"/before -
    mv "$fakes"/udevadm "$state"
    [[ -z $(command -v udevadm) ]] || hide "$(command -v udevadm)"
    installer
    [ ! -e /etc/systemd/system/rxtrust@.service ]
}

# systemd and udev were told once; forgets it.
noticed() {
    [ "$(grep -c 'udevadm control --reload\|systemctl daemon-reload' "$state"/called)" -eq 2 ]
    rm "$state"/called
}

@test "install: under SELinux a hook has its label before it has its name" {
    fake selinuxenabled <<< 'exit 0'
    fake matchpathcon <<< 'echo "label-of-$2"'
    fake chcon <<< "test -e \"\$3\" && test ! -e $hook && echo \"\$2\" >> $state/labels"
    rm -f "$state"/labels
    installer > "$state"/output 2>&1
    grep -qx "label-of-$hook" "$state"/labels
    not says restorecon
    rm "$hook"
    fake chcon <<< 'exit 1'
    installer > "$state"/output 2>&1
    says "run: restorecon $hook"
}

@test "install: --no-apply leaves running guests alone, apply makes up for it, also after plugging in" {
    define waiting 67 "$(direct 67)"
    start waiting 67
    installer --no-apply
    is_silent 67
    not rxtrust status
    rxtrust apply waiting
    answers_all 67
    rxtrust status
    direct 68 > "$state"/interface.xml
    virsh -q attach-device waiting "$state"/interface.xml --live
    not rxtrust status
    not has_all_multicast "$(macvtap waiting "$(mac 68)")"
    rxtrust apply
    rxtrust status
}

# hard_name NUMBER NAME: through every command.
hard_name() {
    local uuid
    uuid=$(guest_uuid "$1")
    define "$2" "$1" "$(direct "$1")" || return 0
    virsh -q start "$uuid"
    virsh dumpxml "$uuid" > "$state"/hard.xml
    rxtrust explain -- "$2" | grep -q "$(mac "$1")"
    rxtrust explain < "$state"/hard.xml | grep -q "$(mac "$1")"
    rxtrust rewrite < "$state"/hard.xml | grep -q "trustGuestRxFilters='yes'"
    rxtrust apply -- "$2"
    rxtrust status | grep -q "$(macvtap "$uuid")"
    # In JSON it is the very name.
    rxtrust status --json | jq -e --arg name "$2" 'any(..; . == $name)' > /dev/null
    # The policy can name it, at least by its UUID.
    printf '[vm:%s]\npolicy = off\n' "$uuid" > "$policy"
    rxtrust explain -- "$2" | grep -q 'policy = off in'
    rm "$policy"
    virsh -q destroy "$uuid"
    virsh -q undefine "$uuid"
}

@test "install: guests with hard names, through every command" {
    installer
    hard_name 70 'two words  three'
    hard_name 71 "it's \"quoted\""
    hard_name 72 'größe-東京'
    hard_name 73 '--json'
    hard_name 74 '-c'
    # shellcheck disable=SC2016 # not to be expanded
    hard_name 75 '$(touch /run/e2e/expanded)*;'
    hard_name 76 "$(guest_uuid 70)"
    hard_name 77 $'two\nlines'
    hard_name 78 '3'
    [ ! -e /run/e2e/expanded ]
}

# completes LINE CANDIDATE...: exactly these, at the end of the line's words.
completes() {
    local line=$1
    shift
    eval "COMP_WORDS=($line)" COMP_CWORD=
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _rxtrust
    printf '%s\n' "${COMPREPLY[@]}" | sort | diff - <(printf '%s\n' "$@" | sort)
}

@test "install: the completion offers commands, options, files and quoted guests" {
    installer
    . config/rxtrust.bash-completion
    compopt() { asked_for_files=yes; }
    define 'web one' 70 "$(direct 70)"
    define "it's" 71 "$(direct 71)"
    virsh -q start 'web one'
    completes "rxtrust st" status
    completes "rxtrust ''" status apply revert explain check rewrite define --help --version
    completes "rxtrust status -" -v --json --help
    completes "rxtrust explain -" -v --json -c --help
    completes "rxtrust check -" --guests --json --help
    completes "rxtrust apply w" 'web\ one'
    completes "rxtrust explain it" "it\\'s"
    completes "rxtrust apply it" ''
    completes "rxtrust explain \"'it\"" "it'\\''s"
    # shellcheck disable=SC2016 # not to be expanded
    completes 'rxtrust explain "\$(touch /run/e2e/expanded)"' ''
    [ ! -e /run/e2e/expanded ]
    asked_for_files=no
    completes "rxtrust check x" ''
    [ $asked_for_files == yes ]
    asked_for_files=no
    completes "rxtrust explain -c x" ''
    [ $asked_for_files == yes ]
}

@test "install: an uninstallation that can't take everything back fails, and removes all the same" {
    installer --no-apply > "$state"/output
    stop_daemon
    not installer --uninstall --revert > "$state"/output 2>&1
    start_daemon
    says "install.sh: not everything could be taken back: see above"
    [ ! -e "$hook" ]
    [ ! -e /usr/local/bin/rxtrust ]
}

@test "install: no line is wider than a terminal" {
    unset COLUMNS
    {
        installer --help
        not installer --binary nosuch
        installer
        mkdir /etc/libvirt/hooks/qemu.d
        cp /usr/local/bin/rxtrust /etc/libvirt/hooks/qemu.d/40-another-with-a-long-name
        installer
        rm -r /etc/libvirt/hooks/qemu.d
        installer --uninstall --dry-run
        installer --uninstall --revert
    } > "$state"/output 2>&1
    not grep -E '.{81}' "$state"/output
}
