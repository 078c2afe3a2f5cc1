#include "parse.h"

#include "library.h"
#include "network.h"
#include "sandbox.h"

#include <stdint.h>
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- What a message carries ---- */

#define TEXT(type, member)                                                                         \
    { FIELD_TEXT, offsetof(type, member), 0 }
#define SIZE(type, member)                                                                         \
    { FIELD_SIZE, offsetof(type, member), 0 }
#define ENUM(type, member, last)                                                                   \
    { FIELD_ENUM, offsetof(type, member), (last) + 1 }
#define FLAG(type, member)                                                                         \
    { FIELD_FLAG, offsetof(type, member), 0 }

static const struct message_field domain_fields[] = {
    TEXT(struct domain, name),
    TEXT(struct domain, uuid),
    TEXT(struct domain, id),
};

static const struct message_field interface_fields[] = {
    TEXT(struct interface, type),      TEXT(struct interface, mac),
    TEXT(struct interface, model),     TEXT(struct interface, network),
    TEXT(struct interface, portgroup), TEXT(struct interface, port),
    TEXT(struct interface, bridge),    TEXT(struct interface, dev),
    TEXT(struct interface, mode),      TEXT(struct interface, target),
    TEXT(struct interface, managed),   ENUM(struct interface, trust, TRUST_YES),
    SIZE(struct interface, tag_end),   SIZE(struct interface, end),
};

static const struct message_field item_fields[] = {
    ENUM(struct plan_item, attachment, ATTACHED_BY_NAME),
    TEXT(struct plan_item, mode),
    ENUM(struct plan_item, trust, TRUST_YES),
    ENUM(struct plan_item, said_by, SAID_BY_NETWORK),
    TEXT(struct plan_item, network_problem),
    ENUM(struct plan_item, verdict.action, POLICY_TRUST),
    FLAG(struct plan_item, verdict.override),
    TEXT(struct plan_item, verdict.section),
    TEXT(struct plan_item, verdict.override_section),
    ENUM(struct plan_item, want, WANT_TRUST),
    ENUM(struct plan_item, reason, MADE_ELSEWHERE),
    ENUM(struct plan_item, want_unsaid, WANT_TRUST),
    ENUM(struct plan_item, reason_unsaid, MADE_ELSEWHERE),
    FLAG(struct plan_item, can_trust),
    FLAG(struct plan_item, write_trust),
};

/* ---- In the sandboxed child ---- */

struct materials {
    const struct parse_source *source;
    bool has_policy;
    struct policy policy;
    struct networks networks;
};

/* Opens all that parsing needs: nothing can be opened later. */
static void open_materials(void *user) {
    struct materials *materials = user;
    const struct parse_source *source = materials->source;
    const char *reason = NULL; /* it is logged when the library is needed */
    if (source->policy) {
        materials->has_policy =
            policy_open(source->policy, source->policy_required, &materials->policy);
        if (materials->has_policy)
            (void)library_inih(&reason);
    }
    if (source->count)
        (void)library_libxml2(&reason);
    if (source->count && source->policy)
        networks_load(&materials->networks);
}

static void put_policy(struct message *message, const struct policy *policy) {
    message_put_number(message, policy->missing);
    message_put_number(message, policy->count);
    for (size_t i = 0; i < policy->count; i++) {
        unsigned long line = 0;
        message_put_text(message, policy_section(policy, i, &line));
        message_put_number(message, line);
    }
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

static void put_guest(struct message *message, const struct domain *domain,
                      const struct plan *plan) {
    message_put_fields(message, domain_fields, COUNT(domain_fields), domain);
    message_put_number(message, domain->count);
    message_put_number(message, plan->count);
    for (size_t i = 0; i < domain->count; i++)
        message_put_fields(message, interface_fields, COUNT(interface_fields),
                           &domain->interfaces[i]);
    for (size_t i = 0; i < plan->count; i++)
        message_put_fields(message, item_fields, COUNT(item_fields), &plan->items[i]);
}

static void parse_guest(struct materials *materials, const struct parse_text *text,
                        struct message *message) {
    struct xml_error error = {0};
    struct domain domain = {0};
    struct plan plan = {0};
    if (!text->length)
        error.reason = "there is no XML";
    else if (domain_read(text->data, text->length, &domain, &error) && materials->source->policy &&
             !plan_make(&domain, &materials->policy, &materials->networks, &plan))
        error = (struct xml_error){.reason = "out of memory"};
    message_put_text(message, error.reason);
    message_put_number(message, error.line);
    if (!error.reason)
        put_guest(message, &domain, &plan);
    plan_free(&plan);
    domain_free(&domain);
}

static void parse_materials(void *user, struct message *message) {
    struct materials *materials = user;
    struct policy *policy = &materials->policy;
    if (materials->has_policy)
        (void)policy_parse(policy); /* its errors are passed on */
    put_policy(message, policy);
    bool usable = !policy->error_count && !policy->out_of_memory;
    message_put_number(message, usable ? materials->source->count : 0);
    for (size_t i = 0; usable && i < materials->source->count; i++)
        parse_guest(materials, &materials->source->texts[i], message);
    networks_free(&materials->networks);
    policy_free(policy);
}

/* ---- In its parent ---- */

/* False: out of memory; so below. */
static bool get_policy(struct message *message, struct parsed *parsed) {
    parsed->policy_missing = message_get_number(message, 2);
    size_t count = message_get_count(message);
    parsed->sections = calloc(count + 1, sizeof *parsed->sections);
    for (size_t i = 0; parsed->sections && i < count && !message->bad; i++) {
        struct parsed_section *section = &parsed->sections[parsed->section_count++];
        section->name = message_get_text(message);
        section->line = message_get_number(message, SIZE_MAX);
        message->bad = message->bad || !section->name;
    }
    count = message_get_count(message);
    parsed->policy_errors = calloc(count + 1, sizeof *parsed->policy_errors);
    for (size_t i = 0; parsed->policy_errors && i < count && !message->bad; i++) {
        struct policy_error *error = &parsed->policy_errors[parsed->policy_error_count++];
        error->line = message_get_number(message, SIZE_MAX);
        error->reason = message_get_text(message);
        message->bad = message->bad || !error->reason;
    }
    return parsed->sections && parsed->policy_errors;
}

static void get_item(struct message *message, struct plan_item *item) {
    message_get_fields(message, item_fields, COUNT(item_fields), item);
    message->bad = message->bad || (item->attachment == ATTACHED_ELSEWHERE
                                        ? item->want != WANT_NOTHING || item->write_trust ||
                                              item->want_unsaid != WANT_NOTHING
                                        : !item->verdict.section);
}

static bool get_guest(struct message *message, struct parsed_guest *guest) {
    guest->error.reason = message_get_text(message);
    guest->error.line = message_get_number(message, SIZE_MAX);
    if (guest->error.reason)
        return true;
    struct domain *domain = &guest->domain;
    struct plan *plan = &guest->plan;
    message_get_fields(message, domain_fields, COUNT(domain_fields), domain);
    message->bad = message->bad || !domain->name || !domain->uuid;
    size_t count = message_get_count(message);
    size_t planned = message_get_count(message); /* all, or none where there is no policy */
    message->bad = message->bad || (planned && planned != count);
    domain->interfaces = calloc(count + 1, sizeof *domain->interfaces);
    plan->items = calloc(planned + 1, sizeof *plan->items);
    if (!domain->interfaces || !plan->items)
        return false;
    while (domain->count < count && !message->bad)
        message_get_fields(message, interface_fields, COUNT(interface_fields),
                           &domain->interfaces[domain->count++]);
    while (plan->count < planned && !message->bad)
        get_item(message, &plan->items[plan->count++]);
    return true;
}

static const char nonsense[] = "what was read of it makes no sense";

const char *parsed_get(struct message *message, struct parsed *parsed) {
    *parsed = (struct parsed){.message = *message};
    *message = (struct message){0};
    message = &parsed->message;
    bool memory = get_policy(message, parsed);
    size_t count = memory ? message_get_count(message) : 0;
    parsed->guests = calloc(count + 1, sizeof *parsed->guests);
    memory = memory && parsed->guests;
    while (memory && parsed->count < count && !message->bad)
        memory = get_guest(message, &parsed->guests[parsed->count++]);
    return !memory ? "out of memory" : !message_is_whole(message) ? nonsense : NULL;
}

const char *parse(const struct parse_source *source, struct parsed *parsed) {
    struct materials materials = {.source = source};
    struct message message;
    *parsed = (struct parsed){0};
    const char *problem = sandbox_run(open_materials, parse_materials, &materials, &message);
    if (problem) {
        message_free(&message);
        return problem;
    }
    problem = parsed_get(&message, parsed);
    bool whole = parsed->policy_error_count || parsed->count == source->count;
    for (size_t i = 0; !problem && i < parsed->count; i++) {
        const struct parsed_guest *guest = &parsed->guests[i];
        whole = whole && (!source->policy || parsed->policy_error_count ||
                          guest->plan.count == guest->domain.count);
    }
    return !problem && !whole ? nonsense : problem;
}

void parsed_free(struct parsed *parsed) {
    for (size_t i = 0; parsed->guests && i < parsed->count; i++) { /* the texts are the message's */
        free(parsed->guests[i].domain.interfaces);
        free(parsed->guests[i].plan.items);
    }
    free(parsed->guests);
    free(parsed->policy_errors);
    free(parsed->sections);
    message_free(&parsed->message);
    *parsed = (struct parsed){0};
}
