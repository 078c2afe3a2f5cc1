#include "descriptors.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range /* glibc before 2.32 doesn't name it; all architectures have one number */
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
