#include "hook.h"

#include "clock.h"
#include "guests.h"
#include "installed.h"
#include "log.h"
#include "observe.h"
#include "process.h"
#include "settle.h"
#include "time_limits.h"
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool contains(const struct text *xml, const char *word) {
    return xml->length && memmem(xml->data, xml->length, word, strlen(word));
}

bool hook_concerns(const struct text *xml) {
    return !xml->length || contains(xml, "direct") || contains(xml, "network") ||
           contains(xml, "ethernet");
}

/* Plans the guest; NULL: what is wrong is logged. */
static struct domain *plan(const char *operation, struct text *xml, enum policy_errors errors,
                           struct guests *guests) {
    if (guests_from_text(xml, NULL, errors, guests) && !guests->planned.policy_error_count)
        log_error("%s: nothing is done for this guest; mend that, then run: rxtrust apply",
                  operation);
    return guests_next(guests, NULL);
}

/* ---- What is printed ---- */

/* Prints the XML if it differs. Returns in how many interfaces. */
static size_t print_xml(const char *operation, struct text *xml) {
    struct guests guests;
    const struct domain *guest = plan(operation, xml, ERRORS_SILENT, &guests);
    struct text out = {0};
    const char *problem = NULL;
    size_t changes = 0;
    for (size_t i = 0; guest && i < guest->count; i++)
        changes += guest->interfaces[i].write != guest->interfaces[i].trust;
    if (changes && domain_rewrite(guest, &guests.dumps.texts[0], &out, &problem)) {
        sigset_t before;
        watchdog_begin_output(&before);
        if (!io_write_all(STDOUT_FILENO, out.data, out.length))
            problem = strerror(errno);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
    }
    if (problem)
        log_error("%s: cannot print the domain XML: %s", operation, problem);
    text_free(&out);
    guests_free(&guests);
    return problem ? 0 : changes;
}

void hook_prepare(const char *operation, struct text *xml) {
    (void)print_xml(operation, xml);
}

void hook_arrive(const char *operation, struct text *xml) {
    size_t changes = print_xml(operation, xml);
    if (changes)
        log_info("%s: trust changed by policy in the XML, interfaces: %zu", operation, changes);
}

/* ---- The background process ---- */

struct task {
    const char *operation;
    char uuid[UUID_LENGTH + 1];
    struct text *xml; /* NULL: it was planned before */
};

/* Whether libvirt must be called to make the policy true, where it can do that. */
static bool needs_libvirt(const struct guests *guests, struct domain *guest) {
    bool needs = false;
    observe(&guests->devices, guest, 0, LIVE_POSSIBLE, false);
    for (size_t i = 0; i < guest->count; i++) {
        const struct conclusion *conclusion = &guest->interfaces[i].conclusion;
        needs = needs || conclusion->steps & (STEP_TRUST | STEP_UNTRUST) ||
                conclusion->verdict == DEVICE_UNKNOWN; /* perhaps only as listed */
    }
    return needs;
}

static void work(void *user) {
    struct task *task = user;
    struct guests guests = {.devices = {.socket = -1}};
    struct domain *guest =
        task->xml ? plan(task->operation, task->xml, ERRORS_SILENT, &guests) : NULL;
    bool needs = !task->xml || (guest && needs_libvirt(&guests, guest));
    guests_free(&guests);
    if (needs)
        (void)settle_guest(task->operation, task->uuid, false,
                           clock_now() + SETTLE_SECONDS); /* it is logged */
}

/* The UUID comes from the text: a parser that was taken over must not name another guest. */
static void start_work(const char *operation, const struct text *uuid_in, struct text *xml) {
    struct task task = {.operation = operation, .xml = xml};
    if (!domain_find_uuid(uuid_in, task.uuid))
        log_error("%s: the XML has no UUID: nothing is done for this guest", operation);
    else if (!daemonize(work, &task))
        log_error("%s: cannot start a background process, so no trust is given; run: rxtrust apply",
                  operation);
}

void hook_started(const char *operation, struct text *xml) {
    if (xml->length) /* else `start` has logged that there is none */
        start_work(operation, xml, xml);
}

/* ---- The devices ---- */

static void set_devices(const char *operation, struct text *xml, bool at_reconnect) {
    struct guests guests;
    struct domain *guest = plan(operation, xml, ERRORS_ONE_LINE, &guests);
    if (guest)
        settle_devices(operation, &guests, at_reconnect);
    if (guest && at_reconnect && needs_libvirt(&guests, guest))
        start_work(operation, &guests.dumps.texts[0], NULL);
    guests_free(&guests);
}

void hook_start(const char *operation, struct text *xml) {
    set_devices(operation, xml, false);
}

void hook_reconnect(const char *operation, struct text *xml) {
    set_devices(operation, xml, true);
}

/* Metadata may hold anything; libvirt writes the devices behind it. */
static const char *behind_metadata(const struct text *xml) {
    static const char end[] = "</metadata>";
    const char *from = xml->length ? xml->data : "";
    for (const char *next = from; (next = strstr(next, end));)
        from = next += strlen(end);
    return from;
}

/* At `stopped` the XML names no device that libvirt chose. Neither policy nor parser is asked, so
 * nothing that goes wrong with them leaves a flag behind. */
static bool is_given_from_outside(const struct device *device, const char *devices_xml) {
    bool is = false;
    for (size_t i = 0; i < device->name_count && !is; i++) {
        struct text target = {0};
        is = text_print(&target, "<target dev='%s' managed='no'", device->names[i]) &&
             strstr(devices_xml, target.data);
        text_free(&target);
    }
    return is;
}

void hook_stopped(const char *operation, struct text *xml) {
    struct devices devices = {.socket = -1};
    const char *problem = contains(xml, "managed='no'") ? devices_open(&devices) : NULL;
    for (size_t i = 0; i < devices.count && !problem; i++) {
        const struct device *device = &devices.items[i];
        if (!device->macvtap || !device->marked ||
            !is_given_from_outside(device, behind_metadata(xml)))
            continue;
        problem = device_change(&devices, device, (struct device_change){.flag = FLAG_CLEAR});
        if (!problem)
            log_info("%s: all-multicast taken back from %s", operation, device->names[0]);
    }
    if (problem)
        log_error("%s: cannot take all-multicast back: %s", operation, problem);
    devices_close(&devices);
}

void note_time(const char *file) {
    if (utimensat(AT_FDCWD, file, NULL, AT_SYMLINK_NOFOLLOW) == 0 || !run_directory_make())
        return;
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd >= 0) /* else `status` can tell less */
        (void)close(fd);
}
