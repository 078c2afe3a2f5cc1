#include "guest.h"

#include "log.h"
#include "multicast.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* Plans the guest whose XML is there; `source` is where it came from. */
static bool plan(struct policy *policy, struct guest *guest, const char *source) {
    struct xml_error error = {0};
    if (domain_read(guest->xml.data, guest->xml.length, &guest->domain, &error) &&
        !plan_make(&guest->domain, policy, &guest->plan))
        error.reason = "out of memory";
    if (error.reason)
        log_error_at(source, error.line, error.reason);
    for (size_t i = 0; !error.reason && i < guest->plan.count; i++) {
        const struct plan_item *item = &guest->plan.items[i];
        if (item->network_problem)
            log_error("%s: network %s: %s", item->interface->mac ? item->interface->mac : "-",
                      item->interface->network, item->network_problem);
    }
    return !error.reason;
}

bool guest_read(struct policy *policy, struct guest *guest) {
    *guest = (struct guest){0};
    const char *problem = stream_read(&guest->xml);
    if (problem)
        log_error_at(STANDARD_INPUT, 0, problem);
    return !problem && plan(policy, guest, STANDARD_INPUT);
}

bool guest_ask(const char *name, struct policy *policy, struct guest *guest) {
    const char *const call[] = {VIRSH, "dumpxml", "--", name, NULL};
    *guest = (struct guest){0};
    if (!virsh_run(call, NULL, 0, virsh_now() + VIRSH_ANSWER_SECONDS, &guest->dump)) {
        log_error("guest %s: virsh: %s", name, virsh_problem(&guest->dump));
        return false;
    }
    guest->xml = (struct stream_input){guest->dump.output, guest->dump.length};
    if (!plan(policy, guest, "virsh dumpxml"))
        return false;
    /* A number is an id to virsh before it is a name. */
    bool same = strcmp(guest->domain.name, name) == 0 || strcasecmp(guest->domain.uuid, name) == 0;
    if (!same)
        log_error("guest %s: virsh takes it for %s: use the UUID", name, guest->domain.name);
    return same;
}

void guest_free(struct guest *guest) {
    plan_free(&guest->plan);
    domain_free(&guest->domain);
    virsh_result_free(&guest->dump);
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

bool guest_set_multicast(const char *why, const struct plan_item *item, bool on) {
    const char *mac = item->interface->mac ? item->interface->mac : "-";
    const char *device = item->interface->target ? item->interface->target : "its device";
    const char *problem =
        item->interface->target ? multicast_set(item->interface->target, on) : "the XML names none";
    if (problem)
        log_error("%s: %s: all-multicast on %s can't be %s: %s", why, mac, device,
                  on ? "set" : "taken away", problem);
    else if (!on && item->verdict.treatment != POLICY_OFF)
        log_info("%s: %s: no more all-multicast on %s: opted out in the XML", why, mac, device);
    else
        log_info("%s: %s: %s %s, by policy = %s in [%s]", why, mac,
                 on ? "all-multicast on" : "no more all-multicast on", device,
                 policy_treatment_names[item->verdict.treatment], item->verdict.section);
    return !problem;
}

bool guest_is_trusted_against_policy(const struct guest *guest, const struct plan_item *item) {
    const struct interface *interface = item->interface;
    if (interface->trust != TRUST_YES || !item->can_trust ||
        item->verdict.treatment == POLICY_TRUST)
        return false;
    const char *const call[] = {VIRSH, "dumpxml", "--inactive", "--", guest->domain.uuid, NULL};
    struct virsh_result dump;
    struct domain lasting = {0};
    struct xml_error error;
    bool permanent = false;
    if (virsh_run(call, NULL, 0, virsh_now() + VIRSH_ANSWER_SECONDS, &dump) &&
        domain_read(dump.output, dump.length, &lasting, &error))
        for (size_t i = 0; i < lasting.count; i++)
            permanent = permanent ||
                        (lasting.interfaces[i].trust == TRUST_YES && lasting.interfaces[i].mac &&
                         interface->mac && strcmp(lasting.interfaces[i].mac, interface->mac) == 0);
    domain_free(&lasting);
    virsh_result_free(&dump);
    return !permanent;
}
