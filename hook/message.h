/* A message from the sandboxed child to its parent: numbers and length-prefixed texts, one after
 * the other.
 *
 * The child may have been taken over by what it parsed: who gets a message believes no length and
 * no number in it, and what doesn't fit makes the message bad. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct message {
    char *data; /* owned; texts that are got point into it */
    size_t length;
    size_t room; /* of the data */
    size_t read; /* bytes that were got */
    bool bad;    /* memory ran out, or it makes no sense */
};

void message_put_number(struct message *message, size_t number);
void message_put_text(struct message *message, const char *text); /* may be NULL */

/* In the order of the puts. Of a bad message: 0 and NULL. A number is below `limit`. */
size_t message_get_number(struct message *message, size_t limit);
char *message_get_text(struct message *message);

/* How many things follow: not more than there are bytes left. */
size_t message_get_count(struct message *message);

/* A member of a structure, as a message carries it. One table serves both directions. */
struct message_field {
    enum { FIELD_TEXT, FIELD_SIZE, FIELD_ENUM, FIELD_FLAG } kind;
    size_t offset;
    size_t limit; /* of an enum: one more than its largest value */
};
void message_put_fields(struct message *message, const struct message_field *fields, size_t count,
                        const void *from);
void message_get_fields(struct message *message, const struct message_field *fields, size_t count,
                        void *to);

/* True: it was got to its end, and isn't bad. */
bool message_is_whole(const struct message *message);

void message_free(struct message *message);
