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

void message_put_number(struct message *message, size_t number);
void message_put_text(struct message *message, const char *text); /* may be NULL */

/* Get in the order of the puts. A bad message gives 0 and NULL. A number is below `limit`. */
size_t message_get_number(struct message *message, size_t limit);
char *message_get_text(struct message *message);

/* A count of things that follow: no more than there are bytes left. */
size_t message_get_count(struct message *message);

/* A member of a structure, as a message carries it. One table serves both directions. */
struct message_field {
    enum { FIELD_TEXT, FIELD_SIZE, FIELD_ENUM, FIELD_FLAG } kind;
    size_t offset;
    size_t last; /* of an enum: its largest value */
};
void message_put_fields(struct message *message, const struct message_field *fields, size_t count,
                        const void *from);
void message_get_fields(struct message *message, const struct message_field *fields, size_t count,
                        void *to);

/* Whether all of it was got, and it is not bad. */
bool message_is_whole(const struct message *message);

void message_free(struct message *message);
