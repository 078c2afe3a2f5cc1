/* A message from the parser process to its parent: numbers and length-prefixed texts, one after the
 * other. The parser process may have been taken over by its input, so a length or number that does
 * not fit makes the message bad. Pure. */
#pragma once

#include "io.h"

#include <stdbool.h>
#include <stddef.h>

struct message {
    struct text text; /* texts that were got point into it */
    size_t read;      /* bytes that were got */
    bool bad;         /* out of memory, or malformed */
};

/* Get in the order of the puts. A bad message gives 0, false, NULL. A number is below `limit`. */
void message_put_number(struct message *message, size_t number);
size_t message_get_number(struct message *message, size_t limit);

/* A structure as a message carries it: one table serves both directions. */
struct message_field {
    enum {
        FIELD_TEXT, /* may be NULL */
        FIELD_NAME, /* may not */
        FIELD_SIZE,
        FIELD_ENUM,
        FIELD_FLAG
    } kind;
    size_t offset;
    size_t last; /* of an enum: its largest value */
};
struct message_struct {
    const struct message_field *fields;
    size_t count;
    size_t size; /* of the structure, in bytes */
};
void message_put_struct(struct message *message, const struct message_struct *type,
                        const void *from);
void message_get_struct(struct message *message, const struct message_struct *type, void *to);

/* An array of them. Getting returns one that the caller frees, with a `count` of 0 if the message
 * is bad; NULL: out of memory. */
void message_put_array(struct message *message, const struct message_struct *type, const void *from,
                       size_t count);
void *message_get_array(struct message *message, const struct message_struct *type, size_t *count);

/* Whether all of it was got, and it is not bad. */
bool message_is_whole(const struct message *message);

void message_free(struct message *message);
