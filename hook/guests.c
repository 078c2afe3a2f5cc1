#include "guests.h"

#include "clock.h"
#include "io.h"
#include "log.h"
#include "observe.h"
#include "reconcile.h"
#include "time_limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

const char no_policy[] = "";
static const char standard_input[] = "<stdin>";

/* Logs what is wrong with the policy, or why nothing could be parsed (`problem`). EXIT_GOOD:
 * nothing is. */
static enum exit_code log_policy(const char *problem, const struct planned *planned,
                                 const char *file, enum policy_errors errors) {
    const size_t count = planned->policy_error_count;
    const size_t shown = errors == ERRORS_ALL ? count : errors == ERRORS_ONE_LINE && count ? 1 : 0;
    if (problem)
        log_error("cannot read the policy and the XML: %s", problem);
    for (size_t i = 0; !problem && i < shown; i++) {
        const struct policy_error *error = &planned->policy_errors[i];
        if (errors == ERRORS_ONE_LINE)
            log_error_at(POLICY_FILE, error->line,
                         "%s (errors in all: %zu); no guest is changed until that is mended: see "
                         "rxtrust check",
                         error->reason, count);
        else
            log_error_at(file ? file : POLICY_FILE, error->line, "%s", error->reason);
    }
    /* A user who may not read it has nothing to mend. */
    if (!problem && shown && errors == ERRORS_ALL && !file &&
        (access(POLICY_FILE, R_OK) == 0 || errno != EACCES))
        log_error("no guest is changed until the policy is mended; then run: rxtrust apply");
    return problem ? EXIT_NO_ANSWER : count ? EXIT_USAGE : EXIT_GOOD;
}

enum exit_code guests_list_links(struct guests *guests) {
    *guests = (struct guests){.complete = true};
    guests->problem = devices_open(&guests->devices);
    if (guests->problem)
        log_error("cannot list network devices: %s", guests->problem);
    return guests->problem ? EXIT_NO_ANSWER : EXIT_GOOD;
}

enum exit_code guests_plan(const char *file, enum policy_errors errors, struct guests *guests) {
    const struct plan_source source = {.policy = file == no_policy ? NULL
                                                 : file            ? file
                                                                   : POLICY_FILE,
                                       .policy_required = file != NULL,
                                       .texts = guests->dumps.texts,
                                       .count = guests->dumps.count,
                                       .devices = &guests->devices};
    guests->problem = sandboxed_plan(&source, &guests->planned);
    return log_policy(guests->problem, &guests->planned, file, errors);
}

/* Refuses a guest that isn't the one of the UUID that libvirt was asked for, and logs each whose
 * XML couldn't be parsed: it is missing. */
static void refuse_unparsed(struct guests *guests) {
    const struct virsh_dumps *dumps = &guests->dumps;
    for (size_t i = 0; i < guests->planned.count; i++) {
        const struct domain *guest = &guests->planned.guests[i];
        struct xml_error *error = &guests->planned.guests[i].error;
        const char *uuid = dumps->uuids ? dumps->uuids[i] : NULL;
        if (uuid && !error->reason && strcasecmp(guest->uuid, uuid) != 0)
            error->reason = "malformed answer from the parser process";
        if (!error->reason || (uuid && !dumps->texts[i].length)) /* it has ended meanwhile */
            continue;
        log_error_at(uuid ? uuid : standard_input, error->line, "%s", error->reason);
        guests->complete = false;
    }
}

void guests_log_networks(const struct domain *guest) {
    for (size_t i = 0; i < guest->count; i++) {
        const struct interface *interface = &guest->interfaces[i];
        struct text why = {0};
        if (interface->plan.network_problem && network_why(&why, interface))
            log_error("%s: %s", or_dash(interface->mac), why.data);
        text_free(&why);
    }
}

/* ---- One guest ---- */

enum exit_code guests_from_text(struct text *xml, const char *file, enum policy_errors errors,
                                struct guests *guests) {
    enum exit_code code = guests_list_links(guests);
    guests->dumps.texts = malloc(sizeof *xml);
    if (!code && !guests->dumps.texts)
        log_error("out of memory");
    if (code || !guests->dumps.texts)
        return EXIT_NO_ANSWER;
    guests->dumps.texts[0] = *xml;
    guests->dumps.count = 1;
    *xml = (struct text){0};
    code = guests_plan(file, errors, guests);
    refuse_unparsed(guests);
    const struct domain *guest = guests_next(guests, NULL);
    if (guest)
        guests_log_networks(guest);
    return code ? code : guest ? EXIT_GOOD : EXIT_USAGE;
}

enum exit_code guests_from_stdin(const char *file, struct guests *guests) {
    struct text xml = {0};
    const char *problem = io_read_all(STDIN_FILENO, &xml);
    *guests = (struct guests){.devices = {.socket = -1}};
    if (problem)
        log_error_at(standard_input, 0, "%s", problem);
    enum exit_code code = problem ? EXIT_USAGE : guests_from_text(&xml, file, ERRORS_ALL, guests);
    text_free(&xml);
    return code;
}

enum exit_code guests_from_uuid(const char *uuid, const char *file, time_t deadline,
                                struct guests *guests) {
    enum exit_code code = guests_list_links(guests);
    devices_read_groups(&guests->devices);
    if (!code && !virsh_dump_one(uuid, deadline, &guests->dumps)) {
        guests->problem = virsh_problem(&guests->dumps.result);
        code = EXIT_NO_ANSWER;
    }
    if (!code && guests->dumps.texts[0].length)
        code = guests_plan(file, ERRORS_ONE_LINE, guests);
    refuse_unparsed(guests);
    return code ? code : guests->complete ? EXIT_GOOD : EXIT_USAGE;
}

/* ---- Many guests ---- */

static bool is_named(const struct domain *guest, const char *name) {
    return strcmp(guest->name, name) == 0 || strcasecmp(guest->uuid, name) == 0;
}

static void select_guests(char *const *names, enum guests_which which, struct guests *guests) {
    const size_t count = guests->planned.count;
    for (size_t i = 0; i < count; i++) {
        struct domain *guest = &guests->planned.guests[i];
        guest->left_out = *names || (!guest->id && which == GUESTS_RUNNING);
    }
    for (; *names; names++) {
        bool found = false;
        for (size_t i = 0; i < count; i++) {
            struct domain *guest = &guests->planned.guests[i];
            bool is = !guest->error.reason && is_named(guest, *names);
            guest->left_out = guest->left_out && !is;
            found = found || is;
        }
        if (!found)
            log_error("libvirt has no guest %s: virsh list --all shows their names", *names);
        guests->complete = guests->complete && found;
    }
}

enum exit_code guests_from_virsh(char *const *names, const char *file, enum guests_which which,
                                 struct guests *guests) {
    enum exit_code code = guests_list_links(guests);
    bool only_running = which == GUESTS_RUNNING && !*names;
    devices_read_groups(&guests->devices);
    if (!code && !virsh_dump_all(only_running, which == GUESTS_STORED, clock_now() + ANSWER_SECONDS,
                                 &guests->dumps)) {
        guests->problem = virsh_problem(&guests->dumps.result);
        log_error("cannot ask libvirt: %s; does its daemon run?", guests->problem);
        code = EXIT_NO_ANSWER;
    }
    if (!code)
        code = guests_plan(file, ERRORS_ALL, guests);
    refuse_unparsed(guests);
    if (!code)
        select_guests(names, which, guests);
    return code;
}

void guests_free(struct guests *guests) {
    planned_free(&guests->planned);
    virsh_dumps_free(&guests->dumps);
    devices_close(&guests->devices);
    *guests = (struct guests){.devices = {.socket = -1}};
}

struct domain *guests_next(const struct guests *guests, const struct domain *before) {
    const struct planned *planned = &guests->planned;
    size_t i = before ? (size_t)(before - planned->guests) + 1 : 0;
    while (i < planned->count && (planned->guests[i].error.reason || planned->guests[i].left_out))
        i++;
    return i < planned->count ? &planned->guests[i] : NULL;
}

void guests_observe(const struct guests *guests, struct domain *guest) {
    unsigned long version = guests->dumps.daemon_version;
    observe(&guests->devices, guest, version, live_by_version(version), false);
}

const char *guest_for_shell(const struct domain *guest) {
    return is_plain_name(guest->name) ? guest->name : is_uuid(guest->uuid) ? guest->uuid : "GUEST";
}
