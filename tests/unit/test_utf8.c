#include "utf8.h"

#include "unit.h"

#include <stdbool.h>

/* Unicode's definition the other way round: a sequence is good if it is what its code point is
 * encoded as. */
static size_t encode(unsigned long point, unsigned char *to) {
    if (point < 0x80) {
        to[0] = (unsigned char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, point >>= 6)
        to[i] = (unsigned char)(0x80 | (point & 0x3f));
    to[0] = (unsigned char)((0xf00 >> length & 0xff) | point);
    return length;
}

static bool is_scalar(unsigned long point) {
    return point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

static void test_every_code_point(void **state) {
    (void)state;
    size_t bad = 0;
    for (unsigned long point = 1; point <= 0x1fffff; point++) {
        unsigned char text[5] = {0};
        size_t length = encode(point, text);
        bad += utf8_sequence((const char *)text) != (is_scalar(point) ? length : 0);
    }
    assert_int_equal(bad, 0);
}

/* Of all that begins with these two bytes; the third and fourth are at the bounds. */
static size_t bad_ones(unsigned char first, unsigned char second) {
    static const unsigned char bounds[] = {0, 0x7f, 0x80, 0xbf, 0xc0};
    size_t bad = 0;
    for (size_t i = 0; i < COUNT(bounds) * COUNT(bounds); i++) {
        const unsigned char text[5] = {first, second, bounds[i / COUNT(bounds)],
                                       bounds[i % COUNT(bounds)]};
        size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        unsigned long point = length == 1 ? first : first & (0x7fU >> length);
        for (size_t byte = 1; byte < length; byte++)
            point = point << 6 | (text[byte] & 0x3f);
        unsigned char again[5] = {0};
        bool good =
            is_scalar(point) && encode(point, again) == length && memcmp(again, text, length) == 0;
        bad += utf8_sequence((const char *)text) != (good ? length : 0);
    }
    return bad;
}

static void test_every_beginning(void **state) {
    (void)state;
    size_t bad = 0;
    for (unsigned pair = 0; pair <= 0xffff; pair++)
        bad += bad_ones((unsigned char)(pair >> 8), (unsigned char)pair);
    assert_int_equal(bad, 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_code_point),
                                              cmocka_unit_test(test_every_beginning)};
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
