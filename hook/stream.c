#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_ROOM = 16 * 1024 };

static struct stream_text held;
static volatile sig_atomic_t held_whole;
static volatile sig_atomic_t output_begun;

const char *stream_read_all(int fd, struct stream_text *text) {
    for (;;) {
        if (text->length == text->room) {
            size_t room = text->room ? 2 * text->room : FIRST_ROOM;
            char *data = realloc(text->data, room + 1);
            if (!data)
                return "out of memory";
            text->data = data;
            text->room = room;
        }
        ssize_t got = read(fd, text->data + text->length, text->room - text->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return strerror(errno);
        text->length += (size_t)got;
        text->data[text->length] = '\0';
        if (got == 0)
            return NULL;
        if (text->length > STREAM_LIMIT)
            return "it is larger than 16 MiB";
    }
}

const char *stream_read(struct stream_input *input) {
    const char *problem = stream_read_all(STDIN_FILENO, &held);
    held_whole = !problem;
    *input = (struct stream_input){held.data, held.length};
    return problem;
}

size_t stream_write_all(int fd, const char *data, size_t length) {
    size_t done = 0;
    while (done < length) {
        ssize_t wrote = write(fd, data + done, length - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            break;
        done += (size_t)wrote;
    }
    return done;
}

static void take_back(size_t written) {
    struct stat output;
    if (written == 0 || fstat(STDOUT_FILENO, &output) || !S_ISREG(output.st_mode))
        return;
    off_t end = lseek(STDOUT_FILENO, 0, SEEK_CUR);
    if (end < (off_t)written || ftruncate(STDOUT_FILENO, end - (off_t)written))
        return;
    (void)lseek(STDOUT_FILENO, end - (off_t)written, SEEK_SET);
}

const char *stream_write(const char *data, size_t length) {
    output_begun = 1;
    size_t written = stream_write_all(STDOUT_FILENO, data, length);
    if (written == length)
        return NULL;
    int error = errno;
    take_back(written);
    return strerror(error);
}

const char *stream_give_back(void) {
    if (output_begun)
        return NULL;
    const char *problem = stream_write(held.data, held.length);
    char more[4096];
    while (!problem && !held_whole) {
        ssize_t got = read(STDIN_FILENO, more, sizeof more);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 ||
            (got > 0 && stream_write_all(STDOUT_FILENO, more, (size_t)got) < (size_t)got))
            problem = strerror(errno);
        held_whole = got == 0;
    }
    return problem;
}

void stream_rescue(void) {
    if (held_whole && !output_begun)
        (void)stream_write_all(STDOUT_FILENO, held.data, held.length);
}
