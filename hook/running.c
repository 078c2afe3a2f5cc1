#include "running.h"

#include "act.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool add(struct running *running, const char *uuid) {
    char **grown = reallocarray(running->uuids, running->count + 1, sizeof *grown);
    char *copy = grown ? strdup(uuid) : NULL;
    if (grown)
        running->uuids = grown;
    if (copy)
        grown[running->count++] = copy;
    else
        log_error("out of memory");
    return copy;
}

/* Adds each UUID that this call prints. False: virsh failed, and `result` says why. */
static bool add_printed(struct running *running, const char *const *call,
                        struct virsh_result *result) {
    char *rest = NULL;
    bool good = virsh_run(call, NULL, 0, virsh_now() + VIRSH_ANSWER_SECONDS, result);
    for (char *uuid = good ? strtok_r(result->output, " \n", &rest) : NULL; good && uuid;
         uuid = strtok_r(NULL, " \n", &rest))
        good = !is_uuid(uuid) || add(running, uuid);
    return good;
}

static bool find_all(struct running *running, enum which which) {
    const char *const call[] = {VIRSH, "list", "--uuid", which == AS_STORED ? "--all" : NULL, NULL};
    struct virsh_result result;
    bool good = add_printed(running, call, &result);
    if (!good)
        log_error("virsh: %s", virsh_problem(&result));
    virsh_result_free(&result);
    return good;
}

/* One that isn't known is logged, and the others are found. */
static void find_named(struct running *running, char *const *names) {
    for (; *names; names++) {
        const char *const call[] = {VIRSH, "domuuid", "--", *names, NULL};
        struct virsh_result result;
        if (!add_printed(running, call, &result)) {
            log_error("guest %s: virsh: %s", *names, virsh_problem(&result));
            running->complete = false;
        }
        virsh_result_free(&result);
    }
}

/* A number is an id to virsh before it is a name. */
static void check_names(struct running *running, char *const *names) {
    for (; *names; names++) {
        bool found = false;
        for (size_t i = 0; i < running->parsed.count; i++) {
            const struct domain *domain = &running->parsed.guests[i].domain;
            found = found || (domain->name && strcmp(domain->name, *names) == 0) ||
                    (domain->uuid && strcasecmp(domain->uuid, *names) == 0);
        }
        if (!found && running->complete)
            log_error("guest %s: virsh takes this name for the id of another guest: use the UUID",
                      *names);
        running->complete = running->complete && found;
    }
}

bool running_load(char *const *names, const char *file, enum which which, struct running *running) {
    *running = (struct running){.complete = true, .live = which == THAT_RUN, .named = *names};
    if (*names)
        find_named(running, names);
    else if (!find_all(running, which))
        return false;
    if (running->count &&
        !virsh_dump((const char *const *)running->uuids, running->count, !running->live,
                    virsh_now() + VIRSH_ANSWER_SECONDS, &running->dumps)) {
        log_error("virsh: %s", virsh_problem(&running->dumps.result));
        return false;
    }
    struct parse_text *texts = calloc(running->count + 1, sizeof *texts);
    for (size_t i = 0; texts && i < running->count; i++)
        texts[i] =
            (struct parse_text){running->dumps.texts[i].data, running->dumps.texts[i].length};
    const struct parse_source source = {.policy = file ? file : POLICY_FILE,
                                        .policy_required = file != NULL,
                                        .texts = texts,
                                        .count = texts ? running->count : 0};
    const char *problem = texts ? parse(&source, &running->parsed) : "out of memory";
    free(texts);
    bool good = parsed_is_good(problem, &running->parsed, file, NULL, 0);
    if (good)
        check_names(running, names);
    return good;
}

const struct parsed_guest *running_guest(struct running *running, size_t number) {
    const struct parsed_guest *guest = &running->parsed.guests[number];
    bool dumped = running->dumps.texts[number].length;
    bool parsed = !guest->error.reason;
    if (parsed && (guest->domain.id || !running->live))
        return guest;
    if (dumped && !parsed)
        log_error("guest %s: its XML can't be parsed: %s", running->uuids[number],
                  guest->error.reason);
    else if (running->named)
        log_error("guest %s: it doesn't run: it gets what the policy says at its start",
                  guest->domain.name ? guest->domain.name : running->uuids[number]);
    running->complete = running->complete && (!dumped || parsed) && !running->named;
    return NULL;
}

void running_free(struct running *running) {
    for (size_t i = 0; i < running->count; i++)
        free(running->uuids[i]);
    free(running->uuids);
    virsh_dumps_free(&running->dumps);
    parsed_free(&running->parsed);
    *running = (struct running){0};
}
