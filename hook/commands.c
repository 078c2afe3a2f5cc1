#include "commands.h"

#include "guest.h"
#include "log.h"
#include "stream.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

/* Takes -c FILE and up to `operands` operands, which start at argv[optind] then. */
static bool read_arguments(int argc, char **argv, int operands, const char **policy_file) {
    int option = 0;
    while ((option = getopt(argc, argv, "c:")) == 'c')
        *policy_file = optarg;
    if (option == -1 && argc - optind <= operands)
        return true;
    if (option == -1)
        log_error("%s: too many arguments: see rxtrust --help", argv[0]);
    return false;
}

/* What was printed to standard output got there. */
static int printed(void) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    log_error("standard output can't be written");
    return 1;
}

int command_check(int argc, char **argv) {
    const char *file = NULL;
    struct parsed parsed;
    if (!read_arguments(argc, argv, 1, &file))
        return 1;
    if (optind < argc)
        file = argv[optind];
    bool good = guest_check_policy(file, &parsed);
    if (good && parsed.policy_missing)
        (void)printf("%s: there is no such file: every macvtap interface is trusted\n",
                     POLICY_FILE);
    else if (good)
        (void)printf("%s: no errors, %zu section%s\n", file ? file : POLICY_FILE,
                     parsed.section_count, parsed.section_count == 1 ? "" : "s");
    parsed_free(&parsed);
    return good ? printed() : 1;
}

int command_rewrite(int argc, char **argv) {
    struct guest guest;
    const char *policy_file = NULL;
    size_t changes = 0;
    if (!read_arguments(argc, argv, 0, &policy_file))
        return 1;
    bool good = guest_take(&guest) && guest_read(policy_file, GUEST_ALL_ERRORS, &guest) &&
                guest_print(&guest, &changes);
    guest_free(&guest);
    return good ? 0 : 1;
}

static const char *at_a_start(const struct plan_item *item) {
    if (item->network_problem && !item->multicast)
        return item->network_problem;
    if (item->attachment == ATTACHED_ELSEWHERE)
        return "nothing: no macvtap";
    if (item->verdict.action == POLICY_OFF)
        return "nothing: off by policy";
    if (item->trust == TRUST_NO && !item->verdict.override)
        return "nothing: opted out in the XML";
    if (item->until_sync)
        return "all-multicast until libvirt follows its filter: trusted already";
    if (!item->multicast)
        return "nothing";
    if (item->write_trust && item->attachment == ATTACHED_DIRECTLY)
        return "all-multicast, then trust where libvirt takes it";
    if (item->verdict.action == POLICY_TRUST && !item->can_trust)
        return "all-multicast: this model can't be trusted";
    return "all-multicast";
}

static void explain(FILE *out, const struct plan_item *item) {
    static const char *const said[] = {
        [TRUST_UNSAID] = "says nothing", [TRUST_NO] = "says no", [TRUST_YES] = "says yes"};
    const struct interface *interface = item->interface;
    const char *name = interface->network  ? interface->network
                       : interface->bridge ? interface->bridge
                                           : interface->dev;
    (void)fprintf(out, "%-17s  %s  %s%s", or_dash(interface->mac), or_dash(interface->type),
                  interface->network ? "network " : "", or_dash(name));
    if (item->mode)
        (void)fprintf(out, " (%s)", item->mode);
    (void)fprintf(out, "  %s  %s  ", or_dash(interface->model), said[item->trust]);
    if (item->attachment != ATTACHED_ELSEWHERE)
        (void)fprintf(out, "%s by [%s]  ", policy_action_names[item->verdict.action],
                      item->verdict.section);
    (void)fprintf(out, "%s", at_a_start(item));
}

int command_explain(int argc, char **argv) {
    struct guest guest;
    const char *policy_file = NULL;
    if (!read_arguments(argc, argv, 1, &policy_file))
        return 1;
    bool good = optind < argc
                    ? guest_ask(policy_file, argv[optind], GUEST_AS_IT_STARTS, &guest)
                    : guest_take(&guest) && guest_read(policy_file, GUEST_ALL_ERRORS, &guest);
    const struct plan *plan = &guest.parsed.plan;
    for (size_t i = 0; good && i < plan->count; i++) {
        char *line = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&line, &length);
        if (out)
            explain(out, &plan->items[i]);
        if (!out || fclose(out) != 0) {
            log_error("out of memory");
            good = false;
        } else {
            (void)puts(log_defuse(line));
        }
        free(line);
    }
    guest_free(&guest);
    return good ? printed() : 1;
}
