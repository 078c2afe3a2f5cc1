/* Any message of a sandboxed process that was taken over: an honest one with patches, or bytes of
 * its own. Whatever it says, the most that comes of it is a domain whose interfaces are trusted. */
#include "fuzz.h"
#include "parse.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ATTRIBUTE "trustGuestRxFilters"

static const char xml[] =
    "<domain type='kvm' id='7'>\n<name>web-1</name>\n"
    "<uuid>0ddba11c-0000-4000-8000-000000000001</uuid>\n"
    "<metadata><interface mine='/ >' trustGuestRxFilters='mine'>\n</interface></metadata>\n"
    "<!-- <interface type='direct'> -->\n<devices>\n"
    "<interface type='direct'>\n<source dev='eth0' mode='bridge'/><target dev='macvtap0'/>\n"
    "<model type='virtio'/>\n</interface>\n"
    "<interface trustGuestRxFilters = \"no\" type='direct'><source network='lan'/>"
    "<model type='virtio'/></interface>\n"
    "<interface\ttype='direct' trustGuestRxFilters='yes'/>\n"
    "<interfaces type='direct'></interfaces>\n</devices>\n</domain>\n";

enum { XML_LENGTH = sizeof xml - 1 };

static struct message honest;

static void become_honest(void) {
    static const char policy_text[] = "[rule:r]\nmode = bridge\noverride = yes\npolicy = trust\n";
    char path[] = "/tmp/policy-XXXXXX";
    static struct parsed parsed; /* for good */
    int fd = mkstemp(path);
    PROPERTY(fd >= 0 && write(fd, policy_text, sizeof policy_text - 1) == sizeof policy_text - 1);
    PROPERTY(close(fd) == 0);
    const struct parse_text text = {xml, XML_LENGTH};
    const struct parse_source source = {
        .policy = path, .policy_required = true, .texts = &text, .count = 1};
    PROPERTY(!parse(&source, &parsed));
    PROPERTY(unlink(path) == 0 && parsed.count == 1 && parsed.guests[0].plan.count == 3 &&
             parsed.guests[0].plan.items[0].write_trust);
    honest = parsed.message;
}

static bool starts(const char *at, const char *end, const char *word) {
    return (size_t)(end - at) >= strlen(word) && memcmp(at, word, strlen(word)) == 0;
}

/* What was printed is a domain still, and the input but for the attribute in tags that begin as an
 * interface's. */
static void check_output(const char *out, size_t length) {
    static const char inserted[] = " " ATTRIBUTE "='yes'";
    const char *in = xml, *in_end = xml + XML_LENGTH, *out_end = out + length;
    const char *tag = NULL;
    struct domain domain;
    struct xml_error error;
    PROPERTY(domain_read(out, length, &domain, &error));
    domain_free(&domain);
    while (in < in_end || out < out_end) {
        if (in < in_end && *in == '<')
            tag = in;
        bool in_tag =
            tag && (starts(tag, in_end, "<interface ") || starts(tag, in_end, "<interface\t"));
        if (in_tag && (*in == '>' || *in == '/') && starts(out, out_end, inserted)) {
            out += sizeof inserted - 1;
            tag = NULL;
        } else if (in < in_end && out < out_end && *in == *out) {
            in++, out++;
        } else {
            bool in_value = in > xml && (in[-1] == '\'' || in[-1] == '"');
            PROPERTY(in_tag && in_value && starts(out, out_end, "yes"));
            in += strcspn(in, "'\"");
            out += 3;
        }
    }
}

static void check_guest(const struct parsed_guest *guest) {
    size_t length = 0;
    const char *reason = NULL;
    bool *trust = calloc(guest->domain.count + 1, sizeof *trust);
    PROPERTY(trust);
    for (size_t i = 0; i < guest->plan.count; i++)
        trust[i] = guest->plan.items[i].write_trust;
    char *out = domain_rewrite(&guest->domain, trust, xml, XML_LENGTH, &length, &reason);
    if (out)
        check_output(out, length);
    PROPERTY(out || reason);
    free(out);
    free(trust);
    for (size_t i = 0; i < guest->domain.count; i++) {
        out = domain_interface_xml(&guest->domain.interfaces[i], true, xml, XML_LENGTH, &length,
                                   &reason);
        PROPERTY(!out || (starts(out, out + length, "<interface") && out[length - 1] == '>' &&
                          !memmem(out, length, "mine", 4)));
        free(out);
    }
}

/* A patch: two bytes of place, one of how much is put there, and that. */
static void patch(struct message *message, const uint8_t *data, size_t size) {
    while (size >= 3) {
        size_t place = (size_t)(data[0] << 8 | data[1]) % message->length;
        size_t much = data[2] % 16;
        data += 3, size -= 3;
        if (much > size)
            much = size;
        if (much > message->length - place)
            much = message->length - place;
        memcpy(message->data + place, data, much);
        data += much, size -= much;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parsed parsed;
    if (!honest.data)
        become_honest();
    bool patches = size && data[0] % 2 == 0;
    size_t length = patches ? honest.length : size;
    struct message message = {.data = malloc(length + 1), .length = length};
    PROPERTY(message.data);
    memcpy(message.data, patches ? honest.data : (const char *)data, length);
    if (patches)
        patch(&message, data + 1, size - 1);
    const char *problem = parsed_get(&message, &parsed);
    PROPERTY(!problem || !patches || size >= 4); /* the honest one is got */
    for (size_t i = 0; !problem && i < parsed.count; i++)
        check_guest(&parsed.guests[i]);
    parsed_free(&parsed);
    return 0;
}
