/* Any domain XML, under any policy: the input is the policy up to the first NUL byte, then the XML.
 */
#include "fuzz.h"

#include <string.h>

/* Whatever stands above it, this opts every guest out. */
static const char opt_out[] = "\n[vm:*]\npolicy = off\n";

/* Copies, so that a step over either end is seen. */
static char *copy(const char *text, size_t length, const char *more) {
    char *own = malloc(length + strlen(more) + 1);
    PROPERTY(own);
    memcpy(own, text, length);
    memcpy(own + length, more, strlen(more) + 1);
    return own;
}

static size_t changes(const char *text, size_t text_length, const char *xml, size_t length) {
    struct policy policy;
    size_t count = 0;
    if (read_policy(text, text_length, &policy))
        count = check_rewriting(&policy, xml, length);
    policy_free(&policy);
    return count;
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
    if (changes(input, policy_length, xml, length)) {
        char *text = copy(input, policy_length, opt_out);
        PROPERTY(changes(text, strlen(text), xml, length) == 0);
        free(text);
    }
    free(xml);
    return 0;
}
