/* Reading to the end, writing all, and the text type of the program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The largest input, in bytes. */
#define IO_LIMIT ((size_t)16 << 20)

/* A text that grows. Zero it before its first use; text_free() releases it. */
struct text {
    char *data; /* owned; NULL, or `length` bytes and a NUL */
    size_t length;
    size_t room; /* allocated bytes, the NUL's included */
};

/* Append. False: out of memory, and the text is unchanged. */
bool text_append(struct text *text, const char *data, size_t length);
bool text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *text);

/* Appends everything up to the end of the descriptor. Returns NULL or why it failed, a static
 * text; `text` then holds the part that could be read. */
const char *io_read_all(int fd, struct text *text);

/* Does the same with a file below `directory` (AT_FDCWD: the working directory). A pipe or a device
 * in its place does not block. */
const char *io_read_file(int directory, const char *name, struct text *text);

/* Writes all bytes; async-signal-safe. False: see errno. */
bool io_write_all(int fd, const char *data, size_t length);
