/* usage: refuse_lease COMMAND [ARGUMENT...]
 *
 * Runs a command to which no file gives a read lease, as on NFSv4 without delegations: the request
 * fails with EAGAIN though nobody has the file open for writing. A filter of system calls does that
 * for a static program too. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(member)         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define UNLESS(value, skips) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skips))
#define RETURN(action)       BPF_STMT(BPF_RET | BPF_K, (action))

int main(int argc, char **argv) {
    struct sock_filter filter[] = {
        LOAD(nr),
        UNLESS(SYS_fcntl, 5),
        LOAD(args[1]), /* the lower half, where the lowest byte comes first */
        UNLESS(F_SETLEASE, 3),
        LOAD(args[2]),
        UNLESS(F_RDLCK, 1),
        RETURN(SECCOMP_RET_ERRNO | EAGAIN),
        RETURN(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (argc < 2 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 125;
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 125;
}
