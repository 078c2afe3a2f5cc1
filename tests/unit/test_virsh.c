/* Calls of virsh: their arguments, batches, answers and deadlines. A script in its place writes
 * down how it was called, and answers for as many guests as there are in a file. */
#include "virsh.h"

#include "clock.h"
#include "domain.h"
#include "unit.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static const char uuid[] = "0ddba11c-0000-4000-8000-00000000000A";

/* ---- A stand-in ---- */

static char directory[] = "/tmp/rxtrust-test-XXXXXX";
static char path_before[4096];

static void name_file(const char *name, char path[64]) {
    assert_true(snprintf(path, 64, "%s/%s", directory, name) < 64);
}

static void write_file(const char *name, const char *text) {
    char path[64];
    name_file(name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

/* The text of the file, "" if there is none; the caller frees it. */
static struct text read_file(const char *name) {
    char path[64];
    struct text text = {0};
    name_file(name, path);
    (void)io_read_file(-1, path, &text);
    assert_true(text_append(&text, "", 0));
    return text;
}

/* `version`, `echo`, `dumpxml`, `list` as virsh has them; each call is a line in `calls`, cut at 80
 * characters, with the length of its last word before it. The guest in `gone` has no XML: it has
 * ended; what is in `say` is said by update-device and metadata, and is their exit code. */
static const char fake_virsh[] =
    "#!/bin/sh\n"
    "cd \"${0%/*}\" || exit 9\n"
    "for last; do :; done\n"
    "gone=$(cat gone)\n"
    "printf '%s %.80s\\n' ${#last} \"$*\" >> calls\n"
    "case \"$*\" in\n"
    "*' -- '* | *' metadata '*) cat > input; printf '%s|' \"$@\" > words\n"
    "    test ! -e say || { cat say >&2; exit 1; } ;;\n"
    "*' list --uuid'*) cat uuids ;;\n"
    "*) printf '%s\\n' \"$last\" | tr ';' '\\n' | while read -r verb first second; do\n"
    "    case $verb in\n"
    "    version) printf 'Using library: libvirt 11.3.0\\nRunning against daemon: 10.1.2\\n\\n' "
    ";;\n"
    "    echo) echo \"$first\" ;;\n"
    "    dumpxml)\n"
    "        case \"${second:-$first}\" in\n"
    "        \"$gone\") printf 'error: failed to get domain\\n' >&2; echo ;;\n"
    "        *) printf '<domain>%s %s</domain>\\n\\n' \"$first\" \"$second\" ;;\n"
    "        esac ;;\n"
    "    list) cat now ;;\n"
    "    esac\n"
    "done ;;\n"
    "esac\n";

static const char *const files[] = {"virsh", "calls", "uuids", "now",  "gone",
                                    "input", "words", "say",   "child"};

static int make_virsh(void **state) {
    char path[4200];
    (void)state;
    (void)strcpy(directory, "/tmp/rxtrust-test-XXXXXX");
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path_before, sizeof path_before, "%s", getenv("PATH"));
    (void)snprintf(path, sizeof path, "%s:%s", directory, path_before);
    write_file("virsh", fake_virsh);
    write_file("gone", "");
    return setenv("PATH", path, 1);
}

static int remove_virsh(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[64];
        name_file(files[i], path);
        (void)unlink(path);
    }
    assert_int_equal(setenv("PATH", path_before, 1), 0);
    return rmdir(directory);
}

static void assert_file(const char *name, const char *expected) {
    struct text text = read_file(name);
    assert_string_equal(text.data, expected);
    text_free(&text);
}

/* UUIDs by number. */
static void name_guest(size_t number, char name[UUID_LENGTH + 1]) {
    (void)snprintf(name, UUID_LENGTH + 1, "0ddba11c-0000-4000-8000-%012x", (unsigned)number);
}

static void write_uuids(const char *name, size_t count) {
    struct text list = {0};
    for (size_t i = 0; i < count; i++) {
        char guest[UUID_LENGTH + 1];
        name_guest(i, guest);
        assert_true(text_print(&list, "%s\n", guest));
    }
    assert_true(text_print(&list, "\n"));
    write_file(name, list.data);
    text_free(&list);
}

/* ---- UUIDs ---- */

static void test_uuid_forms(void **state) {
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
    struct virsh_dumps dumps;
    assert_false(virsh_dump_one("x; destroy a", clock_now() + 10, &dumps));
    assert_int_equal(dumps.result.code, VIRSH_NO_MEMORY);
    assert_string_equal(virsh_problem(&dumps.result), "out of memory or descriptors");
    virsh_dumps_free(&dumps);
    assert_file("calls", "");
}

static void test_no_virsh(void **state) {
    (void)state;
    struct virsh_dumps dumps;
    assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
    assert_false(virsh_dump_one(uuid, clock_now() + 10, &dumps));
    assert_int_equal(dumps.result.code, VIRSH_MISSING);
    assert_string_equal(virsh_problem(&dumps.result),
                        "cannot run virsh: No such file or directory: install libvirt-clients or "
                        "libvirt-client");
    virsh_dumps_free(&dumps);
    assert_false(virsh_dump_all(false, false, clock_now() + 10, &dumps));
    assert_int_equal(dumps.result.code, VIRSH_MISSING);
    virsh_dumps_free(&dumps);
}

/* ---- Dumps ---- */

static void test_dump_of_one(void **state) {
    (void)state;
    struct virsh_dumps dumps;
    write_file("now", uuid);
    assert_true(virsh_dump_one(uuid, clock_now() + 10, &dumps));
    assert_int_equal(dumps.count, 1);
    assert_string_equal(dumps.uuids[0], uuid);
    assert_int_equal(dumps.daemon_version, 10001002);
    assert_memory_equal(dumps.texts[0].data, "<domain>", strlen("<domain>"));
    assert_non_null(strstr(dumps.texts[0].data, uuid));
    assert_int_equal(dumps.texts[0].length, strlen(dumps.texts[0].data));
    virsh_dumps_free(&dumps);
    assert_null(dumps.texts);
    struct text calls = read_file("calls");
    assert_non_null(strstr(calls.data, " -r -c qemu:///system version --daemon; echo "));
    text_free(&calls);
}

/* A guest that has gone meanwhile is no error, if virsh lists it no more. */
static void test_dump_of_one_that_is_gone(void **state) {
    (void)state;
    struct virsh_dumps dumps;
    write_file("gone", uuid);
    write_file("now", "0ddba11c-0000-4000-8000-00000000000b\n");
    assert_true(virsh_dump_one(uuid, clock_now() + 10, &dumps));
    assert_int_equal(dumps.count, 1);
    assert_int_equal(dumps.texts[0].length, 0);
    assert_int_equal(dumps.daemon_version, 10001002);
    virsh_dumps_free(&dumps);
    write_file("now", uuid);
    assert_false(virsh_dump_one(uuid, clock_now() + 10, &dumps));
    virsh_dumps_free(&dumps);
}

enum { MANY = 501, BATCHES = 6 };

/* More guests than one argument holds: the kernel takes 128 KiB. */
static void dump_many(bool only_running, bool inactive) {
    struct virsh_dumps dumps;
    char guest[UUID_LENGTH + 1];
    write_uuids("uuids", MANY);
    write_uuids("now", MANY - 1);
    name_guest(MANY - 1, guest); /* it goes after it was listed */
    write_file("gone", guest);
    assert_true(virsh_dump_all(only_running, inactive, clock_now() + 60, &dumps));
    assert_int_equal(dumps.count, MANY);
    assert_int_equal(dumps.daemon_version, 10001002);
    for (size_t i = 0; i < MANY; i++) {
        name_guest(i, guest);
        assert_string_equal(dumps.uuids[i], guest);
        if (i == MANY - 1)
            assert_int_equal(dumps.texts[i].length, 0);
        else
            assert_non_null(strstr(dumps.texts[i].data, guest));
        if (i < MANY - 1)
            assert_int_equal(strstr(dumps.texts[i].data, "--inactive") != NULL, inactive);
    }
    virsh_dumps_free(&dumps);
}

static void test_batches(void **state) {
    (void)state;
    static const char begin[] = "-r -c qemu:///system ";
    dump_many(true, false);
    struct text calls = read_file("calls");
    char *line = NULL, *rest = NULL;
    size_t count = 0;
    for (line = strtok_r(calls.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        unsigned long length = strtoul(line, &line, 10);
        assert_true(length < 128UL * 1024);
        assert_memory_equal(line + 1, begin, strlen(begin));
        if (count == 0)
            assert_string_equal(line + 1 + strlen(begin), "list --uuid");
        else
            assert_memory_equal(line + 1 + strlen(begin), "version --daemon; echo ",
                                strlen("version --daemon; echo "));
        count++;
    }
    assert_int_equal(count, 1 + BATCHES);
    text_free(&calls);
}

static void test_batches_of_stored_xml(void **state) {
    (void)state;
    dump_many(false, true);
    struct text calls = read_file("calls");
    assert_non_null(strstr(calls.data, " -r -c qemu:///system list --uuid --all\n"));
    text_free(&calls);
}

/* Lines that are no UUID are left out of virsh's list; without a guest there is still a version. */
static void test_list(void **state) {
    (void)state;
    struct virsh_dumps dumps;
    write_file("uuids", "\n\n");
    write_file("now", "\n");
    assert_true(virsh_dump_all(true, false, clock_now() + 10, &dumps));
    assert_int_equal(dumps.count, 0);
    assert_int_equal(dumps.daemon_version, 10001002);
    virsh_dumps_free(&dumps);
    write_file("uuids", "error;\n0ddba11c-0000-4000-8000-000000000000\nx; destroy a\n");
    write_file("now", "0ddba11c-0000-4000-8000-000000000000\n");
    assert_true(virsh_dump_all(true, false, clock_now() + 10, &dumps));
    assert_int_equal(dumps.count, 1);
    assert_string_equal(dumps.uuids[0], "0ddba11c-0000-4000-8000-000000000000");
    virsh_dumps_free(&dumps);
}

/* ---- Changes ---- */

static void test_update_device(void **state) {
    (void)state;
    static const char element[] = "<interface type='direct' trustGuestRxFilters='yes'/>";
    struct text text = {.data = (char *)(const void *)element, .length = strlen(element)};
    struct virsh_result result;
    assert_true(virsh_update_device(uuid, &text, clock_now() + 10, &result));
    assert_int_equal(result.code, 0);
    virsh_result_free(&result);
    assert_file("words",
                "-c|qemu:///system|update-device|--live|--|0ddba11c-0000-4000-8000-00000000000A|"
                "/dev/stdin|");
    assert_file("input", element);
    write_file("say",
               "error: Failed to update\nsome more\nerror: this function is not supported\n");
    assert_false(virsh_update_device(uuid, &text, clock_now() + 10, &result));
    assert_int_equal(result.code, 1);
    assert_string_equal(virsh_problem(&result), "Failed to update: this function is not supported");
    virsh_result_free(&result);
    write_file("say", "");
    assert_false(virsh_update_device(uuid, &text, clock_now() + 10, &result));
    assert_string_equal(virsh_problem(&result), "virsh failed and did not say why");
    virsh_result_free(&result);
}

/* A note that is empty is removed; neither call may be the read-only one. */
static void test_set_note(void **state) {
    (void)state;
    struct text note = {0};
    struct virsh_result result;
    assert_true(text_print(&note, "<given><interface mac=\"a\" was=\"no\"/></given>"));
    assert_true(virsh_set_note(uuid, &note, clock_now() + 10, &result));
    virsh_result_free(&result);
    assert_file("words", "-c|qemu:///system|metadata|0ddba11c-0000-4000-8000-00000000000A|--live|"
                         "--uri|urn:rxtrust:1|--key|rxtrust|--set|"
                         "<given><interface mac=\"a\" was=\"no\"/></given>|");
    text_free(&note);
    assert_true(text_append(&note, "", 0));
    assert_true(virsh_set_note(uuid, &note, clock_now() + 10, &result));
    virsh_result_free(&result);
    assert_file("words", "-c|qemu:///system|metadata|0ddba11c-0000-4000-8000-00000000000A|--live|"
                         "--uri|urn:rxtrust:1|--remove|");
    text_free(&note);
}

/* ---- Deadlines ---- */

/* At the deadline virsh ends, and what it started. */
static void test_deadline(void **state) {
    (void)state;
    struct virsh_result result;
    write_file("virsh", "#!/bin/sh\nsleep 100 & echo $! > \"${0%/*}/child\"\necho half; wait\n");
    time_t before = clock_now();
    assert_false(
        virsh_run((const char *const[]){VIRSH_READ, "list", NULL}, NULL, before + 2, &result));
    time_t took = clock_now() - before;
    assert_int_equal(result.code, VIRSH_LATE);
    assert_string_equal(virsh_problem(&result), "virsh did not answer in time");
    assert_in_range(took, 1, 20);
    virsh_result_free(&result);
    struct text child = read_file("child");
    pid_t pid = (pid_t)strtol(child.data, NULL, 10);
    assert_true(pid > 0);
    text_free(&child);
    /* It is dead, though its new parent may not have seen that yet. */
    char path[64], line[64] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    for (int i = 0; i < 100; i++) {
        FILE *file = fopen(path, "r");
        bool gone = !file || !fgets(line, sizeof line, file) || strstr(line, ") Z ");
        if (file)
            (void)fclose(file);
        if (gone)
            return;
        clock_pause(50);
    }
    fail_msg("what virsh started still runs: %s", line);
}

/* All batches have one deadline. */
static void test_deadline_of_dumps(void **state) {
    (void)state;
    struct virsh_dumps dumps;
    write_uuids("uuids", MANY);
    write_file("virsh", "#!/bin/sh\ncd \"${0%/*}\" || exit 9\ncase \"$*\" in *' list --uuid'*) "
                        "cat uuids ;; *) sleep 100 ;; esac\n");
    time_t before = clock_now();
    assert_false(virsh_dump_all(false, false, before + 2, &dumps));
    assert_int_equal(dumps.result.code, VIRSH_LATE);
    assert_in_range(clock_now() - before, 1, 20);
    virsh_dumps_free(&dumps);
}

/* A deadline that has passed ends it at once. */
static void test_deadline_in_the_past(void **state) {
    (void)state;
    struct virsh_result result;
    write_file("virsh", "#!/bin/sh\nexec sleep 100\n");
    time_t before = clock_now();
    assert_false(
        virsh_run((const char *const[]){VIRSH_READ, "list", NULL}, NULL, before - 5, &result));
    assert_int_equal(result.code, VIRSH_LATE);
    assert_in_range(clock_now() - before, 0, 20);
    virsh_result_free(&result);
}

static void test_end_by_a_signal(void **state) {
    (void)state;
    struct virsh_result result;
    write_file("virsh", "#!/bin/sh\nkill -TERM $$\n");
    assert_false(virsh_run((const char *const[]){VIRSH_READ, "list", NULL}, NULL, clock_now() + 10,
                           &result));
    assert_int_equal(result.code, 128 + SIGTERM);
    virsh_result_free(&result);
}

/* Output of any size, whatever closes its input early. */
static void test_large_output(void **state) {
    (void)state;
    struct virsh_result result;
    struct text input = {0};
    for (int i = 0; i < 20000; i++)
        assert_true(text_print(&input, "<interface/>\n"));
    write_file("virsh", "#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x\n");
    assert_true(virsh_run((const char *const[]){VIRSH_READ, "list", NULL}, &input, clock_now() + 10,
                          &result));
    assert_int_equal(result.output.length, 1000000);
    virsh_result_free(&result);
    text_free(&input);
}

#define WITH_VIRSH(function) cmocka_unit_test_setup_teardown(function, make_virsh, remove_virsh)

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid_forms),
        WITH_VIRSH(test_nothing_but_uuids_in_its_commands),
        WITH_VIRSH(test_no_virsh),
        WITH_VIRSH(test_dump_of_one),
        WITH_VIRSH(test_dump_of_one_that_is_gone),
        WITH_VIRSH(test_batches),
        WITH_VIRSH(test_batches_of_stored_xml),
        WITH_VIRSH(test_list),
        WITH_VIRSH(test_update_device),
        WITH_VIRSH(test_set_note),
        WITH_VIRSH(test_deadline),
        WITH_VIRSH(test_deadline_of_dumps),
        WITH_VIRSH(test_deadline_in_the_past),
        WITH_VIRSH(test_end_by_a_signal),
        WITH_VIRSH(test_large_output),
    };
    return cmocka_run_group_tests_name("virsh", tests, NULL, NULL);
}
