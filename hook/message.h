/* What a sandboxed process tells the one that started it: numbers and texts, one after the other.
 *
 * The one that tells may have been taken over by what it read: whoever hears it believes no length
 * and no number, and what doesn't fit makes the answer bad. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct message {
    char *data; /* owned; texts that were heard point into it */
    size_t length;
    size_t room;  /* of the data */
    size_t heard; /* hearing: bytes */
    bool bad;     /* memory ran out, or it makes no sense */
};

/* Telling. */
void message_put_number(struct message *answer, size_t number);
void message_put_text(struct message *answer, const char *text); /* may be NULL */

/* Hearing, in the order of the telling. Of a bad answer: 0 and NULL. A number is below `limit`. */
size_t message_get_number(struct message *answer, size_t limit);
char *message_get_text(struct message *answer);

/* How many things follow: not more than there are bytes left. */
size_t message_get_count(struct message *answer);

/* True: it was heard to its end, and isn't bad. */
bool message_is_whole(const struct message *answer);

void message_free(struct message *answer);
