/* rxtrust apply: makes the policy true for guests that run, be it that they started before the hook
 * was there, that an interface was plugged in, or that the policy has changed. rxtrust revert:
 * takes back what rxtrust gave. rxtrust plugged: apply for the guest of a device that udev saw
 * come. */
#include "commands.h"

#include "clock.h"
#include "guests.h"
#include "hook.h"
#include "installed.h"
#include "log.h"
#include "options.h"
#include "plan.h"
#include "reconcile.h"
#include "settle.h"
#include "time_limits.h"

#include <getopt.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool needs_settling(const struct guests *guests, struct domain *guest) {
    bool needs = false;
    guests_observe(guests, guest);
    for (size_t i = 0; i < guest->count; i++) {
        const struct conclusion *conclusion = &guest->interfaces[i].conclusion;
        needs = needs || conclusion->steps || !is_good(conclusion);
    }
    return needs;
}

static enum exit_code exit_code_of(enum outcome outcome, enum exit_code before) {
    return outcome == OUTCOME_NO_ANSWER        ? EXIT_NO_ANSWER
           : outcome == OUTCOME_BAD && !before ? EXIT_NOT_AS_POLICY
                                               : before;
}

/* All guests that run are mended now; the next start is deaf again if libvirt calls no hook. */
static void warn_of_hook(void) {
    struct hook_report hook = hook_look();
    if (hook.advice)
        log_error("%s", hook.advice);
    free(hook.advice);
}

int command_apply(int argc, char **argv) {
    const char *why = argv[0];
    const bool revert = strcmp(why, "revert") == 0;
    struct guests guests;
    size_t good = 0, bad = 0;
    (void)options_parse(argc, argv, "", argc);
    char **names = argv + optind;
    log_to_both();
    enum exit_code code = guests_from_virsh(names, revert ? no_policy : NULL, GUESTS_ALL, &guests);
    if (!code && !revert)
        check_warn_unmatched(&guests, NULL);
    if (!code && !guests.complete)
        code = EXIT_NOT_AS_POLICY;
    for (struct domain *guest = NULL;
         code != EXIT_USAGE && (guest = guests_next(&guests, guest));) {
        if (!guest->id) {
            if (*names)
                log_info("guest %s: it doesn't run; it gets what the policy says at its start",
                         guest->name);
            continue;
        }
        if (revert)
            plan_revert(guest);
        enum outcome outcome = OUTCOME_GOOD;
        log_about_guest(guest->name);
        if (needs_settling(&guests, guest))
            outcome = settle_guest(why, guest->uuid, revert, clock_now() + ANSWER_SECONDS);
        log_about_guest(NULL);
        good += outcome == OUTCOME_GOOD;
        bad += outcome == OUTCOME_BAD || outcome == OUTCOME_NO_ANSWER;
        code = exit_code_of(outcome, code);
    }
    if (!code && !revert && !*names) {
        warn_of_hook();
        note_time(LAST_APPLY); /* from now on the warning isn't given for these starts */
    }
    if (!code || bad) {
        (void)printf("%zu guest%s %s", good, good == 1 ? "" : "s",
                     revert ? "without anything of rxtrust's" : "as the policy says");
        if (bad)
            (void)printf(", %zu not", bad);
        (void)putchar('\n');
    }
    guests_free(&guests);
    return flush_output((int)code);
}

/* ---- plugged ---- */

/* The kernel names a macvtap's character device by the index of its link: tap7. Another interface
 * may have that name. Returns `name` with the link's name in it, or NULL. */
static const char *find_link(const char *argument, char name[IF_NAMESIZE]) {
    static const char prefix[] = "tap";
    char *end = NULL;
    bool is_node = strncmp(argument, prefix, strlen(prefix)) == 0;
    unsigned long index = is_node ? strtoul(argument + strlen(prefix), &end, 10) : 0;
    bool is_link =
        index && *end == '\0' && index <= INT_MAX && if_indextoname((unsigned)index, name);
    return is_link ? name : if_indextoname(if_nametoindex(argument), name);
}

static struct domain *find_guest(const struct guests *guests, const char *link) {
    for (struct domain *guest = NULL; (guest = guests_next(guests, guest));)
        for (size_t i = 0; i < guest->count; i++)
            if (strcmp(or_dash(guest->interfaces[i].target), link) == 0)
                return guest;
    return NULL;
}

/* A macvtap comes at each start of a guest too, where the hook sees to it, or libvirt by its
 * owner's trust: then nothing is done or said, and libvirt isn't asked. */
static bool is_new(const char *link, enum exit_code *code) {
    struct guests guests;
    *code = guests_list_links(&guests);
    devices_read_groups(&guests.devices);
    const struct device *device = device_named(&guests.devices, link);
    bool is = !*code && device && device->macvtap && !device->all_multicast && !device->follows;
    guests_free(&guests);
    return is;
}

/* Finds the guest with the device, if it runs. Returns whether there is more to do, which is to
 * settle the guest of this UUID, or to look again if that is "". */
static bool look(const char *link, char uuid[UUID_LENGTH + 1], enum exit_code *code) {
    struct guests guests;
    if (!is_new(link, code))
        return false;
    *code = guests_from_virsh((char *[]){NULL}, NULL, GUESTS_RUNNING, &guests);
    struct domain *guest = *code ? NULL : find_guest(&guests, link);
    bool more = !*code && (!guest || needs_settling(&guests, guest));
    if (guest) {
        log_about_guest(guest->name);
        (void)snprintf(uuid, UUID_LENGTH + 1, "%s", guest->uuid);
    }
    guests_free(&guests);
    return more;
}

int command_plugged(int argc, char **argv) {
    char name[IF_NAMESIZE], uuid[UUID_LENGTH + 1] = "";
    (void)options_parse(argc, argv, "", 1);
    if (argc - optind < 1)
        usage_error("plugged", "name a device", "");
    log_to_both();
    const char *link = find_link(argv[optind], name);
    const time_t deadline = clock_now() + PLUGGED_SECONDS;
    enum exit_code code = EXIT_GOOD;
    bool more = link;
    /* It begins with a pause: at a start of a guest the hook is the first. */
    for (long ms = PAUSE_MS; more && !*uuid && clock_now() < deadline; ms *= 2) {
        clock_pause(ms < LONGEST_PAUSE_MS ? ms : LONGEST_PAUSE_MS);
        more = look(link, uuid, &code);
    }
    if (more && *uuid)
        code =
            exit_code_of(settle_guest("plugged", uuid, false, clock_now() + ANSWER_SECONDS), code);
    log_about_guest(NULL);
    return flush_output((int)code);
}
