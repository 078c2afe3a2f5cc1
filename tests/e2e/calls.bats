#!/usr/bin/env bats
# A call of the hook: how it ends, what it leaves of libvirt's pipes, and which calls are none for it.

load machine

setup() {
    install_hook
    clear_log
    rm -rf "${state:?}"/{pipe-*,bin,go,at}
}

teardown() {
    touch "$state/go"
    settle
    rm -rf "${state:?}/bin"
}

# An interface for it to change, in more XML than a pipe holds.
wordy() {
    echo "<domain type='qemu' id='99'><name>wordy</name><uuid>$(guest_uuid 142)</uuid>" \
        "<description>$(printf 'x%.0s' {1..100000})</description>" \
        "<devices>$(direct 142 "" virtio bridge "<target dev='macvtap79'/>")</devices></domain>"
}

# ---- which calls are none ----

@test "a hook call with a sub-operation or an operation that is unknown exits with 0, also for a guest named like a command" {
    local name
    mkdir -p "$state/bin"
    cp "$program" "$state/bin/rxtrust" # a hook in qemu.d may have any name
    for name in web-1 check status apply --help; do
        "$hook" "$name" start begin - < /dev/null
        "$hook" "$name" start middle - < /dev/null
        "$hook" "$name" newop newsub - < /dev/null
        "$state/bin/rxtrust" "$name" newop begin - < /dev/null > "$state/output" 2>&1
        cat "$state/output"
        [ ! -s "$state/output" ]
    done
}

@test "a command is one also where a guest has the name of an operation" {
    mkdir -p "$state/bin"
    cp "$program" "$state/bin/rxtrust"
    not "$state/bin/rxtrust" apply prepare a b > "$state/output" 2> "$state/errors" < /dev/null
    grep -q prepare "$state/errors"
    not "$state/bin/rxtrust" explain start begin < /dev/null
}

@test "a call of a session daemon, as its user, does nothing and says nothing, whatever the policy is" {
    local operation
    wordy > "$state/wordy.xml"
    for operation in prepare start started migrate restore reconnect stopped release; do
        setpriv --reuid=65534 --regid=65534 --clear-groups "$hook" wordy $operation begin - < "$state/wordy.xml" \
            > "$state/output" 2>&1
        [ ! -s "$state/output" ]
    done
    echo nonsense | write_policy
    setpriv --reuid=65534 --regid=65534 --clear-groups "$hook" wordy restore begin - < "$state/wordy.xml" \
        > "$state/output" 2>&1
    [ ! -s "$state/output" ]
    settle
    [ ! -s "$syslog" ]
}

# As root's may be, on NFS: a lease that is refused proves no writer.
@test "a policy on a file system that gives no leases is read" {
    gcc -D_GNU_SOURCE -o "$state/refuse_lease" tests/e2e/refuse_lease.c
    policy_is off
    strace -f -e trace=fcntl -o "$state/calls" "$state/refuse_lease" "$program" check
    grep -q 'F_SETLEASE, F_RDLCK) *= -1 EAGAIN' "$state/calls"
    "$state/refuse_lease" "$hook" wordy restore begin - < <(wordy) > "$state/output"
    [ ! -s "$state/output" ]
    [ ! -s "$syslog" ]
}

# ---- signals, and pipes that nobody reads ----

# sent_while_reading OPERATION SIGNAL: calls the hook, sends it the signal while it waits for its standard
# input, which ends then; and exits as the hook does.
sent_while_reading() {
    local pid code=0
    rm -f "$state/pipe-in"
    mkfifo "$state/pipe-in"
    exec 6<>"$state/pipe-in"
    "$hook" web-1 "$1" begin - < "$state/pipe-in" > /dev/null 2> "$state/errors" 3>&- 6>&- &
    pid=$!
    head -c 70000 /dev/zero | timeout 10 cat >&6 # more than a pipe holds: it reads
    kill -s "$2" "$pid"
    exec 6>&-
    wait "$pid" || code=$?
    ((code == 0)) || echo "exit code $code of $1 after $2"
    return "$code"
}

# each_signal COMMAND...: with the number of each that ends a process, if it is let.
each_signal() {
    local number bad=0
    for number in {1..31} {34..64}; do
        case $(kill -l "$number") in
        KILL | STOP | CHLD | CONT | URG | WINCH | TSTP | TTIN | TTOU) continue ;;
        esac
        "$@" "$number" || bad=1
    done
    return "$bad"
}

@test "each signal that ends a process, sent to a hook call that waits for its input: it exits with 0" {
    each_signal sent_while_reading start
    each_signal sent_while_reading restore
}

# sent_while_writing SIGNAL: calls the hook for a restore, sends it the signal while its standard output is full, and
# reads on. All must come. The signal of the hook's own time limit is one of them; those of a crash are not.
sent_while_writing() {
    local pid code=0
    case $(kill -l "$1") in ILL | TRAP | ABRT | BUS | FPE | SEGV | SYS) return 0 ;; esac
    rm -f "$state/pipe-out"
    mkfifo "$state/pipe-out"
    exec 7<>"$state/pipe-out" # while it is opened at both ends
    "$hook" wordy restore begin - < "$state/wordy.xml" > "$state/pipe-out" 2> "$state/errors" 3>&- 7<&- &
    pid=$!
    wait_for 10 writes "$pid"
    kill -s "$1" "$pid"
    exec 9<"$state/pipe-out" 7<&-
    timeout 10 cat <&9 > "$state/output" || code=$?
    exec 9<&-
    wait "$pid" || code=$?
    cmp "$state/whole.xml" "$state/output" || code=1
    ((code == 0)) || echo "exit code $code after $1"
    return "$code"
}

writes() {
    grep -q pipe_write "/proc/$1/wchan"
}

@test "each signal, sent to a hook call that prints XML: all of it comes, for half would refuse the guest's restore" {
    wordy > "$state/wordy.xml"
    "$hook" wordy restore begin - < "$state/wordy.xml" > "$state/whole.xml"
    grep -q "trustGuestRxFilters='yes'" "$state/whole.xml"
    each_signal sent_while_writing
}

# unread NAME FD [full]: a pipe that nobody reads, whose reading end the test has open as FD.
unread() {
    mkfifo "$state/pipe-$1"
    exec 6<>"$state/pipe-$1"
    eval "exec $2<\"$state/pipe-$1\""
    [[ -z ${3-} ]] || dd if=/dev/zero of="$state/pipe-$1" bs=4096 oflag=nonblock 2>/dev/null || true
    exec 6>&-
}

# is_closed FD: nothing is left that could write to the pipe.
is_closed() {
    timeout 3 cat <&"$1" > /dev/null
}

@test "a hook call whose complaints nobody reads, or whose reader has gone, ends" {
    local pid
    wordy > "$state/wordy.xml"
    unread err 9 full
    "$hook" wordy restore begin - < "$state/wordy.xml" > "$state/output" 2> "$state/pipe-err" 3>&- 9<&- &
    pid=$!
    wait_for 25 eval "! kill -0 $pid"
    wait "$pid"
    is_closed 9
    exec 9<&-
    unread out 7
    "$hook" wordy restore begin - < "$state/wordy.xml" > "$state/pipe-out" 2>/dev/null 3>&- 7<&- &
    pid=$!
    wait_for 10 writes "$pid"
    exec 7<&-
    wait_for 10 eval "! kill -0 $pid"
    wait "$pid"
}

@test "what is left in the background holds none of libvirt's pipes" {
    fake_virsh <<END
#!/bin/bash
touch $state/at
until [[ -e $state/go ]]; do sleep 0.05; done
exec /usr/bin/virsh "\$@"
END
    wordy > "$state/wordy.xml"
    unread out 7
    unread err 9
    PATH=$state/bin:$PATH "$hook" wordy started begin - < "$state/wordy.xml" \
        > "$state/pipe-out" 2> "$state/pipe-err" 3>&- 7<&- 9<&-
    wait_for 30 test -e "$state/at"
    is_closed 7
    is_closed 9
    not hook_is_idle
    exec 7<&- 9<&-
}
