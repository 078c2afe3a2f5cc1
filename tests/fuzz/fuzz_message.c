/* Any message of a sandboxed process that was taken over: an honest one with patches, or bytes of
 * its own. Whatever it says, the most that comes of it is a domain whose interfaces are trusted,
 * and which has a note of that, or has none any more. */
#include "fuzz.h"
#include "pattern.h"
#include "sandboxed_plan.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ATTRIBUTE "trustGuestRxFilters"

/* The second text has a note, and the metadata stands behind the devices. */
static const char *const texts[] = {
    "<domain type='kvm' id='7'>\n<name>web-1</name>\n"
    "<uuid>0ddba11c-0000-4000-8000-000000000001</uuid>\n"
    "<metadata><interface mine='/ >' trustGuestRxFilters='mine'>\n</interface></metadata>\n"
    "<!-- <interface type='direct'> -->\n<devices>\n"
    "<interface type='direct'>\n<mac address='52:54:00:a1:b2:01'/><source dev='eth0' "
    "mode='bridge'/>"
    "<target dev='macvtap0'/>\n<model type='virtio'/>\n</interface>\n"
    "<interface trustGuestRxFilters = \"no\" type='direct'><source network='lan'/>"
    "<model type='virtio'/></interface>\n"
    "<interface\ttype='direct' trustGuestRxFilters='yes'/>\n"
    "<interfaces type='direct'></interfaces>\n</devices>\n</domain>\n",
    "<domain type='kvm' id='7'>\n<name>web-1</name>\n"
    "<uuid>0ddba11c-0000-4000-8000-000000000001</uuid>\n<devices>\n"
    "<interface type='direct' trustGuestRxFilters='yes'>\n<mac address='52:54:00:a1:b2:01'/>"
    "<source dev='eth0' mode='bridge'/><target dev='macvtap0'/>\n<model "
    "type='e1000'/>\n</interface>\n"
    "<interface type='direct'>\n<mac address='52:54:00:a1:b2:02'/><source dev='eth0' "
    "mode='bridge'/>"
    "<target dev='macvtap1'/>\n<model type='virtio'/>\n</interface>\n</devices>\n"
    "<metadata>\n<mine:own xmlns:mine='urn:mine'><mine:interface/></mine:own>\n"
    "<rxtrust:given xmlns:rxtrust=\"urn:rxtrust:1\">"
    "<rxtrust:interface mac=\"52:54:00:a1:b2:01\" was=\"no\"/></rxtrust:given>\n"
    "</metadata>\n</domain>\n"};

enum { TEXTS = sizeof texts / sizeof *texts };

static struct text inputs[TEXTS];
static struct message honest;

static void become_honest(void) {
    static const char policy_text[] = "[rule:r]\nmode = bridge\noverride = yes\npolicy = trust\n";
    char path[] = "/tmp/policy-XXXXXX";
    static struct planned planned; /* for good */
    int fd = mkstemp(path);
    PROPERTY(fd >= 0 && write(fd, policy_text, sizeof policy_text - 1) == sizeof policy_text - 1);
    PROPERTY(close(fd) == 0);
    for (size_t i = 0; i < TEXTS; i++)
        PROPERTY(text_append(&inputs[i], texts[i], strlen(texts[i])));
    const struct plan_source source = {.policy = path,
                                       .policy_required = true,
                                       .texts = inputs,
                                       .count = TEXTS,
                                       .devices = &no_devices};
    PROPERTY(!sandboxed_plan(&source, &planned));
    PROPERTY(unlink(path) == 0 && planned.count == TEXTS && planned.guests[0].count == 3 &&
             planned.guests[0].interfaces[0].write == TRUST_YES && planned.guests[1].count == 2 &&
             planned.guests[1].interfaces[0].write == TRUST_NO && planned.guests[1].note_end &&
             planned.guests[1].interfaces[1].write == TRUST_YES);
    honest = planned.message;
}

static bool starts(const char *at, const char *end, const char *word) {
    return (size_t)(end - at) >= strlen(word) && memcmp(at, word, strlen(word)) == 0;
}

/* Leaves out of the text all that may change: the attribute in tags that begin as an interface's,
 * the note, the metadata of which nothing else is left, white space. */
static char *rest_of(const char *text, size_t length) {
    static const char note[] = "<rxtrust:given ", note_end[] = "</rxtrust:given>";
    static const char empty[] = "<metadata></metadata>";
    const char *end = text + length, *tag = text;
    char *rest = malloc(length + 1), *to = rest;
    PROPERTY(rest);
    for (const char *at = text; at < end; at++) {
        if (*at == '<')
            tag = at;
        bool in_tag = starts(tag, end, "<interface ") || starts(tag, end, "<interface\t");
        if (starts(at, end, note)) {
            at = memmem(at, (size_t)(end - at), note_end, sizeof note_end - 1);
            PROPERTY(at);
            at += sizeof note_end - 2;
        } else if (in_tag && starts(at, end, ATTRIBUTE)) {
            at += strcspn(at, "'\"");
            at = strchr(at + 1, *at);
        } else if (!strchr(" \t\n", *at)) {
            *to++ = *at;
        }
    }
    *to = '\0';
    char *metadata = strstr(rest, empty);
    if (metadata)
        memmove(metadata, metadata + sizeof empty - 1, strlen(metadata + sizeof empty - 1) + 1);
    return rest;
}

/* The text is a domain still, and the input but for what may change. */
static void check_output(const struct text *xml, const struct text *out) {
    struct domain domain;
    PROPERTY(domain_read(out->data, out->length, &domain));
    domain_free(&domain);
    char *before = rest_of(xml->data, xml->length), *after = rest_of(out->data, out->length);
    PROPERTY(strcmp(before, after) == 0);
    free(before);
    free(after);
}

static void check_interface(const struct interface *interface, const struct text *xml) {
    const char *reason = NULL;
    struct interface written = *interface;
    for (written.write = TRUST_UNSAID; written.write <= TRUST_YES; written.write++) {
        struct text out = {0};
        if (domain_interface_xml(&written, xml, &out, &reason))
            PROPERTY(starts(out.data, out.data + out.length, "<interface") &&
                     out.data[out.length - 1] == '>' && !strstr(out.data, "mine"));
        text_free(&out);
    }
    PROPERTY(!interface->target || !domain_target_stands(interface, xml) ||
             strcmp(interface->target, "macvtap0") == 0 ||
             (xml == &inputs[1] && strcmp(interface->target, "macvtap1") == 0));
}

static void check_guest(const struct domain *guest, const struct text *xml) {
    const char *reason = NULL;
    struct text out = {0}, note = {0};
    if (domain_rewrite(guest, xml, &out, &reason))
        check_output(xml, &out);
    else
        PROPERTY(reason);
    if (domain_note(guest, true, &note) && note.length) {
        xmlDocPtr tree = parse_tree(note.data, note.length);
        PROPERTY(tree && is_element(xmlDocGetRootElement(tree), "given"));
        xmlFreeDoc(tree);
    }
    text_free(&out);
    text_free(&note);
    for (size_t i = 0; i < guest->count; i++)
        check_interface(&guest->interfaces[i], xml);
}

/* A patch: two bytes of place, one of how much is put there, and that. */
static void patch(struct message *message, const uint8_t *data, size_t size) {
    while (size >= 3) {
        size_t place = (size_t)(data[0] << 8 | data[1]) % message->text.length;
        size_t much = data[2] % 16;
        data += 3, size -= 3;
        if (much > size)
            much = size;
        if (much > message->text.length - place)
            much = message->text.length - place;
        memcpy(message->text.data + place, data, much);
        data += much, size -= much;
    }
}

/* Places that a message may say. Each three bytes are one of them and its value, which no mutation
 * of the message's bytes would soon hit upon. */
static void misplace(struct domain *domain, const uint8_t *data, size_t size) {
    for (; size >= 3; data += 3, size -= 3) {
        struct interface *interface = &domain->interfaces[data[0] / 16 % domain->count];
        size_t *const places[] = {&domain->parent_tag_end, &domain->note_tag_end, &domain->note_end,
                                  &interface->tag_end, &interface->end};
        size_t *place = places[data[0] % 16 % (sizeof places / sizeof *places)];
        size_t value = (size_t)(data[1] << 8 | data[2]);
        *place = value & 0x8000 ? value & 0x7fff : *place + value % 256 - 128;
    }
}

enum { PATCHED, MISPLACED, INVENTED, WAYS };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct planned planned;
    if (!honest.text.data)
        become_honest();
    int way = size ? data[0] % WAYS : INVENTED;
    struct message message = {0};
    PROPERTY(way == INVENTED ? text_append(&message.text, (const char *)data, size)
                             : text_append(&message.text, honest.text.data, honest.text.length));
    if (way == PATCHED)
        patch(&message, data + 1, size - 1);
    const char *problem = planned_get(&message, &planned);
    PROPERTY(!problem || way == INVENTED ||
             (way == PATCHED && size >= 4)); /* the honest one is got */
    for (size_t i = 0; way == MISPLACED && i < planned.count; i++)
        misplace(&planned.guests[i], data + 1, size - 1);
    for (size_t i = 0; !problem && i < planned.count; i++)
        if (!planned.guests[i].error.reason)
            check_guest(&planned.guests[i], &inputs[i % TEXTS]);
    planned_free(&planned);
    message_free(&message);
    return 0;
}
