/* The domain XML: its reading and its refusals, the note, and that a rewrite changes the attribute
 * and the note and not one other byte, wherever the parser's chunks meet. */
#include "unit.h"

#include "domain.h"

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

static void test_reading(void **state) {
    const struct parsing *row = *state;
    struct domain domain;
    bool read = domain_read(row->xml, strlen(row->xml), &domain);
    assert_null(domain.error.reason);
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
    char xml[200];
    (void)snprintf(xml, sizeof xml, DEVICES("<interface%s>%s</interface>"),
                   *row->element ? "" : " type='v'", row->element);
    assert_true(domain_read(xml, strlen(xml), &domain));
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
    assert_true(domain_read(xml, strlen(xml), &domain));
    assert_string_equal(or_dash(domain.id), "7");
    domain_free(&domain);
    assert_null(domain.name);
    assert_true(domain_read("<domain/>", strlen("<domain/>"), &domain));
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
    {"nothing", TEXT(""), "there is no XML", 0},
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
    bool read = domain_read(xml, length, &domain);
    struct xml_error error = domain.error;
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
    assert_true(domain_read(xml, strlen(xml), &domain));
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
    size_t length = strlen(begin) + LARGE + strlen(end);
    char *xml = malloc(length + 1);
    assert_non_null(xml);
    char *value = mempcpy(xml, begin, strlen(begin));
    memset(value, 'x', LARGE);
    memcpy(value + LARGE, end, sizeof end);
    assert_true(domain_read(xml, length, &domain));
    assert_string_equal(domain.name, "a");
    domain_free(&domain);
    free(xml);
}

/* ---- Rewriting ---- */

#define YES " trustGuestRxFilters='yes'"
#define NO  " trustGuestRxFilters='no'"
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

/* A text as the program's functions take it; it isn't changed. */
static struct text text_of(const char *data, size_t length) {
    return (struct text){.data = (char *)(const void *)data, .length = length};
}

static void read_domain(const char *xml, size_t length, struct domain *domain) {
    bool read = domain_read(xml, length, domain);
    assert_null(domain->error.reason);
    assert_true(read);
}

/* Compares an output with the expected bytes, and releases it. */
static void assert_text(struct text *text, const char *expected, size_t length) {
    assert_non_null(text->data);
    if (text->length != length || memcmp(text->data, expected, length) != 0)
        print_error("got      %s\nexpected %s\n", text->data, expected);
    assert_int_equal(text->length, length);
    assert_memory_equal(text->data, expected, length);
    text_free(text);
}

/* What each interface is to say: a word for each, or one for all of them. */
static void write_words(struct domain *domain, const enum trust *words) {
    for (size_t i = 0; i < domain->count; i++)
        domain->interfaces[i].write = words[i];
}

static void write_all(struct domain *domain, enum trust word) {
    for (size_t i = 0; i < domain->count; i++)
        domain->interfaces[i].write = word;
}

/* Rewrites the XML so that each interface says 'yes'. The owner is taken to have said it too, so no
 * note is needed. */
static struct text rewrite(const char *xml, size_t length) {
    struct domain domain;
    struct text out = {0}, in = text_of(xml, length);
    const char *reason = NULL;
    read_domain(xml, length, &domain);
    for (size_t i = 0; i < domain.count; i++)
        domain.interfaces[i].write = domain.interfaces[i].owner = TRUST_YES;
    bool good = domain_rewrite(&domain, &in, &out, &reason);
    assert_null(reason);
    assert_true(good);
    domain_free(&domain);
    return out;
}

static void test_rewriting(void **state) {
    const struct rewriting *row = *state;
    struct text rewritten = rewrite(row->before, strlen(row->before));
    assert_text(&rewritten, row->after, strlen(row->after));
}

/* Only the interface that changes is written, also between others. */
static void test_one_of_three(void **state) {
    (void)state;
    static const char before[] =
        DEVICES("<interface type='user'/><interface type='user'/><interface type='user'/>");
    static const char after[] =
        DEVICES("<interface type='user'/><interface type='user'" YES "/><interface type='user'/>");
    struct domain domain;
    struct text out = {0}, in = text_of(before, strlen(before));
    const char *reason = NULL;
    read_domain(before, strlen(before), &domain);
    assert_int_equal(domain.count, 3);
    domain.interfaces[1].write = domain.interfaces[1].owner = TRUST_YES;
    assert_true(domain_rewrite(&domain, &in, &out, &reason));
    assert_null(reason);
    assert_text(&out, after, strlen(after));
    domain_free(&domain);
}

/* ---- The note ---- */

#define URI                  "urn:rxtrust:1"
#define A                    "52:54:00:00:00:0a"
#define B                    "52:54:00:00:00:0b"
#define GIVEN(inner)         "<rxtrust:given xmlns:rxtrust=\"" URI "\">" inner "</rxtrust:given>"
#define ENTRY(mac, was)      "<rxtrust:interface mac=\"" mac "\" was=\"" was "\"/>"
#define CARD(says, mac)      "<interface type='direct'" says "><mac address='" mac "'/></interface>"
#define METADATA(inner)      "<metadata>" inner "</metadata>"
#define NOTED(note, devices) DOMAIN(METADATA(note) "<devices>" devices "</devices>")

static const struct noted {
    const char *name;
    const char *xml;
    const char *read; /* of each interface: what it says, the owner's word, whether it was given */
} noteds[] = {
    {"no note", DOMAIN("<devices>" CARD(YES, A) CARD(NO, A) CARD("", A) "</devices>"),
     "yes yes own\nno no own\nunsaid unsaid own\n"},
    {"as libvirt prints it", NOTED(GIVEN(ENTRY(A, "unsaid")), CARD(YES, A)), "yes unsaid given\n"},
    {"with the layout of libvirt",
     NOTED("\n    <rxtrust:given xmlns:rxtrust=\"" URI
           "\">\n      " ENTRY(A, "no") "\n    </rxtrust:given>\n  ",
           CARD(YES, A)),
     "yes no given\n"},
    {"the default namespace, single quotes",
     NOTED("<given xmlns='" URI "'><interface mac='" A "' was='no'/></given>", CARD(YES, A)),
     "yes no given\n"},
    {"another prefix",
     NOTED("<x:given xmlns:x='" URI "'><x:interface was='no' mac='" A "'></x:interface></x:given>",
           CARD(YES, A)),
     "yes no given\n"},
    {"the namespace declared further up",
     DOMAIN("<metadata xmlns:x='" URI "'><x:given><x:interface mac='" A "' was='no'/></x:given>"
            "</metadata><devices>" CARD(YES, A) "</devices>"),
     "yes no given\n"},
    {"several entries",
     NOTED(GIVEN(ENTRY(B, "no") ENTRY("52:54:00:00:00:0c", "no") ENTRY(A, "unsaid")),
           CARD(YES, A) CARD(YES, B) CARD(YES, "52:54:00:00:00:0d")),
     "yes unsaid given\nyes no given\nyes yes own\n"},
    {"entries in another order than the interfaces'",
     NOTED(GIVEN(ENTRY(B, "unsaid") ENTRY(A, "no")), CARD(YES, A) CARD(YES, B)),
     "yes no given\nyes unsaid given\n"},
    {"a MAC address in another form",
     NOTED(GIVEN(ENTRY("52:54:0:0:0:A", "no")), CARD(YES, A) CARD(YES, "52:54:0:00:0:A")),
     "yes no given\nyes no given\n"},
    {"an unknown word", NOTED(GIVEN(ENTRY(A, "perhaps")), CARD(YES, A)), "yes yes own\n"},
    {"an unknown word before a known one",
     NOTED(GIVEN(ENTRY(A, "NO") ENTRY(A, "no")), CARD(YES, A)), "yes no given\n"},
    {"an entry without a word", NOTED(GIVEN("<rxtrust:interface mac=\"" A "\"/>"), CARD(YES, A)),
     "yes yes own\n"},
    {"an entry without a MAC address",
     NOTED(GIVEN("<rxtrust:interface was=\"no\"/>"), CARD(YES, A)), "yes yes own\n"},
    {"attributes in a namespace are none",
     NOTED(GIVEN("<rxtrust:interface rxtrust:mac=\"" A "\" rxtrust:was=\"no\"/>"), CARD(YES, A)),
     "yes yes own\n"},
    {"an interface without a MAC address",
     NOTED(GIVEN(ENTRY(A, "no")), "<interface type='direct'" YES "/>"), "yes yes own\n"},
    {"an entry whose interface says nothing", NOTED(GIVEN(ENTRY(A, "no")), CARD("", A)),
     "unsaid unsaid own\n"},
    {"an entry whose interface says 'no'", NOTED(GIVEN(ENTRY(A, "unsaid")), CARD(NO, A)),
     "no no own\n"},
    {"an entry of an owner's 'yes'", NOTED(GIVEN(ENTRY(A, "yes")), CARD(YES, A)), "yes yes own\n"},
    {"an empty note", NOTED("<given xmlns='" URI "'/>", CARD(YES, A)), "yes yes own\n"},
    {"a note in another namespace",
     NOTED("<given xmlns='urn:rxtrust:2'><interface mac='" A "' was='no'/></given>", CARD(YES, A)),
     "yes yes own\n"},
    {"a note in no namespace",
     NOTED("<given><interface mac='" A "' was='no'/></given>", CARD(YES, A)), "yes yes own\n"},
    {"an entry in another namespace",
     NOTED("<given xmlns='" URI "'><interface xmlns='' mac='" A "' was='no'/></given>",
           CARD(YES, A)),
     "yes yes own\n"},
    {"an element with another name",
     NOTED("<gave xmlns='" URI "'><interface mac='" A "' was='no'/></gave>", CARD(YES, A)),
     "yes yes own\n"},
    {"a namespace that looks like the way to an entry",
     NOTED("<interface xmlns='urn:rxtrust:1}given/{" URI "' mac='" A "' was='no'/>", CARD(YES, A)),
     "yes yes own\n"},
    {"a note in another's metadata",
     NOTED("<x:a xmlns:x='urn:x'>" GIVEN(ENTRY(A, "no")) "</x:a>", CARD(YES, A)), "yes yes own\n"},
    {"a note outside of the metadata",
     DOMAIN("<other>" GIVEN(ENTRY(A, "no")) "</other><devices>" GIVEN(ENTRY(A, "no"))
                CARD(YES, A) "</devices>"),
     "yes yes own\n"},
    {"another's metadata before and behind",
     NOTED("<x:a xmlns:x='urn:x'/>" GIVEN(ENTRY(A, "no")) "<x:b xmlns:x='urn:x'/>", CARD(YES, A)),
     "yes no given\n"},
    {"of two notes the first",
     NOTED(GIVEN(ENTRY(A, "no")) GIVEN(ENTRY(B, "no")), CARD(YES, A) CARD(YES, B)),
     "yes no given\nyes yes own\n"},
    {"metadata behind the devices",
     DOMAIN("<devices>" CARD(YES, A) "</devices>" METADATA(GIVEN(ENTRY(A, "no")))),
     "yes no given\n"},
    {"one MAC address twice, in the order of the entries",
     NOTED(GIVEN(ENTRY(A, "no") ENTRY(B, "no") ENTRY(A, "unsaid")), CARD(YES, A) CARD(YES, A)),
     "yes no given\nyes unsaid given\n"},
    {"one MAC address, and fewer entries than interfaces: the strictest counts",
     NOTED(GIVEN(ENTRY(A, "unsaid") ENTRY(A, "no")), CARD(YES, A) CARD(YES, A) CARD(YES, A)),
     "yes no given\nyes no given\nyes no given\n"},
    {"one MAC address, and more entries than interfaces: the strictest counts",
     NOTED(GIVEN(ENTRY(A, "unsaid") ENTRY(A, "no")), CARD(YES, A)), "yes no given\n"},
    {"one MAC address, and more entries than interfaces, none of them 'no'",
     NOTED(GIVEN(ENTRY(A, "yes") ENTRY(A, "unsaid")), CARD(YES, A)), "yes unsaid given\n"},
    {"one MAC address twice, the first trusted by its owner",
     NOTED(GIVEN(ENTRY(A, "yes") ENTRY(A, "unsaid")), CARD(YES, A) CARD(YES, A)),
     "yes yes own\nyes unsaid given\n"},
};

static void test_noted(void **state) {
    const struct noted *row = *state;
    struct domain domain;
    struct report report;
    read_domain(row->xml, strlen(row->xml), &domain);
    FILE *out = report_open(&report);
    for (size_t i = 0; i < domain.count; i++)
        (void)fprintf(out, "%s %s %s\n", trust_names[domain.interfaces[i].trust],
                      trust_names[domain.interfaces[i].owner],
                      is_given(&domain.interfaces[i]) ? "given" : "own");
    report_assert(&report, row->read);
    domain_free(&domain);
}

#define FOR_VIRSH(entries)    "<given>" entries "</given>"
#define SHORT_ENTRY(mac, was) "<interface mac=\"" mac "\" was=\"" was "\"/>"

static const struct note {
    const char *name;
    const char *xml;
    enum trust says[8];
    const char *in_xml;    /* NULL: it is refused */
    const char *for_virsh; /* likewise */
} notes[] = {
    {"no interface", DOMAIN(""), {0}, "", ""},
    {"nobody is trusted", DEVICES(CARD("", A) CARD(NO, B)), {TRUST_UNSAID, TRUST_NO}, "", ""},
    {"the owner's 'yes'", DEVICES(CARD(YES, A)), {TRUST_YES}, "", ""},
    {"one that says nothing",
     DEVICES(CARD("", A)),
     {TRUST_YES},
     GIVEN(ENTRY(A, "unsaid")),
     FOR_VIRSH(SHORT_ENTRY(A, "unsaid"))},
    {"one that says 'no'",
     DEVICES(CARD(NO, A)),
     {TRUST_YES},
     GIVEN(ENTRY(A, "no")),
     FOR_VIRSH(SHORT_ENTRY(A, "no"))},
    {"only those that are given",
     DEVICES(CARD(YES, A) CARD("", B) CARD(NO, "52:54:00:00:00:0c") CARD("", "52:54:00:00:00:0d")),
     {TRUST_YES, TRUST_YES, TRUST_YES, TRUST_UNSAID},
     GIVEN(ENTRY(B, "unsaid") ENTRY("52:54:00:00:00:0c", "no")),
     FOR_VIRSH(SHORT_ENTRY(B, "unsaid") SHORT_ENTRY("52:54:00:00:00:0c", "no"))},
    {"the usual form of a MAC address",
     DEVICES(CARD("", "52:54:0:0:0:A")),
     {TRUST_YES},
     GIVEN(ENTRY(A, "unsaid")),
     FOR_VIRSH(SHORT_ENTRY(A, "unsaid"))},
    {"what an older note keeps",
     NOTED(GIVEN(ENTRY(A, "no")), CARD(YES, A) CARD("", B)),
     {TRUST_YES, TRUST_YES},
     GIVEN(ENTRY(A, "no") ENTRY(B, "unsaid")),
     FOR_VIRSH(SHORT_ENTRY(A, "no") SHORT_ENTRY(B, "unsaid"))},
    {"an entry that is needed no more",
     NOTED(GIVEN(ENTRY(A, "no") ENTRY(B, "no")), CARD(YES, A) CARD(YES, B)),
     {TRUST_NO, TRUST_YES},
     GIVEN(ENTRY(B, "no")),
     FOR_VIRSH(SHORT_ENTRY(B, "no"))},
    {"one MAC address twice, one of them the owner's",
     DEVICES(CARD(YES, A) CARD("", A) CARD(YES, B)),
     {TRUST_YES, TRUST_YES, TRUST_YES},
     GIVEN(ENTRY(A, "yes") ENTRY(A, "unsaid")),
     FOR_VIRSH(SHORT_ENTRY(A, "yes") SHORT_ENTRY(A, "unsaid"))},
    {"one MAC address in two forms",
     DEVICES(CARD("", "52:54:0:0:0:a") CARD(YES, A)),
     {TRUST_YES, TRUST_YES},
     GIVEN(ENTRY(A, "unsaid") ENTRY(A, "yes")),
     FOR_VIRSH(SHORT_ENTRY(A, "unsaid") SHORT_ENTRY(A, "yes"))},
    {"one MAC address twice, both the owner's",
     DEVICES(CARD(YES, A) CARD(YES, A) CARD("", B)),
     {TRUST_YES, TRUST_YES, TRUST_YES},
     GIVEN(ENTRY(B, "unsaid")),
     FOR_VIRSH(SHORT_ENTRY(B, "unsaid"))},
    {"no MAC address", DEVICES("<interface type='direct'/>"), {TRUST_YES}, NULL, NULL},
    {"no MAC address where none is needed",
     DEVICES("<interface type='direct'/>" CARD("", A)),
     {TRUST_UNSAID, TRUST_YES},
     GIVEN(ENTRY(A, "unsaid")),
     FOR_VIRSH(SHORT_ENTRY(A, "unsaid"))},
    {"text that is no MAC address", DEVICES(CARD("", "\"/&gt;")), {TRUST_YES}, NULL, NULL},
};

static void assert_note(const struct domain *domain, const struct note *row, bool for_virsh) {
    struct text note = {0};
    const char *expected = for_virsh ? row->for_virsh : row->in_xml;
    assert_int_equal(domain_note(domain, for_virsh, &note), expected != NULL);
    if (expected)
        assert_text(&note, expected, strlen(expected));
    text_free(&note);
}

static void test_note(void **state) {
    const struct note *row = *state;
    struct domain domain;
    read_domain(row->xml, strlen(row->xml), &domain);
    assert_true(domain.count <= COUNT(row->says));
    write_words(&domain, row->says);
    assert_note(&domain, row, false);
    assert_note(&domain, row, true);
    domain_free(&domain);
}

#define THE_NOTE    GIVEN(ENTRY(A, "unsaid"))
#define CARDS(says) "<devices>" CARD(says, A) "</devices>"

static const struct noting {
    const char *name;
    const char *before;
    const char *after; /* each interface says 'yes' */
    const char *back;  /* after the owner's word has come back; NULL: `before` */
} notings[] = {
    {"no metadata", DOMAIN("\n  <name>a</name>\n" CARDS("")),
     DOMAIN("\n  <metadata>\n    " THE_NOTE "\n  </metadata>\n  <name>a</name>\n" CARDS(YES)),
     NULL},
    {"no metadata, and 'no'", DOMAIN("\n  <name>a</name>\n" CARDS(NO)),
     DOMAIN("\n  <metadata>\n    " GIVEN(
         ENTRY(A, "no")) "\n  </metadata>\n  <name>a</name>\n" CARDS(YES)),
     NULL},
    {"a > in the root's tag", "<domain a='>' b=\"/>\">" CARDS("") "</domain>",
     "<domain a='>' b=\"/>\">\n  <metadata>\n    " THE_NOTE
     "\n  </metadata>" CARDS(YES) "</domain>",
     NULL},
    {"metadata of others",
     DOMAIN("<name>a</name>\n  <metadata>\n    <x:a xmlns:x='urn:x'>b &amp; <x:given/></x:a>"
            "\n  </metadata>" CARDS("")),
     DOMAIN("<name>a</name>\n  <metadata>\n    " THE_NOTE
            "\n    <x:a xmlns:x='urn:x'>b &amp; <x:given/></x:a>\n  </metadata>" CARDS(YES)),
     NULL},
    {"metadata of others, odd layout",
     DOMAIN(
         "<metadata\n a='>'  ><!-- <metadata> --><x:a xmlns:x='urn:x'/>\t</metadata >" CARDS("")),
     DOMAIN("<metadata\n a='>'  >\n    " THE_NOTE
            "<!-- <metadata> --><x:a xmlns:x='urn:x'/>\t</metadata >" CARDS(YES)),
     NULL},
    {"metadata of others that looks like an end",
     DOMAIN(METADATA("<x:a xmlns:x='urn:x'><![CDATA[</metadata>]]><!-- </metadata> --></x:a>")
                CARDS("")),
     DOMAIN(METADATA("\n    " THE_NOTE
                     "<x:a xmlns:x='urn:x'><![CDATA[</metadata>]]><!-- </metadata> --></x:a>")
                CARDS(YES)),
     NULL},
    {"an empty element", DOMAIN("\n  <metadata/>\n" CARDS("")),
     DOMAIN("\n  <metadata>\n    " THE_NOTE "\n  </metadata>\n" CARDS(YES)),
     DOMAIN("\n" CARDS(""))},
    {"an empty element with a space", DOMAIN("<metadata />" CARDS("")),
     DOMAIN("<metadata >\n    " THE_NOTE "\n  </metadata>" CARDS(YES)), DOMAIN(CARDS(""))},
    {"an element of white space", DOMAIN("<metadata>\n  </metadata>" CARDS("")),
     DOMAIN("<metadata>\n    " THE_NOTE "\n  </metadata>" CARDS(YES)), DOMAIN(CARDS(""))},
    {"an older note alone",
     DOMAIN("<metadata>\n    " GIVEN(ENTRY(B, "no")) "\n  </metadata>" CARDS("")),
     DOMAIN("<metadata>\n    " THE_NOTE "\n  </metadata>" CARDS(YES)), DOMAIN(CARDS(""))},
    {"an older note among others",
     DOMAIN(METADATA("\n <x:a xmlns:x='urn:x'/>\n <given xmlns='" URI
                     "'/>\n <x:b xmlns:x='urn:x'/>\n") CARDS("")),
     DOMAIN(METADATA("\n <x:a xmlns:x='urn:x'/>\n    " THE_NOTE "\n <x:b xmlns:x='urn:x'/>\n")
                CARDS(YES)),
     DOMAIN(METADATA("\n <x:a xmlns:x='urn:x'/>\n <x:b xmlns:x='urn:x'/>\n") CARDS(""))},
    {"an older note in single quotes behind a comment",
     DOMAIN(METADATA("<!-- a --><x:given xmlns:x='" URI "'><x:interface mac='" B
                     "' was='no'/></x:given>") CARDS(NO)),
     DOMAIN(METADATA("<!-- a -->\n    " GIVEN(ENTRY(A, "no"))) CARDS(YES)),
     DOMAIN(METADATA("<!-- a -->") CARDS(NO))},
    {"metadata of others that talks of the note's namespace",
     DOMAIN(METADATA("<x:a xmlns:x='urn:x' about='" URI "'/><given xmlns='" URI "'/>") CARDS("")),
     DOMAIN(METADATA("<x:a xmlns:x='urn:x' about='" URI "'/>\n    " THE_NOTE) CARDS(YES)),
     DOMAIN(METADATA("<x:a xmlns:x='urn:x' about='" URI "'/>") CARDS(""))},
    {"a comment that talks of the note's namespace",
     DOMAIN(METADATA("<!-- " URI " is rxtrust's --><given xmlns='" URI "'/>") CARDS("")),
     DOMAIN(METADATA("<!-- " URI " is rxtrust's -->\n    " THE_NOTE) CARDS(YES)),
     DOMAIN(METADATA("<!-- " URI " is rxtrust's -->") CARDS(""))},
    {"the note's namespace declared further up",
     DOMAIN("<metadata xmlns:x='" URI "'><x:given/><!-- a --></metadata>" CARDS("")),
     DOMAIN("<metadata xmlns:x='" URI "'>\n    " THE_NOTE "<!-- a --></metadata>" CARDS(YES)),
     DOMAIN("<metadata xmlns:x='" URI "'><!-- a --></metadata>" CARDS(""))},
    {"the note's namespace in references",
     DOMAIN(METADATA("<x:given xmlns:x='urn:rxtrust&#58;1'></x:given>") CARDS("")),
     DOMAIN(METADATA("\n    " THE_NOTE) CARDS(YES)), DOMAIN(CARDS(""))},
    {"an end tag of the note with white space",
     DOMAIN(METADATA("<x:given\n xmlns:x='" URI "'\n>\n</x:given\n >") CARDS("")),
     DOMAIN(METADATA("\n    " THE_NOTE) CARDS(YES)), DOMAIN(CARDS(""))},
    {"metadata behind the devices",
     DOMAIN(CARDS("") METADATA("<x:a xmlns:x='urn:x'/>") "<name>a</name>"),
     DOMAIN(CARDS(YES) METADATA("\n    " THE_NOTE "<x:a xmlns:x='urn:x'/>") "<name>a</name>"),
     NULL},
    {"empty metadata behind the devices", DOMAIN(CARDS("") "\n<metadata/>"),
     DOMAIN(CARDS(YES) "\n<metadata>\n    " THE_NOTE "\n  </metadata>"), DOMAIN(CARDS(""))},
    {"metadata between devices",
     DOMAIN(CARDS("") METADATA("<!-- a -->") "<devices>" CARD(NO, B) "</devices>"),
     DOMAIN(CARDS(YES) METADATA("\n    " GIVEN(
         ENTRY(A, "unsaid") ENTRY(B, "no")) "<!-- a -->") "<devices>" CARD(YES, B) "</devices>"),
     NULL},
    {"the owner's 'yes' beside", DOMAIN("<devices>" CARD(YES, B) CARD("", A) "</devices>"),
     DOMAIN("\n  <metadata>\n    " THE_NOTE "\n  </metadata><devices>" CARD(YES, B)
                CARD(YES, A) "</devices>"),
     NULL},
    {"nothing to be given", DOMAIN(METADATA("<!-- a -->") CARDS(YES)),
     DOMAIN(METADATA("<!-- a -->") CARDS(YES)), NULL},
    {"nothing to be given, and a note that counts for nothing",
     DOMAIN(METADATA(GIVEN(ENTRY(B, "no"))) CARDS(YES)),
     DOMAIN(METADATA(GIVEN(ENTRY(B, "no"))) CARDS(YES)), NULL},
    {"bytes beyond ASCII, and every line end",
     "\xef\xbb\xbf<?xml version='1.0'?>\r\n" DOMAIN("<name>bü€</name>\r" CARDS("") "\r\n") "\n\n",
     "\xef\xbb\xbf<?xml version='1.0'?>\r\n" DOMAIN(
         "\n  <metadata>\n    " THE_NOTE
         "\n  </metadata><name>bü€</name>\r" CARDS(YES) "\r\n") "\n\n",
     NULL},
};

/* Rewrites to the owner's word (`back`) or to 'yes', and compares. */
static void assert_noting(const char *xml, bool back, const char *expected) {
    struct domain domain;
    struct text in = text_of(xml, strlen(xml)), out = {0};
    const char *reason = NULL;
    read_domain(xml, strlen(xml), &domain);
    for (size_t i = 0; i < domain.count; i++)
        domain.interfaces[i].write = back ? domain.interfaces[i].owner : TRUST_YES;
    bool good = domain_rewrite(&domain, &in, &out, &reason);
    assert_string_equal(or_dash(reason), "-");
    assert_true(good);
    assert_text(&out, expected, strlen(expected));
    domain_free(&domain);
}

static void test_noting(void **state) {
    const struct noting *row = *state;
    assert_noting(row->before, false, row->after);
    assert_noting(row->after, true, row->back ? row->back : row->before);
}

/* Each form of the attribute, to 'yes' and back. */
static void test_back(void **state) {
    (void)state;
    static const char *const attributes[] = {
        "",
        NO,
        YES,
        " trustGuestRxFilters=\"no\"",
        " trustGuestRxFilters=\"yes\"",
        "\n\ttrustGuestRxFilters = 'no'",
        " trustGuestRxFilters='no' a='b'",
        " trustGuestRxFilters=\"yes\" a=\"b\"",
        " a='trustGuestRxFilters=\"no\"'",
        " a=' trustGuestRxFilters=' b='>'",
    };
    for (size_t i = 0; i < COUNT(attributes); i++) {
        struct domain domain;
        char before[400];
        struct text in = {0}, there = {0}, back = {0};
        const char *reason = NULL;
        (void)snprintf(before, sizeof before,
                       DEVICES("<interface type='direct'%s><mac address='" A "'/></interface>"),
                       attributes[i]);
        in = text_of(before, strlen(before));
        read_domain(in.data, in.length, &domain);
        enum trust says = domain.interfaces[0].trust;
        assert_int_equal(domain.interfaces[0].write, says);
        write_all(&domain, TRUST_YES);
        assert_true(domain_rewrite(&domain, &in, &there, &reason));
        domain_free(&domain);
        read_domain(there.data, there.length, &domain);
        assert_int_equal(domain.interfaces[0].trust, TRUST_YES);
        assert_int_equal(domain.interfaces[0].owner, says);
        assert_int_equal(is_given(&domain.interfaces[0]), says != TRUST_YES);
        write_all(&domain, says);
        assert_true(domain_rewrite(&domain, &there, &back, &reason));
        assert_text(&back, before, strlen(before));
        domain_free(&domain);
        text_free(&there);
    }
}

enum { CARDS_IN_CIRCLE = 3, WORDS = 3 };

/* Whatever the owner says, and whoever of them is trusted: what is read afterwards is the owner's
 * word and rxtrust's gift, and what comes back is the text of the beginning. */
static void assert_circle(const char *const macs[], unsigned words, unsigned given) {
    static const char *const attributes[] = {"", NO, YES};
    struct domain domain;
    struct text before = {0}, there = {0}, back = {0};
    enum trust owner[CARDS_IN_CIRCLE] = {0}, says[CARDS_IN_CIRCLE] = {0};
    const char *reason = NULL;
    assert_true(text_print(&before, "<domain>\n<devices>"));
    for (size_t i = 0; i < CARDS_IN_CIRCLE; i++, words /= WORDS) {
        owner[i] = (enum trust)(words % WORDS);
        says[i] = given >> i & 1 ? TRUST_YES : owner[i];
        assert_true(text_print(&before, CARD("%s", "%s"), attributes[owner[i]], macs[i]));
    }
    assert_true(text_print(&before, "</devices></domain>"));
    read_domain(before.data, before.length, &domain);
    write_words(&domain, says);
    assert_true(domain_rewrite(&domain, &before, &there, &reason));
    domain_free(&domain);
    read_domain(there.data, there.length, &domain);
    for (size_t i = 0; i < CARDS_IN_CIRCLE; i++) {
        bool expected = says[i] == TRUST_YES && owner[i] != TRUST_YES;
        if (domain.interfaces[i].owner != owner[i] || is_given(&domain.interfaces[i]) != expected)
            print_error("interface %zu of %s\n", i, there.data);
        assert_int_equal(domain.interfaces[i].trust, says[i]);
        assert_int_equal(domain.interfaces[i].owner, owner[i]);
        assert_int_equal(is_given(&domain.interfaces[i]), expected);
    }
    write_words(&domain, owner);
    assert_true(domain_rewrite(&domain, &there, &back, &reason));
    assert_text(&back, before.data, before.length);
    domain_free(&domain);
    text_free(&before);
    text_free(&there);
}

static void each_circle(const char *const macs[]) {
    for (unsigned words = 0; words < WORDS * WORDS * WORDS; words++)
        for (unsigned given = 0; given < 1U << CARDS_IN_CIRCLE; given++)
            assert_circle(macs, words, given);
}

static void test_circle(void **state) {
    (void)state;
    each_circle((const char *const[]){A, B, "52:54:00:00:00:0c"});
}

static void test_circle_of_one_mac(void **state) {
    (void)state;
    each_circle((const char *const[]){A, B, A});
    each_circle((const char *const[]){A, A, A});
}

/* Of two with one MAC address, both given, the owner takes the first one's trust away himself: the
 * other's word is still known. */
static void test_one_mac_and_its_owner(void **state) {
    (void)state;
    static const char before[] = DOMAIN("<devices>" CARD("", A) CARD(NO, A) "</devices>");
    static const enum trust taken[] = {TRUST_UNSAID, TRUST_YES};
    struct domain domain;
    struct text in = text_of(before, strlen(before)), there = {0}, element = {0};
    const char *reason = NULL;
    read_domain(before, strlen(before), &domain);
    write_all(&domain, TRUST_YES);
    assert_true(domain_rewrite(&domain, &in, &there, &reason));
    domain_free(&domain);
    /* What libvirt makes of the first element is the same without the attribute. */
    char *first = strstr(there.data, YES);
    assert_non_null(first);
    memmove(first, first + strlen(YES), strlen(first + strlen(YES)) + 1);
    there.length -= strlen(YES);
    read_domain(there.data, there.length, &domain);
    assert_int_equal(domain.interfaces[0].trust, taken[0]);
    assert_false(is_given(&domain.interfaces[0]));
    assert_int_equal(domain.interfaces[1].trust, taken[1]);
    assert_int_equal(domain.interfaces[1].owner, TRUST_NO);
    assert_true(is_given(&domain.interfaces[1]));
    domain_free(&domain);
    text_free(&there);
    text_free(&element);
}

static const struct refused_note {
    const char *name;
    const char *xml;
} refused_notes[] = {
    {"no MAC address", DEVICES("<interface type='direct'/>")},
};

/* A rewrite that can't be made says why. */
static void test_refused_note(void **state) {
    const struct refused_note *row = *state;
    struct domain domain;
    struct text in = text_of(row->xml, strlen(row->xml)), out = {0};
    const char *reason = NULL;
    read_domain(row->xml, strlen(row->xml), &domain);
    write_all(&domain, TRUST_YES);
    assert_false(domain_rewrite(&domain, &in, &out, &reason));
    assert_non_null(reason);
    text_free(&out);
    domain_free(&domain);
}

/* ---- What a parser that was taken over says ---- */

#define TARGET(name)  "<target dev='" name "'/>"
#define PLACED(inner) "<interface type='direct'>" inner "</interface>"

static const struct standing {
    const char *name;
    const char *xml;
    size_t place;       /* the interface whose place is told */
    const char *target; /* the target that is told */
    bool stands;
} standings[] = {
    {"its own", DEVICES(PLACED(TARGET("macvtap1"))), 0, "macvtap1", true},
    {"with more attributes", DEVICES(PLACED("<target dev='macvtap1' managed='no'/>")), 0,
     "macvtap1", true},
    {"behind metadata",
     DOMAIN(METADATA("<!-- a -->") "<devices>" PLACED(TARGET("macvtap1")) "</devices>"), 0,
     "macvtap1", true},
    {"another guest's", DEVICES(PLACED(TARGET("macvtap1"))), 0, "macvtap2", false},
    {"a longer name in the text", DEVICES(PLACED(TARGET("macvtap10"))), 0, "macvtap1", false},
    {"a shorter name in the text", DEVICES(PLACED(TARGET("macvtap1"))), 0, "macvtap10", false},
    {"no name", DEVICES(PLACED(TARGET("macvtap1"))), 0, "", false},
    {"no target in the text", DEVICES(PLACED("<mac address='" A "'/>")), 0, "macvtap1", false},
    {"another interface's", DEVICES(PLACED(TARGET("macvtap1")) PLACED(TARGET("macvtap2"))), 0,
     "macvtap2", false},
    {"another interface's, told of the second",
     DEVICES(PLACED(TARGET("macvtap1")) PLACED(TARGET("macvtap2"))), 1, "macvtap1", false},
    {"a target in the metadata",
     DOMAIN(
         METADATA(PLACED(TARGET("macvtap2"))) "<devices>" PLACED(TARGET("macvtap1")) "</devices>"),
     0, "macvtap2", false},
    {"a target in a comment before",
     DEVICES("<!-- " TARGET("macvtap2") " -->" PLACED(TARGET("macvtap1"))), 0, "macvtap2", false},
    {"a target in a comment behind",
     DEVICES(PLACED(TARGET("macvtap1")) "<!-- " TARGET("macvtap2") " -->"), 0, "macvtap2", false},
    {"a device that isn't the target", DEVICES(PLACED("<source dev='macvtap2'/>")), 0, "macvtap2",
     false},
    {"an attribute that talks of it",
     DEVICES(PLACED("<alias name=\"&lt;target dev='macvtap2'\"/>")), 0, "macvtap2", false},
    {"metadata behind, as libvirt never writes it",
     DOMAIN("<devices>" PLACED(TARGET("macvtap1")) "</devices>" METADATA("")), 0, "macvtap1",
     false},
};

static void test_standing(void **state) {
    const struct standing *row = *state;
    struct domain domain;
    struct text in = text_of(row->xml, strlen(row->xml));
    read_domain(row->xml, strlen(row->xml), &domain);
    assert_true(row->place < domain.count);
    domain.interfaces[row->place].target = row->target;
    assert_int_equal(domain_target_stands(&domain.interfaces[row->place], &in), row->stands);
    domain_free(&domain);
}

/* The place of an interface that stands in the metadata. */
static void test_place_in_metadata(void **state) {
    (void)state;
    static const char xml[] = DOMAIN(
        METADATA(PLACED(TARGET("macvtap2"))) "<devices>" PLACED(TARGET("macvtap1")) "</devices>");
    struct text in = text_of(xml, strlen(xml)), out = {0};
    const char *tag = strstr(xml, "<interface type='direct'"), *reason = NULL;
    struct interface interface = {.target = "macvtap2", .write = TRUST_YES};
    assert_non_null(tag);
    interface.tag_end = (size_t)(tag - xml) + strlen("<interface type='direct'");
    interface.end = interface.tag_end + strlen(">" TARGET("macvtap2") "</interface>");
    assert_memory_equal(xml + interface.end, "</metadata>", strlen("</metadata>"));
    assert_false(domain_target_stands(&interface, &in));
    assert_false(domain_interface_xml(&interface, &in, &out, &reason));
    assert_non_null(reason);
    text_free(&out);
}

#define SOME_UUID "0ddba11c-0000-4000-8000-00000000000A"

static const struct identity {
    const char *name;
    const char *xml;
    const char *uuid; /* NULL: none */
} identities[] = {
    {"as libvirt writes it", DOMAIN("\n  <name>a</name>\n  <uuid>" SOME_UUID "</uuid>\n"),
     SOME_UUID},
    {"the first counts",
     DOMAIN("<uuid>" SOME_UUID
            "</uuid>" METADATA("<uuid>0ddba11c-0000-4000-8000-00000000000b</uuid>")),
     SOME_UUID},
    {"no text", "", NULL},
    {"none", DOMAIN("<name>a</name>"), NULL},
    {"an empty one", DOMAIN("<uuid></uuid>"), NULL},
    {"one that is too short", DOMAIN("<uuid>0ddba11c-0000-4000-8000-00000000000</uuid>"), NULL},
    {"one that is too long", DOMAIN("<uuid>" SOME_UUID "0</uuid>"), NULL},
    {"one without dashes", DOMAIN("<uuid>0ddba11c00004000800000000000000a</uuid>"), NULL},
    {"other letters", DOMAIN("<uuid>0ddba11c-0000-4000-8000-00000000000g</uuid>"), NULL},
    {"a command", DOMAIN("<uuid>0ddba11c; destroy a; 8000-0000000000</uuid>"), NULL},
    {"the text's end", "<uuid>", NULL},
    {"the text's end within it", "<uuid>0ddba11c-0000", NULL},
    {"the text's end behind it", "<uuid>" SOME_UUID, NULL},
    {"the text's end behind the next tag's beginning", "<uuid>" SOME_UUID "<", SOME_UUID},
};

/* The text in memory of its own size, so that a sanitizer sees a step too far. */
static struct text exact_text(const char *text) {
    struct text exact = {.data = strdup(text), .length = strlen(text)};
    assert_non_null(exact.data);
    return exact;
}

static void test_identity(void **state) {
    const struct identity *row = *state;
    char uuid[UUID_LENGTH + 1];
    struct text in = exact_text(row->xml);
    domain_find_uuid(&in, uuid);
    assert_string_equal(uuid, row->uuid ? row->uuid : "");
    free(in.data);
    domain_find_uuid(&(struct text){0}, uuid);
    assert_string_equal(uuid, "");
}

/* ---- The element of one interface ---- */

#define ELEMENT(attributes, rest) "<interface type='direct'" attributes rest
#define INSIDE(attributes, rest)                                                                   \
    DEVICES("<interface type='user'/> <!-- > -->" ELEMENT(attributes, rest) "<!-- > --> "          \
                                                                            "<interface/>"),       \
        ELEMENT(YES, rest), ELEMENT(NO, rest), ELEMENT("", rest)

static const struct element {
    const char *name;
    const char *xml; /* of a domain whose second interface it is */
    const char *trusted;
    const char *refused; /* it says 'no' */
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

static void assert_element(const struct domain *domain, const char *xml, enum trust says,
                           const char *expected) {
    const char *reason = NULL;
    struct text out = {0}, in = text_of(xml, strlen(xml));
    domain->interfaces[1].write = says;
    assert_true(domain_interface_xml(&domain->interfaces[1], &in, &out, &reason));
    assert_null(reason);
    assert_text(&out, expected, strlen(expected));
}

static void test_element(void **state) {
    const struct element *row = *state;
    struct domain domain;
    read_domain(row->xml, strlen(row->xml), &domain);
    assert_int_equal(domain.count, 3);
    assert_element(&domain, row->xml, TRUST_YES, row->trusted);
    assert_element(&domain, row->xml, TRUST_NO, row->refused);
    assert_element(&domain, row->xml, TRUST_UNSAID, row->untrusted);
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

    struct text rewritten = rewrite(pair.before.text, pair.before.length);
    assert_int_equal(rewritten.length, pair.after.length);
    assert_memory_equal(rewritten.data, pair.after.text, rewritten.length);
    text_free(&rewritten);
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
    struct text rewritten = rewrite(xml.text, xml.length);
    assert_int_equal(rewritten.length, xml.length + 1);
    size_t same = xml.length - strlen(end);
    assert_memory_equal(rewritten.data, xml.text, same);
    assert_memory_equal(rewritten.data + same, " trustGuestRxFilters='yes'/></devices></domain>",
                        strlen(end) + 1);
    text_free(&rewritten);
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
        DEVICES("<interface type='direct'><mac address='52:54:00:00:00:01'/></interface>"),
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
        const char *reason = NULL;
        struct text rewritten = {0}, in = text_of(xml.text, xml.length);
        if (domain_read(xml.text, xml.length, &domain)) {
            write_all(&domain, TRUST_YES);
            for (int noted = 1; noted >= 0; noted--) {
                assert_false(domain_rewrite(&domain, &in, &rewritten, &reason));
                assert_non_null(reason);
                text_free(&rewritten);
                domain.interfaces[0].owner = TRUST_YES; /* then no note is needed */
            }
        } else {
            assert_non_null(domain.error.reason);
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
    {"far behind the text", SIZE_MAX / 2, SIZE_MAX},
    {"the end behind the text", 20, SIZE_MAX},
    {"the tag's end behind the text", SIZE_MAX, 30},
    {"both at the beginning", 0, 0},
    {"the tag's end behind the end", 30, 20},
    {"in the root's tag", 7, 8},
    {"its tag, and an end before it", 41, 8},
    {"its tag, and an end behind the text", 41, SIZE_MAX},
    {"its tag, and an end that is no tag's", 41, 45},
};

static void test_place(void **state) {
    static const char xml[] = "<domain><devices><interface type='direct'><target dev='macvtap0'/>"
                              "</interface></devices></domain>";
    const struct place *row = *state;
    struct domain domain;
    const char *reason = NULL;
    struct text in = exact_text(xml), out = {0};
    read_domain(in.data, in.length, &domain);
    domain.interfaces[0].tag_end = row->tag_end;
    domain.interfaces[0].end = row->end;
    domain.interfaces[0].write = domain.interfaces[0].owner = TRUST_YES;
    domain.interfaces[0].target = "macvtap0";
    assert_false(domain_rewrite(&domain, &in, &out, &reason));
    assert_non_null(reason);
    text_free(&out);
    assert_false(domain_interface_xml(domain.interfaces, &in, &out, &reason));
    assert_non_null(reason);
    assert_false(domain_target_stands(domain.interfaces, &in));
    text_free(&out);
    domain_free(&domain);
    free(in.data);
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
    size_t tag_end = strcspn(row->text, "|"), end = strcspn(row->text + tag_end + 1, "|");
    char *text = NULL;
    assert_true(asprintf(&text, "%.*s%.*s%s", (int)tag_end, row->text, (int)end,
                         row->text + tag_end + 1, row->text + tag_end + end + 2) > 0);
    struct text in = exact_text(text), out = {0};
    struct interface interface = {.trust = row->trust,
                                  .owner = TRUST_YES,
                                  .write = TRUST_YES,
                                  .target = "macvtap0",
                                  .tag_end = tag_end,
                                  .end = tag_end + end};
    const struct domain domain = {.interfaces = &interface, .count = 1};
    const char *reason = NULL;
    assert_false(domain_interface_xml(&interface, &in, &out, &reason));
    assert_non_null(reason);
    text_free(&out);
    assert_false(domain_target_stands(&interface, &in));
    assert_int_equal(domain_rewrite(&domain, &in, &out, &reason), row->alone);
    text_free(&out);
    free(in.data);
    free(text);
}

/* With nothing before or behind it. */
static void test_element_alone(void **state) {
    (void)state;
    static const char xml[] = "<interface type='direct'/>";
    static const char trusted[] = "<interface type='direct'" YES "/>";
    const struct interface interface = {
        .write = TRUST_YES, .tag_end = strlen(xml) - 2, .end = strlen(xml)};
    const char *reason = NULL;
    struct text in = exact_text(xml), out = {0};
    assert_true(domain_interface_xml(&interface, &in, &out, &reason));
    assert_text(&out, trusted, strlen(trusted));
    free(in.data);
}

static void test_one_place_twice(void **state) {
    (void)state;
    static const char xml[] = "<domain><interface type='direct'></interface></domain>";
    struct interface interfaces[2] = {
        {.owner = TRUST_YES, .write = TRUST_YES, .tag_end = 32, .end = 45}};
    interfaces[1] = interfaces[0];
    struct domain domain = {.interfaces = interfaces, .count = 1};
    struct text in = text_of(xml, strlen(xml)), out = {0};
    const char *reason = NULL;
    assert_true(domain_rewrite(&domain, &in, &out, &reason));
    text_free(&out);
    domain.count = 2;
    assert_false(domain_rewrite(&domain, &in, &out, &reason));
    assert_non_null(reason);
    text_free(&out);
}

/* Every two of the places of metadata and note, told as every offset and some beyond the text. No
 * byte outside of the text is read, and the devices stay. */
static void test_places_of_the_note(void **state) {
    (void)state;
    static const char *const texts[] = {
        DOMAIN(METADATA("<a/>" GIVEN("")) CARDS("")),
        DOMAIN(METADATA(GIVEN("")) CARDS("")),
        DOMAIN("<metadata/>" CARDS("")),
        DOMAIN(CARDS("")),
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct text in = exact_text(texts[i]);
        struct domain domain;
        read_domain(in.data, in.length, &domain);
        write_all(&domain, TRUST_YES);
        const struct domain honest = domain;
        size_t *const told[] = {&domain.parent_tag_end, &domain.note_tag_end, &domain.note_end};
        size_t last = in.length + 3;
        for (size_t a = 0; a < COUNT(told); a++)
            for (size_t b = 0; b < COUNT(told); b++)
                for (size_t at = 0; at < last * last; at++) {
                    struct text out = {0};
                    const char *reason = NULL;
                    domain = honest;
                    *told[a] = at / last > in.length ? SIZE_MAX - (last - at / last) : at / last;
                    *told[b] = at % last > in.length ? SIZE_MAX - (last - at % last) : at % last;
                    bool good = domain_rewrite(&domain, &in, &out, &reason);
                    assert_int_equal(good, reason == NULL);
                    if (good)
                        assert_non_null(strstr(out.data, CARDS(YES) "</domain>"));
                    text_free(&out);
                }
        domain = honest;
        domain_free(&domain);
        free(in.data);
    }
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
    cmocka_unit_test(test_back),
    cmocka_unit_test(test_circle),
    cmocka_unit_test(test_circle_of_one_mac),
    cmocka_unit_test(test_one_mac_and_its_owner),
    cmocka_unit_test(test_place_in_metadata),
    cmocka_unit_test(test_places_of_the_note),
};

int main(void) {
    static struct CMUnitTest tests[COUNT(readings) + COUNT(refusals) + COUNT(rewritings) +
                                   COUNT(elements) + COUNT(fillings) + COUNT(encodings) +
                                   COUNT(places) + COUNT(lies) + COUNT(details) + COUNT(noteds) +
                                   COUNT(notes) + COUNT(notings) + COUNT(refused_notes) +
                                   COUNT(standings) + COUNT(identities) + COUNT(others)];
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
    ADD_TABLE(tests, used, test_noted, noteds);
    ADD_TABLE(tests, used, test_note, notes);
    ADD_TABLE(tests, used, test_noting, notings);
    ADD_TABLE(tests, used, test_refused_note, refused_notes);
    ADD_TABLE(tests, used, test_standing, standings);
    ADD_TABLE(tests, used, test_identity, identities);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
