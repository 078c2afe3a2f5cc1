#include "guest.h"

#include "log.h"

#include <stdlib.h>

#define STANDARD_INPUT "<stdin>"

bool guest_read_policy(const char *policy_file, size_t most_errors, struct policy *policy) {
    const char *path = policy_file ? policy_file : POLICY_FILE;
    if (policy_read(path, policy_file != NULL, policy))
        return true;
    if (policy->out_of_memory)
        log_error_at(path, 0, "out of memory");
    for (size_t i = 0; i < policy->error_count && i < most_errors; i++)
        log_error_at(path, policy->errors[i].line, policy->errors[i].reason);
    if (policy->error_count > most_errors)
        log_error("%s: %zu more errors: see rxtrust check", path,
                  policy->error_count - most_errors);
    return false;
}

bool guest_read(const char *policy_file, size_t most_errors, struct guest *guest) {
    *guest = (struct guest){0};
    if (!guest_read_policy(policy_file, most_errors, &guest->policy))
        return false;
    struct xml_error error = {.reason = stream_read(&guest->xml)};
    if (!error.reason && domain_read(guest->xml.data, guest->xml.length, &guest->domain, &error) &&
        !plan_make(&guest->domain, &guest->policy, &guest->plan))
        error.reason = "out of memory";
    if (error.reason)
        log_error_at(STANDARD_INPUT, error.line, error.reason);
    for (size_t i = 0; !error.reason && i < guest->plan.count; i++) {
        const struct plan_item *item = &guest->plan.items[i];
        if (item->network_problem)
            log_error("%s: network %s: %s", item->interface->mac ? item->interface->mac : "-",
                      item->interface->network, item->network_problem);
    }
    return !error.reason;
}

void guest_free(struct guest *guest) {
    plan_free(&guest->plan);
    domain_free(&guest->domain);
    policy_free(&guest->policy);
}

bool guest_print(const struct guest *guest, size_t *changes) {
    *changes = 0;
    for (size_t i = 0; i < guest->domain.count; i++)
        *changes += guest->domain.interfaces[i].write_trust;
    const char *problem = NULL;
    if (*changes) {
        size_t length = 0;
        char *changed =
            domain_rewrite(&guest->domain, guest->xml.data, guest->xml.length, &length, &problem);
        if (!changed) {
            log_error_at(STANDARD_INPUT, 0, problem);
            return false;
        }
        problem = stream_write(changed, length);
        free(changed);
    } else {
        problem = stream_give_back();
    }
    if (problem)
        log_error("the domain XML can't be printed: %s", problem);
    return !problem;
}
