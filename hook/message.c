#include "message.h"

#include <stdlib.h>
#include <string.h>

static void put(struct message *message, const void *data, size_t length) {
    if (message->room - message->length < length) {
        size_t room = 2 * (message->room + length);
        char *grown = realloc(message->data, room);
        if (!grown) {
            message->bad = true;
            return;
        }
        message->data = grown;
        message->room = room;
    }
    memcpy(message->data + message->length, data, length);
    message->length += length;
}

void message_put_number(struct message *message, size_t number) {
    put(message, &number, sizeof number);
}

/* As its length with the NUL, and the bytes with the NUL; NULL as a length of 0. */
void message_put_text(struct message *message, const char *text) {
    size_t length = text ? strlen(text) + 1 : 0;
    message_put_number(message, length);
    if (text)
        put(message, text, length);
}

static size_t left(const struct message *message) {
    return message->bad ? 0 : message->length - message->got;
}

size_t message_get_number(struct message *message, size_t limit) {
    size_t number = 0;
    if (left(message) >= sizeof number) {
        memcpy(&number, message->data + message->got, sizeof number);
        message->got += sizeof number;
        if (number < limit)
            return number;
    }
    message->bad = true;
    return 0;
}

size_t message_get_count(struct message *message) {
    return message_get_number(message, left(message) + 1);
}

char *message_get_text(struct message *message) {
    size_t length = message_get_count(message);
    if (!length)
        return NULL;
    char *text = message->data + message->got;
    if (length > left(message) || memchr(text, '\0', length) != text + length - 1) {
        message->bad = true;
        return NULL;
    }
    message->got += length;
    return text;
}

bool message_is_whole(const struct message *message) {
    return !message->bad && message->got == message->length;
}

void message_free(struct message *message) {
    free(message->data);
    *message = (struct message){0};
}
