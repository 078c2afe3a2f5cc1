/* The parser process's message: its honest content; refused where it is cut, longer, or says what
 * no parser says; and what is left of a lie about another guest. */
#include "guests.h"
#include "sandboxed_plan.h"

#include "clock.h"
#include "unit.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UUID_A    "0ddba11c-0000-4000-8000-00000000000a"
#define UUID_B    "0ddba11c-0000-4000-8000-00000000000b"
#define NO_POLICY "/rxtrust-no-such-policy"

static const struct devices none = {.socket = -1};

/* ---- A child that was taken over ---- */

/* These stand in for the C library's: in a child that is started while there is a lie, the message
 * is the lie. */
static struct text lie;
static bool in_child;

pid_t fork(void) {
    pid_t (*real)(void) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "fork");
    pid_t child = real();
    in_child = in_child || child == 0;
    return child;
}

ssize_t write(int fd, const void *data, size_t length) {
    if (!in_child || !lie.data)
        return syscall(SYS_write, fd, data, length);
    for (size_t done = 0; done < lie.length;) {
        long wrote = syscall(SYS_write, fd, lie.data + done, lie.length - done);
        if (wrote < 0)
            return -1;
        done += (size_t)wrote;
    }
    return (ssize_t)length;
}

/* ---- Planning ---- */

static struct text text_of(const char *xml) {
    return (struct text){.data = (char *)(const void *)xml, .length = strlen(xml)};
}

/* Plans one guest, with the defaults for a policy. Returns why it can't. */
static const char *plan(const char *xml, struct planned *planned) {
    const struct text text = text_of(xml);
    return sandboxed_plan(
        &(struct plan_source){.policy = NO_POLICY, .texts = &text, .count = 1, .devices = &none},
        planned);
}

/* The message about this XML, which the caller frees. */
static struct text message_of(const char *xml) {
    struct planned planned;
    struct text copy = {0};
    assert_null(plan(xml, &planned));
    assert_true(text_append(&copy, planned.message.text.data, planned.message.text.length));
    planned_free(&planned);
    return copy;
}

#define DOMAIN(uuid, inside)                                                                       \
    "<domain type='kvm' id='1'>\n  <name>web-1</name>\n  <uuid>" uuid "</uuid>\n" inside "</"      \
    "domain>"
#define CARD(says, mac, target)                                                                    \
    "<interface type='direct'" says "><mac address='52:54:00:00:00:" mac                           \
    "'/><source dev='eth0' mode='bridge'/><target dev='" target                                    \
    "'/><model type='virtio'/></interface>"
#define YES " trustGuestRxFilters='yes'"
#define NOTE                                                                                       \
    "<metadata><given xmlns='urn:rxtrust:1'><interface mac='52:54:00:00:00:01' was='no'/></given>" \
    "</metadata>"

static const char guest_a[] =
    DOMAIN(UUID_A, NOTE "<devices>" CARD(YES, "01", "macvtap0")
                       CARD("", "02", "macvtap1") "<interface type='user'/></devices>");

static void test_honest_message(void **state) {
    (void)state;
    struct planned planned;
    assert_null(plan(guest_a, &planned));
    assert_int_equal(planned.count, 1);
    assert_int_equal(planned.policy_error_count, 0);
    assert_true(planned.policy_missing);
    const struct domain *domain = &planned.guests[0];
    assert_null(planned.guests[0].error.reason);
    assert_string_equal(domain->name, "web-1");
    assert_string_equal(domain->uuid, UUID_A);
    assert_string_equal(domain->id, "1");
    assert_true(domain->parent_tag_end);
    assert_true(domain->note_tag_end > domain->parent_tag_end);
    assert_true(domain->note_end > domain->note_tag_end);
    assert_int_equal(domain->count, 3);
    assert_string_equal(domain->interfaces[0].target, "macvtap0");
    assert_string_equal(domain->interfaces[1].target, "macvtap1");
    assert_string_equal(domain->interfaces[1].dev, "eth0");
    assert_null(domain->interfaces[2].target);
    assert_int_equal(domain->interfaces[0].trust, TRUST_YES);
    assert_int_equal(domain->interfaces[0].owner, TRUST_NO);
    assert_true(is_given(&domain->interfaces[0]));
    assert_false(is_given(&domain->interfaces[1]));
    assert_int_equal(domain->interfaces[0].plan.want, WANT_NOTHING);
    assert_int_equal(domain->interfaces[0].plan.reason, NO_IN_XML);
    assert_int_equal(domain->interfaces[0].write, TRUST_NO);
    assert_int_equal(domain->interfaces[1].plan.want, WANT_TRUST);
    assert_int_equal(domain->interfaces[1].write, TRUST_YES);
    assert_true(domain->interfaces[1].plan.can_trust);
    assert_string_equal(domain->interfaces[1].plan.mode, "bridge");
    assert_string_equal(domain->interfaces[1].plan.decision.section, "default");
    assert_int_equal(domain->interfaces[2].plan.attachment, ATTACHED_ELSEWHERE);
    planned_free(&planned);
    assert_null(planned.guests);
}

/* One that can't be parsed keeps nothing from the others. */
static void test_three_guests(void **state) {
    (void)state;
    const struct text texts[] = {text_of(guest_a), text_of("<domain>"), {0}, text_of(guest_a)};
    const struct plan_source source = {
        .policy = NO_POLICY, .texts = texts, .count = COUNT(texts), .devices = &none};
    struct planned planned;
    assert_null(sandboxed_plan(&source, &planned));
    assert_int_equal(planned.count, COUNT(texts));
    assert_int_equal(planned.guests[0].count, 3);
    assert_string_equal(planned.guests[1].error.reason, "it isn't well-formed XML");
    assert_int_equal(planned.guests[1].error.line, 1);
    assert_int_equal(planned.guests[1].count, 0);
    assert_string_equal(planned.guests[2].error.reason, "there is no XML");
    assert_string_equal(planned.guests[3].interfaces[1].target, "macvtap1");
    planned_free(&planned);
}

/* The policy's sections and errors; with an error no guest is parsed. */
static void test_policies(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t sections, errors, guests;
    } rows[] = {
        {"[default]\npolicy = multicast\n[vm:web-1]\npolicy = off\n", 2, 0, 1},
        {"[default]\npolicy = maybe\npolice = off\n", 1, 2, 0},
    };
    char path[] = "/tmp/rxtrust-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    const struct text text = text_of(guest_a);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct planned planned;
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(rows[i].text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        const struct plan_source source = {
            .policy = path, .policy_required = true, .texts = &text, .count = 1, .devices = &none};
        assert_null(sandboxed_plan(&source, &planned));
        assert_false(planned.policy_missing);
        assert_int_equal(planned.section_count, rows[i].sections);
        assert_int_equal(planned.policy_error_count, rows[i].errors);
        assert_int_equal(planned.count, rows[i].guests);
        assert_string_equal(planned.sections[0].name, "default");
        assert_int_equal(planned.sections[0].line, 1);
        if (rows[i].guests) {
            assert_int_equal(planned.guests[0].interfaces[1].plan.want, WANT_NOTHING);
            assert_string_equal(planned.guests[0].interfaces[1].plan.decision.section, "vm:web-1");
        } else {
            assert_int_equal(planned.policy_errors[0].line, 2);
        }
        planned_free(&planned);
    }
    assert_int_equal(unlink(path), 0);
}

/* The first text of vm that matches none of the guests is told. */
static void test_unmatched(void **state) {
    (void)state;
    static const struct {
        const char *section;
        const char *keys;
        const char *unmatched, *without_guests;
    } rows[] = {
        {"default", "", NULL, NULL},
        {"vm:web-1", "", NULL, "web-1"},
        {"vm:web-2", "", NULL, "web-2"},
        {"vm:web-3", "", "web-3", "web-3"},
        {"vm:unread", "", "unread", "unread"},
        {"vm:" UUID_B, "", NULL, UUID_B},
        {"vm:web-?", "", NULL, "web-?"},
        {"vm:db-*", "", "db-*", "db-*"},
        {"rule:the first", "vm = db, web-2\n", "db", "db"},
        {"rule:the last", "vm = web-2, web-1, long name\n", "long name", "web-2"},
        {"rule:between", "vm = web-2, db , a, web-*\n", "db", "web-2"},
        {"rule:all", "vm = web-2, web-?, web-1, web-1\n", NULL, "web-2"},
        {"rule:none", "vm = db, web\n", "db", "db"},
        {"rule:by vm and dev", "vm = web-1\ndev = nowhere\n", NULL, "web-1"},
        {"rule:by dev", "dev = nowhere\n", NULL, NULL},
    };
    const struct text texts[] = {
        text_of(guest_a), text_of("<domain><name>unread</name>"),
        text_of("<domain><name>web-2</name><uuid>" UUID_B "</uuid><devices/></domain>")};
    char path[] = "/tmp/rxtrust-test-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    assert_non_null(file);
    for (size_t i = 0; i < COUNT(rows); i++)
        (void)fprintf(file, "[%s]\n%spolicy = off\n", rows[i].section, rows[i].keys);
    assert_int_equal(fclose(file), 0);
    for (size_t count = 0; count <= COUNT(texts); count += COUNT(texts)) {
        struct planned planned;
        const struct plan_source source = {.policy = path,
                                           .policy_required = true,
                                           .texts = texts,
                                           .count = count,
                                           .devices = &none};
        assert_null(sandboxed_plan(&source, &planned));
        assert_int_equal(planned.policy_error_count, 0);
        assert_int_equal(planned.section_count, COUNT(rows));
        for (size_t i = 0; i < COUNT(rows); i++) {
            const char *expected = count ? rows[i].unmatched : rows[i].without_guests;
            assert_string_equal(planned.sections[i].name, rows[i].section);
            assert_string_equal(or_dash(planned.sections[i].unmatched), or_dash(expected));
        }
        planned_free(&planned);
    }
    assert_int_equal(unlink(path), 0);
}

/* ---- Malformed messages ---- */

/* A copy of its own size, so that a sanitizer sees a step too far. */
static const char *get(const char *data, size_t length, struct planned *planned) {
    struct message message = {.text = {.data = malloc(length + 1), .length = length}};
    assert_non_null(message.text.data);
    memcpy(message.text.data, data, length);
    message.text.data[length] = '\0';
    const char *problem = planned_get(&message, planned);
    assert_null(message.text.data); /* it is taken over */
    return problem;
}

/* A message that ends too early is refused, wherever it ends, and so is one with more behind it. */
static void test_cut_message(void **state) {
    (void)state;
    struct text honest = message_of(guest_a);
    struct planned planned;
    for (size_t length = 0; length < honest.length; length++) {
        assert_non_null(get(honest.data, length, &planned));
        planned_free(&planned);
    }
    assert_null(get(honest.data, honest.length, &planned));
    planned_free(&planned);
    assert_true(text_append(&honest, "", 1));
    assert_string_equal(get(honest.data, honest.length, &planned),
                        "malformed answer from the parser process");
    planned_free(&planned);
    text_free(&honest);
}

/* Whatever one byte of a message is, nothing beyond it is read, and numbers stay in their range. */
static void test_each_byte(void **state) {
    (void)state;
    static const unsigned char values[] = {0, 1, 2, 3, 0x7f, 0x80, 0xff};
    struct text honest = message_of(guest_a);
    for (size_t at = 0; at < honest.length; at++)
        for (size_t i = 0; i < COUNT(values); i++) {
            struct planned planned;
            char before = honest.data[at];
            honest.data[at] = (char)values[i];
            const char *problem = get(honest.data, honest.length, &planned);
            for (size_t guest = 0; !problem && guest < planned.count; guest++)
                for (size_t n = 0; n < planned.guests[guest].count; n++) {
                    const struct interface *interface = &planned.guests[guest].interfaces[n];
                    const struct plan *item = &interface->plan;
                    assert_true(interface->trust <= TRUST_YES && interface->owner <= TRUST_YES);
                    assert_true(item->attachment <= ATTACHED_BY_NAME && item->says <= TRUST_YES);
                    assert_true(item->want <= WANT_TRUST && item->reason <= REVERTED);
                    assert_true(item->said_by <= SAID_BY_NETWORK && interface->write <= TRUST_YES);
                    assert_true(item->decision.action <= POLICY_TRUST);
                    assert_true(item->attachment != ATTACHED_ELSEWHERE ||
                                item->want == WANT_NOTHING);
                    assert_true(item->attachment == ATTACHED_ELSEWHERE || item->decision.section);
                    assert_true(!is_given(interface) || interface->trust == TRUST_YES);
                }
            planned_free(&planned);
            honest.data[at] = before;
        }
    text_free(&honest);
}

static void put_text(struct message *message, const char *text) {
    static const struct message_field field = {.kind = FIELD_TEXT};
    message_put_struct(message, &(struct message_struct){&field, 1, sizeof text}, &text);
}

/* The end of a message: the policy isn't missing, and has neither sections nor errors. */
static void put_policy(struct message *message) {
    message_put_number(message, false);
    message_put_number(message, 0);
    message_put_number(message, 0);
}

static void put_huge_sections(struct message *message) {
    message_put_number(message, 0); /* guests */
    message_put_number(message, false);
    message_put_number(message, SIZE_MAX);
}
static void put_huge_errors(struct message *message) {
    message_put_number(message, 0); /* guests */
    message_put_number(message, false);
    message_put_number(message, 0);
    message_put_number(message, SIZE_MAX / 2);
}
static void put_huge_guests(struct message *message) {
    message_put_number(message, SIZE_MAX);
    put_policy(message);
}
static void put_missing_twice(struct message *message) {
    message_put_number(message, 0); /* guests */
    message_put_number(message, 2);
    message_put_number(message, 0);
    message_put_number(message, 0);
}
/* No guest, one section, and no error. */
static void put_section(struct message *message, const char *name) {
    message_put_number(message, 0);
    message_put_number(message, false);
    message_put_number(message, 1);
    put_text(message, name);
    message_put_number(message, 1); /* its line */
    put_text(message, NULL);        /* nothing unmatched */
    message_put_number(message, 0);
}
static void put_one_section(struct message *message) {
    put_section(message, "vm:web-1");
}
static void put_section_without_name(struct message *message) {
    put_section(message, NULL);
}
static void put_error_without_reason(struct message *message) {
    message_put_number(message, 0); /* guests */
    message_put_number(message, false);
    message_put_number(message, 0);
    message_put_number(message, 1);
    message_put_number(message, 1);
    put_text(message, NULL);
}

/* Without `put` it is the message of so many guests, with one of them in it. */
static const struct malformed {
    const char *name;
    void (*put)(struct message *message);
    bool good;
    size_t guests;
    const char *error, *guest, *uuid;
    size_t interfaces;
} malformeds[] = {
    {"sections without end", put_huge_sections, .good = false},
    {"errors without end", put_huge_errors, .good = false},
    {"guests without end", put_huge_guests, .good = false},
    {"a flag of 2", put_missing_twice, .good = false},
    {"a section without a name", put_section_without_name, .good = false},
    {"an error without a reason", put_error_without_reason, .good = false},
    {"a guest without a name", NULL, false, 1, NULL, NULL, UUID_A, 0},
    {"a guest without a UUID", NULL, false, 1, NULL, "web-1", NULL, 0},
    {"a guest less than it says", NULL, false, 2, NULL, "web-1", UUID_A, 0},
    {"an interface of a guest that was refused", NULL, false, 1, "it isn't", "", "", 1},
    {"a guest that was refused", NULL, true, 1, "it isn't", "", "", 0},
    {"a guest with an interface", NULL, true, 1, NULL, "web-1", UUID_A, 1},
    {"a guest", NULL, true, 1, NULL, "web-1", UUID_A, 0},
    {"a section", put_one_section, .good = true},
};

/* Nothing is known of the guest's interfaces. */
static void put_guest(struct message *message, const struct malformed *row) {
    enum { FIELDS = 28 };
    put_text(message, row->error);
    message_put_number(message, 0);
    put_text(message, row->guest);
    put_text(message, row->uuid);
    put_text(message, NULL); /* no run */
    for (int i = 0; i < 3; i++)
        message_put_number(message, 0); /* places */
    message_put_number(message, row->interfaces);
    for (size_t i = 0; i < row->interfaces * FIELDS; i++)
        message_put_number(message, 0); /* a text is its length: none */
}

static void test_malformed(void **state) {
    const struct malformed *row = *state;
    struct message message = {0};
    struct planned planned;
    if (row->put) {
        row->put(&message);
    } else {
        message_put_number(&message, row->guests);
        put_guest(&message, row);
        put_policy(&message);
    }
    assert_false(message.bad);
    const char *problem = planned_get(&message, &planned);
    if (row->good)
        assert_null(problem);
    else
        assert_string_equal(problem, "malformed answer from the parser process");
    planned_free(&planned);
}

/* ---- Lies about another guest ---- */

/* What the child says instead: the truth about another document. */
static void lie_about(const char *xml) {
    lie = (struct text){0};
    struct text message = message_of(xml);
    lie = message;
}

static const struct lying {
    const char *name;
    const char *told;   /* the document that the message is about */
    const char *target; /* what is left of its first interface's target; NULL: nothing */
    bool placed;        /* the first interface stands where the message says */
} lyings[] = {
    {"the truth", guest_a, "macvtap0", true},
    {"another guest's device in its place",
     DOMAIN(UUID_A, NOTE "<devices>" CARD(YES, "01", "macvtap9")
                        CARD("", "02", "macvtap1") "<interface type='user'/></devices>"),
     NULL, true},
    {"another guest's device, and UUID",
     DOMAIN(UUID_B, NOTE "<devices>" CARD(YES, "01", "macvtap9")
                        CARD("", "02", "macvtap1") "<interface type='user'/></devices>"),
     NULL, true},
    {"the other interface's device",
     DOMAIN(UUID_A, NOTE "<devices>" CARD(YES, "01", "macvtap1")
                        CARD("", "02", "macvtap0") "<interface type='user'/></devices>"),
     NULL, true},
    {"its own device in another place",
     DOMAIN(UUID_A, NOTE "<devices>  " CARD(YES, "01", "macvtap0") "</devices>"), NULL, false},
    {"its own device in the metadata's place",
     DOMAIN(UUID_A, "<devices>" CARD(YES, "01", "macvtap0") "</devices>"), NULL, false},
    {"a device without its attribute",
     DOMAIN(UUID_A, NOTE "<devices>" CARD("", "01", "macvtap0") "</devices>"), NULL, false},
};

static void test_lying(void **state) {
    const struct lying *row = *state;
    struct planned planned;
    const struct text in = text_of(guest_a);
    struct text out = {0};
    const char *reason = NULL;
    lie_about(row->told);
    assert_null(plan(guest_a, &planned));
    text_free(&lie);
    struct interface *first = &planned.guests[0].interfaces[0];
    assert_string_equal(or_dash(first->target), or_dash(row->target));
    first->write = TRUST_NO;
    assert_int_equal(domain_interface_xml(first, &in, &out, &reason), row->placed);
    assert_int_equal(reason == NULL, row->placed);
    text_free(&out);
    planned_free(&planned);
}

/* Of a document that is longer than the text: places beyond its end. */
static void test_places_beyond(void **state) {
    (void)state;
    enum { FAR = 1000 * 1000 };
    struct text told = {0}, out = {0};
    struct planned planned;
    const char *reason = NULL;
    assert_true(text_print(&told,
                           "<domain><name>a</name><uuid>" UUID_A "</uuid><metadata>%*s"
                           "</metadata><devices>" CARD("", "01", "macvtap0") "</devices></domain>",
                           FAR, ""));
    /* In memory of its own size, so that a sanitizer sees a step too far. */
    char *copy = strdup(guest_a);
    assert_non_null(copy);
    const struct text in = text_of(copy);
    lie_about(told.data);
    assert_null(plan(copy, &planned));
    text_free(&lie);
    struct domain *domain = &planned.guests[0];
    assert_int_equal(domain->count, 1);
    assert_true(domain->interfaces[0].tag_end > FAR);
    assert_null(domain->interfaces[0].target);
    assert_int_equal(domain->interfaces[0].write, TRUST_YES);
    assert_false(domain_interface_xml(&domain->interfaces[0], &in, &out, &reason));
    assert_non_null(reason);
    text_free(&out);
    assert_false(domain_rewrite(domain, &in, &out, &reason));
    assert_non_null(reason);
    text_free(&out);
    planned_free(&planned);
    text_free(&told);
    free(copy);
}

/* A message about fewer or more guests than there are texts. */
static void test_number_of_guests(void **state) {
    (void)state;
    const struct text texts[] = {text_of(guest_a), text_of(guest_a)};
    struct plan_source source = {.policy = NO_POLICY, .texts = texts, .count = 1, .devices = &none};
    struct planned planned;
    lie_about(guest_a);
    for (source.count = 0; source.count <= COUNT(texts); source.count++) {
        const char *problem = sandboxed_plan(&source, &planned);
        assert_string_equal(or_dash(problem),
                            source.count == 1 ? "-" : "malformed answer from the parser process");
        planned_free(&planned);
    }
    text_free(&lie);
}

/* ---- The guest that virsh was asked for ---- */

/* Answers a dump of one guest. */
static const char fake_virsh[] =
    "#!/bin/sh\n"
    "separator=$(printf %s \"$*\" | sed 's/.*version --daemon; echo \\([0-9a-f]*\\);.*/\\1/')\n"
    "echo 'Running against daemon: 11.3.0'\n"
    "echo \"$separator\"\n"
    "cat \"${0%/*}/xml\"\n"
    "echo \"$separator\"\n"
    "echo " UUID_A "\n";

static void write_file(const char *directory, const char *name, const char *text) {
    char path[64];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

/* The UUID that a parser tells isn't believed either, and why it told nothing is known. */
static void test_uuid_from_virsh(void **state) {
    (void)state;
    char directory[] = "/tmp/rxtrust-test-XXXXXX", path[64];
    const char *before = getenv("PATH");
    assert_non_null(mkdtemp(directory));
    write_file(directory, "virsh", fake_virsh);
    write_file(directory, "xml", guest_a);
    (void)snprintf(path, sizeof path, "%s:/usr/bin:/bin", directory);
    char *old = strdup(before ? before : "");
    assert_non_null(old);
    assert_int_equal(setenv("PATH", path, 1), 0);
    for (int lies = 0; lies <= 2; lies++) {
        static const enum exit_code codes[] = {EXIT_GOOD, EXIT_USAGE, EXIT_NO_ANSWER};
        struct guests guests;
        if (lies == 1)
            lie_about(DOMAIN(UUID_B, "<devices/>"));
        else if (lies == 2)
            assert_true(text_append(&lie, "?", 1));
        enum exit_code code = guests_from_uuid(UUID_A, NULL, clock_now() + 10, &guests);
        text_free(&lie);
        assert_int_equal(code, codes[lies]);
        assert_int_equal(guests_next(&guests, NULL) == NULL, lies > 0);
        assert_string_equal(or_dash(guests.problem),
                            lies == 2 ? "malformed answer from the parser process" : "-");
        if (!lies)
            assert_string_equal(guests_next(&guests, NULL)->interfaces[1].target, "macvtap1");
        guests_free(&guests);
    }
    assert_int_equal(setenv("PATH", old, 1), 0);
    free(old);
    (void)snprintf(path, sizeof path, "%s/virsh", directory);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "%s/xml", directory);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_honest_message),  cmocka_unit_test(test_three_guests),
    cmocka_unit_test(test_policies),        cmocka_unit_test(test_unmatched),
    cmocka_unit_test(test_cut_message),     cmocka_unit_test(test_each_byte),
    cmocka_unit_test(test_places_beyond),   cmocka_unit_test(test_number_of_guests),
    cmocka_unit_test(test_uuid_from_virsh),
};

int main(void) {
    static struct CMUnitTest tests[COUNT(malformeds) + COUNT(lyings) + COUNT(others)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_malformed, malformeds);
    ADD_TABLE(tests, used, test_lying, lyings);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("sandboxed_plan", tests, NULL, NULL);
}
