#include "utf8.h"

static unsigned code_point(const char *sequence, size_t length) {
    unsigned point = (unsigned char)*sequence & (0xffU >> length);
    for (size_t i = 1; i < length; i++)
        point = point << 6 | ((unsigned char)sequence[i] & 0x3fU);
    return point;
}

size_t utf8_sequence(const char *text) {
    static const unsigned least[] = {[2] = 0x80, [3] = 0x800, [4] = 0x10000};
    unsigned char first = (unsigned char)*text;
    if (first < 0x80) /* first, because nearly all text is ASCII */
        return first > 0;
    if (first < 0xc0 || first > 0xf7)
        return 0;
    size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    for (size_t i = 1; i < length; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
    unsigned point = code_point(text, length);
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point >= least[length] && point <= 0x10ffff && !surrogate ? length : 0;
}

bool utf8_is_format_or_space(const char *sequence, size_t length) {
    static const struct {
        unsigned first, last;
    } ranges[] = {
        {0x80, 0xa0},       {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
        {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},
        {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},   {0x2028, 0x202f},
        {0x205f, 0x2064},   {0x2066, 0x206f},   {0x3000, 0x3000},   {0xfeff, 0xfeff},
        {0xfff9, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f},
    };
    unsigned point = code_point(sequence, length);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}
