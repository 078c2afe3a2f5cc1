/* Lines that fit a terminal: where text and commands are broken, and how wide a line is. */
#include "wrap.h"

#include "unit.h"

#include <stdbool.h>

static const struct wrapped {
    const char *name;
    size_t column, width;
    const char *text, *lines;
} wrapped[] = {
    {"nothing", 0, 40, "", "\n"},
    {"a line", 0, 40, "forty columns are what this line needs..",
     "forty columns are what this line needs..\n"},
    {"a column too many", 0, 40, "forty-one columns are what this line needs",
     "forty-one columns are what this line\n    needs\n"},
    {"further lines", 0, 20, "one two three four five six seven eight",
     "one two three four\n    five six seven\n    eight\n"},
    {"behind a prefix", 10, 20, "one two three four", "one two\n    three four\n"},
    {"nothing fits behind a prefix", 18, 20, "one two", "\n    one two\n"},
    {"a word that is too long", 0, 12, "a internationalization b",
     "a\n    internationalization\n    b\n"},
    {"it is the first", 0, 12, "internationalization", "internationalization\n"},
    {"characters, not bytes", 0, 10, "äöüäöü ßßß", "äöüäöü ßßß\n"},
    {"spaces stay", 0, 40, "  two  three ", "  two  three\n"},
    {"a command is kept together", 0, 40, "IPv6 works, but; run: rxtrust apply a-guest",
     "IPv6 works, but;\n    run: rxtrust apply a-guest\n"},
    {"a command that fits", 0, 40, "still trusted; run: rxtrust apply web-1",
     "still trusted; run: rxtrust apply web-1\n"},
    {"a command that is alone", 4, 40, "run: a b && c d", "run: a b && c d\n"},
    {"two commands", 0, 40,
     "it started without the hook; run: systemctl reload libvirtd && rxtrust apply",
     "it started without the hook;\n    run: systemctl reload libvirtd &&\n    rxtrust apply\n"},
    {"a command that is too long", 0, 40,
     "no hook; run: install -D /usr/local/bin/rxtrust /etc/qemu.d/50 && systemctl reload libvirtd",
     "no hook; run: install -D \\\n    /usr/local/bin/rxtrust \\\n    /etc/qemu.d/50 &&\n    "
     "systemctl reload libvirtd\n"},
    {"no limit", 10, SIZE_MAX, "one two three; run: a b && c d",
     "one two three; run: a b && c d\n"},
};

static void test_wrapped(void **state) {
    const struct wrapped *row = *state;
    struct report report;
    print_wrapped(report_open(&report), row->column, row->width, row->text);
    report_assert(&report, row->lines);
}

static const struct width {
    const char *name, *columns;
    size_t width;
} widths[] = {
    {"not said", NULL, 80},   {"empty", "", 80},         {"a number", "132", 132},
    {"the least", "40", 40},  {"too small", "39", 80},   {"none", "0", 80},
    {"negative", "-100", 80}, {"no number", "wide", 80}, {"more than a number", "100x", 80},
};

static void test_width(void **state) {
    const struct width *row = *state;
    if (row->columns)
        assert_int_equal(setenv("COLUMNS", row->columns, true), 0);
    else
        assert_int_equal(unsetenv("COLUMNS"), 0);
    assert_int_equal(line_width(), row->width);
}

int main(void) {
    struct CMUnitTest tests[COUNT(wrapped) + COUNT(widths)];
    size_t count = 0;
    ADD_TABLE(tests, count, test_wrapped, wrapped);
    ADD_TABLE(tests, count, test_width, widths);
    return _cmocka_run_group_tests("wrap", tests, count, NULL, NULL);
}
