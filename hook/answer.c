#include "answer.h"

#include <stdlib.h>
#include <string.h>

static void tell(struct answer *answer, const void *data, size_t length) {
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

void answer_tell_number(struct answer *answer, size_t number) {
    tell(answer, &number, sizeof number);
}

/* As its length with the NUL, and the bytes with the NUL; NULL as a length of 0. */
void answer_tell_text(struct answer *answer, const char *text) {
    size_t length = text ? strlen(text) + 1 : 0;
    answer_tell_number(answer, length);
    if (text)
        tell(answer, text, length);
}

static size_t left(const struct answer *answer) {
    return answer->bad ? 0 : answer->length - answer->heard;
}

size_t answer_number(struct answer *answer, size_t limit) {
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

size_t answer_count(struct answer *answer) {
    return answer_number(answer, left(answer) + 1);
}

char *answer_text(struct answer *answer) {
    size_t length = answer_count(answer);
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

bool answer_is_whole(const struct answer *answer) {
    return !answer->bad && answer->heard == answer->length;
}

void answer_free(struct answer *answer) {
    free(answer->data);
    *answer = (struct answer){0};
}
