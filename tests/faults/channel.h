/* Between refuse.c and its preloaded half, hand_over.c. */
#pragma once

#include <sys/socket.h>

/* The descriptor over which the listener goes: far from those that a program opens. */
enum { CHANNEL = 200 };

/* The room that a message with one descriptor takes. */
enum { CONTROL_ROOM = CMSG_SPACE(sizeof(int)) };
