#!/bin/sh
# usage: install.sh [OPTION...]
#
# Builds rxtrust and installs it for this machine's libvirt: the program as its
# hook for QEMU and as a command, manuals, completions, an example of a policy,
# and a udev rule with a systemd unit for interfaces that are plugged in. Reloads
# the daemon, restarts nothing, and applies the policy to the guests that run.
# Hooks of others, and a rule or unit that you changed, stay as they are.
#
#   --binary FILE  install this program, which `make static` made, and build none
#   --deps         first install the packages that building takes
#   --prefix DIR   for the command, the manual pages and the rest: /usr/local
#   --destdir DIR  write files below DIR, which may be /, and do nothing else
#   --no-apply     leave the guests that run as they are
#   --dry-run      tell every step, do none
#   --uninstall    remove all of rxtrust but the policy, and reload the daemon
#   --revert       with --uninstall: take back what running guests have got
#   --purge        with --uninstall: remove the policy too
#   --help         print this

# Each file is written beside its place and renamed. `record` has a line for the command, the rule, the unit and each
# directory before that is made: a checksum or the word directory, two spaces, the path. 0.1.0 recorded all paths alone.
set -eu && umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin"
start=$PWD self=$0
CDPATH='' cd -- "$(dirname -- "$0")"

build=${BUILD:-build} sysconfdir=${SYSCONFDIR:-/etc} # `make install` may have others
prefix='' destdir='' binary='' temporary='' changed=false so_far='Nothing was changed.'
uninstall=false purge=false revert=false deps=false files_only=false apply=true dry_run=false

say() { printf '%s\n' "$*"; }
warn() { printf 'install.sh: %s\n' "$*" | fold -s -w "${COLUMNS:-80}" >&2; }
die() { warn "$@" && exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
there() { [ -e "$1" ] || [ -L "$1" ]; }
step() { say "$1" && shift && { $dry_run || "$@"; }; } # step WORDS COMMAND...

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in --prefix | --destdir | --binary) [ $# -gt 1 ] || die "$1 needs a name behind it" ;; esac
        case $1 in
        --binary | --prefix) eval "${1#--}=\$2" && shift ;;
        --destdir) destdir=$2 files_only=true && shift ;;
        --no-apply) apply=false ;;
        --dry-run) dry_run=true ;;
        --deps | --uninstall | --revert | --purge) eval "${1#--}=true" ;;
        --help) sed -n '2,/^$/s/^# \{0,1\}//p' install.sh && exit ;;
        *) die "there is no option $1; run: $self --help" ;;
        esac
        shift
    done
    $uninstall || { ! $purge && ! $revert; } || die "--purge and --revert go with --uninstall"
    case $prefix in '' | /*) ;; *) die "--prefix must begin with /" ;; esac
    case $destdir in '' | /*) ;; *) destdir=$start/$destdir ;; esac
    case $binary in '' | /*) ;; *) binary=$start/$binary ;; esac
    destdir=${destdir%/} && etc=$destdir$sysconfdir/libvirt
    hooks=$etc/hooks policy=$etc/rxtrust.ini record=$etc/rxtrust.installed
    before=$(recorded | sed -n 's|/bin/rxtrust$||p' | tail -n 1) # the prefix of an earlier installation
    prefix=${prefix:-${before:-/usr/local}} && prefix=$destdir${prefix%/}
    [ "${before:-$prefix}" = "$prefix" ] || die "rxtrust is installed below $before; run first: $self --uninstall"
    program=${binary:-$build/rxtrust} command=$prefix/bin/rxtrust
    unit=$destdir$sysconfdir/systemd/system/rxtrust@.service rule=$destdir$sysconfdir/udev/rules.d/60-rxtrust.rules
}

recorded() { sed 's|^[^/ ]*  ||' "$record" 2>/dev/null || true; }
record() { $files_only || $dry_run || ! [ -d "$etc" ] || grep -qsxF -e "$1  $2" "$record" || say "$1  $2" >>"$record"; }
checksum() { sha256sum <"$1" | cut -d' ' -f1; }

# Succeeds for a mask, and for a rule or a unit that is neither as it was installed, also by 0.1.0, nor the new text.
is_changed() {
    [ ! -L "$1" ] || return 0
    ! grep -qsxF -e "$(checksum "$1")  $1" "$record" && ! cmp -s "$1" "$work/${1##*/}" || return 1
    ! grep -qsxF "ExecStart=\"${command#"$destdir"}\" plugged %i" "$1" ||
        [ "$(grep -v ^ExecStart= "$1" | cksum)" != "3783104611 445" ]
}

# rxtrust is an ELF file with its answer to --version in it. A script that is run as `hook --version` may do anything.
is_ours() {
    [ -f "$1" ] && [ ! -L "$1" ] && [ "$(dd if="$1" bs=1 skip=1 count=3 2>/dev/null)" = ELF ] &&
        [ -n "$(tr '\000' '\n' <"$1" | sed -n '/rxtrust [0-9][0-9]*\.[0-9]/p')" ]
}

all_hooks() { for file in "$hooks"/qemu "$hooks"/qemu.d/*; do ! is_ours "$(readlink -f "$file")" || say "$file"; done; }

choose_hook() {
    link=$(all_hooks | while read -r file; do [ ! -L "$file" ] || say "$file"; done | head -n 1)
    [ -z "$link" ] || die "$link leads to another rxtrust, perhaps a package's: remove that first. $so_far"
    hook=$hooks/qemu
    ! there "$hook" || is_ours "$hook" || hook=$hooks/qemu.d/50-rxtrust # somebody else's stays
    ! there "$hook" || is_ours "$hook" || die "$hook is there and is not rxtrust. $so_far"
}

# Prints the hooks that are rxtrust and are neither installed nor removed here.
other_hooks() {
    all_hooks | while read -r file; do
        ! case $file in "$hooks/qemu" | "$hooks/qemu.d/50-rxtrust") [ -L "$file" ] ;; esac || [ ! -x "$file" ] || say "$file"
    done
}
warn_of_others() { other_hooks | while read -r file; do warn "$file is rxtrust too, and libvirt calls it; run: chmod -x $file"; done; }

# Prints MODE, FROM and TO, a line each; the hook is last. The command is no link to it: who overwrites it must not be run.
files() {
    printf '%s\n' \
        644 config/rxtrust.8 "$prefix/share/man/man8/rxtrust.8" \
        644 config/rxtrust.ini.5 "$prefix/share/man/man5/rxtrust.ini.5" \
        644 config/rxtrust.bash-completion "$prefix/share/bash-completion/completions/rxtrust" \
        644 config/rxtrust.zsh-completion "$prefix/share/zsh/site-functions/_rxtrust" \
        644 config/rxtrust.fish-completion "$prefix/share/fish/vendor_completions.d/rxtrust.fish" \
        644 config/rxtrust.ini "$prefix/share/doc/rxtrust/rxtrust.ini" \
        755 "$program" "$command"
    ! { $files_only || $uninstall || { have systemctl && have udevadm; }; } ||
        printf '%s\n' 644 "$work/${unit##*/}" "$unit" 644 "$work/${rule##*/}" "$rule"
    printf '%s\n' 755 "$program" "$hook"
}

check_machine() {
    $dry_run || $files_only || [ "$(id -u)" -eq 0 ] || die "only root can do this; run: sudo $self"
    $uninstall || $files_only || [ -d "$etc" ] || have libvirtd || have virtqemud || have virsh ||
        die "there is no libvirt here: no $etc, no libvirtd, no virtqemud, no virsh. $so_far"
    for directory in "$etc" "$prefix"; do
        until [ -d "$directory" ]; do directory=$(dirname "$directory"); done
        [ -w "$directory" ] || die "$directory can't be written: is it on a read-only file system? See --prefix. $so_far"
    done
}

package_command() {
    while read -r manager words; do
        ! have "$manager" || { say "$manager $words" && return; }
    done <<'END'
apt-get install -y --no-install-recommends gcc libc6-dev make binutils pkg-config libxml2-dev libinih-dev
dnf install -y gcc make binutils pkgconf-pkg-config libxml2-devel inih-devel
zypper --non-interactive install gcc make binutils pkgconf-pkg-config libxml2-devel libinih-devel
pacman -S --needed --noconfirm gcc make binutils pkgconf libxml2 libinih
apk add gcc musl-dev linux-headers make binutils pkgconf libxml2-dev inih-dev
END
}

get_program() {
    packages=$(package_command)
    if $deps; then
        # shellcheck disable=SC2086 # words and a list. apt-get fails at first if its lists are missing or old.
        step "run ${packages:-none of apt-get, dnf, zypper, pacman and apk}" ${packages:-false} ||
            { have apt-get && apt-get update -q && $packages; } || die "the packages could not be installed"
        so_far='Nothing but packages was changed.'
    fi
    if [ -z "$binary" ]; then
        step "build $program" make -s BUILD="$build" SYSCONFDIR="$sysconfdir" all || die \
            "rxtrust could not be built: see above. $self --deps installs what building takes${packages:+:
$packages}
Without a compiler, run $self --binary FILE with a program that \`make static\` has made elsewhere. $so_far"
    elif ! is_ours "$binary" || ! { $files_only || "$binary" --version >/dev/null; }; then
        die "$binary is not rxtrust, or can't be run on a $(uname -m). $so_far"
    fi
}

make_directory() { [ -d "$1" ] || { make_directory "$(dirname "$1")" && record directory "$1" && mkdir "$1"; }; }

# make_file MODE FROM TO: the file has the label that SELinux wants before it has its name, so that libvirt may run a hook
# from the first moment. libvirt runs every executable in hooks/qemu.d, so a hook is written in hooks/ first.
make_file() {
    make_directory "${3%/*}"
    case $3 in "$unit" | "$rule" | "$command") record "$(checksum "$2")" "$3" ;; esac
    case $3 in "$hooks"/*) temporary=$hooks/.rxtrust.new ;; *) temporary=${3%/*}/.rxtrust.new ;; esac
    cp "$2" "$temporary"
    chmod "$1" "$temporary"
    $files_only || ! have selinuxenabled || ! selinuxenabled || ! context=$(matchpathcon -n "$3") ||
        chcon -h "$context" "$temporary" || warn "no SELinux label could be set; run: restorecon $3"
    mv -f "$temporary" "$3" && temporary=''
}

# put MODE FROM TO
put() {
    [ ! -d "$3" ] || die "$3 is a directory: move it away"
    if cmp -s "$2" "$3" && [ -n "$(find "$3" -prune -type f -perm "$1" -user "$(id -u)")" ]; then return; fi
    case $3 in "$unit" | "$rule") ! there "$3" || ! is_changed "$3" || { say "keep $3, which was changed here" && return; } ;; esac
    changed=true
    step "install $3" make_file "$@"
}

take_away() {
    there "$1" || return 0
    case $1 in
    */.rxtrust.new) ;;
    "$unit" | "$rule") ! is_changed "$1" || { say "keep $1, which was changed here" && return; } ;;
    "$hooks"/qemu | "$hooks"/qemu.d/* | "$command") is_ours "$1" || return 0 ;;
    esac
    changed=true
    step "remove $1" rm -f "$1"
}

# Prints root's daemons of this name. A child has it too until it becomes a guest or a hook, and SIGHUP would end that.
daemon_processes() {
    grep -lx "$1" /proc/[0-9]*/comm 2>/dev/null | sed 's|/comm$||' | while read -r process; do
        grep -qs '^Uid:[^0-9]*0[^0-9]' "$process/status" || continue
        grep -qsx "$1" "/proc/$(sed -n 's/^PPid:[^0-9]*//p' "$process/status")/comm" || say "${process#/proc/}"
    done
}

reload() { step "reload $*" "$@" || warn "$* failed: the change is not noticed until that is mended"; }
reload_machine() {
    running=''
    for daemon in libvirtd virtqemud; do
        processes=$(daemon_processes $daemon)
        running=$running$processes
        if [ -d /run/systemd/system ] && systemctl --quiet is-active $daemon; then
            reload systemctl reload $daemon
        elif [ -n "$processes" ]; then
            # shellcheck disable=SC2086 # a list
            reload kill -HUP $processes
        fi
    done
    [ -n "$running" ] || say "no libvirt daemon runs: one that starts will notice the change"
    $changed && [ -d /run/systemd/system ] || return 0
    reload systemctl daemon-reload && reload udevadm control --reload
}

# Prints the guests on a device that rxtrust marked, or with a note of trust that it gave.
guests_that_keep() {
    signs=$(echo urn:rxtrust:1 && grep -ls '^rxtrust' /sys/class/net/*/ifalias | sed "s|.*/\(.*\)/ifalias|<target dev='\1'|")
    grep -lsF "$signs" /run/libvirt/qemu/*.xml | sed 's|.*/|    |; s|\.xml$||'
}

bring_about() {
    good=true
    step "run $command check" "$command" check || good=false
    if [ -n "$running" ] && $good; then
        ! $apply || step "run $command apply" "$command" apply || good=false
        step "run $command status" "$command" status || ! $apply || good=false
    fi
    $dry_run || printf '%s\n' "$("$command" --version)" "libvirt calls it at each start of a guest: $hook" \
        "to opt guests out, write $policy; an example is" "    $prefix/share/doc/rxtrust/rxtrust.ini" \
        "to see how the guests are, run: $command status" "to undo this, run: $self --uninstall"
    $good || die "not everything is as it should be: see above"
}

install_all() {
    choose_hook
    ! there "$command" || is_ours "$command" || die "$command is there and is not rxtrust: move it away, or use --prefix. $so_far"
    get_program
    files >"$work/files"
    while read -r mode && read -r from && read -r to; do put "$mode" "$from" "$to"; done <"$work/files"
    [ "$hook" != "$hooks/qemu" ] || take_away "$hooks/qemu.d/50-rxtrust"
    ! recorded | grep -qxF -e "$policy.dist" || take_away "$policy.dist" # 0.1.0's
    warn_of_others
    if ! $changed; then say "every file is as it should be"; elif ! $files_only; then say "list them in $record"; fi
    $files_only || reload_machine
    $files_only || bring_about
}

# Locks and times in /run stay while libvirt calls another rxtrust.
take_away_directories() {
    { say "$prefix/share/doc/rxtrust" && recorded | sed '1!G;h;$!d'; } | awk '!seen[$0]++' >"$work/directories"
    if ! $files_only && [ -d /run/rxtrust ] && [ -z "$(other_hooks)" ]; then
        changed=true
        step "remove the locks and times in /run/rxtrust" rm -f /run/rxtrust/last-call /run/rxtrust/last-apply /run/rxtrust/*.lock
        say /run/rxtrust >>"$work/directories"
    fi
    while read -r directory; do
        [ ! -d "$directory" ] || step "remove $directory if it is empty" rmdir "$directory" 2>/dev/null || true
    done <"$work/directories"
}

# The hook goes first, so that no guest that starts gets what is just taken back; the command, which takes it back, last.
uninstall_all() {
    hook=$hooks/qemu
    { say "$hooks/qemu.d/50-rxtrust" && files | awk 'NR % 3 == 0' | sed '1!G;h;$!d' && say "$policy.dist"; } >"$work/files"
    while read -r file; do
        [ "$file" = "$command" ] || take_away "$file"
        take_away "${file%/*}/.rxtrust.new"
    done <"$work/files"
    $files_only || reload_machine
    there "$command" || revert=false
    ! $revert || step "run $command revert" "$command" revert || kept='not everything could be taken back: see above'
    take_away "$command"
    ! $purge || take_away "$policy"
    take_away_directories
    take_away "$record"
    $changed || say "there is nothing of rxtrust here"
    warn_of_others
    $files_only || { $dry_run && $revert; } || guests=$(guests_that_keep)
    [ -z "${guests-}" ] || printf '%s\n' "until they are shut down, these guests keep what rxtrust gave them:" "$guests"
    [ -z "${guests-}" ] || $revert ||
        printf '%s\n' "to take that back now, install rxtrust again, and run:" "    $self --uninstall --revert"
    defined=$(grep -lsF urn:rxtrust:1 "$etc"/qemu/*.xml | sed 's|.*/|    |; s|\.xml$||')
    [ -z "$defined" ] || printf '%s\n' "these definitions keep what rxtrust define wrote (see README.md, Remove):" "$defined"
    $purge || ! there "$policy" || say "the policy is still there: $policy"
    [ -z "${kept-}" ] || die "$kept"
}

read_options "$@"
work=$(mktemp -d)
trap 'rm -rf "$temporary" "$work"' EXIT
trap 'exit 1' HUP INT TERM
# systemd takes % for a specifier, and \ and " for its own.
text=$(say "${command#"$destdir"}" | sed 's/%/%%/g; s/[\\"]/\\&/g; s/[\\&|]/\\&/g')
sed "s|/usr/bin/rxtrust|$text|" config/rxtrust@.service >"$work/rxtrust@.service"
cp config/60-rxtrust.rules "$work"
check_machine
if $uninstall; then uninstall_all; else install_all; fi
