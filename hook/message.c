#include "message.h"

#include <stdlib.h>
#include <string.h>

static void tell(struct message *answer, const void *data, size_t length) {
    if (answer->room - answer->length < length) {
        size_t room = 2 * (answer->room + length);
        char *grown = realloc(answer->data, room);
        if (!grown) {
            answer->bad = true;
            return;
        }
        answer->data = grown;
        answer->room = room;
    }
    memcpy(answer->data + answer->length, data, length);
    answer->length += length;
}

void message_put_number(struct message *answer, size_t number) {
    tell(answer, &number, sizeof number);
}

/* As its length with the NUL, and the bytes with the NUL; NULL as a length of 0. */
void message_put_text(struct message *answer, const char *text) {
    size_t length = text ? strlen(text) + 1 : 0;
    message_put_number(answer, length);
    if (text)
        tell(answer, text, length);
}

static size_t left(const struct message *answer) {
    return answer->bad ? 0 : answer->length - answer->heard;
}

size_t message_get_number(struct message *answer, size_t limit) {
    size_t number = 0;
    if (left(answer) >= sizeof number) {
        memcpy(&number, answer->data + answer->heard, sizeof number);
        answer->heard += sizeof number;
        if (number < limit)
            return number;
    }
    answer->bad = true;
    return 0;
}

size_t message_get_count(struct message *answer) {
    return message_get_number(answer, left(answer) + 1);
}

char *message_get_text(struct message *answer) {
    size_t length = message_get_count(answer);
    if (!length)
        return NULL;
    char *text = answer->data + answer->heard;
    if (length > left(answer) || memchr(text, '\0', length) != text + length - 1) {
        answer->bad = true;
        return NULL;
    }
    answer->heard += length;
    return text;
}

bool message_is_whole(const struct message *answer) {
    return !answer->bad && answer->heard == answer->length;
}

void message_free(struct message *answer) {
    free(answer->data);
    *answer = (struct message){0};
}
