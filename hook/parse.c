#include "parse.h"

#include "sandbox.h"
#include "library.h"
#include "network.h"

#include <stdint.h>
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The texts of an interface, in the order in which they are told and got. */
static const size_t texts[] = {
    offsetof(struct interface, type),      offsetof(struct interface, mac),
    offsetof(struct interface, model),     offsetof(struct interface, network),
    offsetof(struct interface, portgroup), offsetof(struct interface, bridge),
    offsetof(struct interface, dev),       offsetof(struct interface, mode),
    offsetof(struct interface, target),
};

/* ---- In the sandboxed process ---- */

struct materials {
    const struct parse_source *source;
    bool has_policy;
    struct policy policy;
    struct networks networks;
};

/* Gets hold of all that reading needs: nothing can be opened later. */
static void open_materials(void *user) {
    struct materials *materials = user;
    const struct parse_source *source = materials->source;
    const char *reason = NULL; /* it is told when the library is needed */
    if (source->policy) {
        materials->has_policy =
            policy_open(source->policy, source->policy_required, &materials->policy);
        if (materials->has_policy)
            (void)library_inih(&reason);
    }
    if (source->xml)
        (void)library_libxml2(&reason);
    if (source->xml && source->policy)
        networks_load(&materials->networks);
}

static void put_policy(struct message *message, const struct policy *policy) {
    message_put_number(message, policy->missing);
    message_put_number(message, policy->count);
    message_put_number(message, policy->error_count + policy->out_of_memory);
    for (size_t i = 0; i < policy->error_count; i++) {
        message_put_number(message, policy->errors[i].line);
        message_put_text(message, policy->errors[i].reason);
    }
    if (policy->out_of_memory) {
        message_put_number(message, 0);
        message_put_text(message, "out of memory");
    }
}

static void put_interface(struct message *message, const struct interface *interface) {
    for (size_t i = 0; i < COUNT(texts); i++)
        message_put_text(message,
                         *(const char *const *)(const void *)((const char *)interface + texts[i]));
    message_put_number(message, interface->trust);
    message_put_number(message, interface->tag_end);
    message_put_number(message, interface->end);
}

static void put_item(struct message *message, const struct plan_item *item) {
    message_put_number(message, item->attachment);
    message_put_text(message, item->mode);
    message_put_number(message, item->trust);
    message_put_text(message, item->network_problem);
    message_put_number(message, item->can_trust);
    message_put_number(message, item->trusted);
    message_put_number(message, item->verdict.action);
    message_put_number(message, item->verdict.override);
    message_put_text(message, item->verdict.section);
    message_put_number(message, item->write_trust);
    message_put_number(message, item->multicast);
    message_put_number(message, item->until_sync);
}

static void put_domain(struct message *message, const struct domain *domain,
                        const struct plan *plan) {
    message_put_text(message, domain->name);
    message_put_text(message, domain->uuid);
    message_put_number(message, domain->running);
    message_put_number(message, domain->count);
    for (size_t i = 0; i < domain->count; i++)
        put_interface(message, &domain->interfaces[i]);
    message_put_number(message, plan->count);
    for (size_t i = 0; i < plan->count; i++)
        put_item(message, &plan->items[i]);
}

static void parse_domain_in_sandbox(struct materials *materials, struct message *message) {
    const struct parse_source *source = materials->source;
    struct xml_error error = {0};
    struct domain domain;
    struct plan plan = {0};
    bool read = domain_read(source->xml, source->length, &domain, &error);
    if (read && source->policy &&
        !plan_make(&domain, &materials->policy, &materials->networks, &plan))
        error = (struct xml_error){.reason = "out of memory"};
    message_put_text(message, error.reason);
    message_put_number(message, error.line);
    if (!error.reason)
        put_domain(message, &domain, &plan);
    plan_free(&plan);
    domain_free(&domain);
}

static void read_materials(void *user, struct message *message) {
    struct materials *materials = user;
    struct policy *policy = &materials->policy;
    if (materials->has_policy)
        (void)policy_parse(policy); /* its errors are told */
    put_policy(message, policy);
    bool domain = !policy->error_count && !policy->out_of_memory && materials->source->xml;
    message_put_number(message, domain);
    if (domain)
        parse_domain_in_sandbox(materials, message);
    networks_free(&materials->networks);
    policy_free(policy);
}

/* ---- In the other one ---- */

static bool get_flag(struct message *message) {
    return message_get_number(message, 2);
}

/* False: out of memory; so below. */
static bool get_policy(struct message *message, struct parsed *parsed) {
    parsed->policy_missing = get_flag(message);
    parsed->section_count = message_get_number(message, SIZE_MAX);
    size_t count = message_get_count(message);
    parsed->policy_errors = calloc(count + 1, sizeof *parsed->policy_errors);
    for (size_t i = 0; parsed->policy_errors && i < count && !message->bad; i++) {
        struct policy_error *error = &parsed->policy_errors[parsed->policy_error_count++];
        error->line = message_get_number(message, SIZE_MAX);
        error->reason = message_get_text(message);
        message->bad = message->bad || !error->reason;
    }
    return parsed->policy_errors;
}

static void get_interface(struct message *message, struct interface *interface) {
    for (size_t i = 0; i < COUNT(texts); i++)
        *(const char **)(void *)((char *)interface + texts[i]) = message_get_text(message);
    interface->trust = (enum trust)message_get_number(message, TRUST_YES + 1);
    interface->tag_end = message_get_number(message, SIZE_MAX);
    interface->end = message_get_number(message, SIZE_MAX);
}

static void get_item(struct message *message, struct plan_item *item) {
    item->attachment = (enum attachment)message_get_number(message, ATTACHED_BY_NETWORK + 1);
    item->mode = message_get_text(message);
    item->trust = (enum trust)message_get_number(message, TRUST_YES + 1);
    item->network_problem = message_get_text(message);
    item->can_trust = get_flag(message);
    item->trusted = get_flag(message);
    item->verdict.action = (enum policy_action)message_get_number(message, POLICY_TRUST + 1);
    item->verdict.override = get_flag(message);
    item->verdict.section = message_get_text(message);
    item->write_trust = get_flag(message);
    item->multicast = get_flag(message);
    item->until_sync = get_flag(message);
    item->interface->write_trust = item->write_trust;
    message->bad = message->bad || (item->attachment == ATTACHED_ELSEWHERE
                                      ? item->multicast || item->until_sync || item->write_trust
                                      : !item->verdict.section);
}

static bool get_domain(struct message *message, struct domain *domain, struct plan *plan) {
    domain->name = message_get_text(message);
    domain->uuid = message_get_text(message);
    domain->running = get_flag(message);
    message->bad = message->bad || !domain->name || !domain->uuid;
    size_t count = message_get_count(message);
    domain->interfaces = calloc(count + 1, sizeof *domain->interfaces);
    plan->items = calloc(count + 1, sizeof *plan->items);
    if (!domain->interfaces || !plan->items)
        return false;
    while (domain->count < count && !message->bad)
        get_interface(message, &domain->interfaces[domain->count++]);
    size_t planned = message_get_count(message); /* all, or none where there is no policy */
    message->bad = message->bad || (planned && planned != count);
    while (plan->count < planned && !message->bad) {
        struct plan_item *item = &plan->items[plan->count];
        item->interface = &domain->interfaces[plan->count++];
        get_item(message, item);
    }
    return true;
}

static const char nonsense[] = "what was read of it makes no sense";

const char *parsed_get(struct message *message, struct parsed *parsed) {
    *parsed = (struct parsed){.message = *message};
    struct message *got = &parsed->message;
    *message = (struct message){0};
    bool memory = get_policy(got, parsed);
    if (memory && get_flag(got)) {
        parsed->error.reason = message_get_text(got);
        parsed->error.line = message_get_number(got, SIZE_MAX);
        if (!parsed->error.reason)
            memory = get_domain(got, &parsed->domain, &parsed->plan);
    }
    return !memory ? "out of memory" : !message_is_whole(got) ? nonsense : NULL;
}

const char *parse(const struct parse_source *source, struct parsed *parsed) {
    struct materials materials = {.source = source};
    struct message message;
    *parsed = (struct parsed){0};
    const char *problem = sandbox_run(open_materials, read_materials, &materials, &message);
    if (problem) {
        message_free(&message);
        return problem;
    }
    problem = parsed_get(&message, parsed);
    bool lacks_domain = source->xml && !parsed->policy_error_count && !parsed->error.reason &&
                        !parsed->domain.name;
    return !problem && lacks_domain ? nonsense : problem;
}

const char *parse_domain(const char *xml, size_t length, struct parsed *parsed) {
    const char *problem =
        parse(&(struct parse_source){.xml = xml, .length = length}, parsed);
    return problem ? problem : parsed->error.reason;
}

void parsed_free(struct parsed *parsed) {
    free(parsed->policy_errors); /* the texts are the answer's */
    free(parsed->domain.interfaces);
    free(parsed->plan.items);
    message_free(&parsed->message);
    *parsed = (struct parsed){0};
}
