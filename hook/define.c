/* rxtrust define: writes the policy into the stored XML of guests, so that trust is in force from
 * the next start on, on every libvirt and every kind of network. The note goes in with it: with
 * policy = off the same command puts the owner's word back.
 *
 * The XML is dumped with its passwords, because libvirt would forget those that it isn't given
 * back. It stays in memory, and no line of it is shown. */
#include "clock.h"
#include "commands.h"
#include "log.h"
#include "options.h"
#include "time_limits.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum result { UNCHANGED, CHANGED, FAILED, RESULTS };

/* ---- One guest ---- */

static void log_changes(const struct domain *guest) {
    for (size_t i = 0; i < guest->count; i++) {
        const struct interface *interface = &guest->interfaces[i];
        if (interface->trust != interface->write)
            log_info("define: %s: trustGuestRxFilters: %s -> %s", or_dash(interface->mac),
                     trust_names[interface->trust], trust_names[interface->write]);
    }
}

static bool store(const struct text *xml) {
    static const char *const call[] = {VIRSH_WRITE, "define", "/dev/stdin", NULL};
    struct virsh_result result;
    bool good = virsh_run(call, xml, clock_now() + ANSWER_SECONDS, &result);
    if (!good)
        log_error("define: libvirt refused the XML: %s", virsh_problem(&result));
    virsh_result_free(&result);
    return good;
}

/* The loading has logged a network that isn't. */
static bool is_known(const struct domain *guest) {
    bool known = true;
    for (size_t i = 0; i < guest->count; i++)
        known = known && guest->interfaces[i].plan.reason != NETWORK_UNKNOWN;
    return known;
}

static enum result define(const char *uuid, bool dry_run) {
    const char *const call[] = {VIRSH_WRITE,       "dumpxml", "--inactive",
                                "--security-info", uuid,      NULL};
    struct virsh_result dump;
    struct guests guests = {.devices = {.socket = -1}};
    struct text out = {0};
    enum result result = FAILED;
    const char *reason = NULL;
    const struct domain *guest = NULL;
    if (!virsh_run(call, NULL, clock_now() + ANSWER_SECONDS, &dump))
        log_error("define: cannot get its stored XML: %s", virsh_problem(&dump));
    else if (guests_from_text(&dump.output, NULL, ERRORS_ALL, &guests) == EXIT_GOOD)
        guest = guests_next(&guests, NULL);
    const struct text *xml = guest ? &guests.dumps.texts[0] : NULL;
    if (guest && !domain_rewrite(guest, xml, &out, &reason))
        log_error("define: %s", reason);
    else if (guest && strcmp(out.data, xml->data) == 0)
        result = is_known(guest) ? UNCHANGED : FAILED;
    else if (guest && (dry_run || store(&out))) {
        log_changes(guest);
        result = CHANGED;
    }
    text_free(&out);
    guests_free(&guests);
    virsh_result_free(&dump);
    return result;
}

/* ---- All of them ---- */

static enum exit_code define_all(const struct guests *guests, bool dry_run) {
    static const char *const call[] = {VIRSH_READ, "list", "--all", "--persistent", "--uuid", NULL};
    struct virsh_result list;
    size_t counts[RESULTS] = {0};
    bool listed = virsh_run(call, NULL, clock_now() + ANSWER_SECONDS, &list);
    if (!listed)
        log_error("cannot ask libvirt: %s", virsh_problem(&list));
    for (const struct domain *guest = NULL; listed && (guest = guests_next(guests, guest));) {
        log_about_guest(guest->name);
        /* To define a guest that has no stored XML would give it one. */
        bool persistent = list.output.data && strstr(list.output.data, guest->uuid);
        if (!persistent)
            log_error("define: it is transient, so there is no stored XML to change");
        counts[persistent ? define(guest->uuid, dry_run) : FAILED]++;
        log_about_guest(NULL);
    }
    virsh_result_free(&list);
    if (listed)
        (void)printf("stored XML: %zu %s, %zu as the policy says, %zu not\n", counts[CHANGED],
                     dry_run ? "to change" : "changed", counts[UNCHANGED], counts[FAILED]);
    bool good = guests->complete && !counts[FAILED] && !(dry_run && counts[CHANGED]);
    return !listed ? EXIT_NO_ANSWER : good ? EXIT_GOOD : EXIT_NOT_AS_POLICY;
}

int command_define(int argc, char **argv) {
    const struct options options = options_parse(argc, argv, "da", argc);
    struct guests guests;
    if ((options.all != 0) == (argv[optind] != NULL))
        usage_error("define", "name guests, or --all", "");
    enum exit_code code = guests_from_virsh(argv + optind, NULL, GUESTS_STORED, &guests);
    if (!options.dry_run)
        log_to_both();
    if (!code)
        code = define_all(&guests, options.dry_run);
    guests_free(&guests);
    return flush_output((int)code);
}
