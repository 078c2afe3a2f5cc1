/* The desired state of an interface: the whole matrix of its attachment, its owner's word, the
 * policy and its model; and how the host's links and the networks decide which rules match. */
#include "plan.h"

#include "unit.h"

/* ---- The host ---- */

enum { ETH0 = 1, ETH1, BR0, TAP0, FAR_AWAY };

static struct device links[] = {
    {.index = ETH0, .names = (char *[]){"eth0", "uplink", "enp3s0"}, .name_count = 3},
    {.index = ETH1, .names = (char *[]){"eth1"}, .name_count = 1},
    {.index = BR0, .names = (char *[]){"br0"}, .name_count = 1},
    {.index = TAP0, .names = (char *[]){"tap0"}, .name_count = 1},
    {.index = 10,
     .lower = ETH0,
     .names = (char *[]){"macvtap10", "of-web-1"},
     .name_count = 2,
     .macvtap = true,
     .mode = "bridge"},
    {.index = 11,
     .lower = ETH1,
     .names = (char *[]){"macvtap11"},
     .name_count = 1,
     .macvtap = true,
     .mode = "passthrough"},
    /* Its host device is in another network namespace, and its mode isn't one of libvirt's. */
    {.index = 12,
     .lower = FAR_AWAY,
     .names = (char *[]){"macvtap12"},
     .name_count = 1,
     .macvtap = true},
    /* The trust of these was given by version 0.1.0; the second one's note says more. */
    {.index = 13,
     .lower = ETH0,
     .names = (char *[]){"macvtap13"},
     .name_count = 1,
     .macvtap = true,
     .mode = "bridge",
     .own_alias = true,
     .given_trust = true},
    {.index = 14,
     .lower = ETH0,
     .names = (char *[]){"macvtap14"},
     .name_count = 1,
     .macvtap = true,
     .mode = "bridge",
     .own_alias = true,
     .marked = true},
};

static const struct devices host = {.socket = -1, .items = links, .count = COUNT(links)};

/* ---- The matrix ---- */

enum fate {
    NOTHING,
    HEARS,
    TRUST,         /* in the XML, and multicast until it works */
    TRUSTED_BEFORE /* by the owner already */
};

#define EACH_TRUST 3

/* The design's rules, written out. An interface that its owner trusts needs nothing more; one that
 * can't be trusted gets multicast in place of trust, whatever its owner says; 'no' is an opt-out.
 */
static const struct rule {
    const char *policy;
    enum fate virtio[EACH_TRUST]; /* where the owner says nothing, no, yes */
    enum fate others[EACH_TRUST];
} rules[] = {
    {"[default]\n", {TRUST, NOTHING, TRUSTED_BEFORE}, {HEARS, NOTHING, HEARS}},
    {"[default]\npolicy = trust\noverride = no\n",
     {TRUST, NOTHING, TRUSTED_BEFORE},
     {HEARS, NOTHING, HEARS}},
    {"[default]\npolicy = trust\noverride = yes\n",
     {TRUST, TRUST, TRUSTED_BEFORE},
     {HEARS, HEARS, HEARS}},
    {"[default]\npolicy = multicast\noverride = no\n",
     {HEARS, NOTHING, TRUSTED_BEFORE},
     {HEARS, NOTHING, HEARS}},
    {"[default]\npolicy = multicast\noverride = yes\n",
     {HEARS, HEARS, TRUSTED_BEFORE},
     {HEARS, HEARS, HEARS}},
    {"[default]\npolicy = off\noverride = no\n",
     {NOTHING, NOTHING, NOTHING},
     {NOTHING, NOTHING, NOTHING}},
    {"[default]\npolicy = off\noverride = yes\n",
     {NOTHING, NOTHING, NOTHING},
     {NOTHING, NOTHING, NOTHING}},
};

static const struct model {
    const char *name;
    bool can_trust;
} models[] = {
    {"virtio", true},
    {"virtio-transitional", true},
    {"virtio-non-transitional", true},
    {"virtio-net", true},
    {"virtio-net-pci", true},
    {"virtio-net-pci-non-transitional", true},
    {"virtio-net-device", true},
    {"virtio-net-ccw", true},
    {"e1000", false},
    {"e1000e", false},
    {"rtl8139", false},
    {"igb", false},
    {"ne2k_pci", false},
    {"pcnet", false},
    {"vmxnet3", false},
    {"lan9118", false},
    {"smc91c111", false},
    {"virtio2", false},
    {"virtio-ne", false},
    {"virtio-blk", false},
    {"VirtIO", false},
    {"Virtio-net", false},
    {"", false},
    {NULL, false},
};

#define LAN(attributes)                                                                            \
    "<networkstatus><network" attributes "><name>lan</name><forward dev='eth0' mode='private'>"    \
    "<interface dev='eth0'/></forward><portgroup name='yes' trustGuestRxFilters='yes'/>"           \
    "<portgroup name='no' trustGuestRxFilters='no'/></network></networkstatus>"
#define NAT                                                                                        \
    "<networkstatus><network><name>nat</name><forward mode='nat'/><bridge name='virbr0'/>"         \
    "</network></networkstatus>"

static const struct place {
    const char *name;
    struct interface interface;
    const char *network; /* the XML of its status, or NULL */
    enum attachment attachment;
    const char *mode;
} places[] = {
    {"direct",
     {.type = "direct", .dev = "eth0", .mode = "bridge"},
     NULL,
     ATTACHED_DIRECTLY,
     "bridge"},
    {"direct, passthrough",
     {.type = "direct", .dev = "eth0", .mode = "passthrough"},
     NULL,
     ATTACHED_DIRECTLY,
     "passthrough"},
    {"direct without a mode", {.type = "direct", .dev = "eth0"}, NULL, ATTACHED_DIRECTLY, "vepa"},
    {"network of macvtap",
     {.type = "network", .network = "lan"},
     LAN(""),
     ATTACHED_BY_NETWORK,
     "private"},
    {"a running guest's, on a network",
     {.type = "direct", .network = "lan", .dev = "eth0", .mode = "bridge", .target = "macvtap0"},
     LAN(""),
     ATTACHED_BY_NETWORK,
     "bridge"},
    {"a running guest's, on a network that is gone",
     {.type = "direct", .network = "lan", .dev = "eth0", .mode = "bridge", .target = "macvtap0"},
     NULL,
     ATTACHED_BY_NETWORK,
     "bridge"},
    {"a running guest's, on a network that is gone, its device not told",
     {.type = "direct", .network = "lan", .mode = "bridge"},
     NULL,
     ATTACHED_BY_NETWORK,
     "bridge"},
    {"network of NAT", {.type = "network", .network = "nat"}, NAT, ATTACHED_ELSEWHERE, NULL},
    {"an unknown network", {.type = "network", .network = "lan"}, NULL, ATTACHED_ELSEWHERE, NULL},
    {"bridge", {.type = "bridge", .bridge = "br0"}, NULL, ATTACHED_ELSEWHERE, NULL},
    {"a running guest's, on a network's bridge",
     {.type = "bridge", .network = "lan", .bridge = "br0", .target = "vnet0"},
     NULL,
     ATTACHED_ELSEWHERE,
     NULL},
    {"user", {.type = "user"}, NULL, ATTACHED_ELSEWHERE, NULL},
    {"ethernet", {.type = "ethernet", .target = "tap0"}, NULL, ATTACHED_ELSEWHERE, NULL},
    {"ethernet, on a device that isn't there",
     {.type = "ethernet", .target = "net1", .managed = "no"},
     NULL,
     ATTACHED_BY_NAME,
     NULL},
    {"ethernet, on a macvtap",
     {.type = "ethernet", .target = "macvtap10", .managed = "no"},
     NULL,
     ATTACHED_BY_NAME,
     "bridge"},
    {"ethernet, on a macvtap by an alternative name",
     {.type = "ethernet", .target = "of-web-1", .managed = "no"},
     NULL,
     ATTACHED_BY_NAME,
     "bridge"},
    {"ethernet, on a macvtap in passthrough mode",
     {.type = "ethernet", .target = "macvtap11", .managed = "no"},
     NULL,
     ATTACHED_BY_NAME,
     "passthrough"},
    {"ethernet, on a macvtap of another mode",
     {.type = "ethernet", .target = "macvtap12", .managed = "no"},
     NULL,
     ATTACHED_BY_NAME,
     NULL},
    {"ethernet, on a plain tap",
     {.type = "ethernet", .target = "tap0", .managed = "no"},
     NULL,
     ATTACHED_ELSEWHERE,
     NULL},
    {"ethernet, on no device",
     {.type = "ethernet", .managed = "no"},
     NULL,
     ATTACHED_ELSEWHERE,
     NULL},
    {"ethernet, on a device that libvirt makes",
     {.type = "ethernet", .target = "tap0", .managed = "yes"},
     NULL,
     ATTACHED_ELSEWHERE,
     NULL},
    {"ethernet, on a macvtap that libvirt is to make",
     {.type = "ethernet", .target = "macvtap10", .managed = "yes"},
     NULL,
     ATTACHED_ELSEWHERE,
     NULL},
    {"direct, its macvtap in another mode than the XML says",
     {.type = "direct", .dev = "eth0", .mode = "vepa", .target = "macvtap10"},
     NULL,
     ATTACHED_DIRECTLY,
     "bridge"},
    {"direct, its macvtap in passthrough mode",
     {.type = "direct", .dev = "eth1", .mode = "bridge", .target = "macvtap11"},
     NULL,
     ATTACHED_DIRECTLY,
     "passthrough"},
    {"direct, the target's name another device's",
     {.type = "direct", .dev = "eth0", .mode = "private", .target = "tap0"},
     NULL,
     ATTACHED_DIRECTLY,
     "private"},
    {"hostdev", {.type = "hostdev"}, NULL, ATTACHED_ELSEWHERE, NULL},
    {"vhostuser", {.type = "vhostuser"}, NULL, ATTACHED_ELSEWHERE, NULL},
    {"without a type", {.dev = "eth0", .mode = "bridge"}, NULL, ATTACHED_ELSEWHERE, "bridge"},
    {"a type in another case", {.type = "Direct", .dev = "eth0"}, NULL, ATTACHED_ELSEWHERE, NULL},
};

static void read_policy(const char *text, struct policy *policy) {
    *policy = (struct policy){.text = {.data = strdup(text), .length = strlen(text)}};
    assert_non_null(policy->text.data);
    assert_true(policy_parse(policy));
    policy_for_domain(policy, "web-1", "");
}

/* Returns the network, or NULL for no XML. */
static const struct network *read_network(const char *xml, struct network *network) {
    struct xml_error error;
    *network = (struct network){0};
    if (!xml)
        return NULL;
    assert_true(network_read(xml, strlen(xml), network, &error));
    return network;
}

static void assert_fate(const struct plan *item, const struct interface *interface, enum fate fate,
                        enum trust owner) {
    assert_int_equal(item->want, fate == NOTHING ? WANT_NOTHING
                                 : fate == HEARS ? WANT_MULTICAST
                                                 : WANT_TRUST);
    assert_int_equal(interface->write, fate == TRUST ? TRUST_YES : owner);
}

/* In passthrough mode, and on a device that libvirt didn't make, trust comes down to multicast. */
static enum fate fate_at(const struct place *place, enum fate fate) {
    bool passthrough = place->mode && strcmp(place->mode, "passthrough") == 0;
    bool by_name = place->attachment == ATTACHED_BY_NAME;
    if (place->attachment == ATTACHED_ELSEWHERE)
        return NOTHING;
    return (passthrough && fate == TRUST) || (by_name && (fate == TRUST || fate == TRUSTED_BEFORE))
               ? HEARS
               : fate;
}

/* One place with one policy, one model and one owner's word. `given`: the XML says 'yes', and the
 * note that this is rxtrust's; then the same is wanted. */
static void assert_place(const struct place *row, const struct network *network,
                         const struct policy *policy, const struct rule *rule,
                         const struct model *model, enum trust owner, bool given) {
    struct interface interface = row->interface;
    interface.model = model->name;
    interface.owner = owner;
    interface.trust = given ? TRUST_YES : owner;
    struct plan item = plan_interface(&interface, network, NULL, policy, &host);
    assert_int_equal(item.attachment, row->attachment);
    assert_int_equal(item.can_trust, model->can_trust && row->attachment != ATTACHED_BY_NAME);
    assert_string_equal(or_dash(item.mode), or_dash(row->mode));
    const enum fate *fates = model->can_trust ? rule->virtio : rule->others;
    /* A network that is gone may have said 'no'. */
    bool gone = row->attachment == ATTACHED_BY_NETWORK && !network;
    assert_fate(&item, &interface,
                fate_at(row, fates[gone && owner == TRUST_UNSAID ? TRUST_NO : owner]), owner);
}

/* One place, with every policy, model and owner's word. */
static void test_place(void **state) {
    const struct place *row = *state;
    struct network network;
    const struct network *known = read_network(row->network, &network);
    for (size_t rule = 0; rule < COUNT(rules); rule++) {
        struct policy policy;
        read_policy(rules[rule].policy, &policy);
        for (size_t model = 0; model < COUNT(models); model++)
            for (enum trust owner = TRUST_UNSAID; owner <= TRUST_YES; owner++)
                for (int given = 0; given <= (owner != TRUST_YES ? 1 : 0); given++)
                    assert_place(row, known, &policy, &rules[rule], &models[model], owner, given);
        policy_free(&policy);
    }
    network_free(&network);
}

/* ---- Which word of trust counts ---- */

static const struct saying {
    const char *name;
    const char *network;
    const char *portgroup;
    enum trust interface; /* its owner's word */
    enum trust says;
    enum said_by by;
} sayings[] = {
    {"nobody says anything", LAN(""), NULL, TRUST_UNSAID, TRUST_UNSAID, SAID_NOWHERE},
    {"the network says yes", LAN(" trustGuestRxFilters='yes'"), NULL, TRUST_UNSAID, TRUST_YES,
     SAID_BY_NETWORK},
    {"the network says no", LAN(" trustGuestRxFilters='no'"), NULL, TRUST_UNSAID, TRUST_NO,
     SAID_BY_NETWORK},
    {"the portgroup says yes", LAN(" trustGuestRxFilters='no'"), "yes", TRUST_UNSAID, TRUST_YES,
     SAID_BY_PORTGROUP},
    {"the portgroup says no", LAN(" trustGuestRxFilters='yes'"), "no", TRUST_UNSAID, TRUST_NO,
     SAID_BY_PORTGROUP},
    {"the interface says yes, the portgroup no", LAN(""), "no", TRUST_YES, TRUST_YES,
     SAID_BY_INTERFACE},
    {"the interface says no, the portgroup yes", LAN(""), "yes", TRUST_NO, TRUST_NO,
     SAID_BY_INTERFACE},
    {"the interface says no, the network yes", LAN(" trustGuestRxFilters='yes'"), NULL, TRUST_NO,
     TRUST_NO, SAID_BY_INTERFACE},
};

/* Before the start and after it the same counts, though the XML is another. */
static void test_saying(void **state) {
    const struct saying *row = *state;
    struct interface stages[] = {
        {.type = "network", .network = "lan"},
        {.type = "direct",
         .network = "lan",
         .dev = "eth0",
         .mode = "private",
         .target = "macvtap0"},
    };
    struct network network;
    struct policy policy;
    const struct network *known = read_network(row->network, &network);
    read_policy("[default]\n", &policy);
    for (size_t i = 0; i < COUNT(stages); i++) {
        stages[i].model = "virtio";
        stages[i].portgroup = row->portgroup;
        for (int given = 0; given <= (row->interface != TRUST_YES ? 1 : 0); given++) {
            stages[i].owner = row->interface;
            stages[i].trust = given ? TRUST_YES : row->interface;
            struct plan item = plan_interface(&stages[i], known, NULL, &policy, &host);
            assert_int_equal(item.says, row->says);
            assert_int_equal(item.said_by, row->by);
            assert_fate(&item, &stages[i], rules[0].virtio[row->says], row->interface);
        }
    }
    policy_free(&policy);
    network_free(&network);
}

/* ---- Why ---- */

#define DIRECT(...)                                                                                \
    { .type = "direct", .dev = "eth0", .mode = "bridge", __VA_ARGS__ }
#define ON_LAN(...)                                                                                \
    { .type = "network", .network = "lan", .model = "virtio", __VA_ARGS__ }

/* The owner's word, and the XML's 'yes' over it. */
#define SAYS(word)  .owner = TRUST_##word, .trust = TRUST_##word
#define GIVEN(word) .owner = TRUST_##word, .trust = TRUST_YES
#define ETHERNET(on, ...)                                                                          \
    { .type = "ethernet", .target = on, .managed = "no", .model = "virtio", __VA_ARGS__ }

static const struct why {
    const char *name;
    struct interface interface;
    const char *network;
    const char *policy;
    enum want want;
    enum reason reason;
    enum trust write;
} whys[] = {
    {"by policy", DIRECT(.model = "virtio"), NULL, "[default]\n", WANT_TRUST, BY_POLICY, TRUST_YES},
    {"given already", DIRECT(.model = "virtio", GIVEN(UNSAID)), NULL, "[default]\n", WANT_TRUST,
     BY_POLICY, TRUST_YES},
    {"no macvtap", {.type = "user"}, NULL, "[default]\n", WANT_NOTHING, NO_MACVTAP, TRUST_UNSAID},
    {"no macvtap any more",
     {.type = "user", GIVEN(NO)},
     NULL,
     "[default]\n",
     WANT_NOTHING,
     NO_MACVTAP,
     TRUST_NO},
    {"off by policy", DIRECT(.model = "virtio", SAYS(NO)), NULL, "[default]\npolicy = off\n",
     WANT_NOTHING, OFF_BY_POLICY, TRUST_NO},
    {"off by policy, given before to one that said nothing",
     DIRECT(.model = "virtio", GIVEN(UNSAID)), NULL, "[default]\npolicy = off\n", WANT_NOTHING,
     OFF_BY_POLICY, TRUST_UNSAID},
    {"off by policy, given before to one that said 'no'", DIRECT(.model = "virtio", GIVEN(NO)),
     NULL, "[default]\npolicy = off\n", WANT_NOTHING, OFF_BY_POLICY, TRUST_NO},
    {"off by policy, trusted by its owner", DIRECT(.model = "virtio", SAYS(YES)), NULL,
     "[default]\npolicy = off\n", WANT_NOTHING, OFF_BY_POLICY, TRUST_YES},
    {"'no' in the XML", DIRECT(.model = "virtio", SAYS(NO)), NULL, "[default]\n", WANT_NOTHING,
     NO_IN_XML, TRUST_NO},
    {"'no' in the XML before trust was given", DIRECT(.model = "virtio", GIVEN(NO)), NULL,
     "[default]\n", WANT_NOTHING, NO_IN_XML, TRUST_NO},
    {"'no' in the portgroup", ON_LAN(.portgroup = "no"), LAN(""), "[default]\n", WANT_NOTHING,
     NO_IN_PORTGROUP, TRUST_UNSAID},
    {"'no' in the portgroup, the 'yes' given", ON_LAN(.portgroup = "no", GIVEN(UNSAID)), LAN(""),
     "[default]\n", WANT_NOTHING, NO_IN_PORTGROUP, TRUST_UNSAID},
    {"'no' in the network", ON_LAN(.portgroup = NULL), LAN(" trustGuestRxFilters='no'"),
     "[default]\n", WANT_NOTHING, NO_IN_NETWORK, TRUST_UNSAID},
    {"a network that is gone", DIRECT(.network = "lan", .model = "virtio"), NULL, "[default]\n",
     WANT_NOTHING, NETWORK_UNKNOWN, TRUST_UNSAID},
    {"a network that is gone, the 'yes' given",
     DIRECT(.network = "lan", .model = "virtio", GIVEN(UNSAID)), NULL, "[default]\n", WANT_NOTHING,
     NETWORK_UNKNOWN, TRUST_UNSAID},
    {"a network that is gone, override", DIRECT(.network = "lan", .model = "virtio"), NULL,
     "[default]\noverride = yes\n", WANT_TRUST, BY_POLICY, TRUST_YES},
    {"a network that is gone, the interface trusted",
     DIRECT(.network = "lan", .model = "virtio", SAYS(YES)), NULL, "[default]\n", WANT_TRUST,
     TRUSTED_ALREADY, TRUST_YES},
    {"'yes' in the XML", DIRECT(.model = "virtio", SAYS(YES)), NULL,
     "[default]\npolicy = multicast\n", WANT_TRUST, TRUSTED_ALREADY, TRUST_YES},
    {"'yes' of rxtrust's in the XML", DIRECT(.model = "virtio", GIVEN(UNSAID)), NULL,
     "[default]\npolicy = multicast\n", WANT_MULTICAST, BY_POLICY, TRUST_UNSAID},
    {"'yes' of rxtrust's over a 'no' in the XML", DIRECT(.model = "virtio", GIVEN(NO)), NULL,
     "[default]\npolicy = multicast\noverride = yes\n", WANT_MULTICAST, BY_POLICY, TRUST_NO},
    {"'yes' in the portgroup", ON_LAN(.portgroup = "yes"), LAN(""), "[default]\n", WANT_TRUST,
     TRUSTED_ALREADY, TRUST_UNSAID},
    {"'yes' in the XML, 'no' in the portgroup", ON_LAN(.portgroup = "no", SAYS(YES)), LAN(""),
     "[default]\n", WANT_TRUST, TRUSTED_ALREADY, TRUST_YES},
    {"'yes' in the XML, 'no' in the network", ON_LAN(.portgroup = NULL, SAYS(YES)),
     LAN(" trustGuestRxFilters='no'"), "[default]\n", WANT_TRUST, TRUSTED_ALREADY, TRUST_YES},
    {"'no' in the XML, 'yes' in the network", ON_LAN(SAYS(NO)), LAN(" trustGuestRxFilters='yes'"),
     "[default]\n", WANT_NOTHING, NO_IN_XML, TRUST_NO},
    {"'no' in the XML, 'yes' in the network, override", ON_LAN(SAYS(NO)),
     LAN(" trustGuestRxFilters='yes'"), "[default]\noverride = yes\n", WANT_TRUST, BY_POLICY,
     TRUST_YES},
    {"multicast by policy, 'yes' in the XML of another model", DIRECT(.model = "e1000", SAYS(YES)),
     NULL, "[default]\npolicy = multicast\n", WANT_MULTICAST, BY_POLICY, TRUST_YES},
    {"'no' in the XML, override", DIRECT(.model = "virtio", SAYS(NO)), NULL,
     "[default]\noverride = yes\n", WANT_TRUST, BY_POLICY, TRUST_YES},
    {"another model", DIRECT(.model = "e1000"), NULL, "[default]\n", WANT_MULTICAST,
     MODEL_UNTRUSTED, TRUST_UNSAID},
    {"another model, 'yes' in the XML", DIRECT(.model = "e1000", SAYS(YES)), NULL, "[default]\n",
     WANT_MULTICAST, MODEL_UNTRUSTED, TRUST_YES},
    {"no model", DIRECT(.model = NULL), NULL, "[default]\n", WANT_MULTICAST, MODEL_UNSAID,
     TRUST_UNSAID},
    {"passthrough",
     {.type = "direct", .mode = "passthrough", .model = "virtio"},
     NULL,
     "[default]\n",
     WANT_MULTICAST,
     PASSTHROUGH,
     TRUST_UNSAID},
    {"passthrough, 'yes' in the XML",
     {.type = "direct", .mode = "passthrough", .model = "virtio", SAYS(YES)},
     NULL,
     "[default]\n",
     WANT_TRUST,
     TRUSTED_ALREADY,
     TRUST_YES},
    {"passthrough, another model",
     {.type = "direct", .mode = "passthrough", .model = "e1000"},
     NULL,
     "[default]\n",
     WANT_MULTICAST,
     MODEL_UNTRUSTED,
     TRUST_UNSAID},
    {"made elsewhere", ETHERNET("macvtap10", SAYS(YES)), NULL, "[default]\n", WANT_MULTICAST,
     MADE_ELSEWHERE, TRUST_YES},
    {"made elsewhere, multicast by policy", ETHERNET("macvtap10", SAYS(UNSAID)), NULL,
     "[default]\npolicy = multicast\n", WANT_MULTICAST, BY_POLICY, TRUST_UNSAID},
    {"made elsewhere, in passthrough mode", ETHERNET("macvtap11", SAYS(UNSAID)), NULL,
     "[default]\n", WANT_MULTICAST, MADE_ELSEWHERE, TRUST_UNSAID},
    {"a plain tap made elsewhere", ETHERNET("tap0", SAYS(UNSAID)), NULL, "[default]\n",
     WANT_NOTHING, NO_MACVTAP, TRUST_UNSAID},
    {"a missing device", ETHERNET("net1", SAYS(UNSAID)), NULL, "[default]\n", WANT_MULTICAST,
     DEVICE_MISSING, TRUST_UNSAID},
    {"a missing device, multicast by policy", ETHERNET("net1", SAYS(UNSAID)), NULL,
     "[default]\npolicy = multicast\n", WANT_MULTICAST, DEVICE_MISSING, TRUST_UNSAID},
    {"a missing device, off by policy", ETHERNET("net1", SAYS(UNSAID)), NULL,
     "[default]\npolicy = off\n", WANT_NOTHING, OFF_BY_POLICY, TRUST_UNSAID},
    {"a missing device, 'no' in the XML", ETHERNET("net1", SAYS(NO)), NULL, "[default]\n",
     WANT_NOTHING, NO_IN_XML, TRUST_NO},
};

static void test_why(void **state) {
    const struct why *row = *state;
    struct network network;
    struct policy policy;
    const struct network *known = read_network(row->network, &network);
    read_policy(row->policy, &policy);
    struct interface interface = row->interface;
    struct plan item = plan_interface(&interface, known, NULL, &policy, &host);
    assert_int_equal(item.want, row->want);
    assert_int_equal(item.reason, row->reason);
    assert_int_equal(interface.write, row->write);
    policy_free(&policy);
    network_free(&network);
}

/* The problem of a network is kept; a guest that has stopped has no macvtap as long as it lasts. */
static void test_network_problem(void **state) {
    (void)state;
    static const struct {
        const char *type;
        enum attachment attachment;
        enum reason reason;
    } rows[] = {
        {"network", ATTACHED_ELSEWHERE, NETWORK_UNKNOWN},
        {"direct", ATTACHED_BY_NETWORK, NETWORK_UNKNOWN},
        {"bridge", ATTACHED_ELSEWHERE, NO_MACVTAP},
    };
    struct policy policy;
    read_policy("[default]\n", &policy);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct interface interface = {.type = rows[i].type, .network = "lan", .model = "virtio"};
        struct plan item = plan_interface(&interface, NULL, "it is gone", &policy, &host);
        assert_int_equal(item.attachment, rows[i].attachment);
        assert_int_equal(item.reason, rows[i].reason);
        assert_int_equal(item.want, WANT_NOTHING);
        assert_string_equal(item.network_problem, "it is gone");
    }
    policy_free(&policy);
}

/* ---- What a rule sees ---- */

#define WITH_DEFAULT                                                                               \
    "<networkstatus><network><name>lan</name><forward mode='vepa'/>"                               \
    "<portgroup name='none'/><portgroup name='usual' default='yes'/></network></networkstatus>"

static const struct sight {
    const char *name;
    struct interface interface;
    const char *network;
    const char *key; /* of a rule that says off */
    bool matches;
} sights[] = {
    {"direct, by its device", {.type = "direct", .dev = "eth1"}, NULL, "dev = eth1", true},
    {"direct, by its mode",
     {.type = "direct", .dev = "eth1", .mode = "private"},
     NULL,
     "mode = private",
     true},
    {"direct without a mode is vepa", {.type = "direct", .dev = "eth1"}, NULL, "mode = vepa", true},
    {"direct is on no network", {.type = "direct", .dev = "eth1"}, NULL, "network = *", false},
    {"made elsewhere, by its MAC address",
     {.type = "ethernet", .target = "net1", .managed = "no", .mac = "52:54:00:a1:b2:0c"},
     NULL,
     "mac = 52:*",
     true},
    {"made elsewhere and missing, by a device that it may have",
     {.type = "ethernet", .target = "net1", .managed = "no"},
     NULL,
     "dev = eth0",
     true},
    {"made elsewhere and missing, by a mode that it may have",
     {.type = "ethernet", .target = "net1", .managed = "no"},
     NULL,
     "mode = private",
     true},
    {"made elsewhere, by its real device",
     {.type = "ethernet", .target = "macvtap10", .managed = "no"},
     NULL,
     "dev = eth0",
     true},
    {"made elsewhere, by its real device's alternative name",
     {.type = "ethernet", .target = "macvtap10", .managed = "no"},
     NULL,
     "dev = uplink",
     true},
    {"made elsewhere, by another device than its real one",
     {.type = "ethernet", .target = "macvtap10", .managed = "no"},
     NULL,
     "dev = eth1",
     false},
    {"made elsewhere, by its own name",
     {.type = "ethernet", .target = "macvtap10", .managed = "no"},
     NULL,
     "dev = macvtap10",
     false},
    {"made elsewhere, by its real mode",
     {.type = "ethernet", .target = "macvtap10", .managed = "no"},
     NULL,
     "mode = bridge",
     true},
    {"made elsewhere, by another mode than its real one",
     {.type = "ethernet", .target = "macvtap10", .managed = "no"},
     NULL,
     "mode = vepa",
     false},
    {"made elsewhere, in an unknown mode",
     {.type = "ethernet", .target = "macvtap12", .managed = "no"},
     NULL,
     "mode = vepa",
     true},
    {"made elsewhere, on a device in another network namespace",
     {.type = "ethernet", .target = "macvtap12", .managed = "no"},
     NULL,
     "dev = eth0",
     true},
    {"direct, by an alternative name of its device",
     {.type = "direct", .dev = "eth0"},
     NULL,
     "dev = uplink",
     true},
    {"direct on an alternative name, by the name",
     {.type = "direct", .dev = "uplink"},
     NULL,
     "dev = eth0",
     true},
    {"direct on an alternative name, by another alternative name",
     {.type = "direct", .dev = "uplink"},
     NULL,
     "dev = enp3s0",
     true},
    {"direct on an alternative name, by another device",
     {.type = "direct", .dev = "uplink"},
     NULL,
     "dev = eth1",
     false},
    {"direct on a device that isn't there, by its name",
     {.type = "direct", .dev = "eth9"},
     NULL,
     "dev = eth9",
     true},
    {"direct on a device that isn't there, by another",
     {.type = "direct", .dev = "eth9"},
     NULL,
     "dev = eth0",
     false},
    {"direct, running, by its real device",
     {.type = "direct", .dev = "eth1", .target = "macvtap10"},
     NULL,
     "dev = eth0",
     true},
    {"direct, running, by a device that the XML alone names",
     {.type = "direct", .dev = "eth1", .target = "macvtap10"},
     NULL,
     "dev = eth1",
     false},
    {"direct, running, its host device in another network namespace",
     {.type = "direct", .dev = "eth1", .target = "macvtap12"},
     NULL,
     "dev = eth1",
     true},
    {"direct, running, by its real mode",
     {.type = "direct", .dev = "eth0", .mode = "vepa", .target = "macvtap10"},
     NULL,
     "mode = bridge",
     true},
    {"direct, running, by a mode that the XML alone names",
     {.type = "direct", .dev = "eth0", .mode = "vepa", .target = "macvtap10"},
     NULL,
     "mode = vepa",
     false},
    {"network, running, by its real device",
     {.type = "direct", .network = "lan", .dev = "eth1", .target = "macvtap10"},
     LAN(""),
     "dev = eth0",
     true},
    {"network, running, by a device that the network gives to others",
     {.type = "direct", .network = "lan", .dev = "eth1", .target = "macvtap11"},
     LAN(""),
     "dev = eth0",
     false},
    {"network, by an alternative name of the device that it will give",
     {.type = "network", .network = "lan"},
     LAN(""),
     "dev = uplink",
     true},
    {"network that tells no device, by any",
     {.type = "network", .network = "lan"},
     WITH_DEFAULT,
     "dev = eth1",
     true},
    {"made elsewhere, by a network that counts for nothing",
     {.type = "ethernet", .target = "net1", .managed = "no", .network = "lan", .portgroup = "yes"},
     LAN(""),
     "network = *",
     false},
    {"made elsewhere, by a portgroup that counts for nothing",
     {.type = "ethernet", .target = "net1", .managed = "no", .network = "lan", .portgroup = "yes"},
     LAN(""),
     "portgroup = *",
     false},
    {"made elsewhere, by a device of a network that counts for nothing",
     {.type = "ethernet", .target = "macvtap11", .managed = "no", .network = "lan"},
     LAN(""),
     "dev = eth0",
     false},
    {"direct, without a device", {.type = "direct"}, NULL, "dev = *", false},
    {"network, by its portgroup",
     {.type = "network", .network = "lan", .portgroup = "none"},
     LAN(""),
     "portgroup = none",
     true},
    {"network, by its default portgroup",
     {.type = "network", .network = "lan"},
     WITH_DEFAULT,
     "portgroup = usual",
     true},
    {"network, by its own portgroup and not by the default one",
     {.type = "network", .network = "lan", .portgroup = "none"},
     WITH_DEFAULT,
     "portgroup = usual",
     false},
    {"network without a default portgroup",
     {.type = "network", .network = "lan"},
     LAN(""),
     "portgroup = *",
     false},
    {"direct is in no portgroup",
     {.type = "direct", .dev = "eth1", .portgroup = "yes"},
     NULL,
     "portgroup = *",
     false},
    {"network, running and its network gone, by its portgroup",
     {.type = "direct", .network = "lan", .portgroup = "none", SAYS(YES)},
     NULL,
     "portgroup = none",
     true},
    {"network, running and its network gone, by another portgroup",
     {.type = "direct", .network = "lan", .portgroup = "none", SAYS(YES)},
     NULL,
     "portgroup = usual",
     false},
    {"network, running and its network gone, by a portgroup that may be its default",
     {.type = "direct", .network = "lan", SAYS(YES)},
     NULL,
     "portgroup = usual",
     true},
    {"network, running and its network gone, by a device that isn't told",
     {.type = "direct", .network = "lan", SAYS(YES)},
     NULL,
     "dev = eth1",
     true},
    {"network, running and its network gone, by another device than the XML's",
     {.type = "direct", .network = "lan", .dev = "eth0", SAYS(YES)},
     NULL,
     "dev = eth1",
     false},
    {"network, running and its network gone, by a mode that isn't told",
     {.type = "direct", .network = "lan", SAYS(YES)},
     NULL,
     "mode = vepa",
     true},
    {"network, running and its network gone, by another mode than the XML's",
     {.type = "direct", .network = "lan", .mode = "bridge", SAYS(YES)},
     NULL,
     "mode = vepa",
     false},
    {"network, running and its network gone, by another network",
     {.type = "direct", .network = "lan", SAYS(YES)},
     NULL,
     "network = dmz",
     false},
    {"network, running, by a device that it didn't get",
     {.type = "direct", .network = "lan", .dev = "eth1"},
     LAN(""),
     "dev = eth0",
     false},
    {"by its MAC address",
     {.type = "direct", .dev = "eth1", .mac = "52:54:00:a1:b2:0c"},
     NULL,
     "mac = 52:54:00:A1:*",
     true},
    {"network, by its name", {.type = "network", .network = "lan"}, LAN(""), "network = lan", true},
    {"network, by its mode",
     {.type = "network", .network = "lan"},
     LAN(""),
     "mode = private",
     true},
    {"network, by the device that it will give",
     {.type = "network", .network = "lan"},
     LAN(""),
     "dev = eth0",
     true},
    {"network, by a device that it doesn't give",
     {.type = "network", .network = "lan"},
     LAN(""),
     "dev = eth1",
     false},
    {"network, running, by its name",
     {.type = "direct", .network = "lan", .dev = "eth0"},
     LAN(""),
     "network = lan",
     true},
    {"network, running, by its device",
     {.type = "direct", .network = "lan", .dev = "eth0", .mode = "private"},
     LAN(""),
     "dev = eth0",
     true},
    {"network, running, by its mode",
     {.type = "direct", .network = "lan", .dev = "eth0", .mode = "private"},
     NULL,
     "mode = private",
     true},
};

static void test_sight(void **state) {
    const struct sight *row = *state;
    struct interface interface = row->interface;
    struct network network;
    struct policy policy;
    char *text = NULL;
    interface.model = "virtio";
    assert_true(asprintf(&text, "[rule:r]\n%s\npolicy = off\n", row->key) > 0);
    const struct network *known = read_network(row->network, &network);
    read_policy(text, &policy);
    struct plan item = plan_interface(&interface, known, NULL, &policy, &host);
    assert_fate(&item, &interface,
                row->matches                                     ? NOTHING
                : item.attachment == ATTACHED_BY_NAME            ? HEARS
                : interface.owner == TRUST_YES                   ? TRUSTED_BEFORE
                : strcmp(or_dash(item.mode), "passthrough") == 0 ? HEARS
                                                                 : TRUST,
                interface.owner);
    assert_string_equal(item.decision.section, row->matches ? "rule:r" : "default");
    policy_free(&policy);
    network_free(&network);
    free(text);
}

/* Where a property isn't known, the least of what might match counts: also where a rule gives more
 * than the rest of the policy. */
static const struct least {
    const char *name;
    const char *policy;
    enum policy_action action;
    bool override;
    const char *section;
} leasts[] = {
    {"a portgroup that opts out", "[rule:r]\nportgroup = g\npolicy = off\n", POLICY_OFF, false,
     "rule:r"},
    {"a portgroup that is trusted",
     "[default]\npolicy = off\n[rule:r]\nportgroup = g\n"
     "policy = trust\n",
     POLICY_OFF, false, "default"},
    {"a device that opts out", "[rule:r]\ndev = eth1\npolicy = multicast\n", POLICY_MULTICAST,
     false, "rule:r"},
    {"a device that is trusted",
     "[default]\npolicy = multicast\n[rule:r]\ndev = eth1\npolicy = trust\n", POLICY_MULTICAST,
     false, "default"},
    {"a mode that opts out", "[rule:r]\nmode = vepa\npolicy = off\n", POLICY_OFF, false, "rule:r"},
    {"a mode that is trusted", "[default]\npolicy = off\n[rule:r]\nmode = vepa\npolicy = trust\n",
     POLICY_OFF, false, "default"},
    {"override of a portgroup", "[rule:r]\nportgroup = g\noverride = yes\n", POLICY_TRUST, false,
     "default"},
    {"override of all but a portgroup",
     "[default]\noverride = yes\n[rule:r]\nportgroup = g\noverride = no\n", POLICY_TRUST, false,
     "default"},
    {"override of all", "[default]\noverride = yes\n", POLICY_TRUST, true, "default"},
    {"the least of three",
     "[rule:r]\ndev = eth0\npolicy = multicast\n[rule:s]\nmode = vepa\n"
     "policy = off\n[rule:t]\nportgroup = g\npolicy = trust\n",
     POLICY_OFF, false, "rule:s"},
    {"a rule behind that matches for certain",
     "[rule:r]\ndev = eth0\npolicy = off\n[rule:s]\nnetwork = lan\npolicy = multicast\n",
     POLICY_MULTICAST, false, "rule:s"},
    {"one key that matches and one that doesn't",
     "[rule:r]\ndev = eth0\nnetwork = dmz\npolicy = off\n", POLICY_TRUST, false, "default"},
};

static void test_least(void **state) {
    const struct least *row = *state;
    struct interface interface = {.type = "direct", .network = "lan", .model = "virtio"};
    struct policy policy;
    read_policy(row->policy, &policy);
    struct plan item = plan_interface(&interface, NULL, "it is gone", &policy, &host);
    assert_int_equal(item.decision.action, row->action);
    assert_int_equal(item.decision.override, row->override);
    assert_string_equal(item.decision.section, row->section);
    policy_free(&policy);
}

/* Before the start the network has not picked a device: the least over all of them counts. */
static void test_pool(void **state) {
    (void)state;
    static const struct {
        const char *policy;
        enum policy_action action;
        bool override;
        const char *section;
    } rows[] = {
        {"[default]\npolicy = off\n[rule:r]\ndev = eth0\npolicy = trust\n", POLICY_OFF, false,
         "default"},
        {"[default]\npolicy = off\n[rule:r]\ndev = eth1\npolicy = trust\n", POLICY_OFF, false,
         "default"},
        {"[rule:r]\ndev = eth0\npolicy = multicast\n", POLICY_MULTICAST, false, "rule:r"},
        {"[rule:r]\ndev = eth1\npolicy = off\n", POLICY_OFF, false, "rule:r"},
        {"[rule:r]\ndev = eth2\npolicy = off\n", POLICY_OFF, false, "rule:r"},
        {"[rule:r]\ndev = eth0\npolicy = off\n[rule:s]\ndev = eth1\npolicy = off\n", POLICY_OFF,
         false, "rule:r"},
        {"[rule:r]\ndev = eth3\npolicy = off\n", POLICY_TRUST, false, "default"},
        {"[rule:r]\ndev = eth0\noverride = yes\n", POLICY_TRUST, false, "default"},
        {"[rule:r]\ndev = eth1\noverride = yes\n", POLICY_TRUST, false, "default"},
        {"[rule:r]\ndev = eth0, eth1\noverride = yes\n", POLICY_TRUST, false, "default"},
        {"[rule:r]\ndev = eth?\noverride = yes\n", POLICY_TRUST, true, "default"},
        {"[rule:r]\ndev = uplink\npolicy = off\n", POLICY_OFF, false, "rule:r"},
        {"[rule:r]\ndev = uplink, eth1, eth2\noverride = yes\n", POLICY_TRUST, true, "default"},
    };
    const char *devices[] = {"eth0", "eth1", "eth2"};
    const struct network network = {
        .macvtap = true, .mode = "bridge", .devices = devices, .device_count = COUNT(devices)};
    struct interface interface = {.type = "network", .network = "lan", .model = "virtio"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy policy;
        read_policy(rows[i].policy, &policy);
        struct plan item = plan_interface(&interface, &network, NULL, &policy, &host);
        assert_int_equal(item.decision.action, rows[i].action);
        assert_int_equal(item.decision.override, rows[i].override);
        assert_string_equal(item.decision.section, rows[i].section);
        assert_string_equal(or_dash(item.decision.override_section),
                            rows[i].override ? "rule:r" : "-");
        policy_free(&policy);
    }
}

/* ---- A whole domain ---- */

static void test_domain(void **state) {
    (void)state;
    static const char xml[] =
        "<domain><name>web-1</name><uuid>0ddba11c-0000-4000-8000-000000000001</uuid><devices>"
        "<interface type='direct'><source dev='eth0'/><model type='virtio'/></interface>"
        "<interface type='direct'><source dev='eth1'/><model type='virtio'/></interface>"
        "<interface type='network'><source network='rxtrust-no-such-network'/></interface>"
        "<interface type='bridge'><source bridge='br0' network='rxtrust-no-such-network'/>"
        "</interface></devices></domain>";
    struct domain domain;
    struct policy policy;
    struct networks none = {0};
    assert_true(domain_read(xml, strlen(xml), &domain));
    read_policy("[rule:r]\nvm = 0DDBA11C-0000-4000-8000-000000000001\ndev = eth1\n"
                "policy = multicast\n[vm:other]\npolicy = off\n",
                &policy);
    plan_domain(&domain, &policy, &none, &host);
    assert_int_equal(domain.count, 4);
    assert_fate(&domain.interfaces[0].plan, &domain.interfaces[0], TRUST, TRUST_UNSAID);
    assert_fate(&domain.interfaces[1].plan, &domain.interfaces[1], HEARS, TRUST_UNSAID);
    assert_fate(&domain.interfaces[2].plan, &domain.interfaces[2], NOTHING, TRUST_UNSAID);
    assert_fate(&domain.interfaces[3].plan, &domain.interfaces[3], NOTHING, TRUST_UNSAID);
    assert_int_equal(domain.interfaces[2].plan.reason, NETWORK_UNKNOWN);
    assert_null(domain.interfaces[0].plan.network_problem);
    assert_non_null(domain.interfaces[2].plan.network_problem);
    assert_string_equal(domain.interfaces[2].plan.network_problem, network_not_active);
    assert_null(
        domain.interfaces[3].plan.network_problem); /* a bridge needs no network to be told */
    policy_free(&policy);
    domain_free(&domain);
}

static void test_domain_without_interfaces(void **state) {
    (void)state;
    static const char xml[] = "<domain><name>web-1</name></domain>";
    struct domain domain;
    struct policy policy;
    struct networks none = {0};
    assert_true(domain_read(xml, strlen(xml), &domain));
    read_policy("[default]\n", &policy);
    plan_domain(&domain, &policy, &none, &host);
    assert_int_equal(domain.count, 0);
    policy_free(&policy);
    domain_free(&domain);
}

#define NOTE(word)                                                                                 \
    "<metadata><given xmlns='urn:rxtrust:1'><interface mac='52:54:00:00:00:01' was='" word         \
    "'/></given></metadata>"
#define GUEST(says, target, note)                                                                  \
    "<domain>" note "<devices><interface type='direct' trustGuestRxFilters='" says                 \
    "'><mac address='52:54:00:00:00:01'/><source dev='eth0'/><target dev='" target                 \
    "'/><model type='virtio'/></interface></devices></domain>"

/* An alias of 0.1.0 that says trust, and a note, are read before anything is planned. */
static const struct old {
    const char *name;
    const char *xml;
    const char *policy;
    enum trust owner;
    bool given;
    enum want want;
    enum trust write;
} olds[] = {
    {"an alias of 0.1.0", GUEST("yes", "macvtap13", ""), "[default]\npolicy = off\n", TRUST_UNSAID,
     true, WANT_NOTHING, TRUST_UNSAID},
    {"an alias of 0.1.0 where trust is the policy", GUEST("yes", "macvtap13", ""), "[default]\n",
     TRUST_UNSAID, true, WANT_TRUST, TRUST_YES},
    {"an alias of 0.1.0 that outlived the trust", GUEST("no", "macvtap13", ""), "[default]\n",
     TRUST_NO, false, WANT_NOTHING, TRUST_NO},
    {"an alias of 0.1.0, and a note that says more", GUEST("yes", "macvtap13", NOTE("no")),
     "[default]\n", TRUST_NO, true, WANT_NOTHING, TRUST_NO},
    {"an alias that says all-multicast alone", GUEST("yes", "macvtap14", ""),
     "[default]\npolicy = multicast\n", TRUST_YES, false, WANT_TRUST, TRUST_YES},
    {"no alias", GUEST("yes", "macvtap10", ""), "[default]\npolicy = multicast\n", TRUST_YES, false,
     WANT_TRUST, TRUST_YES},
    {"a device that isn't there", GUEST("yes", "macvtap99", ""), "[default]\npolicy = off\n",
     TRUST_YES, false, WANT_NOTHING, TRUST_YES},
    {"a note", GUEST("yes", "macvtap10", NOTE("unsaid")), "[default]\npolicy = off\n", TRUST_UNSAID,
     true, WANT_NOTHING, TRUST_UNSAID},
    {"a note of a 'no' without override", GUEST("yes", "macvtap10", NOTE("no")), "[default]\n",
     TRUST_NO, true, WANT_NOTHING, TRUST_NO},
    {"a note of a 'no' with override", GUEST("yes", "macvtap10", NOTE("no")),
     "[default]\noverride = yes\n", TRUST_NO, true, WANT_TRUST, TRUST_YES},
    {"a note whose trust was taken back by hand", GUEST("no", "macvtap10", NOTE("unsaid")),
     "[default]\n", TRUST_NO, false, WANT_NOTHING, TRUST_NO},
};

static void test_old(void **state) {
    const struct old *row = *state;
    struct domain domain;
    struct policy policy;
    struct networks none = {0};
    assert_true(domain_read(row->xml, strlen(row->xml), &domain));
    read_policy(row->policy, &policy);
    plan_domain(&domain, &policy, &none, &host);
    assert_int_equal(domain.count, 1);
    assert_int_equal(domain.interfaces[0].owner, row->owner);
    assert_int_equal(is_given(domain.interfaces), row->given);
    assert_int_equal(domain.interfaces[0].plan.says, row->owner);
    assert_int_equal(domain.interfaces[0].plan.want, row->want);
    assert_int_equal(domain.interfaces[0].write, row->write);
    policy_free(&policy);
    domain_free(&domain);
}

/* Nothing is wanted afterwards of a macvtap, and the others keep their reason. */
static void test_revert(void **state) {
    (void)state;
    struct interface interfaces[] = {
        {.plan = {ATTACHED_DIRECTLY, .want = WANT_TRUST, .reason = BY_POLICY}},
        {.plan = {ATTACHED_BY_NETWORK, .want = WANT_MULTICAST, .reason = BY_POLICY}},
        {.plan = {ATTACHED_BY_NETWORK, .want = WANT_NOTHING, .reason = NETWORK_UNKNOWN}},
        {.plan = {ATTACHED_BY_NAME, .want = WANT_MULTICAST, .reason = MADE_ELSEWHERE}},
        {.plan = {ATTACHED_DIRECTLY, .want = WANT_NOTHING, .reason = NO_IN_XML}},
        {.plan = {ATTACHED_ELSEWHERE, .want = WANT_NOTHING, .reason = NO_MACVTAP}},
        {.plan = {ATTACHED_ELSEWHERE, .want = WANT_NOTHING, .reason = NETWORK_UNKNOWN}},
    };
    plan_revert(&(struct domain){.interfaces = interfaces, .count = COUNT(interfaces)});
    for (size_t i = 0; i < COUNT(interfaces); i++) {
        assert_int_equal(interfaces[i].plan.want, WANT_NOTHING);
        assert_int_equal(interfaces[i].plan.reason, i < 5    ? REVERTED
                                                    : i == 5 ? NO_MACVTAP
                                                             : NETWORK_UNKNOWN);
    }
    plan_revert(&(struct domain){0});
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_pool),
    cmocka_unit_test(test_network_problem),
    cmocka_unit_test(test_revert),
    cmocka_unit_test(test_domain),
    cmocka_unit_test(test_domain_without_interfaces),
};

int main(void) {
    static struct CMUnitTest tests[COUNT(places) + COUNT(sayings) + COUNT(whys) + COUNT(sights) +
                                   COUNT(leasts) + COUNT(olds) + COUNT(others)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_place, places);
    ADD_TABLE(tests, used, test_saying, sayings);
    ADD_TABLE(tests, used, test_why, whys);
    ADD_TABLE(tests, used, test_sight, sights);
    ADD_TABLE(tests, used, test_least, leasts);
    ADD_TABLE(tests, used, test_old, olds);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
