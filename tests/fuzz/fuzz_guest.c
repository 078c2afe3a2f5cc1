/* Any domain XML, under any policy: the input is the policy up to the first NUL byte, then the XML.
 */
#include "domain.h"
#include "fuzz.h"

#include <string.h>

/* Whatever stands above it, this opts every guest out. */
static const char opt_out[] = "\n[vm:*]\npolicy = off\n";

/* An opt-out of the guest by its UUID, and one of all its interfaces by their MAC addresses, each
 * in a form of its own; NULL: it has none that libvirt would take, or one interface hasn't. */
static char *by_uuid(const struct domain *domain, size_t seed) {
    char *uuid = spell_uuid(domain->uuid, seed), *text = NULL;
    if (uuid)
        PROPERTY(asprintf(&text,
                          seed % 2 ? "\n[vm:%s]\npolicy = off\n"
                                   : "\n[rule:by UUID]\nvm = %s\npolicy = off\n",
                          uuid) > 0);
    free(uuid);
    return text;
}

static char *by_mac(const struct domain *domain, size_t seed) {
    char *text = NULL;
    size_t length = 0;
    bool all = true;
    FILE *out = open_memstream(&text, &length);
    PROPERTY(out);
    for (size_t i = 0; i < domain->count; i++) {
        const char *own = domain->interfaces[i].mac;
        char *mac = own ? spell_mac(own, seed + i) : NULL;
        all = all && mac;
        PROPERTY(fprintf(out, "\n[rule:by MAC %zu]\nmac = %s\npolicy = off\n", i, mac ? mac : "*") >
                 0);
        free(mac);
    }
    PROPERTY(fclose(out) == 0);
    if (!all) {
        free(text);
        return NULL;
    }
    return text;
}

/* Copies, so that a step over either end is seen. */
static char *copy(const char *text, size_t length, const char *more) {
    char *own = malloc(length + strlen(more) + 1);
    PROPERTY(own);
    memcpy(own, text, length);
    memcpy(own + length, more, strlen(more) + 1);
    return own;
}

static size_t given(const char *text, size_t text_length, const char *xml, size_t length) {
    struct policy policy;
    size_t count = 0;
    if (read_policy(text, text_length, &policy))
        count = check_rewriting(&policy, xml, length);
    policy_free(&policy);
    return count;
}

/* The policy with an opt-out below it gives nobody trust, or is refused. */
static void check_opt_out(const char *policy, size_t policy_length, const char *more,
                          const char *xml, size_t length) {
    if (!more)
        return;
    char *text = copy(policy, policy_length, more);
    PROPERTY(given(text, strlen(text), xml, length) == 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *input = (const char *)data;
    size_t policy_length = strnlen(input, size);
    if (policy_length == size)
        return 0;
    size_t length = size - policy_length - 1;
    char *xml = malloc(length ? length : 1);
    PROPERTY(xml);
    memcpy(xml, input + policy_length + 1, length);
    if (given(input, policy_length, xml, length)) {
        struct domain domain;
        PROPERTY(domain_read(xml, length, &domain));
        char *uuid = by_uuid(&domain, size), *mac = by_mac(&domain, size);
        domain_free(&domain);
        check_opt_out(input, policy_length, opt_out, xml, length);
        check_opt_out(input, policy_length, uuid, xml, length);
        check_opt_out(input, policy_length, mac, xml, length);
        free(uuid);
        free(mac);
    }
    free(xml);
    return 0;
}
