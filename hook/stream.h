/* Descriptors read to their end and written whole. */
#pragma once

#include <stddef.h>

/* The largest text that is looked at, in bytes. */
#define STREAM_LIMIT ((size_t)16 << 20)

/* A text that was read, with a NUL behind it, and the room that it has. Owned: free() its data. */
struct stream_text {
    char *data;
    size_t length;
    size_t room;
};

/* Reads a descriptor to its end, into a text that was zeroed first. Returns NULL, or why it can't:
 * a text that stays; `text` holds what could be read. */
const char *stream_read_all(int fd, struct stream_text *text);

/* The same of the file of this name, below this directory (AT_FDCWD: the working directory). A
 * pipe or a device in its place doesn't block. */
const char *stream_read_file(int directory, const char *name, struct stream_text *text);

/* Writes `length` bytes; it is async-signal-safe. Returns how many were written: less than `length`
 * only on an error, which is in errno. */
size_t stream_write_all(int fd, const char *data, size_t length);
