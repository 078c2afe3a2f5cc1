/* Standard input and output of a call: the document that libvirt hands over, and what it gets back.
 *
 * There is one input a process, read once. Whatever goes wrong with it, stream_give_back() still
 * returns it byte for byte, so a call that fails is a call that changed nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The largest text that is looked at, in bytes. */
#define STREAM_LIMIT ((size_t)16 << 20)

struct stream_input {
    const char *data; /* owned by this module for the life of the process */
    size_t length;
};

/* A text that was read, with a NUL behind it, and the room that it has. */
struct stream_text {
    char *data; /* owned: free() is due */
    size_t length;
    size_t room;
};

/* Reads a descriptor to its end, into a text that was zeroed first. Returns NULL, or why it can't:
 * a text that stays; `text` holds what could be read. */
const char *stream_read_all(int fd, struct stream_text *text);

/* Reads standard input to its end. Returns NULL, or why it can't be had: a text that stays. */
const char *stream_read(struct stream_input *input);

/* Writes `length` bytes to standard output, all of them or none: what was written when the rest
 * fails is taken back where the output is a file (a pipe can't give anything back). Returns NULL,
 * or why not. */
const char *stream_write(const char *data, size_t length);

/* Writes them to any descriptor; it is async-signal-safe. Returns how many were written: less than
 * `length` only on an error, which is in errno. */
size_t stream_write_all(int fd, const char *data, size_t length);

/* Writes the input to standard output as it came: what was read, then what is still to be read.
 * Does nothing once stream_write() has begun. Returns NULL, or why it couldn't. */
const char *stream_give_back(void);

/* The same from a signal handler (it is async-signal-safe), and only if the input was read to its
 * end: it must not wait for more. */
void stream_rescue(void);
