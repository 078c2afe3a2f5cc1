#include "sandboxed_plan.h"

#include "libxml2.h"
#include "network.h"
#include "plan.h"
#include "sandbox.h"

#include <stdint.h>
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- The message ---- */

#define TEXT(type, member) .kind = FIELD_TEXT, .offset = offsetof(type, member)
#define NAME(type, member) .kind = FIELD_NAME, .offset = offsetof(type, member)
#define SIZE(type, member) .kind = FIELD_SIZE, .offset = offsetof(type, member)
#define FLAG(type, member) .kind = FIELD_FLAG, .offset = offsetof(type, member)
#define ENUM(type, member, high)                                                                   \
    .kind = FIELD_ENUM, .offset = offsetof(type, member), .last = (high)

static const struct message_field domain_fields[] = {
    {TEXT(struct domain, error.reason)}, {SIZE(struct domain, error.line)},
    {NAME(struct domain, name)},         {NAME(struct domain, uuid)},
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
    {ENUM(struct interface, plan.attachment, ATTACHED_BY_NAME)},
    {FLAG(struct interface, plan.can_trust)},
    {TEXT(struct interface, plan.mode)},
    {ENUM(struct interface, plan.says, TRUST_YES)},
    {ENUM(struct interface, plan.said_by, SAID_BY_NETWORK)},
    {TEXT(struct interface, plan.network_problem)},
    {ENUM(struct interface, plan.decision.action, POLICY_TRUST)},
    {FLAG(struct interface, plan.decision.override)},
    {TEXT(struct interface, plan.decision.section)},
    {TEXT(struct interface, plan.decision.override_section)},
    {ENUM(struct interface, plan.want, WANT_TRUST)},
    {ENUM(struct interface, plan.reason, REVERTED)},
};

static const struct message_field section_fields[] = {
    {NAME(struct planned_section, name)},
    {SIZE(struct planned_section, line)},
    {TEXT(struct planned_section, unmatched)},
};

static const struct message_field error_fields[] = {
    {SIZE(struct policy_error, line)},
    {NAME(struct policy_error, reason)},
};

#define STRUCT(type, fields)                                                                       \
    { fields, COUNT(fields), sizeof(struct type) }
static const struct message_struct domain_type = STRUCT(domain, domain_fields);
static const struct message_struct interface_type = STRUCT(interface, interface_fields);
static const struct message_struct section_type = STRUCT(planned_section, section_fields);
static const struct message_struct error_type = STRUCT(policy_error, error_fields);

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
    message->bad = message->bad || policy->out_of_memory; /* an error may be missing */
    message_put_number(message, policy->missing);
    message_put_number(message, policy->count);
    for (size_t i = 0; i < policy->count; i++) {
        struct planned_section section;
        section.name = policy_section(policy, i, &section.line, &section.unmatched);
        message_put_struct(message, &section_type, &section);
    }
    message_put_array(message, &error_type, policy->errors, policy->error_count);
}

static void plan_guest(struct materials *materials, const struct text *text,
                       struct message *message) {
    struct domain domain;
    if (domain_read(text->data, text->length, &domain))
        plan_domain(&domain, &materials->policy, &materials->networks, materials->source->devices);
    message->bad = message->bad || !domain.name || !domain.uuid; /* out of memory */
    message_put_struct(message, &domain_type, &domain);
    message_put_array(message, &interface_type, domain.interfaces,
                      domain.error.reason ? 0 : domain.count);
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

/* Whether the numbers and texts of an interface go together. */
static bool makes_sense(const struct interface *interface) {
    const struct plan *plan = &interface->plan;
    bool elsewhere = plan->attachment == ATTACHED_ELSEWHERE;
    return (elsewhere ? plan->want == WANT_NOTHING : plan->decision.section != NULL) &&
           (!is_given(interface) || interface->trust == TRUST_YES);
}

const char *planned_get(struct message *message, struct planned *planned) {
    *planned = (struct planned){.message = *message};
    *message = (struct message){0};
    message = &planned->message;
    size_t count = message_get_number(message, message->text.length);
    planned->guests = calloc(count + 1, sizeof *planned->guests);
    bool memory = planned->guests;
    while (memory && planned->count < count && !message->bad) {
        struct domain *guest = &planned->guests[planned->count++];
        message_get_struct(message, &domain_type, guest);
        guest->interfaces = message_get_array(message, &interface_type, &guest->count);
        memory = guest->interfaces;
        message->bad = message->bad || (guest->error.reason && guest->count);
        for (size_t i = 0; i < guest->count && memory; i++)
            message->bad = message->bad || !makes_sense(&guest->interfaces[i]);
    }
    planned->policy_missing = message_get_number(message, 2);
    planned->sections = message_get_array(message, &section_type, &planned->section_count);
    planned->policy_errors = message_get_array(message, &error_type, &planned->policy_error_count);
    memory = memory && planned->sections && planned->policy_errors;
    return !memory                      ? "out of memory"
           : !message_is_whole(message) ? "malformed answer from the parser process"
                                        : NULL;
}

/* A parser that was taken over by one guest's XML must not name another guest's device. */
static void check_targets(const struct text *text, struct domain *guest) {
    for (size_t i = 0; i < guest->count; i++) {
        struct interface *interface = &guest->interfaces[i];
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
    for (size_t i = 0; planned->guests && i < planned->count; i++)
        free(planned->guests[i].interfaces); /* texts are the message's */
    free(planned->guests);
    free(planned->policy_errors);
    free(planned->sections);
    message_free(&planned->message);
    *planned = (struct planned){0};
}
