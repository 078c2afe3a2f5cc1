/* rxtrust: multicast, and so IPv6, for QEMU guests on macvtap. One program, two ways to call it:
 * libvirt calls it as its hook, an administrator with a command. */
#include "clock.h"
#include "commands.h"
#include "guests.h"
#include "hook.h"
#include "installed.h"
#include "log.h"
#include "options.h"
#include "process.h"
#include "settle.h"
#include "time_limits.h"
#include "watchdog.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* libvirt's operations; NULL: nothing is to be done. */
static const struct operation {
    const char *name;
    bool (*run)(struct hook_call *call);
} operations[] = {
    {"prepare", hook_print},   {"start", hook_start},   {"started", hook_started},
    {"migrate", hook_print},   {"restore", hook_print}, {"reconnect", hook_reconnect},
    {"stopped", hook_stopped}, {"attach", NULL},        {"release", NULL},
};

static int command_help(int argc, char **argv);
static int command_version(int argc, char **argv);

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments;
    const char *does;
} commands[] = {
    {"status", command_status, "[-v | --json] [GUEST...]",
     "show whether guests are as the policy says"},
    {"apply", command_apply, "[GUEST...]", "make the policy true for guests that run"},
    {"revert", command_apply, "[GUEST...]", "take back all that rxtrust gave"},
    {"explain", command_explain, "[-v | --json] [-c FILE] [GUEST... | -]",
     "show what guests get at their next start, and why"},
    {"check", command_check, "[--guests [--json]] [FILE]",
     "show the policy's errors, or what its sections decide"},
    {"define", command_define, "[--dry-run] GUEST... | --all",
     "write the policy into stored definitions"},
    {"rewrite", command_rewrite, "[-c FILE] < DOMAIN.XML", "print XML with the policy in it"},
    {"plugged", command_plugged, "DEVICE", "apply, for the guest of this device (udev calls it)"},
    {"--help", command_help, "", "print this; also -h"},
    {"--version", command_version, "", "print the version; also -V"},
};

static void print_command(const struct command *command) {
    (void)printf("  rxtrust %s%s%s\n      %s\n", command->name, *command->arguments ? " " : "",
                 command->arguments, command->does);
}

static int command_help(int argc, char **argv) {
    (void)argc, (void)argv;
    (void)puts("rxtrust: multicast, and so IPv6, for libvirt's guests on macvtap\n");
    for (size_t i = 0; i < COUNT(commands); i++)
        print_command(&commands[i]);
    (void)puts("\nThe policy is " POLICY_FILE " unless FILE is named. libvirt calls this\n"
               "program as " HOOK_FILE " or from " HOOK_FILE ".d.\n\n"
               "Exit code: 0 as it should be; 1 something isn't as the policy says; 2 usage,\n"
               "or an error of the policy; 3 libvirt or the devices can't be asked.\n\n"
               "man rxtrust explains commands, options and messages; man rxtrust.ini the policy.");
    return flush_output(EXIT_GOOD);
}

static int command_version(int argc, char **argv) {
    (void)argc, (void)argv;
    (void)puts("rxtrust " VERSION " (" BUILD_KIND ")");
    return flush_output(EXIT_GOOD);
}

static const struct operation *find_operation(const char *name) {
    for (size_t i = 0; i < COUNT(operations); i++)
        if (strcmp(operations[i].name, name) == 0)
            return &operations[i];
    return NULL;
}

static const struct command *find_command(const char *name) {
    const char *full = strcmp(name, "-h") == 0   ? "--help"
                       : strcmp(name, "-V") == 0 ? "--version"
                                                 : name;
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcmp(commands[i].name, full) == 0)
            return &commands[i];
    return NULL;
}

/* libvirt calls `HOOK GUEST OPERATION SUB-OPERATION EXTRA`, whatever the hook's file is named and
 * the guest too, be it `check`; another's hook may pass on less. A call in doubt is the hook's: an
 * error's exit code would refuse a guest. */
static bool is_hook_call(int argc, char **argv) {
    enum { HOOK_ARGUMENTS = 5 };
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    bool is_tool = argc > 0 && strcmp(slash ? slash + 1 : argv[0], "rxtrust") == 0;
    bool is_command = argc > 1 && find_command(argv[1]);
    bool is_operation = argc > 2 && find_operation(argv[2]);
    if (argc >= HOOK_ARGUMENTS) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
        bool has_form = argv[2][0] && !argv[2][strspn(argv[2], letters)] &&
                        (strcmp(argv[3], "begin") == 0 || strcmp(argv[3], "end") == 0 ||
                         strcmp(argv[3], "-") == 0);
        return !is_tool || !is_command || has_form;
    }
    if (is_tool)
        return is_operation && !is_command;
    return argc > 1 && (!is_command || is_operation);
}

/* A session daemon (qemu:///session) calls the same hooks as the user: its guests aren't ours. */
static void run_hook(int argc, char **argv) {
    const struct operation *operation = argc > 2 ? find_operation(argv[2]) : NULL;
    if (geteuid() != 0)
        return;
    watchdog_arm(WATCHDOG_SECONDS);
    note_time(LAST_CALL);
    if (operation && operation->run) {
        struct hook_call call = {.operation = operation->name};
        log_to_syslog();
        log_about_guest(argv[1]);
        const char *problem = io_read_all(STDIN_FILENO, &call.xml);
        if (problem)
            log_error("%s: nothing is done for this guest: cannot read its XML: %s",
                      operation->name, problem);
        else
            domain_find_uuid(&call.xml, call.uuid);
        if (!problem && hook_concerns(&call.xml) && operation->run(&call))
            (void)settle_guest(operation->name, call.uuid, false, clock_now() + SETTLE_SECONDS);
        text_free(&call.xml);
        log_about_guest(NULL);
    } else if (!operation && argc < 4) {
        log_error("no such operation or command; see rxtrust --help");
    }
}

int main(int argc, char **argv) {
    descriptors_fill();
    (void)signal(SIGCHLD, SIG_DFL); /* ignored, no child's end could be waited for */
    if (is_hook_call(argc, argv)) {
        run_hook(argc, argv);
        return 0;
    }
    const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
    if (!command) {
        log_error(argc > 1 ? "no command %s; see rxtrust --help" : "no command; see rxtrust --help",
                  argv[1]);
        return EXIT_USAGE;
    }
    if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
        print_command(command);
        (void)puts("\nman rxtrust explains the options.");
        return flush_output(EXIT_GOOD);
    }
    return command->run(argc - 1, argv + 1);
}
