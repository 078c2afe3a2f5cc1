/* rxtrust: multicast, and so IPv6, for QEMU guests on macvtap. One program, two ways to call it:
 * libvirt calls it as its hook, an administrator with a command. */
#include "commands.h"
#include "watchdog.h"
#include "log.h"
#include "operations.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* What libvirt calls a hook for, and what is done then. */
static const struct operation {
    const char *name;
    unsigned steps;
} operations[] = {
    {"prepare", STEP_REWRITE},                   /* libvirt doesn't use the output, others may */
    {"start", STEP_MULTICAST | STEP_UNTIL_SYNC}, /* the device is there, and still down */
    {"started", STEP_LIVE},                      /* the guest is about to set its NIC up */
    {"migrate", STEP_REWRITE | STEP_HEEDED},     /* libvirt uses the output */
    {"restore", STEP_REWRITE | STEP_HEEDED},     /* likewise */
    {"reconnect", STEP_MULTICAST | STEP_LIVE},   /* the daemon was restarted, the guest runs */
    {"attach", 0},
    {"stopped", 0},
    {"release", 0} /* nothing is to be done */
};

static int command_help(int argc, char **argv);
static int command_version(int argc, char **argv);

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments;
    const char *does;
} commands[] = {
    {"check", command_check, "[FILE]", "tell every error of the policy"},
    {"rewrite", command_rewrite, "[-c FILE] < DOMAIN.XML", "print the XML with the policy in it"},
    {"explain", command_explain, "[-c FILE] [GUEST]", "tell each interface's policy and fate"},
    {"status", command_status, "[--json]", "tell what is true of the guests that run"},
    {"apply", command_apply, "[GUEST...]", "make the policy true for the guests that run"},
    {"--help", command_help, "", "print this"},
    {"--version", command_version, "", "print the version"},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static int command_help(int argc, char **argv) {
    (void)argc, (void)argv;
    (void)puts("rxtrust: multicast, and so IPv6, for libvirt's guests on macvtap\n");
    for (size_t i = 0; i < COUNT(commands); i++)
        (void)printf("  rxtrust %-9s %-23s %s\n", commands[i].name, commands[i].arguments,
                     commands[i].does);
    (void)puts("\nFILE is " POLICY_FILE " unless it is named. As " HOOK_FILE "\n"
               "libvirt calls this program by itself, at each start of a guest.");
    return fflush(stdout) ? 1 : 0;
}

static int command_version(int argc, char **argv) {
    (void)argc, (void)argv;
    (void)puts("rxtrust " VERSION);
    return fflush(stdout) ? 1 : 0;
}

static const struct operation *find_operation(const char *name) {
    for (size_t i = 0; i < COUNT(operations); i++)
        if (strcmp(operations[i].name, name) == 0)
            return &operations[i];
    return NULL;
}

static const struct command *find_command(const char *name) {
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* libvirt calls `HOOK GUEST OPERATION SUB-OPERATION EXTRA`, whatever the hook's file is named and
 * the guest too, be it `check`. What isn't a command for sure is taken for a hook call: an error's
 * exit code would refuse a guest. */
static bool is_hook_call(int argc, char **argv) {
    if (argc < 3)
        return false;
    const char *slash = strrchr(argv[0], '/');
    bool is_tool = strcmp(slash ? slash + 1 : argv[0], "rxtrust") == 0;
    bool is_command = find_command(argv[1]);
    if (argc < 5) /* another's hook may pass on less */
        return find_operation(argv[2]) ? !(is_tool && is_command) : !is_tool && !is_command;
    bool sub_operation =
        strcmp(argv[3], "begin") == 0 || strcmp(argv[3], "end") == 0 || strcmp(argv[3], "-") == 0;
    return sub_operation && (!(is_tool && is_command) || find_operation(argv[2]));
}

int main(int argc, char **argv) {
    watchdog_descriptors();
    (void)signal(SIGCHLD, SIG_DFL); /* ignored, no child's end could be waited for */
    if (is_hook_call(argc, argv)) {
        const struct operation *operation = find_operation(argv[2]);
        if (operation && operation->steps) {
            log_to_syslog();
            log_about_guest(argv[1]);
            operations_run(operation->name, operation->steps);
        }
        if (!operation && argc < 5)
            log_error("there is no such operation, nor such a command: see rxtrust --help");
        return 0;
    }
    const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
    if (command)
        return command->run(argc - 1, argv + 1);
    log_error("%s: see rxtrust --help", argc > 1 ? "there is no such command" : "which command?");
    return 1;
}
