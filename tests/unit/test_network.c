/* The status of libvirt's networks: which of them give macvtap, and whom they trust. */
#include "unit.h"

#include "../../hook/network.h"

#define STATUS(network) "<networkstatus><class_id bitmap='0-2'/>" network "</networkstatus>"
#define NETWORK(inside) STATUS("<network><name>n</name>" inside "</network>")
#define BRIDGE_PORTS    "<forward dev='eth0' mode='bridge'><interface dev='eth0'/></forward>"

static const struct parsing {
    const char *name;
    const char *xml;
    const char *read; /* MODE, macvtap or no macvtap, TRUST, then each portgroup */
} readings[] = {
    /* Macvtap or not. */
    {"private", NETWORK("<forward mode='private'><interface dev='eth0'/></forward>"),
     "private, macvtap, unsaid\n"},
    {"vepa", NETWORK("<forward mode='vepa'><interface dev='eth0'/></forward>"),
     "vepa, macvtap, unsaid\n"},
    {"passthrough",
     NETWORK(
         "<forward mode='passthrough'><interface dev='eth0'/><interface dev='eth1'/></forward>"),
     "passthrough, macvtap, unsaid\n"},
    {"passthrough of virtual functions",
     NETWORK("<forward mode='passthrough'><pf dev='eth0'/><interface dev='eth0v0'/></forward>"),
     "passthrough, macvtap, unsaid\n"},
    {"private, its ports not told", NETWORK("<forward mode='private'/>"),
     "private, macvtap, unsaid\n"},
    {"bridge of ports", NETWORK(BRIDGE_PORTS), "bridge, macvtap, unsaid\n"},
    {"bridge of several ports",
     NETWORK("<forward mode='bridge'><interface dev='a'/><interface dev='b'/></forward>"),
     "bridge, macvtap, unsaid\n"},
    {"a host bridge", NETWORK("<forward mode='bridge'/><bridge name='br0'/>"),
     "bridge, no macvtap, unsaid\n"},
    {"a host bridge, told before", NETWORK("<bridge name='br0'/><forward mode='bridge'/>"),
     "bridge, no macvtap, unsaid\n"},
    {"a host bridge that also has ports", NETWORK(BRIDGE_PORTS "<bridge name='br0'/>"),
     "bridge, no macvtap, unsaid\n"},
    {"an Open vSwitch bridge",
     NETWORK("<forward mode='bridge'/><bridge name='ovs0'/><virtualport type='openvswitch'/>"),
     "bridge, no macvtap, unsaid\n"},
    {"bridge of neither", NETWORK("<forward mode='bridge'/>"), "bridge, no macvtap, unsaid\n"},
    {"a bridge without a name", NETWORK(BRIDGE_PORTS "<bridge stp='on'/>"),
     "bridge, macvtap, unsaid\n"},
    {"NAT",
     NETWORK("<forward mode='nat'><nat><port start='1024' end='65535'/></nat></forward>"
             "<bridge name='virbr0' stp='on' delay='0'/>"),
     "nat, no macvtap, unsaid\n"},
    {"NAT through one port",
     NETWORK("<forward dev='eth0' mode='nat'><interface dev='eth0'/></forward>"
             "<bridge name='virbr0'/>"),
     "nat, no macvtap, unsaid\n"},
    {"route", NETWORK("<forward mode='route'/><bridge name='virbr0'/>"),
     "route, no macvtap, unsaid\n"},
    {"open", NETWORK("<forward mode='open'/><bridge name='virbr0'/>"),
     "open, no macvtap, unsaid\n"},
    {"hostdev", NETWORK("<forward mode='hostdev' managed='yes'><pf dev='eth0'/></forward>"),
     "hostdev, no macvtap, unsaid\n"},
    {"isolated", NETWORK("<bridge name='virbr0'/>"), "-, no macvtap, unsaid\n"},
    {"forward without a mode", NETWORK("<forward/><bridge name='virbr0'/>"),
     "-, no macvtap, unsaid\n"},
    {"a mode in another case", NETWORK("<forward mode='VEPA'/>"), "VEPA, no macvtap, unsaid\n"},
    {"a port outside <forward>",
     NETWORK("<forward mode='bridge'/><other><interface dev='eth0'/></other>"),
     "bridge, no macvtap, unsaid\n"},
    {"a port without a device", NETWORK("<forward mode='bridge'><interface/></forward>"),
     "bridge, no macvtap, unsaid\n"},
    {"a forward further down", NETWORK("<metadata><forward mode='vepa'/></metadata>"),
     "-, no macvtap, unsaid\n"},
    {"a forward outside <network>",
     STATUS("<forward mode='vepa'/><network><name>n</name></network><forward mode='vepa'/>"),
     "-, no macvtap, unsaid\n"},
    {"a forward in a namespace", NETWORK("<x:forward xmlns:x='urn:x' mode='vepa'/>"),
     "-, no macvtap, unsaid\n"},
    {"a comment as libvirt writes it first",
     "<!--\nWARNING: THIS IS AN AUTO-GENERATED FILE.\n-->\n\n" NETWORK(BRIDGE_PORTS),
     "bridge, macvtap, unsaid\n"},

    /* Trust. */
    {"a trusted network",
     STATUS("<network trustGuestRxFilters='yes'><name>n</name>" BRIDGE_PORTS "</network>"),
     "bridge, macvtap, yes\n"},
    {"a network that isn't trusted",
     STATUS("<network connections='1' trustGuestRxFilters='no'>" BRIDGE_PORTS "</network>"),
     "bridge, macvtap, no\n"},
    {"portgroups",
     NETWORK(BRIDGE_PORTS "<portgroup name='a'/><portgroup name='b' default='yes'></portgroup>"
                          "<portgroup name='c' default='no' trustGuestRxFilters='yes'/>"
                          "<portgroup trustGuestRxFilters='no'/>"),
     "bridge, macvtap, unsaid\na: unsaid\nb: unsaid (default)\nc: yes\n-: no\n"},
    {"a portgroup's name with references", NETWORK(BRIDGE_PORTS "<portgroup name='R&amp;D'/>"),
     "bridge, macvtap, unsaid\nR&D: unsaid\n"},
    {"portgroups outside <network>", STATUS("<network/><other><portgroup name='a'/></other>"),
     "-, no macvtap, unsaid\n"},
};

static const char *const trust_names[] = {
    [TRUST_UNSAID] = "unsaid", [TRUST_NO] = "no", [TRUST_YES] = "yes"};

static void test_reading(void **state) {
    const struct parsing *row = *state;
    struct network network;
    struct xml_error error;
    assert_true(network_read_text(row->xml, strlen(row->xml), &network, &error));
    struct report report;
    FILE *out = report_open(&report);
    (void)fprintf(out, "%s, %s, %s\n", or_dash(network.mode),
                  network.macvtap ? "macvtap" : "no macvtap", trust_names[network.trust]);
    for (size_t i = 0; i < network.portgroup_count; i++)
        (void)fprintf(out, "%s: %s%s\n", or_dash(network.portgroups[i].name),
                      trust_names[network.portgroups[i].trust],
                      network.portgroups[i].is_default ? " (default)" : "");
    report_assert(&report, row->read);
    network_free(&network);
}

static const struct refusal {
    const char *name;
    const char *xml;
    const char *reason;
} refusals[] = {
    {"nothing", "", "it isn't well-formed XML"},
    {"cut", "<networkstatus><network>", "it isn't well-formed XML"},
    {"a network's definition, not its status", "<network><forward mode='vepa'/></network>",
     "it is not the status of a network"},
    {"a document type", "<!DOCTYPE a><networkstatus/>", "it has a document type"},
};

static void test_refusal(void **state) {
    const struct refusal *row = *state;
    struct network network;
    struct xml_error error;
    assert_false(network_read_text(row->xml, strlen(row->xml), &network, &error));
    assert_string_equal(error.reason, row->reason);
    network_free(&network);
}

/* No file stands for these; for a name like the first ones none must be looked for. */
static const struct refusal names[] = {
    {"no name", "", "libvirt has no such active network"},
    {"a name that is a path", "../../../etc/libvirt/network", "libvirt has no such active network"},
    {"an unknown network", "rxtrust-no-such-network", "libvirt has no such active network"},
};

static void test_name(void **state) {
    const struct refusal *row = *state;
    struct network network;
    struct xml_error error;
    assert_false(network_read(&(struct networks){0}, row->xml, &network, &error));
    assert_string_equal(error.reason, row->reason);
    network_free(&network);
}

#define GROUP(attributes) "<portgroup" attributes "/>"
#define OF_NETWORK(attributes, groups)                                                             \
    STATUS("<network" attributes "><name>n</name>" BRIDGE_PORTS groups "</network>")
#define SAYS_YES " trustGuestRxFilters='yes'"
#define SAYS_NO  " trustGuestRxFilters='no'"
#define DEFAULT  " default='yes'"

static const struct choice {
    const char *name;
    const char *xml;
    const char *portgroup;
    enum trust trust;
} choices[] = {
    {"nothing said", OF_NETWORK("", ""), NULL, TRUST_UNSAID},
    {"the network says yes", OF_NETWORK(SAYS_YES, ""), NULL, TRUST_YES},
    {"the network says no", OF_NETWORK(SAYS_NO, ""), NULL, TRUST_NO},
    {"the portgroup says yes", OF_NETWORK("", GROUP(" name='a'" SAYS_YES)), "a", TRUST_YES},
    {"the portgroup counts before the network", OF_NETWORK(SAYS_YES, GROUP(" name='a'" SAYS_NO)),
     "a", TRUST_NO},
    {"a portgroup that says nothing", OF_NETWORK(SAYS_YES, GROUP(" name='a'")), "a", TRUST_YES},
    {"another portgroup", OF_NETWORK("", GROUP(" name='a'" SAYS_YES) GROUP(" name='b'")), "b",
     TRUST_UNSAID},
    {"the second of two portgroups",
     OF_NETWORK("", GROUP(" name='a'" SAYS_YES) GROUP(" name='b'" SAYS_NO)), "b", TRUST_NO},
    {"an unknown portgroup is not the default one",
     OF_NETWORK("", GROUP(" name='a'" DEFAULT SAYS_YES)), "b", TRUST_UNSAID},
    {"an unknown portgroup, but the network says it",
     OF_NETWORK(SAYS_NO, GROUP(" name='a'" SAYS_YES)), "b", TRUST_NO},
    {"the default portgroup",
     OF_NETWORK(SAYS_NO, GROUP(" name='a'") GROUP(" name='b'" DEFAULT SAYS_YES)), NULL, TRUST_YES},
    {"a default portgroup that says nothing", OF_NETWORK(SAYS_NO, GROUP(" name='a'" DEFAULT)), NULL,
     TRUST_NO},
    {"no default among the portgroups", OF_NETWORK("", GROUP(" name='a'" SAYS_YES)), NULL,
     TRUST_UNSAID},
    {"a portgroup without the default's word",
     OF_NETWORK("", GROUP(" name='a'") GROUP(" name='b'" DEFAULT SAYS_YES)), "a", TRUST_UNSAID},
};

static void test_choice(void **state) {
    const struct choice *row = *state;
    struct network network;
    struct xml_error error;
    assert_true(network_read_text(row->xml, strlen(row->xml), &network, &error));
    const struct network_portgroup *group = network_portgroup(&network, row->portgroup);
    assert_int_equal(group && group->trust != TRUST_UNSAID ? group->trust : network.trust,
                     row->trust);
    network_free(&network);
}

/* ---- A port's trust ---- */

static const struct port {
    const char *name;
    const char *network;
    const char *port;
    const char *problem;
} ports[] = {
    {"no network", NULL, "p", "it names no port"},
    {"no port", "rxtrust-no-such-network", NULL, "it names no port"},
    {"a network in another directory", "../n", "p", "it names no port"},
    {"a port in another directory", "rxtrust-no-such-network", "../p", "it names no port"},
    {"a port that isn't there", "rxtrust-no-such-network", "p", "No such file or directory"},
};

static void test_port(void **state) {
    const struct port *row = *state;
    bool trust = true;
    const char *problem = network_port_trust(row->network, row->port, &trust);
    assert_non_null(problem);
    assert_string_equal(problem, row->problem);
    assert_false(trust);
}

int main(void) {
    static struct CMUnitTest
        tests[COUNT(readings) + COUNT(refusals) + COUNT(names) + COUNT(choices) + COUNT(ports)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_reading, readings);
    ADD_TABLE(tests, used, test_refusal, refusals);
    ADD_TABLE(tests, used, test_name, names);
    ADD_TABLE(tests, used, test_choice, choices);
    ADD_TABLE(tests, used, test_port, ports);
    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
