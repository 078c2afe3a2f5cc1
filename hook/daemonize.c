#include "daemonize.h"

#include "watchdog.h"
#include "log.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

bool daemonize(void (*work)(void *user), void *user, unsigned seconds) {
    pid_t child = fork();
    if (child == 0) {
        pid_t grandchild = setsid() < 0 ? -1 : fork();
        if (grandchild == 0) {
            (void)alarm(seconds);
            if (watchdog_let_go(-1) && chdir("/") == 0)
                work(user);
            else
                log_error("the hook's descriptors or directory can't be let go of");
        }
        _exit(grandchild < 0);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && status == 0;
}
