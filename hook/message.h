/* What a sandboxed process tells the one that started it: numbers and texts, one after the other.
 *
 * The one that tells may have been taken over by what it read: whoever hears it believes no length
 * and no number, and what doesn't fit makes the message bad. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct message {
    char *data; /* owned; texts that were got point into it */
    size_t length;
    size_t room;  /* of the data */
    size_t got; /* hearing: bytes */
    bool bad;     /* memory ran out, or it makes no sense */
};

/* Telling. */
void message_put_number(struct message *message, size_t number);
void message_put_text(struct message *message, const char *text); /* may be NULL */

/* Hearing, in the order of the telling. Of a bad message: 0 and NULL. A number is below `limit`. */
size_t message_get_number(struct message *message, size_t limit);
char *message_get_text(struct message *message);

/* How many things follow: not more than there are bytes left. */
size_t message_get_count(struct message *message);

/* True: it was got to its end, and isn't bad. */
bool message_is_whole(const struct message *message);

void message_free(struct message *message);
