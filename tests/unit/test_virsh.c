#include "virsh.h"

#include "unit.h"

#include <stdlib.h>

static const char uuid[] = "0ddba11c-0000-4000-8000-00000000000A";

static void test_what_is_a_uuid(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is;
    } rows[] = {
        {uuid, true},
        {"", false},
        {"0ddba11c-0000-4000-8000-0000000000", false},
        {"0ddba11c-0000-4000-8000-00000000000ab", false},
        {"0ddba11c-0000-4000-8000-00000000000g", false},
        {"0ddba11c; destroy a; 8000-0000000000", false},
        {"../../../../../../../../../../tmp/ab", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(is_uuid(rows[i].text), rows[i].is);
}

/* A parser that was taken over may say that a guest's UUID is any text. */
static void test_nothing_but_uuids_in_its_commands(void **state) {
    (void)state;
    const char *const uuids[] = {uuid, "x; destroy a"};
    struct virsh_dumps dumps;
    assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
    assert_false(virsh_dump(uuids, 2, false, virsh_now() + 10, &dumps));
    assert_int_equal(dumps.result.code, VIRSH_NO_MEMORY);
    virsh_dumps_free(&dumps);
    assert_false(virsh_dump(uuids, 1, false, virsh_now() + 10, &dumps));
    assert_int_equal(dumps.result.code, VIRSH_MISSING);
    virsh_dumps_free(&dumps);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_a_uuid),
        cmocka_unit_test(test_nothing_but_uuids_in_its_commands),
    };
    return cmocka_run_group_tests_name("virsh", tests, NULL, NULL);
}
