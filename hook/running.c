#include "running.h"

#include "log.h"

#include <string.h>

static bool visit_one(const char *name, bool (*visit)(void *user, const struct guest *guest),
                      void *user) {
    struct guest guest;
    bool good = guest_ask(NULL, name, GUEST_AS_IT_RUNS, &guest);
    if (good && !guest.parsed.domain.running) {
        log_error("guest %s: it doesn't run", name);
        good = false;
    }
    if (good) {
        log_about_guest(guest.parsed.domain.name);
        good = visit(user, &guest);
        log_about_guest(NULL);
    }
    guest_free(&guest);
    return good;
}

bool running_for_each(char *const *names, bool (*visit)(void *user, const struct guest *guest),
                      void *user) {
    bool good = true;
    for (char *const *name = names; *name; name++)
        good = visit_one(*name, visit, user) && good;
    if (*names)
        return good;

    const char *const call[] = {VIRSH, "list", "--uuid", NULL};
    struct virsh_result list;
    char *rest = NULL;
    if (!virsh_run(call, NULL, 0, virsh_now() + VIRSH_ANSWER_SECONDS, &list)) {
        log_error("virsh: %s", virsh_problem(&list));
        good = false;
    } else {
        for (char *uuid = strtok_r(list.output, " \n", &rest); uuid;
             uuid = strtok_r(NULL, " \n", &rest))
            good = visit_one(uuid, visit, user) && good;
    }
    virsh_result_free(&list);
    return good;
}
