/* rxtrust: multicast, and so IPv6, for QEMU guests on macvtap. One program, two ways to call it:
 * libvirt calls it as its hook, an administrator with a command. */
#include "commands.h"
#include "descriptors.h"
#include "log.h"
#include "operations.h"
#include "watchdog.h"

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
    {"prepare", PRINT_XML},               /* libvirt doesn't use the output, others may */
    {"start", SET_DEVICES},               /* the device is there, and still down */
    {"started", ACT_LATER},               /* the guest is about to set its NIC up */
    {"migrate", PRINT_XML | OUTPUT_USED}, /* libvirt uses the output */
    {"restore", PRINT_XML | OUTPUT_USED},
    {"reconnect", SET_DEVICES | ACT_LATER}, /* the daemon was restarted, the guest runs */
    {"stopped", TAKE_BACK},
    {"attach", 0},
    {"release", 0}};

static int command_help(int argc, char **argv);
static int command_version(int argc, char **argv);

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments;
    const char *does;
} commands[] = {
    {"status", command_status, "[--json]",
     "show whether the guests that run are as the policy says"},
    {"apply", command_apply, "[GUEST...]", "make the policy true for the guests that run"},
    {"explain", command_explain, "[--json] [-c FILE] [GUEST]",
     "show what the policy wants for each interface, and why"},
    {"check", command_check, "[--guests [--json]] [FILE]",
     "show the policy's errors, or what each section decides"},
    {"rewrite", command_rewrite, "[-c FILE] < DOMAIN.XML", "print the XML with the policy in it"},
    {"plugged", command_plugged, "DEVICE",
     "do what apply does, for the guest whose device this is (for udev)"},
    {"--help", command_help, "", "print this"},
    {"--version", command_version, "", "print the version"},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void print_command(const struct command *command) {
    (void)printf("  rxtrust %-9s %-27s %s\n", command->name, command->arguments, command->does);
}

static int command_help(int argc, char **argv) {
    (void)argc, (void)argv;
    (void)puts("rxtrust: multicast, and so IPv6, for libvirt's guests on macvtap\n");
    for (size_t i = 0; i < COUNT(commands); i++)
        print_command(&commands[i]);
    (void)puts("\nFILE is " POLICY_FILE " unless it is named. As its hook, " HOOK_FILE "\n"
               "or in " HOOK_FILE ".d, libvirt calls this program at each start of a guest.");
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
 * the guest too, be it `check`; another's hook may pass on less. What isn't a command for sure is
 * taken for a hook call: an error's exit code would refuse a guest. */
static bool is_hook_call(int argc, char **argv) {
    enum { HOOK_ARGUMENTS = 5 };
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    bool is_tool = argc > 0 && strcmp(slash ? slash + 1 : argv[0], "rxtrust") == 0;
    bool is_command = argc > 1 && find_command(argv[1]);
    bool is_operation = argc > 2 && find_operation(argv[2]);
    if (argc >= HOOK_ARGUMENTS)
        return !is_tool || !is_command || is_operation;
    if (is_tool)
        return is_operation && !is_command;
    return argc > 1 && (!is_command || is_operation);
}

static int run_hook(int argc, char **argv) {
    const struct operation *operation = argc > 2 ? find_operation(argv[2]) : NULL;
    watchdog_arm(WATCHDOG_SECONDS);
    if (operation && operation->steps) {
        log_to_syslog();
        log_about_guest(argv[1]);
        operations_run(operation->name, operation->steps);
        log_about_guest(NULL);
    } else if (!operation && argc < 4) {
        log_error("there is no such operation, nor such a command: see rxtrust --help");
    }
    return 0;
}

int main(int argc, char **argv) {
    descriptors_fill();
    (void)signal(SIGCHLD, SIG_DFL); /* ignored, no child's end could be waited for */
    if (is_hook_call(argc, argv))
        return run_hook(argc, argv);
    if (argc < 2) {
        (void)command_help(argc, argv);
        return 1;
    }
    const struct command *command = find_command(argv[1]);
    if (!command) {
        log_error("there is no command %s: see rxtrust --help", argv[1]);
        return 1;
    }
    if (argc > 2 && strcmp(argv[2], "--help") == 0) {
        print_command(command);
        return fflush(stdout) ? 1 : 0;
    }
    return command->run(argc - 1, argv + 1);
}
