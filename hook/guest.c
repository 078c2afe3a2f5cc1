#include "guest.h"

#include "log.h"
#include "device.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STANDARD_INPUT "<stdin>"

static void log_policy_errors(const char *file, size_t most, const struct parsed *parsed) {
    size_t count = parsed->policy_error_count;
    size_t told = most && most < count ? most : count;
    for (size_t i = 0; i < told; i++)
        log_error_at(file, parsed->policy_errors[i].line, parsed->policy_errors[i].reason);
    if (told < count)
        log_error("%s: %zu more errors: see rxtrust check", file, count - told);
}

/* Reads the guest whose XML is there; `from` is where it came from. */
static bool read_guest(const char *file, size_t most, struct guest *guest, const char *from) {
    struct parsed *parsed = &guest->parsed;
    const struct parse_source source = {.policy = file ? file : POLICY_FILE,
                                          .policy_required = file != NULL,
                                          .xml = guest->xml.data,
                                          .length = guest->xml.length};
    const char *problem = parse(&source, parsed);
    if (problem)
        log_error("the policy and the XML can't be read: %s", problem);
    else if (parsed->policy_error_count)
        log_policy_errors(source.policy, most, parsed);
    else if (parsed->error.reason)
        log_error_at(from, parsed->error.line, parsed->error.reason);
    for (size_t i = 0; i < parsed->plan.count; i++) {
        const struct plan_item *item = &parsed->plan.items[i];
        if (item->network_problem)
            log_error("%s: network %s: %s", or_dash(item->interface->mac),
                      or_dash(item->interface->network), item->network_problem);
    }
    return !problem && !parsed->policy_error_count && !parsed->error.reason;
}

bool guest_take(struct guest *guest) {
    *guest = (struct guest){0};
    const char *problem = stream_read(&guest->xml);
    if (problem)
        log_error_at(STANDARD_INPUT, 0, problem);
    return !problem;
}

bool guest_read(const char *file, size_t most, struct guest *guest) {
    return read_guest(file, most, guest, STANDARD_INPUT);
}

bool guest_ask(const char *file, const char *name, enum guest_state state, struct guest *guest) {
    const char *const running[] = {VIRSH, "dumpxml", "--", name, NULL};
    const char *const starting[] = {VIRSH, "dumpxml", "--inactive", "--", name, NULL};
    const char *const *call = state == GUEST_AS_IT_RUNS ? running : starting;
    *guest = (struct guest){0};
    if (!virsh_run(call, NULL, 0, virsh_now() + VIRSH_ANSWER_SECONDS, &guest->dump)) {
        log_error("guest %s: virsh: %s", name, virsh_problem(&guest->dump));
        return false;
    }
    guest->xml = (struct stream_input){guest->dump.output, guest->dump.length};
    if (!read_guest(file, GUEST_ALL_ERRORS, guest, "virsh dumpxml"))
        return false;
    /* A number is an id to virsh before it is a name. */
    const struct domain *domain = &guest->parsed.domain;
    bool same = strcmp(domain->name, name) == 0 || strcasecmp(domain->uuid, name) == 0;
    if (!same)
        log_error("guest %s: virsh takes it for %s: use the UUID", name, domain->name);
    return same;
}

bool guest_check_policy(const char *file, struct parsed *parsed) {
    struct parsed own = {0};
    struct parsed *read = parsed ? parsed : &own;
    const struct parse_source source = {.policy = file ? file : POLICY_FILE,
                                          .policy_required = file != NULL};
    const char *problem = parse(&source, read);
    if (problem)
        log_error_at(source.policy, 0, problem);
    else
        log_policy_errors(source.policy, GUEST_ALL_ERRORS, read);
    bool good = !problem && !read->policy_error_count;
    if (!parsed)
        parsed_free(&own);
    return good;
}

void guest_free(struct guest *guest) {
    parsed_free(&guest->parsed);
    virsh_result_free(&guest->dump);
}

bool guest_print(const struct guest *guest, size_t *changes) {
    const struct domain *domain = &guest->parsed.domain;
    *changes = 0;
    for (size_t i = 0; i < domain->count; i++)
        *changes += domain->interfaces[i].write_trust;
    const char *problem = NULL;
    if (*changes) {
        size_t length = 0;
        char *changed =
            domain_rewrite(domain, guest->xml.data, guest->xml.length, &length, &problem);
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
    const char *mac = or_dash(item->interface->mac);
    const char *device = item->interface->target ? item->interface->target : "its device";
    const char *problem =
        item->interface->target ? device_set(item->interface->target, on) : "the XML names none";
    if (problem)
        log_error("%s: %s: all-multicast on %s can't be %s: %s", why, mac, device,
                  on ? "set" : "taken away", problem);
    else if (!on && item->verdict.action != POLICY_OFF)
        log_info("%s: %s: no more all-multicast on %s: opted out in the XML", why, mac, device);
    else
        log_info("%s: %s: %s %s, by policy = %s in [%s]", why, mac,
                 on ? "all-multicast on" : "no more all-multicast on", device,
                 policy_action_names[item->verdict.action], item->verdict.section);
    return !problem;
}

bool guest_is_trusted_against_policy(const struct guest *guest, const struct plan_item *item) {
    const struct interface *interface = item->interface;
    if (interface->trust != TRUST_YES || !item->can_trust ||
        item->verdict.action == POLICY_TRUST)
        return false;
    const char *const call[] = {VIRSH, "dumpxml", "--inactive", "--", guest->parsed.domain.uuid,
                                NULL};
    struct virsh_result dump;
    struct parsed lasting = {0};
    bool permanent = false;
    if (virsh_run(call, NULL, 0, virsh_now() + VIRSH_ANSWER_SECONDS, &dump) &&
        !parse_domain(dump.output, dump.length, &lasting))
        for (size_t i = 0; i < lasting.domain.count; i++) {
            const struct interface *same = &lasting.domain.interfaces[i];
            permanent = permanent || (same->trust == TRUST_YES && same->mac && interface->mac &&
                                      strcmp(same->mac, interface->mac) == 0);
        }
    parsed_free(&lasting);
    virsh_result_free(&dump);
    return !permanent;
}
