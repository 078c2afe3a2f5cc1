#include "operations.h"

#include "act.h"
#include "daemonize.h"
#include "device.h"
#include "guest.h"
#include "log.h"
#include "reconcile.h"
#include "virsh.h"
#include "watchdog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct call {
    const char *name;
    unsigned steps;
    struct guest guest;
};

static void print_xml(const struct call *call) {
    size_t changes = 0;
    if (guest_print(&call->guest, true, &changes) && changes && call->steps & OUTPUT_USED)
        log_info("%s: trustGuestRxFilters='yes' written into the XML of %zu of %zu interfaces",
                 call->name, changes, call->guest.parsed.guests[0].domain.count);
}

/* Whether libvirt must be asked, or waited for, to make true what is wanted: trust in the guest
 * that runs, and what has to wait until a device is up. */
static bool has_more_to_do(const struct parsed_guest *guest) {
    bool more = false;
    for (size_t i = 0; i < guest->plan.count; i++) {
        const struct plan_item *item = &guest->plan.items[i];
        bool trusted = item->trust == TRUST_YES;
        bool passthrough = item->mode && strcmp(item->mode, "passthrough") == 0;
        bool may_wait = passthrough || item->attachment == ATTACHED_BY_NAME;
        more = more || (trusted && is_contested(item)) ||
               (item->attachment == ATTACHED_DIRECTLY && !trusted && item->want == WANT_TRUST) ||
               (may_wait && item->want != WANT_NOTHING);
    }
    return more;
}

/* The UUID that libvirt wrote, before all that others may have written into the XML: libvirt is
 * asked of no other guest, whatever the XML's parser says. */
static bool find_uuid(const struct call *call, char uuid[UUID_LENGTH + 1]) {
    static const char tag[] = "<uuid>";
    const struct stream_text *xml = &call->guest.xml;
    const char *found = memmem(xml->data, xml->length, tag, strlen(tag));
    size_t at = found ? (size_t)(found - xml->data) + strlen(tag) : xml->length;
    bool is = xml->length - at > UUID_LENGTH && xml->data[at + UUID_LENGTH] == '<';
    (void)snprintf(uuid, UUID_LENGTH + 1, "%.*s", is ? UUID_LENGTH : 0, is ? xml->data + at : "");
    is = is_uuid(uuid);
    if (!is)
        log_error("%s: the guest's UUID can't be found in its XML: nothing more is done",
                  call->name);
    return is;
}

static void act_now(struct call *call) {
    char uuid[UUID_LENGTH + 1];
    if (find_uuid(call, uuid))
        act_in_background(&(struct task){.why = call->name, .uuid = uuid});
}

static bool parse_guest(struct call *call) {
    bool good = guest_parse(NULL, 1, &call->guest);
    if (!good)
        log_error("%s: nothing is done for this guest; mend that, then run: rxtrust apply",
                  call->name);
    return good;
}

static void parse_and_act(void *user) {
    struct call *call = user;
    if (parse_guest(call) && has_more_to_do(&call->guest.parsed.guests[0]))
        act_now(call);
}

static void only_act(void *user) {
    act_now(user);
}

static void act_later(struct call *call, void (*work)(void *user)) {
    if (!daemonize(work, call))
        log_error("%s: no background process can be started: no trust, and in passthrough mode no "
                  "all-multicast",
                  call->name);
}

static void run(struct call *call) {
    if (call->steps == ACT_LATER) {
        act_later(call, parse_and_act);
        return;
    }
    if (!parse_guest(call))
        return;
    const struct parsed_guest *guest = &call->guest.parsed.guests[0];
    if (call->steps & PRINT_XML)
        print_xml(call);
    if (call->steps & SET_DEVICES)
        act_on_devices(call->name, guest);
    if (call->steps & ACT_LATER && has_more_to_do(guest))
        act_later(call, only_act);
}

/* Neither policy nor parser decides about it: what was set is taken back. */
static void take_back(struct call *call) {
    char uuid[UUID_LENGTH + 1];
    if (find_uuid(call, uuid))
        act_after_stop(call->name, uuid, &call->guest.xml);
}

/* Is there a macvtap in passthrough mode at all? True if it can't be known. */
static bool has_passthrough(void) {
    struct device_table table;
    struct device_list list = {0};
    const char *problem = device_table_open(&table);
    if (!problem)
        problem = device_list_passthrough(&table, &list);
    bool has = problem || list.count;
    free(list.devices);
    device_table_close(&table);
    return has;
}

/* A guest without any of these words has no macvtap: no library is loaded for it. */
static bool may_have_macvtap(const struct stream_text *xml) {
    static const char *const words[] = {"direct", "network", "ethernet"};
    bool may = xml->length == 0; /* which is an error, and logged */
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        may = may || memmem(xml->data, xml->length, words[i], strlen(words[i]));
    return may;
}

void operations_run(const char *name, unsigned steps) {
    struct call call = {.name = name, .steps = steps};
    if (steps == TAKE_BACK && !has_passthrough())
        return;
    if (!guest_from_stdin(&call.guest))
        log_error("%s: nothing is done for this guest; mend that, then run: rxtrust apply", name);
    else if (steps == TAKE_BACK)
        take_back(&call); /* also what was unplugged, so that no word of it is left */
    else if (may_have_macvtap(&call.guest.xml))
        run(&call);
    guest_free(&call.guest);
}
