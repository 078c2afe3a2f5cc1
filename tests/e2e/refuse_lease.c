/* A preloaded library under which no file gives a read lease, as on NFSv4 without delegations: the
 * request fails with EAGAIN though nobody has the file open for writing. Creates the file that
 * REFUSED names when it has refused one. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static int refuse_or_call(const char *symbol, int fd, int command, void *argument) {
    if (command == F_SETLEASE && argument == (void *)F_RDLCK) {
        const char *path = getenv("REFUSED");
        int made = open(path ? path : "/dev/null", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (made >= 0)
            (void)close(made);
        errno = EAGAIN;
        return -1;
    }
    int (*call)(int, int, ...) = (int (*)(int, int, ...))dlsym(RTLD_NEXT, symbol);
    return call(fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return refuse_or_call("fcntl64", fd, command, argument);
}

int fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return refuse_or_call("fcntl", fd, command, argument);
}
