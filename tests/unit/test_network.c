/* The status of libvirt's networks: which of them give macvtap, and whom they trust. */
#undef _FORTIFY_SOURCE /* its openat() is inline, and this file has one of its own */
#include "unit.h"

#include "network.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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

static void test_reading(void **state) {
    const struct parsing *row = *state;
    struct network network;
    struct xml_error error;
    assert_true(network_read(row->xml, strlen(row->xml), &network, &error));
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

#define UNKNOWN "it is not active"

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
    assert_false(network_read(row->xml, strlen(row->xml), &network, &error));
    assert_string_equal(error.reason, row->reason);
    network_free(&network);
}

/* No file stands for these; for a name like the first ones none must be looked for. */
static const struct refusal names[] = {
    {"no name", "", UNKNOWN},
    {"a name that is a path", "../../../etc/libvirt/network", UNKNOWN},
    {"an unknown network", "rxtrust-no-such-network", UNKNOWN},
};

static void test_name(void **state) {
    const struct refusal *row = *state;
    const char *problem = NULL;
    assert_null(networks_get(&(struct networks){0}, row->xml, &problem));
    assert_string_equal(or_dash(problem), row->reason);
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
    assert_true(network_read(row->xml, strlen(row->xml), &network, &error));
    const struct network_portgroup *group = network_portgroup(&network, row->portgroup);
    assert_int_equal(group && group->trust != TRUST_UNSAID ? group->trust : network.trust,
                     row->trust);
    network_free(&network);
}

/* ---- The files ---- */

#define DIRECTORY "/run/libvirt/network"

/* A directory of a test's own in place of libvirt's. These stand in for the C library's: what is in
 * it, in which order, and what fails. */
static struct {
    char path[32];
    const char *const *entries; /* ended by NULL */
    int opendir_error, readdir_error;
    DIR *open;
} stand_in;

DIR *opendir(const char *path) {
    assert_string_equal(path, DIRECTORY);
    errno = stand_in.opendir_error;
    stand_in.open = errno ? NULL : fdopendir(open(stand_in.path, O_RDONLY | O_DIRECTORY));
    return stand_in.open;
}

struct dirent *readdir(DIR *directory) {
    static struct dirent entry;
    assert_ptr_equal(directory, stand_in.open);
    if (!*stand_in.entries) {
        if (stand_in.readdir_error)
            errno = stand_in.readdir_error;
        return NULL;
    }
    (void)snprintf(entry.d_name, sizeof entry.d_name, "%s", *stand_in.entries++);
    return &entry;
}

int openat(int directory, const char *path, int flags, ...) {
    char there[128];
    bool libvirts = strncmp(path, DIRECTORY, strlen(DIRECTORY)) == 0;
    (void)snprintf(there, sizeof there, "%s%s", libvirts ? stand_in.path : "",
                   libvirts ? path + strlen(DIRECTORY) : path);
    return (int)syscall(SYS_openat, directory, there, flags);
}

static const struct file {
    const char *path; /* one that ends with a slash is a directory */
    const char *text;
} files[] = {
    {"n.xml", NETWORK("<forward mode='vepa'/>")},
    {"lan.xml", NETWORK("<forward mode='private'/>")},
    {"lan.txt", NETWORK("<forward mode='nat'/>")},
    {"written.new", NETWORK("<forward mode='vepa'/>")},
    {"new", NETWORK("<forward mode='vepa'/>")},
    {".xml", NETWORK("<forward mode='vepa'/>")},
    {"cut.xml", "<networkstatus>"},
    {"lan/", NULL},
    {"lan/ports/", NULL},
    {"lan/ports/yes.xml",
     "<networkport><rxfilters trustGuest='yes'/><mac address='m'/></networkport>\n"},
    {"lan/ports/no.xml", "<networkport><rxfilters trustGuest='no'/></networkport>\n"},
    {"lan/ports/unsaid.xml", "<networkport><mac address='m'/></networkport>\n"},
    {"lan/ports/cut.xml", "<networkport><rxfilters trustGuest='yes'/></networkpo"},
    {"lan/ports/empty.xml", ""},
};

static void full_path(size_t file, char path[96]) {
    (void)snprintf(path, 96, "%s/%s", stand_in.path, files[file].path);
}

static int make_files(void **state) {
    (void)state;
    stand_in.entries = NULL;
    stand_in.opendir_error = stand_in.readdir_error = 0;
    (void)snprintf(stand_in.path, sizeof stand_in.path, "/tmp/rxtrust-test-XXXXXX");
    assert_non_null(mkdtemp(stand_in.path));
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[96];
        full_path(i, path);
        if (!files[i].text) {
            assert_int_equal(mkdir(path, 0755), 0);
            continue;
        }
        FILE *stream = fopen(path, "w");
        assert_non_null(stream);
        assert_true(fputs(files[i].text, stream) >= 0);
        assert_int_equal(fclose(stream), 0);
    }
    return 0;
}

static int remove_files(void **state) {
    (void)state;
    for (size_t i = COUNT(files); i-- > 0;) {
        char path[96];
        full_path(i, path);
        assert_int_equal(remove(path), 0);
    }
    return rmdir(stand_in.path);
}

/* What is said of the network of this name, however often: its mode, or why there is none. */
static void assert_network(struct networks *networks, const char *name, const char *said) {
    const char *problem = NULL, *again = NULL;
    const struct network *network = networks_get(networks, name, &problem);
    assert_string_equal(network ? network->mode : or_dash(problem), said);
    assert_int_equal(network == NULL, problem != NULL);
    assert_ptr_equal(networks_get(networks, name, &again), network);
    assert_ptr_equal(again, problem);
}

static void test_files(void **state) {
    (void)state;
    static const char *const entries[] = {".",     "..",      ".xml",     "x.XML",
                                          "n.xml", "lan.txt", "lan.xml",  "written.new",
                                          "new",   "cut.xml", "gone.xml", NULL};
    struct networks networks;
    stand_in.entries = entries;
    networks_load(&networks);
    assert_null(networks.problem);
    assert_int_equal(networks.count, 4);
    assert_network(&networks, "n", "vepa");
    assert_network(&networks, "lan", "private");
    assert_network(&networks, "cut", "it isn't well-formed XML");
    assert_network(&networks, "gone", "No such file or directory");
    assert_network(&networks, "written", UNKNOWN);
    assert_network(&networks, "x", UNKNOWN);
    assert_network(&networks, "", UNKNOWN);
    assert_network(&networks, "la", UNKNOWN);
    networks_free(&networks);
    assert_null(networks.files);
    assert_int_equal(networks.count, 0);
}

/* What was read counts, and of the others it isn't known whether they are. */
static void test_directory_cut_short(void **state) {
    (void)state;
    static const char *const entries[] = {"n.xml", NULL};
    struct networks networks;
    stand_in.entries = entries;
    stand_in.readdir_error = EIO;
    networks_load(&networks);
    assert_string_equal(or_dash(networks.problem), "Input/output error");
    assert_network(&networks, "n", "vepa");
    assert_network(&networks, "lan", "Input/output error");
    networks_free(&networks);
}

static void test_no_directory(void **state) {
    (void)state;
    static const struct {
        int error;
        const char *problem;
        const char *said;
    } rows[] = {
        {ENOENT, "-", UNKNOWN},
        {EACCES, "Permission denied", "Permission denied"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct networks networks;
        stand_in.opendir_error = rows[i].error;
        networks_load(&networks);
        assert_string_equal(or_dash(networks.problem), rows[i].problem);
        assert_network(&networks, "n", rows[i].said);
        networks_free(&networks);
    }
}

/* ---- A port's trust ---- */

static const struct port {
    const char *name;
    const char *network;
    const char *port;
    bool trust, known;
} ports[] = {
    {"no network", NULL, "yes", false, false},
    {"no port", "lan", NULL, false, false},
    {"a network in another directory", "../lan", "yes", false, false},
    {"a port in another directory", "lan", "../yes", false, false},
    {"a port that isn't there", "lan", "p", false, false},
    {"a port of another network", "n", "yes", false, false},
    {"a trusted port", "lan", "yes", true, true},
    {"a port that isn't trusted", "lan", "no", false, true},
    {"a port that says nothing of trust", "lan", "unsaid", false, true},
    {"half of a port's file", "lan", "cut", false, false},
    {"an empty file", "lan", "empty", false, false},
};

static void test_port(void **state) {
    const struct port *row = *state;
    bool trust = !row->trust;
    (void)make_files(NULL);
    assert_int_equal(network_port_trust(row->network, row->port, &trust), row->known);
    assert_int_equal(trust, row->known ? row->trust : !row->trust);
    assert_int_equal(remove_files(NULL), 0);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test_setup_teardown(test_files, make_files, remove_files),
    cmocka_unit_test_setup_teardown(test_directory_cut_short, make_files, remove_files),
    cmocka_unit_test_setup_teardown(test_no_directory, make_files, remove_files),
};

int main(void) {
    static struct CMUnitTest tests[COUNT(readings) + COUNT(refusals) + COUNT(names) +
                                   COUNT(choices) + COUNT(ports) + COUNT(others)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_reading, readings);
    ADD_TABLE(tests, used, test_refusal, refusals);
    ADD_TABLE(tests, used, test_name, names);
    ADD_TABLE(tests, used, test_choice, choices);
    ADD_TABLE(tests, used, test_port, ports);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
