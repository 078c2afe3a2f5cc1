#include "message.h"

#include <stdint.h>
#include <string.h>

static void put(struct message *message, const void *data, size_t length) {
    if (!text_append(&message->text, data, length))
        message->bad = true;
}

void message_put_number(struct message *message, size_t number) {
    put(message, &number, sizeof number);
}

/* The length counts the text's NUL, so that NULL is the length 0. */
void message_put_text(struct message *message, const char *text) {
    size_t length = text ? strlen(text) + 1 : 0;
    message_put_number(message, length);
    put(message, text, length);
}

static size_t left(const struct message *message) {
    return message->bad ? 0 : message->text.length - message->read;
}

size_t message_get_number(struct message *message, size_t limit) {
    size_t number = 0;
    if (left(message) >= sizeof number) {
        memcpy(&number, message->text.data + message->read, sizeof number);
        message->read += sizeof number;
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
    char *text = message->text.data + message->read;
    if (length > left(message) || memchr(text, '\0', length) != text + length - 1) {
        message->bad = true;
        return NULL;
    }
    message->read += length;
    return text;
}

void message_put_fields(struct message *message, const struct message_field *fields, size_t count,
                        const void *from) {
    for (size_t i = 0; i < count; i++) {
        const void *place = (const char *)from + fields[i].offset;
        if (fields[i].kind == FIELD_TEXT)
            message_put_text(message, *(const char *const *)place);
        else
            message_put_number(message, fields[i].kind == FIELD_SIZE   ? *(const size_t *)place
                                        : fields[i].kind == FIELD_ENUM ? *(const unsigned *)place
                                                                       : *(const bool *)place);
    }
}

void message_get_fields(struct message *message, const struct message_field *fields, size_t count,
                        void *to) {
    for (size_t i = 0; i < count; i++) {
        void *place = (char *)to + fields[i].offset;
        if (fields[i].kind == FIELD_TEXT)
            *(const char **)place = message_get_text(message);
        else if (fields[i].kind == FIELD_SIZE)
            *(size_t *)place = message_get_number(message, SIZE_MAX);
        else if (fields[i].kind == FIELD_ENUM)
            *(unsigned *)place = (unsigned)message_get_number(message, fields[i].last + 1);
        else
            *(bool *)place = message_get_number(message, 2);
    }
}

bool message_is_whole(const struct message *message) {
    return !message->bad && message->read == message->text.length;
}

void message_free(struct message *message) {
    text_free(&message->text);
    *message = (struct message){0};
}
