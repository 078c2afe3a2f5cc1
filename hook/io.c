#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_ROOM = 16 * 1024 }; /* most domain XML, most messages */

/* Makes room for so many bytes and a NUL. */
static bool reserve(struct text *text, size_t more) {
    size_t least = text->length + more + 1;
    if (least <= text->room)
        return true;
    size_t room = least > 2 * text->room ? least : 2 * text->room;
    char *data = realloc(text->data, room);
    if (!data)
        return false;
    text->data = data;
    text->room = room;
    return true;
}

bool text_append(struct text *text, const char *data, size_t length) {
    if (!reserve(text, length))
        return false;
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
    ssize_t got = 0;
    do {
        bool full = text->room - text->length < 2;
        if (full && !reserve(text, text->room ? text->room : FIRST_ROOM))
            return "out of memory";
        got = read(fd, text->data + text->length, text->room - text->length - 1);
        if (got < 0 && errno != EINTR)
            return strerror(errno);
        text->length += got > 0 ? (size_t)got : 0;
        text->data[text->length] = '\0';
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
