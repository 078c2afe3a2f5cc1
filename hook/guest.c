#include "guest.h"

#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STANDARD_INPUT "<stdin>"

bool guest_from_stdin(struct guest *guest) {
    *guest = (struct guest){0};
    const char *problem = stream_read_all(STDIN_FILENO, &guest->xml);
    if (problem)
        log_error_at(STANDARD_INPUT, 0, problem);
    return !problem;
}

bool parsed_is_good(const char *problem, const struct parsed *parsed, const char *file,
                    const char *from, size_t most) {
    size_t count = parsed->policy_error_count;
    size_t shown = most && most < count ? most : count;
    if (problem)
        log_error("the policy and the XML can't be parsed: %s", problem);
    for (size_t i = 0; !problem && i < shown; i++)
        log_error_at(file ? file : POLICY_FILE, parsed->policy_errors[i].line,
                     parsed->policy_errors[i].reason);
    if (!problem && shown < count)
        log_error("%s: there are more errors (%zu): see rxtrust check", file ? file : POLICY_FILE,
                  count - shown);
    if (!problem && count && !file && !most)
        log_error_at(POLICY_FILE, 0, "no guest is touched until this is mended");
    const struct xml_error *error = from && parsed->count ? &parsed->guests[0].error : NULL;
    if (!problem && error && error->reason)
        log_error_at(from, error->line, error->reason);
    return !problem && !count && !(error && error->reason);
}

void guest_warn(const struct parsed_guest *guest) {
    for (size_t i = 0; i < guest->plan.count; i++)
        if (guest->plan.items[i].network_problem)
            log_error("%s: network %s: %s", or_dash(guest->domain.interfaces[i].mac),
                      or_dash(guest->domain.interfaces[i].network),
                      guest->plan.items[i].network_problem);
}

bool guest_parse(const char *file, size_t most, struct guest *guest) {
    const struct parse_text text = {guest->xml.data, guest->xml.length};
    const struct parse_source source = {.policy = file ? file : POLICY_FILE,
                                        .policy_required = file != NULL,
                                        .texts = &text,
                                        .count = 1};
    const char *problem = parse(&source, &guest->parsed);
    if (!parsed_is_good(problem, &guest->parsed, file, STANDARD_INPUT, most))
        return false;
    guest_warn(&guest->parsed.guests[0]);
    return true;
}

void guest_free(struct guest *guest) {
    parsed_free(&guest->parsed);
    free(guest->xml.data);
    *guest = (struct guest){0};
}

/* Returns the XML with the policy in it, which the caller frees; NULL: *problem says why. */
static char *rewrite(const struct guest *guest, size_t *length, size_t *changes,
                     const char **problem) {
    const struct parsed_guest *parsed = &guest->parsed.guests[0];
    bool *trust = calloc(parsed->domain.count + 1, sizeof *trust);
    char *out = NULL;
    *changes = 0;
    if (trust) {
        for (size_t i = 0; i < parsed->plan.count; i++)
            *changes += trust[i] = parsed->plan.items[i].write_trust;
        out = domain_rewrite(&parsed->domain, trust, guest->xml.data, guest->xml.length, length,
                             problem);
    } else {
        *problem = "out of memory";
    }
    free(trust);
    return out;
}

bool guest_print(const struct guest *guest, bool only_changes, size_t *changes) {
    const char *problem = NULL;
    size_t length = 0;
    char *out = rewrite(guest, &length, changes, &problem);
    bool prints = out && (*changes || !only_changes);
    if (!out)
        log_error_at(STANDARD_INPUT, 0, problem);
    else if (prints && stream_write_all(STDOUT_FILENO, out, length) < length)
        log_error("the domain XML can't be printed: %s", problem = strerror(errno));
    free(out);
    return !problem;
}
