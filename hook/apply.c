/* rxtrust apply: makes the policy true for guests that run, be it that they started before the hook
 * was there, that an interface was plugged in, or that the policy has changed. */
#include "commands.h"

#include "act.h"
#include "daemonize.h"
#include "installed.h"
#include "log.h"
#include "observe.h"
#include "running.h"

#include <stdio.h>
#include <unistd.h>

/* False: the guest is as the policy says already. */
static bool needs_steps(const struct observer *observer, const struct parsed_guest *guest) {
    bool needs = false;
    for (size_t i = 0; i < guest->plan.count; i++) {
        struct finding finding = observe(observer, guest, i);
        needs = needs || !is_good(&finding.conclusion);
    }
    return needs;
}

static enum outcome apply(const char *why, const struct parsed_guest *guest) {
    struct task task = {.why = why, .uuid = guest->domain.uuid};
    bool waits = false;
    enum outcome outcome =
        act_on_guest(task.why, task.uuid, virsh_now() + VIRSH_ANSWER_SECONDS, &waits);
    if (waits && !daemonize(act_in_background, &task)) {
        log_error("%s: no background process can be started", why);
        outcome = OUTCOME_BAD;
    }
    return outcome;
}

enum outcome apply_to_guest(const char *why, const struct observer *observer,
                            const struct parsed_guest *guest) {
    log_about_guest(guest->domain.name);
    enum outcome outcome = needs_steps(observer, guest) ? apply(why, guest) : OUTCOME_GOOD;
    log_about_guest(NULL);
    return outcome;
}

static bool apply_to_all(struct running *running, const struct observer *observer, size_t *good) {
    bool all = true;
    for (size_t i = 0; i < running->count; i++) {
        const struct parsed_guest *guest = running_guest(running, i);
        if (!guest)
            continue;
        enum outcome outcome = apply_to_guest("apply", observer, guest);
        *good += outcome == OUTCOME_GOOD;
        all = all && outcome != OUTCOME_BAD;
    }
    return all;
}

int command_apply(int argc, char **argv) {
    struct running running = {0};
    struct observer observer = {.table = {.socket = -1}};
    struct options options;
    size_t count = 0;
    if (!command_options(argc, argv, "", argc, &options))
        return 1;
    (void)installed_is_called(); /* it is logged */
    bool good = running_load(argv + optind, NULL, THAT_RUN, &running);
    const char *problem =
        good ? observer_open(&observer, live_by_version(running.dumps.daemon_version),
                             virsh_now() + VIRSH_ANSWER_SECONDS)
             : NULL;
    if (problem)
        log_error("the devices can't be looked at: %s", problem);
    good = good && !problem && apply_to_all(&running, &observer, &count) && running.complete;
    if (good && count)
        (void)printf("%zu guest%s as the policy says\n", count, count == 1 ? "" : "s");
    else if (good && !running.count)
        (void)puts("no guest runs: nothing is to be done");
    observer_close(&observer);
    running_free(&running);
    return command_end(good);
}
