#include "reading.h"

#include "sandbox.h"
#include "library.h"
#include "network.h"

#include <stdint.h>
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The texts of an interface, in the order in which they are told and heard. */
static const size_t texts[] = {
    offsetof(struct interface, type),      offsetof(struct interface, mac),
    offsetof(struct interface, model),     offsetof(struct interface, network),
    offsetof(struct interface, portgroup), offsetof(struct interface, bridge),
    offsetof(struct interface, dev),       offsetof(struct interface, mode),
    offsetof(struct interface, target),
};

/* ---- In the sandboxed process ---- */

struct materials {
    const struct reading_source *source;
    bool has_policy;
    struct policy policy;
    struct networks networks;
};

/* Gets hold of all that reading needs: nothing can be opened later. */
static void open_materials(void *user) {
    struct materials *materials = user;
    const struct reading_source *source = materials->source;
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

static void tell_policy(struct message *answer, const struct policy *policy) {
    message_put_number(answer, policy->missing);
    message_put_number(answer, policy->count);
    message_put_number(answer, policy->error_count + policy->out_of_memory);
    for (size_t i = 0; i < policy->error_count; i++) {
        message_put_number(answer, policy->errors[i].line);
        message_put_text(answer, policy->errors[i].reason);
    }
    if (policy->out_of_memory) {
        message_put_number(answer, 0);
        message_put_text(answer, "out of memory");
    }
}

static void tell_interface(struct message *answer, const struct interface *interface) {
    for (size_t i = 0; i < COUNT(texts); i++)
        message_put_text(answer,
                         *(const char *const *)(const void *)((const char *)interface + texts[i]));
    message_put_number(answer, interface->trust);
    message_put_number(answer, interface->tag_end);
    message_put_number(answer, interface->end);
}

static void tell_item(struct message *answer, const struct plan_item *item) {
    message_put_number(answer, item->attachment);
    message_put_text(answer, item->mode);
    message_put_number(answer, item->trust);
    message_put_text(answer, item->network_problem);
    message_put_number(answer, item->can_trust);
    message_put_number(answer, item->trusted);
    message_put_number(answer, item->verdict.treatment);
    message_put_number(answer, item->verdict.override);
    message_put_text(answer, item->verdict.section);
    message_put_number(answer, item->write_trust);
    message_put_number(answer, item->multicast);
    message_put_number(answer, item->until_sync);
}

static void tell_domain(struct message *answer, const struct domain *domain,
                        const struct plan *plan) {
    message_put_text(answer, domain->name);
    message_put_text(answer, domain->uuid);
    message_put_number(answer, domain->running);
    message_put_number(answer, domain->count);
    for (size_t i = 0; i < domain->count; i++)
        tell_interface(answer, &domain->interfaces[i]);
    message_put_number(answer, plan->count);
    for (size_t i = 0; i < plan->count; i++)
        tell_item(answer, &plan->items[i]);
}

static void read_domain(struct materials *materials, struct message *answer) {
    const struct reading_source *source = materials->source;
    struct xml_error error = {0};
    struct domain domain;
    struct plan plan = {0};
    bool read = domain_read(source->xml, source->length, &domain, &error);
    if (read && source->policy &&
        !plan_make(&domain, &materials->policy, &materials->networks, &plan))
        error = (struct xml_error){.reason = "out of memory"};
    message_put_text(answer, error.reason);
    message_put_number(answer, error.line);
    if (!error.reason)
        tell_domain(answer, &domain, &plan);
    plan_free(&plan);
    domain_free(&domain);
}

static void read_materials(void *user, struct message *answer) {
    struct materials *materials = user;
    struct policy *policy = &materials->policy;
    if (materials->has_policy)
        (void)policy_parse(policy); /* its errors are told */
    tell_policy(answer, policy);
    bool domain = !policy->error_count && !policy->out_of_memory && materials->source->xml;
    message_put_number(answer, domain);
    if (domain)
        read_domain(materials, answer);
    networks_free(&materials->networks);
    policy_free(policy);
}

/* ---- In the other one ---- */

static bool hear_flag(struct message *answer) {
    return message_get_number(answer, 2);
}

/* False: out of memory; so below. */
static bool hear_policy(struct message *answer, struct reading *reading) {
    reading->policy_missing = hear_flag(answer);
    reading->section_count = message_get_number(answer, SIZE_MAX);
    size_t count = message_get_count(answer);
    reading->policy_errors = calloc(count + 1, sizeof *reading->policy_errors);
    for (size_t i = 0; reading->policy_errors && i < count && !answer->bad; i++) {
        struct policy_error *error = &reading->policy_errors[reading->policy_error_count++];
        error->line = message_get_number(answer, SIZE_MAX);
        error->reason = message_get_text(answer);
        answer->bad = answer->bad || !error->reason;
    }
    return reading->policy_errors;
}

static void hear_interface(struct message *answer, struct interface *interface) {
    for (size_t i = 0; i < COUNT(texts); i++)
        *(const char **)(void *)((char *)interface + texts[i]) = message_get_text(answer);
    interface->trust = (enum trust)message_get_number(answer, TRUST_YES + 1);
    interface->tag_end = message_get_number(answer, SIZE_MAX);
    interface->end = message_get_number(answer, SIZE_MAX);
}

static void hear_item(struct message *answer, struct plan_item *item) {
    item->attachment = (enum attachment)message_get_number(answer, ATTACHED_BY_NETWORK + 1);
    item->mode = message_get_text(answer);
    item->trust = (enum trust)message_get_number(answer, TRUST_YES + 1);
    item->network_problem = message_get_text(answer);
    item->can_trust = hear_flag(answer);
    item->trusted = hear_flag(answer);
    item->verdict.treatment = (enum policy_treatment)message_get_number(answer, POLICY_TRUST + 1);
    item->verdict.override = hear_flag(answer);
    item->verdict.section = message_get_text(answer);
    item->write_trust = hear_flag(answer);
    item->multicast = hear_flag(answer);
    item->until_sync = hear_flag(answer);
    item->interface->write_trust = item->write_trust;
    answer->bad = answer->bad || (item->attachment == ATTACHED_ELSEWHERE
                                      ? item->multicast || item->until_sync || item->write_trust
                                      : !item->verdict.section);
}

static bool hear_domain(struct message *answer, struct domain *domain, struct plan *plan) {
    domain->name = message_get_text(answer);
    domain->uuid = message_get_text(answer);
    domain->running = hear_flag(answer);
    answer->bad = answer->bad || !domain->name || !domain->uuid;
    size_t count = message_get_count(answer);
    domain->interfaces = calloc(count + 1, sizeof *domain->interfaces);
    plan->items = calloc(count + 1, sizeof *plan->items);
    if (!domain->interfaces || !plan->items)
        return false;
    while (domain->count < count && !answer->bad)
        hear_interface(answer, &domain->interfaces[domain->count++]);
    size_t planned = message_get_count(answer); /* all, or none where there is no policy */
    answer->bad = answer->bad || (planned && planned != count);
    while (plan->count < planned && !answer->bad) {
        struct plan_item *item = &plan->items[plan->count];
        item->interface = &domain->interfaces[plan->count++];
        hear_item(answer, item);
    }
    return true;
}

static const char nonsense[] = "what was read of it makes no sense";

const char *reading_hear(struct message *answer, struct reading *reading) {
    *reading = (struct reading){.answer = *answer};
    struct message *heard = &reading->answer;
    *answer = (struct message){0};
    bool memory = hear_policy(heard, reading);
    if (memory && hear_flag(heard)) {
        reading->error.reason = message_get_text(heard);
        reading->error.line = message_get_number(heard, SIZE_MAX);
        if (!reading->error.reason)
            memory = hear_domain(heard, &reading->domain, &reading->plan);
    }
    return !memory ? "out of memory" : !message_is_whole(heard) ? nonsense : NULL;
}

const char *reading_make(const struct reading_source *source, struct reading *reading) {
    struct materials materials = {.source = source};
    struct message answer;
    *reading = (struct reading){0};
    const char *problem = sandbox_run(open_materials, read_materials, &materials, &answer);
    if (problem) {
        message_free(&answer);
        return problem;
    }
    problem = reading_hear(&answer, reading);
    bool lacks_domain = source->xml && !reading->policy_error_count && !reading->error.reason &&
                        !reading->domain.name;
    return !problem && lacks_domain ? nonsense : problem;
}

const char *reading_domain(const char *xml, size_t length, struct reading *reading) {
    const char *problem =
        reading_make(&(struct reading_source){.xml = xml, .length = length}, reading);
    return problem ? problem : reading->error.reason;
}

void reading_free(struct reading *reading) {
    free(reading->policy_errors); /* the texts are the answer's */
    free(reading->domain.interfaces);
    free(reading->plan.items);
    message_free(&reading->answer);
    *reading = (struct reading){0};
}
