/* Any policy file. The danger is an opt-out that gets lost. */
#include "fuzz.h"

#include <string.h>

static void check_errors(const struct policy *policy) {
    PROPERTY(policy->error_count > 0 && !policy->out_of_memory);
    for (size_t i = 0; i < policy->error_count; i++) {
        PROPERTY(policy->errors[i].reason && *policy->errors[i].reason);
        PROPERTY(!i || policy->errors[i - 1].line <= policy->errors[i].line);
    }
}

/* Every guest that the sections may tell apart gets a decision, and its section stands in the file.
 */
static void check_decisions(struct policy *policy, const char *text, size_t length) {
    static const char *const names[] = {"", "web-1", "[a-z]*", "\xff"};
    static const char *const devices[] = {"eth0", "eth1", "\xff"};
    static const struct policy_subject subjects[] = {
        {.network = NULL},
        {.network = "dmz", .portgroup = "guests", .mac = "52:54:00:a1:b2:01", .mode = "bridge"},
        {.network = "dmz", .devices = devices, .device_count = 3, .mac = "52:54:0:a1:b2:1"},
        {.devices = devices + 1, .device_count = 1, .mac = "52:54:00:A1:B2:02", .mode = "vepa"},
        {.portgroup = "", .devices = devices, .mac = "", .mode = ""},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        policy_for_domain(policy, names[i], "0ddba11c-0000-4000-8000-000000000001");
        for (size_t j = 0; j < sizeof subjects / sizeof *subjects; j++) {
            struct policy_decision decision = policy_decide(policy, &subjects[j]);
            PROPERTY(policy_action_names[decision.action]);
            PROPERTY(strcmp(decision.section, "default") == 0 ||
                     memmem(text, length, decision.section, strlen(decision.section)));
        }
    }
}

static enum policy_action action(struct policy *policy, const char *guest, const char *uuid) {
    policy_for_domain(policy, guest, uuid);
    return policy_decide(policy, &(struct policy_subject){.mac = "52:54:00:a1:b2:01"}).action;
}

/* A guest that is named by its UUID, in any form. Who has that for a name is another guest. */
static void check_uuid(struct policy *policy, const char *uuid, bool alone) {
    for (size_t seed = 0; seed < 256; seed += 51) {
        char *other = spell_uuid(uuid, seed);
        PROPERTY(other && action(policy, "a guest", other) == POLICY_OFF);
        PROPERTY(!alone || action(policy, other, "") == POLICY_TRUST);
        free(other);
    }
}

/* The policy with the line [vm:GUEST] and an opt-out below it opts the guest out, or is refused. */
static void check_opt_out(const char *text, size_t length, const char *guest, size_t guest_length) {
    static const char section[] = "\n[vm:", key[] = "]\npolicy = off\n";
    struct policy policy;
    char *more = malloc(length + sizeof section + guest_length + sizeof key);
    char *name = strndup(guest, guest_length);
    PROPERTY(more && name);
    char *uuid = spell_uuid(name, 0);
    char *end = mempcpy(more, text, length);
    end = mempcpy(end, section, sizeof section - 1);
    end = mempcpy(end, guest, guest_length);
    end = mempcpy(end, key, sizeof key - 1);
    bool good = read_policy(more, (size_t)(end - more), &policy);
    if (good && uuid)
        check_uuid(&policy, name, !length);
    else if (good)
        PROPERTY(action(&policy, name, "") == POLICY_OFF);
    policy_free(&policy);
    free(more);
    free(name);
    free(uuid);
}

/* A good policy has a section, and is UTF-8: the shortest form of each code point, no surrogates.
 */
static void check_text(const char *text, size_t length) {
    const unsigned char *byte = (const unsigned char *)text, *end = byte + length;
    PROPERTY(memchr(text, '[', length));
    while (byte < end) {
        int more = *byte < 0x80 ? 0 : *byte >> 5 == 6 ? 1 : *byte >> 4 == 14 ? 2 : 3;
        static const long least[] = {1, 0x80, 0x800, 0x10000};
        long code = more ? *byte & 0x3f >> more : *byte;
        PROPERTY(more < 3 || *byte >> 3 == 30);
        PROPERTY(end - byte > more);
        for (int i = 1; i <= more; i++) {
            PROPERTY(byte[i] >> 6 == 2);
            code = code << 6 | (byte[i] & 0x3f);
        }
        PROPERTY(code >= least[more] && code <= 0x10ffff && code >> 11 != 0xd800 >> 11);
        byte += 1 + more;
    }
}

/* One line that means nothing is enough for a policy to be none. */
static void check_refusal(const char *text, size_t length) {
    static const char nonsense[] = "\nnonsense\n";
    struct policy policy;
    char *more = malloc(length + sizeof nonsense);
    PROPERTY(more);
    memcpy(mempcpy(more, text, length), nonsense, sizeof nonsense);
    PROPERTY(!read_policy(more, length + sizeof nonsense - 1, &policy));
    policy_free(&policy);
    free(more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    struct policy policy;
    bool good = read_policy(text, size, &policy);
    if (good) {
        check_text(text, size);
        check_decisions(&policy, text, size);
        check_refusal(text, size);
        check_opt_out(text, size, "fuzzed guest", strlen("fuzzed guest"));
    } else {
        check_errors(&policy);
    }
    policy_free(&policy);
    /* The first line as a guest's name: what can't be one must be refused, never cut. */
    size_t line = 0;
    while (line < size && text[line] && text[line] != '\n' && text[line] != ']')
        line++;
    check_opt_out("", 0, text, line);
    return 0;
}
