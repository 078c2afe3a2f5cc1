/* What the unit tests share: each row of a table is a test of its own. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* A text and its length, for texts with a NUL byte inside. */
#define TEXT(literal) literal, sizeof(literal) - 1

/* Appends a test for each row of the table; a row begins with its name, and is the test's state. */
#define ADD_TABLE(tests, used, function, table)                                                    \
    do                                                                                             \
        for (size_t row_ = 0; row_ < COUNT(table); row_++)                                         \
            (tests)[(used)++] = (struct CMUnitTest){.name = (table)[row_].name,                    \
                                                    .test_func = (function),                       \
                                                    .initial_state = (void *)&(table)[row_]};      \
    while (0)

/* Appends the tests that are no rows. */
#define ADD_TESTS(tests, used, others)                                                             \
    do                                                                                             \
        for (size_t other_ = 0; other_ < COUNT(others); other_++)                                  \
            (tests)[(used)++] = (others)[other_];                                                  \
    while (0)

/* A text that grows, for what a test sees as one string; an error of the stream ends the test. */
struct report {
    FILE *stream;
    char *text;
    size_t length;
};

static inline FILE *report_open(struct report *report) {
    *report = (struct report){0};
    report->stream = open_memstream(&report->text, &report->length);
    assert_non_null(report->stream);
    return report->stream;
}

/* Compares what was reported with what is expected. */
static inline void report_assert(struct report *report, const char *expected) {
    assert_int_equal(fclose(report->stream), 0);
    assert_string_equal(report->text, expected);
    free(report->text);
}

static inline const char *or_dash(const char *text) {
    return text ? text : "-";
}
