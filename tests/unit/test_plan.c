/* What should be true of an interface: the whole matrix of what it is attached to, what its XML
 * says, what the policy says, and its model. */
#include "unit.h"

#include "../../hook/plan.h"

/* ---- The matrix ---- */

enum fate {
    NOTHING,
    MULTICAST,
    TRUST,  /* in the XML, and multicast until it works */
    TRUSTED /* by the XML already */
};

#define EACH_TRUST 3

/* The design's rules, written out. A NIC that is trusted already needs nothing for good; one that
 * can't be trusted gets multicast for trust, whatever its XML says of trust; `no` in the XML is an
 * opt-out.
 */
static const struct rule {
    const char *policy;
    enum fate virtio[EACH_TRUST]; /* where the XML says nothing, no, yes */
    enum fate others[EACH_TRUST];
} rules[] = {
    {"[default]\n", {TRUST, NOTHING, TRUSTED}, {MULTICAST, NOTHING, MULTICAST}},
    {"[default]\npolicy = trust\noverride = no\n",
     {TRUST, NOTHING, TRUSTED},
     {MULTICAST, NOTHING, MULTICAST}},
    {"[default]\npolicy = trust\noverride = yes\n",
     {TRUST, TRUST, TRUSTED},
     {MULTICAST, MULTICAST, MULTICAST}},
    {"[default]\npolicy = multicast\noverride = no\n",
     {MULTICAST, NOTHING, TRUSTED},
     {MULTICAST, NOTHING, MULTICAST}},
    {"[default]\npolicy = multicast\noverride = yes\n",
     {MULTICAST, MULTICAST, TRUSTED},
     {MULTICAST, MULTICAST, MULTICAST}},
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
    {"virtio", true},   {"virtio-transitional", true},
    {"e1000", false},   {"virtio-non-transitional", true},
    {"e1000e", false},  {"rtl8139", false},
    {"igb", false},     {"ne2k_pci", false},
    {"pcnet", false},   {"vmxnet3", false},
    {"lan9118", false}, {"smc91c111", false},
    {"virtio2", false}, {"VirtIO", false},
    {"", false},        {NULL, false},
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
    {"network of NAT", {.type = "network", .network = "nat"}, NAT, ATTACHED_ELSEWHERE, "nat"},
    {"an unknown network", {.type = "network", .network = "lan"}, NULL, ATTACHED_ELSEWHERE, NULL},
    {"bridge", {.type = "bridge", .bridge = "br0"}, NULL, ATTACHED_ELSEWHERE, NULL},
    {"a running guest's, on a network's bridge",
     {.type = "bridge", .network = "lan", .bridge = "br0", .target = "vnet0"},
     NULL,
     ATTACHED_ELSEWHERE,
     NULL},
    {"user", {.type = "user"}, NULL, ATTACHED_ELSEWHERE, NULL},
    {"ethernet", {.type = "ethernet", .target = "tap0"}, NULL, ATTACHED_ELSEWHERE, NULL},
    {"ethernet, on a device made elsewhere",
     {.type = "ethernet", .target = "net1", .managed = "no"},
     NULL,
     ATTACHED_BY_NAME,
     NULL},
    {"ethernet, on a device that libvirt makes",
     {.type = "ethernet", .target = "tap0", .managed = "yes"},
     NULL,
     ATTACHED_ELSEWHERE,
     NULL},
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
    assert_true(network_read_text(xml, strlen(xml), network, &error));
    return network;
}

static void assert_fate(const struct plan_item *item, enum fate fate) {
    assert_int_equal(item->want, fate == NOTHING     ? WANT_NOTHING
                                 : fate == MULTICAST ? WANT_MULTICAST
                                                     : WANT_TRUST);
    assert_int_equal(item->write_trust, fate == TRUST);
}

/* In passthrough mode, and on a device that libvirt didn't make, trust comes down to multicast. */
static enum fate fate_at(const struct place *place, enum fate fate) {
    bool passthrough = place->mode && strcmp(place->mode, "passthrough") == 0;
    bool by_name = place->attachment == ATTACHED_BY_NAME;
    if (place->attachment == ATTACHED_ELSEWHERE)
        return NOTHING;
    return (passthrough && fate == TRUST) || (by_name && (fate == TRUST || fate == TRUSTED))
               ? MULTICAST
               : fate;
}

/* One place, with every policy, model and trust. */
static void test_place(void **state) {
    const struct place *row = *state;
    struct network network;
    const struct network *known = read_network(row->network, &network);
    for (size_t rule = 0; rule < COUNT(rules); rule++) {
        struct policy policy;
        read_policy(rules[rule].policy, &policy);
        for (size_t model = 0; model < COUNT(models); model++)
            for (int trust = 0; trust < EACH_TRUST; trust++) {
                struct interface interface = row->interface;
                interface.model = models[model].name;
                interface.trust = (enum trust)trust;
                struct plan_item item = plan_interface(&interface, known, &policy);
                assert_int_equal(item.attachment, row->attachment);
                if (row->attachment != ATTACHED_BY_NAME)
                    assert_int_equal(item.can_trust,
                                     models[model].can_trust || !models[model].name);
                assert_string_equal(or_dash(item.mode), or_dash(row->mode));
                const enum fate *fates =
                    models[model].can_trust ? rules[rule].virtio : rules[rule].others;
                /* What a network that is gone would say may have been an opt-out. */
                bool gone = row->attachment == ATTACHED_BY_NETWORK && !known;
                int said = gone && trust == TRUST_UNSAID ? TRUST_NO : trust;
                assert_fate(&item, fate_at(row, fates[said]));
            }
        policy_free(&policy);
    }
    network_free(&network);
}

/* ---- Whose trust counts ---- */

static const struct saying {
    const char *name;
    const char *network;
    const char *portgroup;
    enum trust interface;
    enum trust trust;
} sayings[] = {
    {"nobody says anything", LAN(""), NULL, TRUST_UNSAID, TRUST_UNSAID},
    {"the network says yes", LAN(" trustGuestRxFilters='yes'"), NULL, TRUST_UNSAID, TRUST_YES},
    {"the network says no", LAN(" trustGuestRxFilters='no'"), NULL, TRUST_UNSAID, TRUST_NO},
    {"the portgroup says yes", LAN(" trustGuestRxFilters='no'"), "yes", TRUST_UNSAID, TRUST_YES},
    {"the portgroup says no", LAN(" trustGuestRxFilters='yes'"), "no", TRUST_UNSAID, TRUST_NO},
    {"the interface says yes, the portgroup no", LAN(""), "no", TRUST_YES, TRUST_YES},
    {"the interface says no, the portgroup yes", LAN(""), "yes", TRUST_NO, TRUST_NO},
    {"the interface says no, the network yes", LAN(" trustGuestRxFilters='yes'"), NULL, TRUST_NO,
     TRUST_NO},
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
        stages[i].trust = row->interface;
        struct plan_item item = plan_interface(&stages[i], known, &policy);
        assert_int_equal(item.trust, row->trust);
        assert_fate(&item, rules[0].virtio[row->trust]);
    }
    policy_free(&policy);
    network_free(&network);
}

/* ---- Why ---- */

#define DIRECT(...)                                                                                \
    { .type = "direct", .dev = "eth0", .mode = "bridge", __VA_ARGS__ }
#define ON_LAN(...)                                                                                \
    { .type = "network", .network = "lan", .model = "virtio", __VA_ARGS__ }

static const struct why {
    const char *name;
    struct interface interface;
    const char *network;
    const char *policy;
    enum reason reason;
    enum reason reason_unsaid;
} whys[] = {
    {"by policy", DIRECT(.model = "virtio"), NULL, "[default]\n", BY_POLICY, BY_POLICY},
    {"no macvtap", {.type = "user"}, NULL, "[default]\n", NO_MACVTAP, NO_MACVTAP},
    {"off by policy", DIRECT(.model = "virtio", .trust = TRUST_NO), NULL,
     "[default]\npolicy = off\n", OFF_BY_POLICY, OFF_BY_POLICY},
    {"'no' in the XML", DIRECT(.model = "virtio", .trust = TRUST_NO), NULL, "[default]\n",
     NO_IN_XML, NO_IN_XML},
    {"'no' in the portgroup", ON_LAN(.portgroup = "no"), LAN(""), "[default]\n", NO_IN_PORTGROUP,
     NO_IN_PORTGROUP},
    {"'no' in the network", ON_LAN(.portgroup = NULL), LAN(" trustGuestRxFilters='no'"),
     "[default]\n", NO_IN_NETWORK, NO_IN_NETWORK},
    {"a network that is gone", DIRECT(.network = "lan", .model = "virtio"), NULL, "[default]\n",
     NETWORK_UNKNOWN, NETWORK_UNKNOWN},
    {"a network that is gone, the interface trusted",
     DIRECT(.network = "lan", .model = "virtio", .trust = TRUST_YES), NULL, "[default]\n",
     TRUSTED_ALREADY, NETWORK_UNKNOWN},
    {"'yes' in the XML", DIRECT(.model = "virtio", .trust = TRUST_YES), NULL,
     "[default]\npolicy = multicast\n", TRUSTED_ALREADY, BY_POLICY},
    {"'yes' in the portgroup", ON_LAN(.portgroup = "yes"), LAN(""), "[default]\n", TRUSTED_ALREADY,
     TRUSTED_ALREADY},
    {"'yes' in the XML, 'no' in the portgroup", ON_LAN(.portgroup = "no", .trust = TRUST_YES),
     LAN(""), "[default]\n", TRUSTED_ALREADY, NO_IN_PORTGROUP},
    {"'yes' in the XML, 'no' in the network", ON_LAN(.portgroup = NULL, .trust = TRUST_YES),
     LAN(" trustGuestRxFilters='no'"), "[default]\n", TRUSTED_ALREADY, NO_IN_NETWORK},
    {"'yes' in the XML and in the network", ON_LAN(.portgroup = NULL, .trust = TRUST_YES),
     LAN(" trustGuestRxFilters='yes'"), "[default]\npolicy = multicast\n", TRUSTED_ALREADY,
     TRUSTED_ALREADY},
    {"multicast by policy, 'yes' in the XML of another model",
     DIRECT(.model = "e1000", .trust = TRUST_YES), NULL, "[default]\npolicy = multicast\n",
     BY_POLICY, BY_POLICY},
    {"'no' in the XML, gone over", DIRECT(.model = "virtio", .trust = TRUST_NO), NULL,
     "[default]\noverride = yes\n", BY_POLICY, BY_POLICY},
    {"another model", DIRECT(.model = "e1000"), NULL, "[default]\n", MODEL_UNTRUSTED,
     MODEL_UNTRUSTED},
    {"no model", DIRECT(.model = NULL), NULL, "[default]\n", MODEL_UNSAID, MODEL_UNSAID},
    {"passthrough",
     {.type = "direct", .mode = "passthrough", .model = "virtio"},
     NULL,
     "[default]\n",
     PASSTHROUGH,
     PASSTHROUGH},
    {"made elsewhere",
     {.type = "ethernet", .target = "net1", .managed = "no", .model = "virtio", .trust = TRUST_YES},
     NULL,
     "[default]\n",
     MADE_ELSEWHERE,
     MADE_ELSEWHERE},
};

static void test_why(void **state) {
    const struct why *row = *state;
    struct network network;
    struct policy policy;
    const struct network *known = read_network(row->network, &network);
    read_policy(row->policy, &policy);
    struct plan_item item = plan_interface(&row->interface, known, &policy);
    assert_int_equal(item.reason, row->reason);
    assert_int_equal(item.reason_unsaid, row->reason_unsaid);
    policy_free(&policy);
    network_free(&network);
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
    {"made elsewhere, by a device that isn't told",
     {.type = "ethernet", .target = "net1", .managed = "no", .dev = "eth0"},
     NULL,
     "dev = *",
     false},
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
     {.type = "ethernet", .target = "net1", .managed = "no", .network = "lan"},
     LAN(""),
     "dev = *",
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
     {.type = "direct", .network = "lan", .portgroup = "none", .trust = TRUST_YES},
     NULL,
     "portgroup = none",
     true},
    {"network, running and its network gone, by a device that isn't told",
     {.type = "direct", .network = "lan", .trust = TRUST_YES},
     NULL,
     "dev = *",
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
    struct plan_item item = plan_interface(&interface, known, &policy);
    assert_fate(&item, row->matches                          ? NOTHING
                       : item.attachment == ATTACHED_BY_NAME ? MULTICAST
                       : interface.trust == TRUST_YES        ? TRUSTED
                                                             : TRUST);
    assert_string_equal(item.verdict.section, row->matches ? "rule:r" : "default");
    policy_free(&policy);
    network_free(&network);
    free(text);
}

/* Before it is known which device the network gives, what is wanted is what is wanted on each. */
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
    };
    const char *devices[] = {"eth0", "eth1", "eth2"};
    const struct network network = {
        .macvtap = true, .mode = "bridge", .devices = devices, .device_count = COUNT(devices)};
    const struct interface interface = {.type = "network", .network = "lan", .model = "virtio"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy policy;
        read_policy(rows[i].policy, &policy);
        struct plan_item item = plan_interface(&interface, &network, &policy);
        assert_int_equal(item.verdict.action, rows[i].action);
        assert_int_equal(item.verdict.override, rows[i].override);
        assert_string_equal(item.verdict.section, rows[i].section);
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
    struct xml_error error;
    struct policy policy;
    struct plan plan;
    const struct networks none = {0};
    assert_true(domain_read(xml, strlen(xml), &domain, &error));
    read_policy("[rule:r]\nvm = 0DDBA11C-0000-4000-8000-000000000001\ndev = eth1\n"
                "policy = multicast\n[vm:other]\npolicy = off\n",
                &policy);
    assert_true(plan_make(&domain, &policy, &none, &plan));
    assert_int_equal(plan.count, 4);
    assert_fate(&plan.items[0], TRUST);
    assert_fate(&plan.items[1], MULTICAST);
    assert_fate(&plan.items[2], NOTHING);
    assert_fate(&plan.items[3], NOTHING);
    assert_null(plan.items[0].network_problem);
    assert_non_null(plan.items[2].network_problem);
    assert_string_equal(plan.items[2].network_problem, "libvirt has no such active network");
    assert_null(plan.items[3].network_problem); /* a bridge needs no network to be told */
    plan_free(&plan);
    assert_null(plan.items);
    policy_free(&policy);
    domain_free(&domain);
}

static void test_domain_without_interfaces(void **state) {
    (void)state;
    static const char xml[] = "<domain><name>web-1</name></domain>";
    struct domain domain;
    struct xml_error error;
    struct policy policy;
    struct plan plan;
    const struct networks none = {0};
    assert_true(domain_read(xml, strlen(xml), &domain, &error));
    read_policy("[default]\n", &policy);
    assert_true(plan_make(&domain, &policy, &none, &plan));
    assert_int_equal(plan.count, 0);
    plan_free(&plan);
    policy_free(&policy);
    domain_free(&domain);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_pool),
    cmocka_unit_test(test_domain),
    cmocka_unit_test(test_domain_without_interfaces),
};

int main(void) {
    static struct CMUnitTest
        tests[COUNT(places) + COUNT(sayings) + COUNT(whys) + COUNT(sights) + COUNT(others)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_place, places);
    ADD_TABLE(tests, used, test_saying, sayings);
    ADD_TABLE(tests, used, test_why, whys);
    ADD_TABLE(tests, used, test_sight, sights);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
