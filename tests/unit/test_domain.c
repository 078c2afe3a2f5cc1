/* The domain XML: what is read from it, what is refused, and that a rewrite changes the attribute
 * and not one other byte, wherever the parser's chunks meet. */
#include "unit.h"

#include "../../hook/domain.h"

/* ---- Reading ---- */

#define DOMAIN(inside)          "<domain type='kvm'>" inside "</domain>"
#define DEVICES(inside)         DOMAIN("<name>a</name><devices>" inside "</devices>")
#define NIC(attributes, inside) "<interface" attributes ">" inside "</interface>"
#define NO_NIC                  "a, -\n"
#define PLAIN_NIC               "a, -\ndirect: - - - - - - - - unsaid\n"

static const struct parsing {
    const char *name;
    const char *xml;
    /* NAME, UUID, then of each interface TYPE: MAC MODEL NETWORK PORTGROUP BRIDGE DEV MODE TARGET
     * TRUST */
    const char *read;
} readings[] = {
    /* Name and UUID. */
    {"name and UUID", DOMAIN("<name>a</name><uuid>0ddba11c</uuid>"), "a, 0ddba11c\n"},
    {"name and UUID after the devices",
     DOMAIN("<devices>" NIC(" type='direct'", "") "</devices><uuid>u</uuid><name>a</name>"),
     "a, u\ndirect: - - - - - - - - unsaid\n"},
    {"neither name nor UUID", "<domain/>", "-, -\n"},
    {"an empty name", DOMAIN("<name></name>"), "-, -\n"},
    {"the first name counts", DOMAIN("<name>a</name><name>b</name>"), "a, -\n"},
    {"a name further down is another's",
     DOMAIN("<metadata><name>b</name><uuid>v</uuid></metadata><name>a</name>"), "a, -\n"},
    {"a name in a namespace is another's",
     DOMAIN("<x:name xmlns:x='urn:x'>b</x:name>"
            "<name>a</name>"),
     "a, -\n"},
    {"a name with references", DOMAIN("<name>&lt;b&#252;ro &amp; co&#x21;</name>"),
     "<büro & co!, -\n"},
    {"a name in CDATA", DOMAIN("<name>a<![CDATA[<b>&amp;]]>c</name>"), "a<b>&amp;c, -\n"},
    {"a name with a comment inside", DOMAIN("<name>a<!-- b -->c<?d e?>f</name>"), "acf, -\n"},
    {"a name with white space is kept", DOMAIN("<name> a b </name>"), " a b , -\n"},
    {"text between the elements isn't the name", DOMAIN("x<name>a</name>y<uuid>u</uuid>z"),
     "a, u\n"},

    /* Which elements are interfaces. */
    {"no devices", DOMAIN("<name>a</name>"), NO_NIC},
    {"no interface", DEVICES("<disk/><controller/>"), NO_NIC},
    {"an interface", DEVICES(NIC(" type='direct'", "")), PLAIN_NIC},
    {"a self-closed interface", DEVICES("<interface type='direct'/>"), PLAIN_NIC},
    {"two in one <devices>, one in another",
     DOMAIN("<name>a</name><devices><interface type='direct'/><interface type='user'/></devices>"
            "<devices><interface type='bridge'/></devices>"),
     "a, -\ndirect: - - - - - - - - unsaid\nuser: - - - - - - - - unsaid\n"
     "bridge: - - - - - - - - unsaid\n"},
    {"an interface without a type", DEVICES("<interface/>"), "a, -\n-: - - - - - - - - unsaid\n"},
    {"comments, CDATA and PIs between",
     DEVICES("<!-- <interface type='direct'/> --><![CDATA[<interface type='direct'/>]]>"
             "<?interface type='direct'?>" NIC(" type='direct'",
                                               "<!-- <mac address='a'/> --><?mac address='b'?>"
                                               "<![CDATA[<mac address='c'/>]]>")),
     PLAIN_NIC},
    {"an interface outside <devices>", DOMAIN("<name>a</name><interface type='direct'/>"), NO_NIC},
    {"an interface after </devices>",
     DOMAIN("<name>a</name><devices/><other><interface type='direct'/></other>"), NO_NIC},
    {"an interface in metadata",
     DOMAIN("<name>a</name><metadata><devices><interface type='direct'/></devices></metadata>"),
     NO_NIC},
    {"an interface in another device", DEVICES("<hostdev><interface type='direct'/></hostdev>"),
     NO_NIC},
    {"an interface in a namespace",
     DEVICES(
         "<x:interface xmlns:x='urn:x' type='direct'/><interface xmlns='urn:x' type='direct'/>"),
     NO_NIC},
    {"an interface with a prefix that nobody declared", DEVICES("<x:interface type='direct'/>"),
     NO_NIC},
    {"devices in a namespace",
     DOMAIN("<name>a</name><x:devices xmlns:x='urn:x'><interface type='direct'/></x:devices>"),
     NO_NIC},
    {"namespaces declared but not used",
     "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>a</name><devices>"
     "<interface type='direct'/></devices><qemu:commandline><qemu:arg value='-x'/>"
     "</qemu:commandline></domain>",
     PLAIN_NIC},
    {"names in another case", DEVICES("<Interface type='direct'/><INTERFACE type='direct'/>"),
     NO_NIC},
    {"a longer name", DEVICES("<interfaces type='direct'/><interface-x type='direct'/>"), NO_NIC},

    /* Details. */
    {"every detail of a network's",
     DEVICES(NIC(" type='network'",
                 "<mac address='m'/><source network='n' portgroup='p'/><model type='virtio'/>")),
     "a, -\nnetwork: m virtio n p - - - - unsaid\n"},
    {"every detail of a running one",
     DEVICES(NIC(" type='direct' trustGuestRxFilters='yes'",
                 "<mac address='m'/><source network='n' portgroup='p' portid='i' dev='d' "
                 "mode='bridge'/><target dev='t'/><model type='virtio'/><alias name='net0'/>")),
     "a, -\ndirect: m virtio n p - d bridge t yes\n"},
    {"a host bridge", DEVICES(NIC(" type='bridge'", "<source bridge='b'/>")),
     "a, -\nbridge: - - - - b - - - unsaid\n"},
    {"of duplicated details the first counts",
     DEVICES(NIC(" type='direct'",
                 "<mac address='1'/><mac address='2'/><model type='1'/><model type='2'/>"
                 "<source dev='1' mode='1'/><source dev='2' mode='2'/><target dev='1'/>"
                 "<target dev='2'/>")),
     "a, -\ndirect: 1 1 - - - 1 1 1 unsaid\n"},
    {"details of details are none",
     DEVICES(NIC(" type='direct'",
                 "<backend><mac address='m'/></backend><source><source dev='d'/></source>")),
     PLAIN_NIC},
    {"details in a namespace are none",
     DEVICES(NIC(" type='direct' xmlns:x='urn:x' x:type='user' x:trustGuestRxFilters='yes'",
                 "<x:mac address='m'/><mac x:address='m'/>")),
     PLAIN_NIC},
    {"details of another device are none",
     DEVICES(NIC(" type='direct'", "") "<mac address='m'/><disk><source dev='d'/></disk>"),
     PLAIN_NIC},
    {"each interface has its own",
     DEVICES(NIC(" type='direct'", "<mac address='1'/>") NIC(" type='direct'", "")
                 NIC(" type='direct'", "<mac address='3'/>")),
     "a, -\ndirect: 1 - - - - - - - unsaid\ndirect: - - - - - - - - unsaid\n"
     "direct: 3 - - - - - - - unsaid\n"},
    {"references in attributes",
     DEVICES(NIC(" type='d&#105;rect'", "<source network='a&amp;b&#x3c;&quot;'/>")),
     "a, -\ndirect: - - a&b<\" - - - - - unsaid\n"},

    /* Trust. */
    {"trust is yes", DEVICES("<interface trustGuestRxFilters='yes'/>"),
     "a, -\n-: - - - - - - - - yes\n"},
    {"trust is no", DEVICES("<interface trustGuestRxFilters=\"no\"/>"),
     "a, -\n-: - - - - - - - - no\n"},
    {"trust is empty", DEVICES("<interface trustGuestRxFilters=''/>"),
     "a, -\n-: - - - - - - - - no\n"},
    {"trust is YES", DEVICES("<interface trustGuestRxFilters='YES'/>"),
     "a, -\n-: - - - - - - - - no\n"},
    {"trust is yes in references", DEVICES("<interface trustGuestRxFilters='&#121;e&#x73;'/>"),
     "a, -\n-: - - - - - - - - yes\n"},
    {"trust with a prefix that nobody declared", DEVICES("<interface x:trustGuestRxFilters='no'/>"),
     "a, -\n-: - - - - - - - - unsaid\n"},
    {"trust in another case", DEVICES("<interface trustguestrxfilters='yes'/>"),
     "a, -\n-: - - - - - - - - unsaid\n"},

    /* The document. */
    {"an XML declaration", "<?xml version='1.0' encoding='UTF-8'?>\n" DEVICES(""), NO_NIC},
    {"a byte order mark", "\xef\xbb\xbf" DEVICES("<interface type='direct'/>"), PLAIN_NIC},
    {"comments before and after", "<!-- a -->\n" DEVICES("") "\n<!-- b -->\n\n", NO_NIC},
};

static const char *const trust_names[] = {
    [TRUST_UNSAID] = "unsaid", [TRUST_NO] = "no", [TRUST_YES] = "yes"};

static void test_reading(void **state) {
    const struct parsing *row = *state;
    struct domain domain;
    struct xml_error error;
    bool read = domain_read(row->xml, strlen(row->xml), &domain, &error);
    assert_null(error.reason);
    assert_true(read);
    struct report report;
    FILE *out = report_open(&report);
    (void)fprintf(out, "%s, %s\n", *domain.name ? domain.name : "-",
                  *domain.uuid ? domain.uuid : "-");
    for (size_t i = 0; i < domain.count; i++) {
        const struct interface *nic = &domain.interfaces[i];
        const char *const shown[] = {nic->mac,    nic->model, nic->network, nic->portgroup,
                                     nic->bridge, nic->dev,   nic->mode,    nic->target};
        (void)fprintf(out, "%s:", or_dash(nic->type));
        for (size_t detail = 0; detail < COUNT(shown); detail++)
            (void)fprintf(out, " %s", or_dash(shown[detail]));
        (void)fprintf(out, " %s\n", trust_names[nic->trust]);
    }
    report_assert(&report, row->read);
    domain_free(&domain);
}

/* Each detail by itself, and nothing else by it. */
static const struct detail {
    const char *name;
    const char *element;
    size_t offset;
} details[] = {
    {"type", "", offsetof(struct interface, type)},
    {"mac", "<mac address='v'/>", offsetof(struct interface, mac)},
    {"model", "<model type='v'/>", offsetof(struct interface, model)},
    {"network", "<source network='v'/>", offsetof(struct interface, network)},
    {"portgroup", "<source portgroup='v'/>", offsetof(struct interface, portgroup)},
    {"port", "<source portid='v'/>", offsetof(struct interface, port)},
    {"bridge", "<source bridge='v'/>", offsetof(struct interface, bridge)},
    {"dev", "<source dev='v'/>", offsetof(struct interface, dev)},
    {"mode", "<source mode='v'/>", offsetof(struct interface, mode)},
    {"target", "<target dev='v'/>", offsetof(struct interface, target)},
    {"managed", "<target managed='v'/>", offsetof(struct interface, managed)},
};

static void test_detail(void **state) {
    const struct detail *row = *state;
    struct domain domain;
    struct xml_error error;
    char xml[200];
    (void)snprintf(xml, sizeof xml, DEVICES("<interface%s>%s</interface>"),
                   *row->element ? "" : " type='v'", row->element);
    assert_true(domain_read(xml, strlen(xml), &domain, &error));
    assert_int_equal(domain.count, 1);
    for (size_t i = 0; i < COUNT(details); i++) {
        const char *const *place =
            (const void *)((const char *)domain.interfaces + details[i].offset);
        assert_string_equal(or_dash(*place), &details[i] == row ? "v" : "-");
    }
    domain_free(&domain);
}

/* The run's number, of one that runs; and nothing stays behind. */
static void test_id(void **state) {
    (void)state;
    static const char xml[] = "<domain id='7'><name>a</name></domain>";
    struct domain domain;
    struct xml_error error;
    assert_true(domain_read(xml, strlen(xml), &domain, &error));
    assert_string_equal(or_dash(domain.id), "7");
    domain_free(&domain);
    assert_null(domain.name);
    assert_true(domain_read("<domain/>", strlen("<domain/>"), &domain, &error));
    assert_null(domain.id);
    domain_free(&domain);
}

/* ---- Refusing ---- */

#define NOT_XML       "it isn't well-formed XML"
#define DOCUMENT_TYPE "it has a document type"
#define NO_DOMAIN     "it is not a domain"

static const struct refusal {
    const char *name;
    const char *xml;
    size_t length;
    const char *reason;
    unsigned long line; /* 0: whatever it is */
} refusals[] = {
    {"nothing", TEXT(""), NOT_XML, 0},
    {"white space", TEXT(" \n\n"), NOT_XML, 0},
    {"plain text", TEXT("error: no such domain\n"), NOT_XML, 1},
    {"cut in a start tag", TEXT("<domain>\n<devices>\n<interface type='dir"), NOT_XML, 3},
    {"cut between tags", TEXT("<domain>\n<devices>\n<interface type='direct'>"), NOT_XML, 3},
    {"cut before the last tag", TEXT("<domain><devices></devices>\n"), NOT_XML, 0},
    {"tags that cross", TEXT("<domain><devices></domain></devices>"), NOT_XML, 1},
    {"an attribute twice", TEXT(DEVICES("<interface type='direct' type='user'/>")), NOT_XML, 1},
    {"an attribute without quotes", TEXT(DEVICES("<interface type=direct/>")), NOT_XML, 1},
    {"two domains", TEXT("<domain/>\n<domain/>"), NOT_XML, 2},
    {"text after the domain", TEXT("<domain/>\nwell"), NOT_XML, 2},
    {"an entity that nobody declared", TEXT(DEVICES("<interface type='&direct;'/>")), NOT_XML, 1},
    {"an entity that nobody declared, in text", TEXT(DOMAIN("<name>&a;</name>")), NOT_XML, 1},
    {"bytes that aren't UTF-8", TEXT("<domain>\n<name>b\xfcro</name></domain>"), NOT_XML, 2},
    {"ISO-8859-1, as it says",
     TEXT("<?xml version='1.0' encoding='ISO-8859-1'?>\n<domain><name>b\xfcro</name></domain>"),
     NOT_XML, 2},
    {"a control character", TEXT("<domain><name>\x01</name></domain>"), NOT_XML, 1},
    {"a reference to NUL", TEXT("<domain><name>&#0;</name></domain>"), NOT_XML, 1},
    {"a NUL in a name", TEXT("<domain><name>a\0b</name></domain>"), NOT_XML, 0},
    {"a NUL in an attribute", TEXT(DEVICES("<interface type='dir\0ect'/>")), NOT_XML, 0},
    {"a NUL in a comment", TEXT("<domain><!-- \0 --></domain>"), NOT_XML, 0},
    {"a NUL between tags", TEXT("<domain>\0</domain>"), NOT_XML, 0},
    {"a NUL at the end", TEXT("<domain/>\0"), NOT_XML, 0},
    {"a NUL at the start", TEXT("\0<domain/>"), NOT_XML, 0},
    {"another document", TEXT("<network/>"), NO_DOMAIN, 0},
    {"a domain further down", TEXT("<domstatus><domain/></domstatus>"), NO_DOMAIN, 0},
    {"a domain in a namespace", TEXT("<domain xmlns='urn:x'/>"), NO_DOMAIN, 0},
    {"a domain in another case", TEXT("<Domain/>"), NO_DOMAIN, 0},
    {"an empty document type", TEXT("<!DOCTYPE domain>\n<domain/>"), DOCUMENT_TYPE, 1},
    {"a document type in a later line",
     TEXT("<?xml version='1.0'?>\n\n<!DOCTYPE domain>\n<domain/>"), DOCUMENT_TYPE, 3},
    {"an entity declared, not used", TEXT("<!DOCTYPE domain [<!ENTITY a 'b'>]><domain/>"),
     DOCUMENT_TYPE, 1},
    {"an entity declared and used",
     TEXT("<!DOCTYPE domain [<!ENTITY a 'b'>]><domain><name>&a;</name></domain>"), DOCUMENT_TYPE,
     1},
    {"an external entity",
     TEXT("<!DOCTYPE domain [<!ENTITY a SYSTEM 'file:///etc/hostname'>]>"
          "<domain><name>&a;</name></domain>"),
     DOCUMENT_TYPE, 1},
    {"an external document type",
     TEXT("<!DOCTYPE domain SYSTEM 'http://192.0.2.1/d.dtd'><domain/>"), DOCUMENT_TYPE, 1},
    {"a parameter entity",
     TEXT("<!DOCTYPE domain [<!ENTITY % a SYSTEM 'file:///etc/hostname'> %a;]><domain/>"),
     DOCUMENT_TYPE, 1},
    {"an attribute given by the document type",
     TEXT("<!DOCTYPE domain [<!ATTLIST interface trustGuestRxFilters CDATA 'yes'>]>" DEVICES(
         "<interface/>")),
     DOCUMENT_TYPE, 1},
};

static void assert_refused(const char *xml, size_t length, const char *reason, unsigned long line) {
    struct domain domain;
    struct xml_error error;
    bool read = domain_read(xml, length, &domain, &error);
    domain_free(&domain);
    assert_false(read);
    assert_non_null(error.reason);
    if (reason)
        assert_string_equal(error.reason, reason);
    if (line)
        assert_int_equal(error.line, line);
}

static void test_refusal(void **state) {
    const struct refusal *row = *state;
    assert_refused(row->xml, row->length, row->reason, row->line);
}

/* A good document, cut at every byte but those behind the last tag. */
static void test_every_cut(void **state) {
    (void)state;
    static const char xml[] = "<?xml version='1.0'?>\n" DEVICES(
        "<!-- a -->" NIC(" type='direct' trustGuestRxFilters='no'", "<mac address='&amp;'/>"));
    for (size_t length = 0; length < strlen(xml); length++)
        assert_refused(xml, length, NULL, 0); /* a cut <domain has another reason */
}

/* A domain whose root has elements nested below it, so that `depth` elements are open at once. */
static char *nested(unsigned depth) {
    struct report text;
    FILE *out = report_open(&text);
    (void)fputs("<domain>\n", out);
    for (unsigned i = 1; i < depth; i++)
        (void)fputs("<x>", out);
    for (unsigned i = 1; i < depth; i++)
        (void)fputs("</x>", out);
    (void)fputs("<name>a</name></domain>", out);
    assert_int_equal(fclose(out), 0);
    return text.text;
}

static void test_depth_256(void **state) {
    (void)state;
    char *xml = nested(256);
    struct domain domain;
    struct xml_error error;
    assert_true(domain_read(xml, strlen(xml), &domain, &error));
    assert_string_equal(domain.name, "a");
    domain_free(&domain);
    free(xml);
}

static void test_depth_257(void **state) {
    (void)state;
    char *xml = nested(257);
    assert_refused(xml, strlen(xml), "its elements are nested too deep", 2);
    free(xml);
}

/* libxml2 by itself takes no text of more than 10 MB. */
static void test_large_attribute(void **state) {
    (void)state;
    enum { LARGE = 10 * 1000 * 1000 + 1 };
    static const char begin[] = "<domain a='", end[] = "'><name>a</name></domain>";
    struct domain domain;
    struct xml_error error;
    size_t length = strlen(begin) + LARGE + strlen(end);
    char *xml = malloc(length + 1);
    assert_non_null(xml);
    char *value = mempcpy(xml, begin, strlen(begin));
    memset(value, 'x', LARGE);
    memcpy(value + LARGE, end, sizeof end);
    assert_true(domain_read(xml, length, &domain, &error));
    assert_string_equal(domain.name, "a");
    domain_free(&domain);
    free(xml);
}

/* ---- Rewriting ---- */

#define YES " trustGuestRxFilters='yes'"
#define ADDED(before, after)                                                                       \
    DEVICES("<interface" before after), DEVICES("<interface" before YES after)
#define CHANGED(before, value, after)                                                              \
    DEVICES("<interface" before value after), DEVICES("<interface" before "yes" after)

static const struct rewriting {
    const char *name;
    const char *before;
    const char *after;
} rewritings[] = {
    /* The attribute isn't there. */
    {"added to a tag", ADDED(" type='direct'", "></interface>")},
    {"added to a self-closed tag", ADDED(" type='direct'", "/>")},
    {"added to a self-closed tag with a space", ADDED(" type='direct' ", "/>")},
    {"added to a tag of nothing but a space", ADDED(" ", "/>")},
    {"added in double quotes", ADDED(" type=\"direct\"", "/>")},
    {"added after white space", ADDED(" \t\r\n  type='direct'\n \t", "></interface>")},
    {"added after white space around the =", ADDED(" type\t= \n 'direct'", "></interface >")},
    {"added where another attribute has a >", ADDED(" type='direct' a='x>y/>'", "/>")},
    {"added where another attribute talks of it", ADDED(" type='direct' a=\""
                                                        " trustGuestRxFilters='no'\"",
                                                        "/>")},
    {"added where another attribute has a longer name",
     ADDED(" type='direct' trustGuestRxFilters2='no' xtrustGuestRxFilters='no'", "/>")},
    {"added where a namespace has its own",
     ADDED(" type='direct' xmlns:x='urn:x' x:trustGuestRxFilters='no'", "/>")},
    {"added where a reference stands for a quote", ADDED(" type='direct' a='&apos;&#39;'", "/>")},
    {"added to a tag beyond ASCII", ADDED(" type='direct' ä='ö€𝄞'", "/>")},

    /* It is there. */
    {"no in single quotes", CHANGED(" type='direct' trustGuestRxFilters='", "no", "'/>")},
    {"no in double quotes", CHANGED(" type='direct' trustGuestRxFilters=\"", "no", "\"/>")},
    {"no, as the first attribute", CHANGED(" trustGuestRxFilters='", "no", "' type='direct'/>")},
    {"no, as the only attribute", CHANGED(" trustGuestRxFilters='", "no", "'></interface>")},
    {"no, with white space around the =",
     CHANGED("\ttrustGuestRxFilters \n=\t \"", "no", "\"\ttype='direct' />")},
    {"an empty value", CHANGED(" trustGuestRxFilters='", "", "'/>")},
    {"a value in references", CHANGED(" trustGuestRxFilters='", "&#110;&#x6f;", "' a=''/>")},
    {"a value with the other quote", CHANGED(" trustGuestRxFilters='", "\"no\"", "'/>")},
    {"a long value", CHANGED(" trustGuestRxFilters='", "no no no no no no no no no no no", "'/>")},
    {"an attribute before it talks of it",
     CHANGED(" a=\" trustGuestRxFilters='no'\" trustGuestRxFilters='", "no", "'/>")},
    {"an attribute after it talks of it",
     CHANGED(" trustGuestRxFilters='", "no", "' a=\" trustGuestRxFilters='no'\"/>")},
    {"attributes with nearly its name",
     CHANGED(" trustGuestRxFilter='no' trustGuestRxFilterss='no' trustGuestRxFilters='", "no",
             "'/>")},
    {"a namespace's before it",
     CHANGED(" xmlns:x='urn:x' x:trustGuestRxFilters='no' trustGuestRxFilters='", "no", "'/>")},
    {"an = and a > in values before it",
     CHANGED(" a='=' b='>' trustGuestRxFilters='", "no", "'/>")},

    /* What stands around it. */
    {"an XML declaration",
     "<?xml version=\"1.0\"  encoding='utf-8'?>\r\n" DEVICES("<interface type='direct'/>"),
     "<?xml version=\"1.0\"  encoding='utf-8'?>\r\n" DEVICES("<interface type='direct'" YES "/>")},
    {"a byte order mark", "\xef\xbb\xbf" DEVICES("<interface type='direct'/>"),
     "\xef\xbb\xbf" DEVICES("<interface type='direct'" YES "/>")},
    {"characters of several bytes before it",
     DOMAIN("<name>bü€𝄞</name><devices><interface type='direct'/></devices>"),
     DOMAIN("<name>bü€𝄞</name><devices><interface type='direct'" YES "/></devices>")},
    {"references before it",
     DOMAIN("<name>&#252;&amp;&lt;</name><devices><interface type='direct'/></devices>"),
     DOMAIN("<name>&#252;&amp;&lt;</name><devices><interface type='direct'" YES "/></devices>")},
    {"line ends of every kind before it",
     DOMAIN("\r\n\n\r<devices>\r\n<interface type='direct'/>\r</devices>"),
     DOMAIN("\r\n\n\r<devices>\r\n<interface type='direct'" YES "/>\r</devices>")},
    {"comments, CDATA and PIs that look like it",
     DEVICES("<!-- <interface type='direct'/> --><?a <interface "
             "type='direct'/>?><![CDATA[<interface type='direct'/>]]><interface type='direct'/>"
             "<!-- <interface type='direct'/> -->"),
     DEVICES("<!-- <interface type='direct'/> --><?a <interface "
             "type='direct'/>?><![CDATA[<interface type='direct'/>]]><interface type='direct'" YES
             "/>"
             "<!-- <interface type='direct'/> -->")},
    {"an odd layout",
     "<domain\n><devices\t><interface type='direct'/></devices\n></domain >\n<!-- a -->\n\n",
     "<domain\n><devices\t><interface type='direct'" YES
     "/></devices\n></domain >\n<!-- a -->\n\n"},

    /* Several interfaces. */
    {"several, some of them trusted already",
     DEVICES("<interface type='direct'/><interface trustGuestRxFilters='yes'/>"
             "<interface trustGuestRxFilters='no'/><interface type='direct'></interface>"),
     DEVICES("<interface type='direct'" YES "/><interface trustGuestRxFilters='yes'/><interface"
             " trustGuestRxFilters='yes'/><interface type='direct'" YES "></interface>")},
    {"none to be written", DEVICES("<interface trustGuestRxFilters='yes'  />"),
     DEVICES("<interface trustGuestRxFilters='yes'  />")},
};

static const bool everyone[] = {true, true, true, true, true, true, true, true};

/* Rewrites the XML, with trust for each interface that isn't trusted. The caller frees it. */
static char *rewrite(const char *xml, size_t length, size_t *new_length) {
    struct domain domain;
    struct xml_error error;
    const char *reason = NULL;
    bool read = domain_read(xml, length, &domain, &error);
    assert_null(error.reason);
    assert_true(read);
    bool *trust = calloc(domain.count + 1, sizeof *trust);
    assert_non_null(trust);
    for (size_t i = 0; i < domain.count; i++)
        trust[i] = domain.interfaces[i].trust != TRUST_YES;
    char *rewritten = domain_rewrite(&domain, trust, xml, length, new_length, &reason);
    assert_null(reason);
    assert_non_null(rewritten);
    domain_free(&domain);
    free(trust);
    return rewritten;
}

static void test_rewriting(void **state) {
    const struct rewriting *row = *state;
    size_t length = 0;
    char *rewritten = rewrite(row->before, strlen(row->before), &length);
    assert_int_equal(length, strlen(row->after));
    assert_memory_equal(rewritten, row->after, length);
    free(rewritten);
}

/* Only what the caller asks for is written, also between others. */
static void test_one_of_three(void **state) {
    (void)state;
    static const char before[] =
        DEVICES("<interface type='user'/><interface type='user'/><interface type='user'/>");
    static const char after[] =
        DEVICES("<interface type='user'/><interface type='user'" YES "/><interface type='user'/>");
    struct domain domain;
    struct xml_error error;
    const char *reason = NULL;
    size_t length = 0;
    assert_true(domain_read(before, strlen(before), &domain, &error));
    assert_int_equal(domain.count, 3);
    const bool trust[] = {false, true, false};
    char *rewritten = domain_rewrite(&domain, trust, before, strlen(before), &length, &reason);
    assert_non_null(rewritten);
    assert_int_equal(length, strlen(after));
    assert_memory_equal(rewritten, after, length);
    free(rewritten);
    domain_free(&domain);
}

/* ---- The element of one interface ---- */

#define ELEMENT(attributes, rest) "<interface type='direct'" attributes rest
#define INSIDE(attributes, rest)                                                                   \
    DEVICES("<interface type='user'/> <!-- > -->" ELEMENT(attributes, rest) "<!-- > --> "          \
                                                                            "<interface/>"),       \
        ELEMENT(YES, rest), ELEMENT("", rest)

static const struct element {
    const char *name;
    const char *xml; /* of a domain whose second interface it is */
    const char *trusted;
    const char *untrusted;
} elements[] = {
    {"an element with details", INSIDE("", "><mac address='a>'/>\n <model/></interface>")},
    {"an element with text", INSIDE("", ">bü</interface>")},
    {"an empty element", INSIDE("", "></interface>")},
    {"a self-closed element", INSIDE("", "/>")},
    {"white space in the end tag", INSIDE("", "></interface\n >")},
    {"an element that says no", INSIDE(" trustGuestRxFilters='no'", " a='>'></interface>")},
    {"an element with another inside", INSIDE("", "><interface/></interface>")},
    {"an element that is trusted", INSIDE(YES, "><mac address='a'/></interface>")},
    {"a self-closed element that is trusted", INSIDE(YES, "/>")},
    {"a trusted element with more attributes", INSIDE(YES, " a='b' c='d'/>")},
};

static void assert_element(const struct domain *domain, const char *xml, bool trust,
                           const char *expected) {
    const char *reason = NULL;
    size_t length = 0;
    char *element =
        domain_interface_xml(&domain->interfaces[1], trust, xml, strlen(xml), &length, &reason);
    assert_null(reason);
    assert_non_null(element);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(element, expected, length);
    free(element);
}

static void test_element(void **state) {
    const struct element *row = *state;
    struct domain domain;
    struct xml_error error;
    assert_true(domain_read(row->xml, strlen(row->xml), &domain, &error));
    assert_int_equal(domain.count, 3);
    assert_element(&domain, row->xml, true, row->trusted);
    assert_element(&domain, row->xml, false, row->untrusted);
    domain_free(&domain);
}

/* ---- Where the parser's chunks meet ---- */

enum { BORDER = 32 * 1024, BORDERS = 34 };

/* A text that is built piece by piece, twice: as it is, and as it should be after a rewrite. */
struct pair {
    struct report before;
    struct report after;
};

static void put(struct pair *pair, const char *before, const char *after) {
    assert_true(fputs(before, pair->before.stream) >= 0);
    assert_true(fputs(after, pair->after.stream) >= 0);
}

struct filling {
    const char *name;
    const char *open;
    const char *filler;
    const char *close;
};

static const struct filling fillings[] = {
    {"comments", "<!--", "-x", " -->"},        {"white space", "", "\n", ""},
    {"text beyond ASCII", "<t>", "€", "</t>"}, {"an attribute beyond ASCII", "<t a='", "𝄞", "'/>"},
    {"references", "<t>", "&#252;", "</t>"},   {"carriage returns", "", "\r\n", ""},
    {"empty elements", "", "<t/>", ""},        {"CDATA", "<![CDATA[", "]<", "]]>"},
    {"instructions", "<?t ", "?<", " ?>"},
};

/* Pads the text before with `filler` up to an offset, in a comment or what else opens and closes.
 * The filler may be of several bytes; spaces make up the rest. */
static void pad(struct pair *pair, const struct filling *filling, size_t to) {
    assert_int_equal(fflush(pair->before.stream), 0);
    size_t at = pair->before.length + strlen(filling->open) + strlen(filling->close);
    assert_true(at <= to);
    put(pair, filling->open, filling->open);
    for (; at + strlen(filling->filler) <= to; at += strlen(filling->filler))
        put(pair, filling->filler, filling->filler);
    for (; at < to; at++)
        put(pair, " ", " ");
    put(pair, filling->close, filling->close);
}

static const struct tag {
    const char *before;
    const char *after;
} tags[] = {
    {"<interface type='direct'>", "<interface type='direct'" YES ">"},
    {"<interface\n a='>' trustGuestRxFilters = \"no\" b=\"ü='\">",
     "<interface\n a='>' trustGuestRxFilters = \"yes\" b=\"ü='\">"},
};

/* More than a megabyte, with an interface's tag over each border between two chunks: the first one
 * begins `offset` bytes before its border, the next one a byte more, and so on, up to one that ends
 * at its border. */
static void assert_over_borders(const struct filling *filling, const struct tag *tag,
                                size_t offset) {
    struct pair pair;
    (void)report_open(&pair.before);
    (void)report_open(&pair.after);
    put(&pair, "<domain><devices>", "<domain><devices>");
    for (size_t border = 1; border <= BORDERS; border++, offset++) {
        pad(&pair, filling, border * BORDER - offset % (strlen(tag->before) + 1));
        put(&pair, tag->before, tag->after);
        put(&pair, "</interface>", "</interface>");
    }
    put(&pair, "</devices></domain>", "</devices></domain>");
    assert_int_equal(fclose(pair.before.stream), 0);
    assert_int_equal(fclose(pair.after.stream), 0);
    assert_true(pair.before.length > (size_t)1 << 20);

    size_t length = 0;
    char *rewritten = rewrite(pair.before.text, pair.before.length, &length);
    assert_int_equal(length, pair.after.length);
    assert_memory_equal(rewritten, pair.after.text, length);
    free(rewritten);
    free(pair.before.text);
    free(pair.after.text);
}

static void test_borders(void **state) {
    const struct filling *filling = *state;
    for (size_t i = 0; i < COUNT(tags); i++)
        for (size_t offset = 0; offset <= strlen(tags[i].before); offset += BORDERS)
            assert_over_borders(filling, &tags[i], offset);
}

/* One tag that is longer than several chunks. */
static void test_tag_of_many_chunks(void **state) {
    (void)state;
    static const char end[] = " trustGuestRxFilters='no'/></devices></domain>";
    struct report xml;
    FILE *out = report_open(&xml);
    (void)fputs("<domain><devices><interface", out);
    for (int i = 0; i < 10000; i++)
        (void)fprintf(out, " a%d='trustGuestRxFilters'", i);
    (void)fputs(end, out);
    assert_int_equal(fclose(out), 0);
    assert_true(xml.length > (size_t)8 * BORDER);
    size_t length = 0;
    char *rewritten = rewrite(xml.text, xml.length, &length);
    assert_int_equal(length, xml.length + 1);
    size_t same = xml.length - strlen(end);
    assert_memory_equal(rewritten, xml.text, same);
    assert_memory_equal(rewritten + same, " trustGuestRxFilters='yes'/></devices></domain>",
                        strlen(end) + 1);
    free(rewritten);
    free(xml.text);
}

/* ---- Other encodings ---- */

/* Whatever is made of them, no byte of theirs is changed: the parser's places are not the text's
 * there. */
static const struct encoding {
    const char *name;
    unsigned width;
    bool big_endian;
    bool mark;
    const char *declared;
} encodings[] = {
    {"UTF-16LE", 2, false, false, ""},
    {"UTF-16BE", 2, true, false, ""},
    {"UTF-16LE with a byte order mark", 2, false, true, ""},
    {"UTF-16BE with a byte order mark", 2, true, true, ""},
    {"UTF-16LE that says so", 2, false, true, "<?xml version='1.0' encoding='UTF-16'?>"},
    {"UTF-16BE that says so", 2, true, true, "<?xml version='1.0' encoding='UTF-16'?>"},
    {"UTF-16LE that says UTF-8", 2, false, true, "<?xml version='1.0' encoding='UTF-8'?>"},
    {"UTF-32LE", 4, false, true, ""},
    {"UTF-32BE", 4, true, true, ""},
    {"UTF-32LE that says so", 4, false, false, "<?xml version='1.0' encoding='UTF-32'?>"},
};

static void put_wide(FILE *out, const struct encoding *encoding, unsigned character) {
    for (unsigned byte = 0; byte < encoding->width; byte++) {
        unsigned place = encoding->big_endian ? encoding->width - 1 - byte : byte;
        assert_true(fputc((int)(character >> (8 * place) & 0xff), out) != EOF);
    }
}

static void test_encoding(void **state) {
    const struct encoding *encoding = *state;
    static const char *const bodies[] = {
        DEVICES("<interface type='direct'/>"),
        DEVICES("<interface trustGuestRxFilters='no'></interface>")};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct report xml;
        FILE *out = report_open(&xml);
        if (encoding->mark)
            put_wide(out, encoding, 0xfeff);
        for (const char *c = encoding->declared; *c; c++)
            put_wide(out, encoding, (unsigned char)*c);
        for (const char *c = bodies[i]; *c; c++)
            put_wide(out, encoding, (unsigned char)*c);
        assert_int_equal(fclose(out), 0);

        struct domain domain;
        struct xml_error error;
        const char *reason = NULL;
        size_t length = 0;
        if (domain_read(xml.text, xml.length, &domain, &error)) {
            assert_null(domain_rewrite(&domain, everyone, xml.text, xml.length, &length, &reason));
            assert_non_null(reason);
        } else {
            assert_non_null(error.reason);
        }
        domain_free(&domain);
        free(xml.text);
    }
}

/* Places that no honest parser tells: nothing outside the text is looked at, nothing is written. */
static const struct place {
    const char *name;
    size_t tag_end, end;
} places[] = {
    {"far behind the text", SIZE_MAX / 2, SIZE_MAX}, {"the end behind the text", 20, SIZE_MAX},
    {"the tag's end behind the text", SIZE_MAX, 30}, {"both at the beginning", 0, 0},
    {"the tag's end behind the end", 30, 20},        {"in the root's tag", 7, 8},
};

static void test_place(void **state) {
    static const char xml[] = "<domain><devices><interface type='direct'/></devices></domain>";
    const struct place *row = *state;
    struct domain domain;
    struct xml_error error;
    const char *reason = NULL;
    size_t length = 0;
    /* Of its own size, so that a sanitizer sees a step too far. */
    char *copy = strndup(xml, strlen(xml));
    assert_non_null(copy);
    assert_true(domain_read(copy, strlen(copy), &domain, &error));
    domain.interfaces[0].tag_end = row->tag_end;
    domain.interfaces[0].end = row->end;
    assert_null(domain_rewrite(&domain, everyone, copy, strlen(copy), &length, &reason));
    assert_non_null(reason);
    assert_null(
        domain_interface_xml(domain.interfaces, true, copy, strlen(copy), &length, &reason));
    domain_free(&domain);
    free(copy);
}

/* The text between the bars is where a reader says that an interface's tag and element end. */
static const struct lie {
    const char *name;
    const char *text;
    enum trust trust;
    bool alone; /* only the element alone is refused */
} lies[] = {
    {"an attribute that is there", "<domain><interface trustGuestRxFilters='no'|></interface>|",
     TRUST_UNSAID, false},
    {"an attribute that isn't there", "<domain><interface type='direct'|></interface>|", TRUST_NO,
     false},
    {"a slash in a value", "<domain><interface type='a|/b'></interface>|", TRUST_UNSAID, false},
    {"a bracket in a value", "<domain><interface type='a|>b'></interface>|", TRUST_UNSAID, false},
    {"text behind the tag", "<domain><interface type='direct'>a |/ b</interface>|", TRUST_UNSAID,
     false},
    {"an element whose name is longer", "<domain><interfaces type='direct'|></interfaces>|",
     TRUST_UNSAID, false},
    {"an element whose name is another", "<domain><interfacs type='direct'|></interfacs>|",
     TRUST_UNSAID, false},
    {"an end that is no tag's", "<domain><interface type='direct'|>a|</interface>", TRUST_UNSAID,
     false},
    {"a quote that never ends", "<domain><interface type='a|>|", TRUST_UNSAID, false},
    {"a tag of two letters", "<a|>|", TRUST_UNSAID, false},
    {"no tag", "domain|>|", TRUST_UNSAID, false},
    {"an element in the metadata",
     "<domain><metadata><interface type='direct'|></interface>|</metadata>", TRUST_UNSAID, true},
};

static void test_lie(void **state) {
    const struct lie *row = *state;
    /* Without its bars it has no NUL within its size, so that a sanitizer sees a step too far. */
    size_t length = strlen(row->text) - 2, new_length = 0;
    size_t tag_end = strcspn(row->text, "|"), end = strcspn(row->text + tag_end + 1, "|");
    char *text = malloc(length);
    assert_non_null(text);
    memcpy(text, row->text, tag_end);
    memcpy(text + tag_end, row->text + tag_end + 1, end);
    memcpy(text + tag_end + end, row->text + tag_end + end + 2, length - tag_end - end);
    struct interface interface = {.trust = row->trust, .tag_end = tag_end, .end = tag_end + end};
    const struct domain domain = {.interfaces = &interface, .count = 1};
    const char *reason = NULL;
    assert_null(domain_interface_xml(&interface, true, text, length, &new_length, &reason));
    assert_non_null(reason);
    char *out = domain_rewrite(&domain, everyone, text, length, &new_length, &reason);
    assert_int_equal(out != NULL, row->alone);
    free(out);
    free(text);
}

/* With nothing before or behind it. */
static void test_element_alone(void **state) {
    (void)state;
    static const char xml[] = "<interface type='direct'/>";
    static const char trusted[] = "<interface type='direct'" YES "/>";
    const struct interface interface = {.tag_end = strlen(xml) - 2, .end = strlen(xml)};
    const char *reason = NULL;
    size_t length = 0;
    char *out = domain_interface_xml(&interface, true, xml, strlen(xml), &length, &reason);
    assert_non_null(out);
    assert_int_equal(length, strlen(trusted));
    assert_memory_equal(out, trusted, length);
    free(out);
}

static void test_one_place_twice(void **state) {
    (void)state;
    static const char xml[] = "<domain><interface type='direct'></interface></domain>";
    struct interface interfaces[2] = {{.tag_end = 32, .end = 45}};
    interfaces[1] = interfaces[0];
    struct domain domain = {.interfaces = interfaces, .count = 1};
    const char *reason = NULL;
    size_t length = 0;
    char *out = domain_rewrite(&domain, everyone, xml, strlen(xml), &length, &reason);
    assert_non_null(out);
    free(out);
    domain.count = 2;
    assert_null(domain_rewrite(&domain, everyone, xml, strlen(xml), &length, &reason));
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_one_place_twice),
    cmocka_unit_test(test_every_cut),
    cmocka_unit_test(test_depth_256),
    cmocka_unit_test(test_depth_257),
    cmocka_unit_test(test_one_of_three),
    cmocka_unit_test(test_tag_of_many_chunks),
    cmocka_unit_test(test_id),
    cmocka_unit_test(test_element_alone),
    cmocka_unit_test(test_large_attribute),
};

int main(void) {
    static struct CMUnitTest tests[COUNT(readings) + COUNT(refusals) + COUNT(rewritings) +
                                   COUNT(elements) + COUNT(fillings) + COUNT(encodings) +
                                   COUNT(places) + COUNT(lies) + COUNT(details) + COUNT(others)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_reading, readings);
    ADD_TABLE(tests, used, test_refusal, refusals);
    ADD_TABLE(tests, used, test_rewriting, rewritings);
    ADD_TABLE(tests, used, test_element, elements);
    ADD_TABLE(tests, used, test_borders, fillings);
    ADD_TABLE(tests, used, test_encoding, encodings);
    ADD_TABLE(tests, used, test_place, places);
    ADD_TABLE(tests, used, test_lie, lies);
    ADD_TABLE(tests, used, test_detail, details);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
