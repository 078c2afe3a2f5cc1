/* A process that reads what comes from outside, and can do nothing else.
 *
 * It runs as root what was written for root, on XML that may come from another host: libxml2, inih,
 * and what is built on them. So that is done by a child that has given up all it doesn't need (see
 * drop_privileges.h), and that can crash, hang or be taken over: all that its parent has of it is
 * a message. */
#pragma once

#include "message.h"
#include "watchdog.h"

/* In the child, `open` gets hold of files and libraries; then the privileges go, then `work` puts
 * the message. Both get `user`, and neither can change anything of the parent's.
 *
 * Returns NULL, and the message, or why there is none: a text that stays. It takes SANDBOX_SECONDS
 * at the most. The child's end isn't waited for once it has answered: the next call does that, and
 * it ends with its parent. message_free() is needed either way. */
const char *sandbox_run(void (*open)(void *user), void (*work)(void *user, struct message *message),
                        void *user, struct message *message);

enum { SANDBOX_SECONDS = WATCHDOG_SECONDS * 3 / 4 };
