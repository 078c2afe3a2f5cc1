/* rxtrust plugged: libvirt calls no hook when an interface is plugged into a guest that runs, but
 * udev sees its macvtap come. The unit rxtrust@.service calls this for each one, and does for its
 * guest what `apply` does.
 *
 * A macvtap comes at each start of a guest too, and some are nobody's. Then nothing is to be done,
 * and nothing is said. */
#include "commands.h"

#include "act.h"
#include "log.h"
#include "observe.h"
#include "running.h"

#include <getopt.h>
#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* libvirt lists the interface when QEMU has it, a moment after its device has come. */
enum { FIND_SECONDS = 10, PAUSE_MS = 125, LONGEST_PAUSE_MS = 1000 };

/* The kernel names a macvtap's character device by the index of its link: tap7. Another interface
 * may have that name. Returns `name` with the link's name in it, or NULL. */
static const char *find_link(const char *argument, char name[IF_NAMESIZE]) {
    static const char prefix[] = "tap";
    const size_t length = strlen(prefix);
    char *end = NULL;
    bool is_node = strncmp(argument, prefix, length) == 0;
    unsigned long index = is_node ? strtoul(argument + length, &end, 10) : 0;
    bool is_link =
        index && *end == '\0' && index <= INT_MAX && if_indextoname((unsigned)index, name);
    return is_link ? name : if_indextoname(if_nametoindex(argument), name);
}

/* True: it is a macvtap that rxtrust has not seen to; one that it has marked needs nobody else. */
static bool is_new(const struct observer *observer, const char *link) {
    struct device device;
    return !device_get(&observer->table, link, &device) && !device.marks;
}

static const struct parsed_guest *find_guest(const struct running *running, const char *link) {
    for (size_t i = 0; i < running->count; i++) {
        const struct parsed_guest *guest = &running->parsed.guests[i];
        for (size_t n = 0; !guest->error.reason && n < guest->domain.count; n++)
            if (strcmp(or_dash(guest->domain.interfaces[n].target), link) == 0)
                return guest;
    }
    return NULL;
}

/* OUTCOME_AGAIN: no guest that runs has the device yet. */
static enum outcome try_once(const char *link) {
    struct running running = {0};
    struct observer observer;
    enum outcome outcome = OUTCOME_BAD;
    const char *problem =
        observer_open(&observer, LIVE_NOT_NOW, virsh_now() + VIRSH_ANSWER_SECONDS);
    if (problem) {
        log_error("the devices can't be looked at: %s", problem);
    } else if (!is_new(&observer, link)) {
        outcome = OUTCOME_GONE;
    } else if (running_load((char *[]){NULL}, NULL, THAT_RUN, &running)) {
        const struct parsed_guest *guest = find_guest(&running, link);
        observer.live = live_by_version(running.dumps.daemon_version);
        outcome = guest ? apply_to_guest("plugged", &observer, guest) : OUTCOME_AGAIN;
    }
    observer_close(&observer);
    running_free(&running);
    return outcome;
}

int command_plugged(int argc, char **argv) {
    struct options options;
    char name[IF_NAMESIZE];
    if (!command_options(argc, argv, "", 1, &options))
        return 1;
    if (argc - optind < 1) {
        log_error("plugged: which device? see rxtrust plugged --help");
        return 1;
    }
    const char *link = find_link(argv[optind], name);
    const time_t deadline = virsh_now() + FIND_SECONDS;
    enum outcome outcome = link ? OUTCOME_AGAIN : OUTCOME_GONE;
    /* It begins with a pause: at a start of a guest the hook is the first. */
    for (long ms = PAUSE_MS; outcome == OUTCOME_AGAIN && virsh_now() < deadline; ms *= 2) {
        virsh_pause(ms < LONGEST_PAUSE_MS ? ms : LONGEST_PAUSE_MS);
        outcome = try_once(link);
    }
    return command_end(outcome != OUTCOME_BAD);
}
