/* usage: log_socket read|deaf PATH
 *
 * A syslog's socket: one whose messages it prints, a line each, or one whose queue is full and that
 * nobody reads. Prints a line when it is there, and ends with its standard input. */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int quit(const char *what) {
    perror(what);
    return 1;
}

static int fill_up(const struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return -1;
    while (send(fd, "full", 4, 0) >= 0)
        ;
    return errno == EAGAIN ? fd : -1;
}

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 3 || strlen(argv[2]) >= sizeof address.sun_path)
        return 1;
    memcpy(address.sun_path, argv[2], strlen(argv[2]));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        return quit(argv[2]);
    bool deaf = strcmp(argv[1], "deaf") == 0;
    if (deaf && fill_up(&address) < 0)
        return quit(argv[2]);
    (void)puts("ready");
    (void)fflush(stdout);
    struct pollfd both[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    char message[8192];
    while (poll(both, deaf ? 1 : 2, -1) > 0 && !both[0].revents) {
        ssize_t got = recv(fd, message, sizeof message, MSG_DONTWAIT);
        if (got > 0 && (printf("%.*s\n", (int)got, message) < 0 || fflush(stdout) != 0))
            return quit("standard output");
    }
    return 0;
}
