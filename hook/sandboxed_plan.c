#include "sandboxed_plan.h"

#include "libxml2.h"
#include "network.h"
#include "sandbox.h"

#include <stdint.h>
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- The message ---- */

#define TEXT(type, member) .kind = FIELD_TEXT, .offset = offsetof(type, member)
#define SIZE(type, member) .kind = FIELD_SIZE, .offset = offsetof(type, member)
#define FLAG(type, member) .kind = FIELD_FLAG, .offset = offsetof(type, member)
#define ENUM(type, member, high)                                                                   \
    .kind = FIELD_ENUM, .offset = offsetof(type, member), .last = (high)

static const struct message_field domain_fields[] = {
    {TEXT(struct domain, name)},         {TEXT(struct domain, uuid)},
    {TEXT(struct domain, id)},           {SIZE(struct domain, parent_tag_end)},
    {SIZE(struct domain, note_tag_end)}, {SIZE(struct domain, note_end)},
};

static const struct message_field interface_fields[] = {
    {TEXT(struct interface, type)},
    {TEXT(struct interface, mac)},
    {TEXT(struct interface, model)},
    {TEXT(struct interface, network)},
    {TEXT(struct interface, portgroup)},
    {TEXT(struct interface, port)},
    {TEXT(struct interface, bridge)},
    {TEXT(struct interface, dev)},
    {TEXT(struct interface, mode)},
    {TEXT(struct interface, target)},
    {TEXT(struct interface, managed)},
    {ENUM(struct interface, trust, TRUST_YES)},
    {ENUM(struct interface, owner, TRUST_YES)},
    {ENUM(struct interface, write, TRUST_YES)},
    {SIZE(struct interface, tag_end)},
    {SIZE(struct interface, end)},
};

static const struct message_field item_fields[] = {
    {ENUM(struct plan_item, attachment, ATTACHED_BY_NAME)},
    {TEXT(struct plan_item, mode)},
    {ENUM(struct plan_item, says, TRUST_YES)},
    {ENUM(struct plan_item, said_by, SAID_BY_NETWORK)},
    {TEXT(struct plan_item, network_problem)},
    {ENUM(struct plan_item, decision.action, POLICY_TRUST)},
    {FLAG(struct plan_item, decision.override)},
    {TEXT(struct plan_item, decision.section)},
    {TEXT(struct plan_item, decision.override_section)},
    {ENUM(struct plan_item, want, WANT_TRUST)},
    {ENUM(struct plan_item, reason, REVERTED)},
    {FLAG(struct plan_item, can_trust)},
};

/* ---- In the sandboxed child ---- */

struct materials {
    const struct plan_source *source;
    bool has_policy;
    struct policy policy;
    struct networks networks;
};

/* Nothing can be opened later. A library's problem shows when it is needed. */
static void open_materials(void *user) {
    struct materials *materials = user;
    const struct plan_source *source = materials->source;
    const char *reason = NULL;
    materials->has_policy =
        source->policy && policy_open(source->policy, source->policy_required, &materials->policy);
    if (materials->has_policy)
        (void)library_inih(&reason);
    if (source->count) {
        (void)library_libxml2(&reason);
        networks_load(&materials->networks);
    }
}

static void put_policy(struct message *message, const struct policy *policy) {
    message_put_number(message, policy->missing);
    message_put_number(message, policy->count);
    for (size_t i = 0; i < policy->count; i++) {
        unsigned long line = 0;
        const char *unmatched = NULL;
        message_put_text(message, policy_section(policy, i, &line, &unmatched));
        message_put_number(message, line);
        message_put_text(message, unmatched);
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

static void plan_guest(struct materials *materials, const struct text *text,
                       struct message *message) {
    struct xml_error error = {0};
    struct domain domain = {0};
    struct plan plan = {0};
    if (!text->length)
        error.reason = "there is no XML";
    else if (domain_read(text->data, text->length, &domain, &error) &&
             !plan_make(&domain, &materials->policy, &materials->networks,
                        materials->source->devices, &plan))
        error = (struct xml_error){.reason = "out of memory"};
    message_put_text(message, error.reason);
    message_put_number(message, error.line);
    if (!error.reason) {
        message_put_fields(message, domain_fields, COUNT(domain_fields), &domain);
        message_put_number(message, domain.count);
        for (size_t i = 0; i < domain.count; i++) {
            message_put_fields(message, interface_fields, COUNT(interface_fields),
                               &domain.interfaces[i]);
            message_put_fields(message, item_fields, COUNT(item_fields), &plan.items[i]);
        }
    }
    plan_free(&plan);
    domain_free(&domain);
}

static void plan_materials(void *user, struct message *message) {
    struct materials *materials = user;
    struct policy *policy = &materials->policy;
    if (materials->has_policy)
        (void)policy_parse(policy); /* its errors are passed on */
    bool usable = !policy->error_count && !policy->out_of_memory;
    message_put_number(message, usable ? materials->source->count : 0);
    for (size_t i = 0; usable && i < materials->source->count; i++)
        plan_guest(materials, &materials->source->texts[i], message);
    put_policy(message, policy); /* last: it tells what matched no guest */
    networks_free(&materials->networks);
    policy_free(policy);
}

/* ---- In its parent ---- */

/* False: out of memory; so below. */
static bool get_policy(struct message *message, struct planned *planned) {
    planned->policy_missing = message_get_number(message, 2);
    size_t count = message_get_count(message);
    planned->sections = calloc(count + 1, sizeof *planned->sections);
    for (size_t i = 0; planned->sections && i < count && !message->bad; i++) {
        struct planned_section *section = &planned->sections[planned->section_count++];
        section->name = message_get_text(message);
        section->line = message_get_number(message, SIZE_MAX);
        section->unmatched = message_get_text(message);
        message->bad = message->bad || !section->name;
    }
    count = message_get_count(message);
    planned->policy_errors = calloc(count + 1, sizeof *planned->policy_errors);
    for (size_t i = 0; planned->policy_errors && i < count && !message->bad; i++) {
        struct policy_error *error = &planned->policy_errors[planned->policy_error_count++];
        error->line = message_get_number(message, SIZE_MAX);
        error->reason = message_get_text(message);
        message->bad = message->bad || !error->reason;
    }
    return planned->sections && planned->policy_errors;
}

static void get_interface(struct message *message, struct planned_guest *guest) {
    struct interface *interface = &guest->domain.interfaces[guest->domain.count++];
    struct plan_item *item = &guest->plan.items[guest->plan.count++];
    message_get_fields(message, interface_fields, COUNT(interface_fields), interface);
    message_get_fields(message, item_fields, COUNT(item_fields), item);
    bool elsewhere = item->attachment == ATTACHED_ELSEWHERE;
    message->bad = message->bad ||
                   (elsewhere ? item->want != WANT_NOTHING : !item->decision.section) ||
                   (is_given(interface) && interface->trust != TRUST_YES);
}

static bool get_guest(struct message *message, struct planned_guest *guest) {
    guest->error.reason = message_get_text(message);
    guest->error.line = message_get_number(message, SIZE_MAX);
    if (guest->error.reason || message->bad)
        return true;
    message_get_fields(message, domain_fields, COUNT(domain_fields), &guest->domain);
    message->bad = message->bad || !guest->domain.name || !guest->domain.uuid;
    size_t count = message_get_count(message);
    guest->domain.interfaces = calloc(count + 1, sizeof *guest->domain.interfaces);
    guest->plan.items = calloc(count + 1, sizeof *guest->plan.items);
    if (!guest->domain.interfaces || !guest->plan.items)
        return false;
    for (size_t i = 0; i < count && !message->bad; i++)
        get_interface(message, guest);
    return true;
}

const char *planned_get(struct message *message, struct planned *planned) {
    *planned = (struct planned){.message = *message};
    *message = (struct message){0};
    message = &planned->message;
    size_t count = message_get_count(message);
    planned->guests = calloc(count + 1, sizeof *planned->guests);
    bool memory = planned->guests;
    while (memory && planned->count < count && !message->bad)
        memory = get_guest(message, &planned->guests[planned->count++]);
    memory = memory && get_policy(message, planned);
    return !memory                      ? "out of memory"
           : !message_is_whole(message) ? "malformed answer from the parser process"
                                        : NULL;
}

/* A parser that was taken over by one guest's XML must not name another guest's device. */
static void check_targets(const struct text *text, struct planned_guest *guest) {
    for (size_t i = 0; i < guest->domain.count; i++) {
        struct interface *interface = &guest->domain.interfaces[i];
        if (interface->target && !domain_target_stands(interface, text))
            interface->target = NULL;
    }
}

const char *sandboxed_plan(const struct plan_source *source, struct planned *planned) {
    struct materials materials = {.source = source};
    struct message message;
    *planned = (struct planned){0};
    const char *problem = sandbox_run(open_materials, plan_materials, &materials, &message);
    if (!problem)
        problem = planned_get(&message, planned);
    message_free(&message);
    if (!problem && planned->count != (planned->policy_error_count ? 0 : source->count))
        problem = "malformed answer from the parser process";
    for (size_t i = 0; !problem && i < planned->count; i++)
        check_targets(&source->texts[i], &planned->guests[i]);
    if (problem)
        planned_free(planned); /* nothing unchecked is within reach */
    return problem;
}

void planned_free(struct planned *planned) {
    for (size_t i = 0; planned->guests && i < planned->count; i++) { /* texts are the message's */
        free(planned->guests[i].domain.interfaces);
        free(planned->guests[i].plan.items);
    }
    free(planned->guests);
    free(planned->policy_errors);
    free(planned->sections);
    message_free(&planned->message);
    *planned = (struct planned){0};
}
