#!/bin/sh
# usage: install.sh [OPTION...]; --help tells the options.
#
# - A file is written beside its place and renamed to it: whoever looks finds the old one or the new one.
#   libvirt runs whatever is executable in hooks/qemu.d, so a hook is written in hooks/ and moved there.
# - What is as it should be is left alone: a second run mends what an interrupted one left undone.
# - `record` names every file and directory that was made, each before it is made, so that --uninstall
#   finds them all, and no others. What has become somebody else's since then stays.
set -eu
LC_ALL=C DEBIAN_FRONTEND=noninteractive
export LC_ALL DEBIAN_FRONTEND
PATH=$PATH:/usr/sbin:/sbin
umask 022
start=$PWD
CDPATH='' cd -- "$(dirname -- "$0")"

build=${BUILD:-build} sysconfdir=${SYSCONFDIR:-/etc} # `make install` may have others
prefix='' destdir='' temporary='' work='' changed=false udev_changed=false
so_far='Nothing was changed.' # for where it gives up
uninstall=false purge=false files_only=false apply=true dry_run=false

help() {
    cat <<'END'
usage: install.sh [OPTION...]

Installs rxtrust for the libvirt of this machine: the packages that building it takes, where they are
missing, the program as libvirt's hook for QEMU and as a command, its policy, manual pages, completion, and
a udev rule with a systemd unit, for interfaces that are plugged into a running guest. Has the libvirt daemon
notice it, and applies the policy to the guests that run. Nothing is restarted.

  --prefix DIR   for the command, the manual pages and the completion: /usr/local
  --destdir DIR  write below DIR, which may be /, and do no more than write files
  --no-apply     leave the guests that run as they are
  --dry-run      tell every step, do none
  --uninstall    take away what is rxtrust's, and have the libvirt daemon notice that; the policy stays
  --purge        with --uninstall: the policy too
  --help         print this
END
}

say() { printf '%s\n' "$*"; }
warn() { printf 'install.sh: %s\n' "$*" >&2; }
die() { warn "$@" && exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
there() { [ -e "$1" ] || [ -L "$1" ]; }

# step WORDS COMMAND...: says what it does, and does it.
step() {
    say "$1"
    shift
    $dry_run || "$@"
}

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
        --prefix | --destdir) [ $# -gt 1 ] || die "$1 needs a directory" ;;
        esac
        case $1 in
        --prefix) prefix=$2 && shift ;;
        --destdir) destdir=$2 files_only=true && shift ;;
        --no-apply) apply=false ;;
        --dry-run) dry_run=true ;;
        --uninstall) uninstall=true ;;
        --purge) purge=true ;;
        --help) help && exit ;;
        *) die "there is no option $1: see --help" ;;
        esac
        shift
    done
    ! $purge || $uninstall || die "--purge goes with --uninstall"
    case $prefix in '' | /*) ;; *) die "--prefix must begin with /" ;; esac
    case $destdir in '' | /*) ;; *) destdir=$start/$destdir ;; esac
    destdir=${destdir%/}
    etc=$destdir$sysconfdir/libvirt
    hooks=$etc/hooks policy=$etc/rxtrust.ini record=$etc/rxtrust.installed
    # Where nobody says: where it was installed before.
    prefix=${prefix:-$(sed -n 's|/bin/rxtrust$||p' "$record" 2>/dev/null | tail -n 1)}
    prefix=${prefix:-/usr/local}
    prefix=$destdir${prefix%/}
    command=$prefix/bin/rxtrust
    unit=$destdir$sysconfdir/systemd/system/rxtrust@.service
    rules=$destdir$sysconfdir/udev/rules.d/60-rxtrust.rules
}

# ---- What is there ----

# Nobody is called to find out whose hook it is: a script called as `hook --version` takes that for a guest's
# name and may do anything. Ours is the ELF file in which the answer to --version stands.
is_ours() {
    [ -f "$1" ] && [ "$(dd if="$1" bs=1 skip=1 count=3 2>/dev/null)" = ELF ] &&
        [ -n "$(tr '\000' '\n' <"$1" | sed -n '/rxtrust [0-9][^ ]*$/p')" ]
}

our_hooks() {
    for file in "$hooks/qemu" "$hooks"/qemu.d/*; do
        ! is_ours "$file" || say "$file"
    done
}

is_recorded() { grep -qxF -e "$1" "$record" 2>/dev/null; }

# What the command was before it was a file of its own.
is_our_link() {
    case $(readlink "$1") in "$sysconfdir"/libvirt/hooks/*) ;; *) return 1 ;; esac
}

libvirt_version() {
    for program in libvirtd virtqemud virsh; do
        ! have $program || { $program --version | sed 's/.* //' && return; }
    done
}

# hooks/qemu.d counts from libvirt 6.5 on. With --destdir it is not known whose libvirt it will be.
reads_hook_directory() {
    ! $files_only || return 0
    version=$(libvirt_version)
    major=${version%%.*} minor=${version#*.}
    minor=${minor%%.*}
    case $major$minor in
    '' | *[!0-9]*) die "$hook is somebody else's and is left alone, and whether libvirt calls another beside it
isn't known: there is no libvirtd, virtqemud or virsh here to tell its version, which must be 6.5 or later.
Install libvirt first. $so_far" ;;
    esac
    [ "$((major * 1000 + minor))" -ge 6005 ]
}

# The recorded one comes first: another may be a copy that somebody keeps.
choose_hook() {
    hook=''
    while read -r file; do
        [ -n "$file" ] || continue
        [ ! -L "$file" ] || die "$file leads to another rxtrust, $(readlink -f "$file"), a package's perhaps:
libvirt would call both. Remove that one first. $so_far"
        if [ -z "$hook" ] || { is_recorded "$file" && ! is_recorded "$hook"; }; then hook=$file; fi
    done <<END
$(our_hooks)
END
    [ -z "$hook" ] || return 0
    hook=$hooks/qemu
    there "$hook" || return 0
    reads_hook_directory || die "$hook is somebody else's and is left alone, and libvirt $version calls no other:
that takes libvirt 6.5. Let that hook call rxtrust: install build/rxtrust as $hooks/rxtrust,
and end $hook with: exec $hooks/rxtrust \"\$@\"
so that it reads what libvirt writes to the hook. $so_far"
    hook=$hooks/qemu.d/50-rxtrust
    ! there "$hook" || die "$hook is there and is not rxtrust. $so_far"
}

# With --destdir it is not known whose machine it will be.
has_udev() { $files_only || { have systemctl && have udevadm; }; }

# MODE, FROM and TO in lines, in the order of installation: the hook comes last, when all that belongs to it
# is there. The command is not a link to it: whoever overwrites the hook would be called by that name.
files() {
    printf '%s\n' \
        644 config/rxtrust.8 "$prefix/share/man/man8/rxtrust.8" \
        644 config/rxtrust.ini.5 "$prefix/share/man/man5/rxtrust.ini.5" \
        644 config/rxtrust.bash-completion "$prefix/share/bash-completion/completions/rxtrust" \
        755 "$build/rxtrust" "$command"
    ! has_udev || printf '%s\n' \
        644 "$work/rxtrust@.service" "$unit" \
        644 config/60-rxtrust.rules "$rules"
    printf '%s\n' 755 "$build/rxtrust" "$hook"
}

check_machine() {
    $dry_run || $files_only || [ "$(id -u)" -eq 0 ] || die "only root can do this: sudo $0; or see --destdir"
    $uninstall || $files_only || [ -d "$etc" ] || have libvirtd || have virtqemud || have virsh ||
        die "there is no libvirt here: no $etc, no libvirtd, no virtqemud, no virsh. $so_far"
    for directory in "$etc" "$prefix"; do
        until [ -d "$directory" ]; do directory=$(dirname "$directory"); done
        [ -w "$directory" ] ||
            die "$directory can't be written: is it on a read-only file system? $so_far"
    done
}

# ---- Building ----

# What building takes, and the package that has it for apt-get, dnf, zypper, pacman and apk.
needs() {
    cat <<'END'
gcc              gcc            gcc                gcc                gcc               gcc
make             make           make               make               make              make
readelf          binutils       binutils           binutils           binutils          binutils
pkg-config       pkg-config     pkgconf-pkg-config pkgconf-pkg-config pkgconf           pkgconf
libxml-2.0.pc    libxml2-dev    libxml2-devel      libxml2-devel      libxml2           libxml2-dev
inih.pc          libinih-dev    inih-devel         libinih-devel      libinih           inih-dev
stdio.h          libc6-dev      glibc-devel        glibc-devel        glibc             musl-dev
linux/if_link.h  linux-libc-dev kernel-headers     linux-glibc-devel  linux-api-headers linux-headers
END
}

has_need() {
    case $1 in
    *.pc) pkg-config --exists "${1%.pc}" ;;
    *.h) echo "#include <$1>" | gcc -E - ;;
    *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

# missing N: column N of the table, for what is missing.
missing() {
    needs | while read -r need packages; do
        has_need "$need" || say "$need $packages" | awk -v column="$1" '{ print $column }'
    done | tr '\n' ' '
}

install_packages() {
    column=1
    while read -r manager words; do
        column=$((column + 1))
        have "$manager" || continue
        packages=$(missing $column)
        $dry_run || so_far='Nothing but packages was changed.'
        # shellcheck disable=SC2086 # words and a list
        step "install the packages: $packages" "$manager" $words $packages && return
        # apt-get says that there is no such package when its lists are missing or old.
        # shellcheck disable=SC2086
        [ "$manager" = apt-get ] && apt-get update -q && apt-get $words $packages
        return
    done <<'END'
apt-get install -q -y --no-install-recommends
dnf install -y
zypper --non-interactive install --no-recommends
pacman -S --needed --noconfirm
apk add --update-cache
END
    warn "none of apt-get, dnf, zypper, pacman and apk is here"
    return 1
}

make_program() { make -s "$@" BUILD="$target" SYSCONFDIR="$sysconfdir" "$target/rxtrust"; }

# make takes no name with a space in it: it gets a link of another name.
build() {
    target=$build
    case $build in
    *[!A-Za-z0-9_./+-]*)
        $dry_run || mkdir -p "$build"
        target=$work/build
        case $build in /*) ln -s "$build" "$target" ;; *) ln -s "$PWD/$build" "$target" ;; esac
        ;;
    esac
    ! make_program -q >/dev/null 2>&1 || return 0
    if ! $files_only && [ -n "$(missing 1)" ]; then
        if install_packages; then $dry_run || [ -z "$(missing 1)" ]; else false; fi ||
            die "rxtrust can't be built without: $(missing 1)- which can't be installed. $so_far"
    fi
    step "build $build/rxtrust" make_program || die "rxtrust can't be built. $so_far"
}

# ---- Files ----

record() {
    $files_only || $dry_run || ! [ -d "$etc" ] || is_recorded "$1" || say "$1" >>"$record"
}

make_directory() {
    [ ! -d "$1" ] || return 0
    make_directory "$(dirname "$1")"
    record "$1"
    mkdir "$1"
}

# With the label that SELinux wants there, so that libvirt may run a new hook from the first moment on.
label() {
    $files_only || ! have selinuxenabled || ! selinuxenabled || ! context=$(matchpathcon -n "$2") ||
        chcon -h "$context" "$1" || warn "$2: no SELinux label could be set"
}

# make_file TO COMMAND...: the command makes the file that its last argument names, which becomes TO.
make_file() {
    to=$1
    shift
    make_directory "${to%/*}"
    record "$to"
    case $to in "$hooks"/*) temporary=$hooks ;; *) temporary=${to%/*} ;; esac
    temporary=$temporary/.rxtrust.new.$$
    "$@" "$temporary"
    label "$temporary" "$to"
    mv -f "$temporary" "$to"
    temporary=''
}

make_unit() {
    text=$(say "${command#"$destdir"}" | sed 's/[\\&|]/\\&/g')
    sed "s|/usr/bin/rxtrust|$text|" config/rxtrust@.service
}

note_change() {
    changed=true
    case $1 in "$unit" | "$rules") udev_changed=true ;; esac
}

copy() { cp "$2" "$3" && chmod "$1" "$3"; }

put() {
    [ ! -d "$3" ] || die "$3 is a directory"
    if cmp -s "$2" "$3" && [ -n "$(find "$3" -prune -type f -perm "$1" -user "$(id -u)")" ]; then
        record "$3" # it may be there by --destdir
        return 0
    fi
    note_change "$3"
    step "install $3" make_file "$3" copy "$1" "$2"
}

put_policy() {
    if ! there "$policy"; then
        put 644 config/rxtrust.ini "$policy"
    elif ! cmp -s config/rxtrust.ini "$policy"; then
        put 644 config/rxtrust.ini "$policy.dist"
        say "keep $policy: the default stands in $policy.dist"
        return
    fi
    take_away "$policy.dist"
}

take_away() {
    there "$1" || return 0
    note_change "$1"
    step "remove $1" rm -f "$1"
}

clean_up() {
    while read -r _ && read -r _ && read -r file; do
        $dry_run || rm -f "${file%/*}"/.rxtrust.new.*
    done <<END
$(files)
-
-
$policy
-
-
$hooks/qemu
END
}

# ---- The machine ----

# The daemons of this name: root's, no container's, and no child that is just about to become a guest or a
# hook: it has the daemon's name for a moment, and SIGHUP would end it.
daemon_processes() {
    for process in /proc/[0-9]*; do
        { read -r name <"$process/comm"; } 2>/dev/null || continue
        [ "$name" = "$1" ] || continue
        [ "$(readlink "$process/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || continue
        grep -q '^Uid:[^0-9]*0[^0-9]' "$process/status" || continue
        parent=$(sed -n 's/^PPid:[^0-9]*//p' "$process/status")
        { read -r name <"/proc/$parent/comm"; } 2>/dev/null || name=
        [ "$name" = "$1" ] || say "${process#/proc/}"
    done
}

# So that udev and systemd notice the rule and the unit, come or gone.
reload_udev() {
    $udev_changed && [ -d /run/systemd/system ] || return 0
    step "reload systemd's units" systemctl daemon-reload || warn "systemctl daemon-reload failed"
    step "reload udev's rules" udevadm control --reload || warn "udevadm control --reload failed"
}

warn_not_reloaded() { warn "$1 can't be reloaded, and doesn't notice the change until it is: see its log"; }

reload_daemon() {
    running=false
    for daemon in libvirtd virtqemud; do
        if [ -d /run/systemd/system ] && systemctl --quiet is-active $daemon; then
            running=true
            step "reload $daemon" systemctl reload $daemon || warn_not_reloaded $daemon
            continue
        fi
        for pid in $(daemon_processes $daemon); do
            running=true
            step "reload $daemon, process $pid" kill -HUP "$pid" || warn_not_reloaded $daemon
        done
    done
    $running || say "no libvirt daemon runs: none is reloaded"
}

# For a file that was as it should be but for its label. Read in the policies of RHEL and Fedora, not run
# there. The boolean virt_hooks_unconfined does nothing for a hook of QEMU's.
set_selinux() {
    have selinuxenabled && selinuxenabled || return 0
    step "label the files" restorecon "$hook" "$command" "$policy" ||
        warn "restorecon failed: libvirt may be kept from running $hook"
}

apply_policy() {
    ! $apply || "$command" apply || good=false
    say "The guests now:"
    "$command" status || ! $apply || good=false
}

bring_about() {
    if $dry_run; then
        ! $apply || say "apply the policy to the guests that run"
        return
    fi
    good=true
    "$command" check || good=false
    if $running && ! have virsh; then
        warn "virsh is not here: guests get all-multicast at a start, and no live trust"
    elif $running && $good; then
        apply_policy
    fi
    say "$("$command" --version) is $hook, which libvirt calls at each start of a guest; its policy is $policy." \
        "To see how the guests are: $command status. To undo this: $0 --uninstall"
    $good || die "not everything is as the policy says: see above"
}

# ---- The two ways ----

install_all() {
    choose_hook
    ! there "$command" || is_our_link "$command" || is_ours "$command" ||
        die "$command is there and is not rxtrust: move it away, or use --prefix. $so_far"
    build
    clean_up
    make_unit >"$work/rxtrust@.service"
    put_policy
    while read -r mode && read -r from && read -r to; do
        put "$mode" "$from" "$to"
    done <<END
$(files)
END
    while read -r other; do # two of them are one too many
        if [ "$other" = "$hook" ] || ! { [ -f "$other" ] && [ -x "$other" ]; }; then
            continue
        elif is_recorded "$other"; then
            take_away "$other"
        else
            warn "$other is rxtrust too, and not from here: libvirt calls both. Take it away, or: chmod -x $other"
        fi
    done <<END
$(our_hooks)
END
    $changed || say "every file is as it should be"
    ! $files_only || return 0
    set_selinux
    reload_udev
    reload_daemon
    bring_about
}

# The last that was made comes first. Nothing is recorded with --destdir.
installed() {
    sed '1!G;h;$!d' "$record" 2>/dev/null || true
    ! $files_only || { say "$hooks/qemu" && say "$policy.dist" && files | awk 'NR % 3 == 0'; }
}

# It may have become somebody else's since it was recorded.
take_away_installed() {
    case $1 in
    "$policy") return 0 ;; # for --purge alone
    "$hooks"/qemu | "$hooks"/qemu.d/*) [ ! -L "$1" ] && is_ours "$1" || return 0 ;;
    */bin/rxtrust) is_our_link "$1" || { [ ! -L "$1" ] && is_ours "$1"; } || return 0 ;;
    esac
    if [ ! -d "$1" ]; then take_away "$1"; elif ! $dry_run; then rmdir "$1" 2>/dev/null || true; fi
}

uninstall_all() {
    hook=$hooks/qemu.d/50-rxtrust
    paths=$(installed | awk '!seen[$0]++')
    while read -r path; do
        case $path in "$hooks"/qemu | "$hooks"/qemu.d/*) take_away_installed "$path" ;; esac
    done <<END
$paths
END
    $files_only || reload_daemon
    clean_up
    ! $purge || take_away "$policy"
    while read -r path; do
        case $path in '' | "$hooks"/qemu | "$hooks"/qemu.d/*) ;; *) take_away_installed "$path" ;; esac
    done <<END
$paths
END
    take_away "$record"
    $files_only || reload_udev
    $changed || say "there is nothing of rxtrust here"
    $dry_run || while read -r other; do
        [ -z "$other" ] || warn "$other is rxtrust too, and not from here: it stays"
    done <<END
$(our_hooks)
END
    $files_only || ! ip link show 2>/dev/null | grep -q 'alias rxtrust .*: \(all-multicast\|trust\)' ||
        say "Guests that run keep what rxtrust set until they stop; in passthrough mode their host device keeps it" \
            "after that, unless you take it back while they run: README.md, Removing it, says how, also now."
    $purge || ! there "$policy" || say "The policy is still there: $policy"
}

read_options "$@"
check_machine
trap '[ -z "$temporary" ] || rm -f "$temporary"; [ -z "$work" ] || rm -r "$work"' EXIT
trap 'exit 1' HUP INT TERM
if $uninstall; then
    uninstall_all
else
    work=$(mktemp -d)
    install_all
fi
