#include "daemonize.h"

#include "descriptors.h"
#include "log.h"
#include "watchdog.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

bool daemonize(void (*work)(void *user), void *user) {
    sigset_t before;
    watchdog_block(&before);
    pid_t child = fork();
    if (child == 0) {
        pid_t grandchild = setsid() < 0 ? -1 : fork();
        if (grandchild == 0) {
            log_to_syslog();
            watchdog_arm(BACKGROUND_SECONDS);
            if (descriptors_release(-1) && chdir("/") == 0)
                work(user);
            else
                log_error("the hook's descriptors or directory can't be released");
        }
        _exit(grandchild < 0);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && status == 0;
}
