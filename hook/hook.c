#include "hook.h"

#include "guests.h"
#include "installed.h"
#include "log.h"
#include "observe.h"
#include "process.h"
#include "settle.h"
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
static struct domain *plan(struct hook_call *call, enum policy_errors errors,
                           struct guests *guests) {
    if (guests_from_text(&call->xml, NULL, errors, guests) && !guests->planned.policy_error_count)
        log_error("%s: nothing is done for this guest; mend that, then run: rxtrust apply",
                  call->operation);
    return guests_next(guests, NULL);
}

/* ---- What is printed ---- */

bool hook_print(struct hook_call *call) {
    struct guests guests;
    const struct domain *guest = plan(call, ERRORS_SILENT, &guests);
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
        log_error("%s: cannot print the domain XML: %s", call->operation, problem);
    else if (changes && strcmp(call->operation, "prepare") != 0)
        log_info("%s: trust changed by policy in the XML, interfaces: %zu", call->operation,
                 changes);
    text_free(&out);
    guests_free(&guests);
    return false;
}

/* ---- The background process ---- */

/* Goes on in the background. True: this is the background process. */
static bool go_on(const struct hook_call *call) {
    enum daemon daemon = *call->uuid ? daemonize() : DAEMON_NOT_STARTED;
    if (!*call->uuid)
        log_error("%s: the XML has no UUID: nothing is done for this guest", call->operation);
    else if (daemon == DAEMON_NOT_STARTED)
        log_error("%s: cannot start a background process, so no trust is given; run: rxtrust apply",
                  call->operation);
    return daemon == DAEMON_IS_THIS;
}

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

bool hook_started(struct hook_call *call) {
    struct guests guests;
    if (!call->xml.length || !go_on(call)) /* `start` has logged that there is no XML */
        return false;
    struct domain *guest = plan(call, ERRORS_SILENT, &guests);
    bool needs = guest && needs_libvirt(&guests, guest);
    guests_free(&guests);
    return needs;
}

/* ---- The devices ---- */

bool hook_start(struct hook_call *call) {
    struct guests guests;
    if (plan(call, ERRORS_ONE_LINE, &guests))
        settle_devices(call->operation, &guests, false);
    guests_free(&guests);
    return false;
}

bool hook_reconnect(struct hook_call *call) {
    struct guests guests;
    struct domain *guest = plan(call, ERRORS_ONE_LINE, &guests);
    if (guest)
        settle_devices(call->operation, &guests, true);
    bool needs = guest && needs_libvirt(&guests, guest);
    guests_free(&guests);
    return needs && go_on(call);
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

bool hook_stopped(struct hook_call *call) {
    struct devices devices = {.socket = -1};
    const char *problem = contains(&call->xml, "managed='no'") ? devices_open(&devices) : NULL;
    for (size_t i = 0; i < devices.count && !problem; i++) {
        const struct device *device = &devices.items[i];
        if (!device->macvtap || !device->marked ||
            !is_given_from_outside(device, behind_metadata(&call->xml)))
            continue;
        problem = device_change(&devices, device, (struct device_change){.flag = FLAG_CLEAR});
        if (!problem)
            log_info("%s: all-multicast taken back from %s", call->operation, device->names[0]);
    }
    if (problem)
        log_error("%s: cannot take all-multicast back: %s", call->operation, problem);
    devices_close(&devices);
    return false;
}

void note_time(const char *file) {
    if (utimensat(AT_FDCWD, file, NULL, AT_SYMLINK_NOFOLLOW) == 0 || !run_directory_make())
        return;
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd >= 0) /* else `status` can tell less */
        (void)close(fd);
}
