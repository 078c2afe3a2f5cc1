#include "process.h"

#include "log.h"
#include "time_limits.h"
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_close_range /* glibc before 2.32 has no name for it; it is 436 on all architectures */
#define SYS_close_range 436
#endif

void descriptors_fill(void) {
    int fd = 0;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

static void close_all(int first, int last) {
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
        return;
    for (int fd = first; fd <= last && fd < 1024; fd++) /* Linux before 5.9 */
        (void)close(fd);
}

bool descriptors_release(int kept) {
    close_all(STDIN_FILENO, kept - 1);
    close_all(kept + 1, INT_MAX);
    descriptors_fill();
    return fcntl(STDERR_FILENO, F_GETFD) >= 0;
}

enum daemon daemonize(void) {
    sigset_t before;
    watchdog_block(&before);
    pid_t child = fork();
    if (child == 0) {
        pid_t grandchild = setsid() < 0 ? -1 : fork();
        if (grandchild != 0)
            _exit(grandchild < 0);
        log_to_syslog();
        watchdog_arm(BACKGROUND_SECONDS);
        if (descriptors_release(-1) && chdir("/") == 0)
            return DAEMON_IS_THIS;
        log_error("cannot let go of the hook's descriptors or directory");
        _exit(0);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && status == 0 ? DAEMON_STARTED : DAEMON_NOT_STARTED;
}
