/* A parser process: it parses input from outside, and can do nothing else.
 *
 * rxtrust is root, and its input may come from another host. libxml2, inih and the code on top of
 * them could be taken over by it. So a child parses, after it has dropped its privileges (see
 * privileges.h). It may crash, hang or be taken over: its parent gets nothing but a message. */
#pragma once

#include "message.h"

/* In the child, `open` opens files and loads libraries, then the privileges are dropped, then
 * `work` puts the message. Both get `user`, and neither can change anything in the parent.
 *
 * Returns NULL and a message, or why there is none, a static text, within SANDBOX_SECONDS. A child
 * that ended too early leaves a message that is not whole. Free the message in both cases. The
 * child's end is awaited by the next call only, for speed; it dies with its parent anyway. */
const char *sandbox_run(void (*open)(void *user), void (*work)(void *user, struct message *message),
                        void *user, struct message *message);
