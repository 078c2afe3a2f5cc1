#include "utf8.h"

#include "unit.h"

#include <stdbool.h>

/* Unicode's definition the other way round: a sequence is good if encoding its code point gives it
 * again. */
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

/* Counts wrong answers for texts that begin with these two bytes; the third and fourth are at the
 * bounds. */
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

/* The ranges of Unicode 15's categories Cc, Cf, Zs, Zl and Zp beyond ASCII, as its UnicodeData.txt
 * has them. */
static bool is_format_or_space(unsigned long point) {
    static const unsigned long ranges[][2] = {
        {0x80, 0x9f},       {0xa0, 0xa0},       {0xad, 0xad},       {0x600, 0x605},
        {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},
        {0x8e2, 0x8e2},     {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200a},
        {0x200b, 0x200f},   {0x2028, 0x2028},   {0x2029, 0x2029},   {0x202a, 0x202e},
        {0x202f, 0x202f},   {0x205f, 0x205f},   {0x2060, 0x2064},   {0x2066, 0x206f},
        {0x3000, 0x3000},   {0xfeff, 0xfeff},   {0xfff9, 0xfffb},   {0x110bd, 0x110bd},
        {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0001, 0xe0001}, {0xe0020, 0xe007f},
    };
    for (size_t i = 0; i < COUNT(ranges); i++)
        if (point >= ranges[i][0] && point <= ranges[i][1])
            return true;
    return false;
}

static void test_format_and_space(void **state) {
    (void)state;
    size_t bad = 0;
    for (unsigned long point = 1; point <= 0x10ffff; point++) {
        unsigned char text[5] = {0};
        size_t length = encode(point, text);
        bad += utf8_is_format_or_space((const char *)text, length) != is_format_or_space(point);
    }
    assert_int_equal(bad, 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_code_point),
                                              cmocka_unit_test(test_every_beginning),
                                              cmocka_unit_test(test_format_and_space)};
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
