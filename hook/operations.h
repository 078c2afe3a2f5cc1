/* The hook's operations: what libvirt calls the hook for, and what is done then. See the table in
 * main.c. */
#pragma once

enum operation_steps {
    PRINT_XML = 1,   /* the domain XML, with the policy in it, to standard output, if it differs */
    OUTPUT_USED = 2, /* libvirt uses what was printed: the log says so */
    SET_DEVICES = 4, /* what is wanted and can be done to a device while libvirt waits */
    ACT_LATER = 8,   /* the rest, in the background. If it is the only step, the XML is parsed there
                      * too, and libvirt waits for nothing */
    TAKE_BACK = 16   /* what passthrough mode needs taken back while the device is still there */
};

/* Does an operation's steps (bits of the above) for the guest whose XML is on standard input. What
 * can't be done is logged. Never fails, and changes nothing then. */
void operations_run(const char *name, unsigned steps);
