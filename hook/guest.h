/* The guest whose XML is on standard input, and what the policy wants for it. */
#pragma once

#include "parse.h"
#include "stream.h"

#include <stdbool.h>
#include <stddef.h>

struct guest {
    struct stream_text xml;
    struct parsed parsed; /* of one guest */
};

/* Reads standard input to its end. False: the reason is logged. Call guest_free() either way, as
 * below. */
bool guest_from_stdin(struct guest *guest);

/* Parses what was read, and plans it by the policy in `file`; NULL: the installed one, or the
 * defaults if there is none. False: the reason is logged, of the policy's errors `most` (0: all).
 */
bool guest_parse(const char *file, size_t most, struct guest *guest);

void guest_free(struct guest *guest);

/* Prints the XML with the policy in it. Where the policy changes nothing, prints it as it came, or,
 * if `only_changes`, nothing. *changes says in how many interfaces. False: that is logged. */
bool guest_print(const struct guest *guest, bool only_changes, size_t *changes);

/* Logs which of its interfaces are on a network that can't be known, nor what the policy wants
 * for them. */
void guest_warn(const struct parsed_guest *guest);

/* Logs what is wrong with the policy, and the XML of the first guest that came from `from`.
 * `problem` is what parse() returned. At most `most` of the policy's errors, or with 0, for a
 * command, all and what follows of them. True: nothing is. */
bool parsed_is_good(const char *problem, const struct parsed *parsed, const char *file,
                    const char *from, size_t most);
