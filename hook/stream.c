#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_ROOM = 16 * 1024 };

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

const char *stream_read_file(int directory, const char *name, struct stream_text *text) {
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return strerror(errno);
    const char *problem = stream_read_all(fd, text);
    (void)close(fd);
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
