#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool text_append(struct text *text, const char *data, size_t length) {
    size_t least = text->length + length + 1;
    if (least > text->room) {
        size_t room = least > 2 * text->room ? least : 2 * text->room;
        char *grown = realloc(text->data, room);
        if (!grown)
            return false;
        text->data = grown;
        text->room = room;
    }
    if (length) /* no bytes may come from NULL */
        memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
    return true;
}

bool text_print(struct text *text, const char *format, ...) {
    char *printed = NULL;
    va_list arguments;
    va_start(arguments, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): wrong if another file came before */
    int length = vasprintf(&printed, format, arguments);
    va_end(arguments);
    if (length < 0)
        return false;
    bool appended = text_append(text, printed, (size_t)length);
    free(printed);
    return appended;
}

void text_free(struct text *text) {
    free(text->data);
    *text = (struct text){0};
}

const char *io_read_all(int fd, struct text *text) {
    char buffer[16 * 1024]; /* most domain XML, most messages */
    ssize_t got = 0;
    do {
        got = read(fd, buffer, sizeof buffer);
        if (got < 0 && errno != EINTR)
            return strerror(errno);
        if (!text_append(text, buffer, got > 0 ? (size_t)got : 0))
            return "out of memory";
        if (text->length > IO_LIMIT)
            return "it is larger than 16 MiB";
    } while (got != 0);
    return NULL;
}

const char *io_read_file(int directory, const char *name, struct text *text) {
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return strerror(errno);
    const char *problem = io_read_all(fd, text);
    (void)close(fd); /* nothing was written to it */
    return problem;
}

bool io_write_all(int fd, const char *data, size_t length) {
    while (length) {
        ssize_t wrote = write(fd, data, length);
        if (wrote < 0 && errno != EINTR)
            return false;
        size_t done = wrote > 0 ? (size_t)wrote : 0;
        data += done;
        length -= done;
    }
    return true;
}
