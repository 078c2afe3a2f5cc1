#include "message.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void put(struct message *message, const void *data, size_t length) {
    if (!text_append(&message->text, data, length))
        message->bad = true;
}

void message_put_number(struct message *message, size_t number) {
    put(message, &number, sizeof number);
}

/* The length counts the text's NUL, so that NULL is the length 0. */
static void put_text(struct message *message, const char *text) {
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

static char *get_text(struct message *message) {
    size_t length = message_get_number(message, left(message) + 1);
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

void message_put_struct(struct message *message, const struct message_struct *type,
                        const void *from) {
    for (size_t i = 0; i < type->count; i++) {
        const struct message_field *field = &type->fields[i];
        const void *place = (const char *)from + field->offset;
        if (field->kind <= FIELD_NAME)
            put_text(message, *(const char *const *)place);
        else
            message_put_number(message, field->kind == FIELD_SIZE   ? *(const size_t *)place
                                        : field->kind == FIELD_ENUM ? *(const unsigned *)place
                                                                    : *(const bool *)place);
    }
}

void message_get_struct(struct message *message, const struct message_struct *type, void *to) {
    for (size_t i = 0; i < type->count; i++) {
        const struct message_field *field = &type->fields[i];
        void *place = (char *)to + field->offset;
        if (field->kind <= FIELD_NAME)
            *(const char **)place = get_text(message);
        else if (field->kind == FIELD_SIZE)
            *(size_t *)place = message_get_number(message, SIZE_MAX);
        else if (field->kind == FIELD_ENUM)
            *(unsigned *)place = (unsigned)message_get_number(message, field->last + 1);
        else
            *(bool *)place = message_get_number(message, 2);
        message->bad = message->bad || (field->kind == FIELD_NAME && !*(const char **)place);
    }
}

void message_put_array(struct message *message, const struct message_struct *type, const void *from,
                       size_t count) {
    message_put_number(message, count);
    for (size_t i = 0; i < count; i++)
        message_put_struct(message, type, (const char *)from + i * type->size);
}

void *message_get_array(struct message *message, const struct message_struct *type, size_t *count) {
    *count = message_get_number(message, left(message) + 1); /* an item has a byte at the least */
    char *items = calloc(*count + 1, type->size);
    for (size_t i = 0; items && i < *count && !message->bad; i++)
        message_get_struct(message, type, items + i * type->size);
    *count = items && !message->bad ? *count : 0;
    return items;
}

bool message_is_whole(const struct message *message) {
    return !message->bad && message->read == message->text.length;
}

void message_free(struct message *message) {
    text_free(&message->text);
    *message = (struct message){0};
}
