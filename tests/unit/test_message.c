/* The message from the parser process: every put can be got, and bytes that do not fit make it bad.
 */
#include "unit.h"

#include "../../hook/message.h"

/* ---- Put and get ---- */

static const struct message_field text_field = {.kind = FIELD_TEXT};
static const struct message_struct text_type = {&text_field, 1, sizeof(char *)};

static void test_numbers_and_texts(void **state) {
    (void)state;
    static const char *const texts[] = {"", "a", NULL, "bü\n", NULL};
    struct message message = {0};
    for (size_t round = 0; round < 100; round++)
        for (size_t i = 0; i < COUNT(texts); i++) {
            message_put_number(&message, round);
            message_put_struct(&message, &text_type, &texts[i]);
        }
    assert_false(message.bad);
    for (size_t round = 0; round < 100; round++)
        for (size_t i = 0; i < COUNT(texts); i++) {
            assert_false(message_is_whole(&message));
            assert_int_equal(message_get_number(&message, 100), round);
            const char *text = "something";
            message_get_struct(&message, &text_type, &text);
            assert_string_equal(or_dash(text), or_dash(texts[i]));
        }
    assert_true(message_is_whole(&message));
    message_free(&message);
    assert_null(message.text.data);
    assert_int_equal(message.text.length, 0);
}

struct thing {
    const char *text;
    size_t size;
    unsigned kind;
    bool flag;
};

static const struct message_field fields[] = {
    {FIELD_TEXT, offsetof(struct thing, text), 0},
    {FIELD_SIZE, offsetof(struct thing, size), 0},
    {FIELD_ENUM, offsetof(struct thing, kind), 2},
    {FIELD_FLAG, offsetof(struct thing, flag), 0},
};
static const struct message_struct type = {fields, COUNT(fields), sizeof(struct thing)};

/* An array comes back whole; a name that is NULL is none, and neither is a count too large. */
static void test_array(void **state) {
    (void)state;
    static const struct message_field name_field = {FIELD_NAME, offsetof(struct thing, text), 0};
    static const struct message_struct named = {&name_field, 1, sizeof(struct thing)};
    static const struct thing things[] = {{"a", 1, 2, true}, {NULL, 2, 0, false}};
    for (size_t count = 0; count <= COUNT(things); count++) {
        struct message message = {0};
        size_t got = 0;
        message_put_array(&message, &type, things, count);
        message_put_array(&message, &named, things, count);
        struct thing *back = message_get_array(&message, &type, &got);
        assert_int_equal(got, count);
        assert_false(message.bad);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(back[i].size, things[i].size);
        free(back);
        back = message_get_array(&message, &named, &got);
        assert_non_null(back);
        assert_int_equal(message.bad, count == COUNT(things));
        assert_int_equal(got, message.bad ? 0 : count);
        free(back);
        message_free(&message);
    }
    struct message message = {0};
    size_t got = 0;
    message_put_number(&message, SIZE_MAX);
    struct thing *back = message_get_array(&message, &type, &got);
    assert_true(message.bad);
    assert_int_equal(got, 0);
    free(back);
    message_free(&message);
}

static void test_fields(void **state) {
    (void)state;
    static const struct thing things[] = {{"a", SIZE_MAX - 1, 2, true}, {NULL, 0, 0, false}};
    for (size_t i = 0; i < COUNT(things); i++) {
        struct message message = {0};
        struct thing got = {"x", 1, 1, !things[i].flag};
        message_put_struct(&message, &type, &things[i]);
        message_get_struct(&message, &type, &got);
        assert_true(message_is_whole(&message));
        assert_string_equal(or_dash(got.text), or_dash(things[i].text));
        assert_int_equal(got.size, things[i].size);
        assert_int_equal(got.kind, things[i].kind);
        assert_int_equal(got.flag, things[i].flag);
        message_free(&message);
    }
}

/* ---- Bytes that do not fit ---- */

/* A message of these numbers, and behind them these bytes. */
static const struct bad {
    const char *name;
    size_t numbers[4];
    size_t count;
    const char *bytes;
    size_t length;
    const char *got; /* the gets: a Text, a Number below 3, a Flag, an Enum below 3, a Size, an
                      * Array of things without a field */
    bool whole;
} messages[] = {
    {"nothing", {0}, 0, TEXT(""), "", true},
    {"something that isn't got", {0}, 1, TEXT(""), "", false},
    {"nothing, for a number", {0}, 0, TEXT(""), "N", false},
    {"seven bytes of a number", {0}, 0, TEXT("\0\0\0\0\0\0\0"), "N", false},
    {"seven bytes behind a number", {2}, 1, TEXT("\0\0\0\0\0\0\0"), "NN", false},
    {"a text as long as its length's own bytes", {8}, 1, TEXT(""), "T", false},
    {"a number that fits", {2}, 1, TEXT(""), "N", true},
    {"a number at the limit", {3}, 1, TEXT(""), "N", false},
    {"a number behind one at the limit", {3, 0}, 2, TEXT(""), "NN", false},
    {"a flag", {1}, 1, TEXT(""), "F", true},
    {"a flag that is none", {2}, 1, TEXT(""), "F", false},
    {"the last of an enumeration", {2}, 1, TEXT(""), "E", true},
    {"what is none of an enumeration", {3}, 1, TEXT(""), "E", false},
    {"the largest size", {SIZE_MAX - 1}, 1, TEXT(""), "S", true},
    {"too large a size", {SIZE_MAX}, 1, TEXT(""), "S", false},
    {"no text", {0}, 1, TEXT(""), "T", true},
    {"an empty text", {1}, 1, TEXT("\0"), "T", true},
    {"a text", {2}, 1, TEXT("a\0"), "T", true},
    {"a text without its NUL", {2}, 1, TEXT("ab"), "T", false},
    {"a text with a NUL inside", {2}, 1, TEXT("\0\0"), "T", false},
    {"a text that is longer than the rest", {3}, 1, TEXT("a\0"), "T", false},
    {"a text that is longer than any", {SIZE_MAX}, 1, TEXT("a\0"), "T", false},
    {"a text shorter than the rest", {2}, 1, TEXT("a\0b"), "T", false},
    {"a text that reaches over another's length", {9}, 1, TEXT("a\0"), "T", false},
    {"as many things as there are bytes before the count is got", {8}, 1, TEXT(""), "A", true},
    {"more things than bytes", {9}, 1, TEXT(""), "A", false},
};

static void get(struct message *message, char what) {
    static const char kinds[] = "TSEF"; /* in the order of the fields */
    struct thing thing = {0};
    size_t count = 0;
    if (what == 'N')
        (void)message_get_number(message, 3);
    else if (what == 'A')
        free(message_get_array(message, &(struct message_struct){fields, 0, sizeof thing}, &count));
    else
        message_get_struct(
            message,
            &(struct message_struct){&fields[strchr(kinds, what) - kinds], 1, sizeof thing},
            &thing);
}

static void test_bad(void **state) {
    const struct bad *row = *state;
    struct message message = {0};
    for (size_t i = 0; i < row->count; i++)
        message_put_number(&message, row->numbers[i]);
    /* The copy has no spare byte, so that a sanitizer sees a step too far. */
    size_t length = message.text.length + row->length;
    char *data = malloc(length ? length : 1);
    assert_non_null(data);
    if (message.text.length)
        memcpy(data, message.text.data, message.text.length);
    memcpy(data + message.text.length, row->bytes, row->length);
    message_free(&message);
    message = (struct message){.text = {.data = data, .length = length}};
    for (const char *what = row->got; *what; what++)
        get(&message, *what);
    assert_int_equal(message_is_whole(&message), row->whole);
    if (message.bad) { /* and it stays so */
        assert_int_equal(message_get_number(&message, SIZE_MAX), 0);
        struct thing thing = {.text = "something"};
        message_get_struct(&message, &text_type, &thing.text);
        assert_null(thing.text);
    }
    message_free(&message);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_numbers_and_texts),
    cmocka_unit_test(test_fields),
    cmocka_unit_test(test_array),
};

int main(void) {
    static struct CMUnitTest tests[COUNT(messages) + COUNT(others)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_bad, messages);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
