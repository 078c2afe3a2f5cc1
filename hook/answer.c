#include "answer.h"

#include <stdlib.h>
#include <string.h>

void answer_tell_number(FILE *to, size_t number) {
    (void)fwrite(&number, sizeof number, 1, to);
}

/* As its length with the NUL, and the bytes with the NUL; NULL as a length of 0. */
void answer_tell_text(FILE *to, const char *text) {
    size_t length = text ? strlen(text) + 1 : 0;
    answer_tell_number(to, length);
    if (text)
        (void)fwrite(text, length, 1, to);
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
