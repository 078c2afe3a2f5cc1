/* inih splits the lines of the file, but says nothing of what it cuts, of a section without keys,
 * and of any error after the first. So each line passes through next_line() first: it counts the
 * lines, refuses those that inih would misread (inih gets an empty line instead) and opens the
 * sections. on_key() then gets keys and values from inih. */
#include "policy.h"

#include "libxml2.h"
#include "pattern.h"
#include "utf8.h"

#include <ctype.h>
#include <limits.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUOTES "'\""
#define VM     "vm:"
#define RULE   "rule:"

enum { NAME_LIMIT = 49 }; /* bytes of a section's name that inih keeps */

enum kind { KIND_FAULTY, KIND_DEFAULT, KIND_VM, KIND_RULE };

/* The keys: first those that decide, then those that ask for a property. */
enum key { POLICY, OVERRIDE, VM_KEY, NETWORK, PORTGROUP, DEV, MAC, MODE, KEYS };

/* A list of patterns, or the one word of a key that decides. */
struct value {
    const char *texts; /* one after the other, each with its NUL; NULL: the key isn't there */
    size_t count;
};

struct policy_section {
    const char *name; /* as it stands between the brackets */
    unsigned long line;
    enum kind kind;
    bool faulty;                           /* a line of it has an error */
    bool matched;                          /* a domain was seen that its `vm` matches */
    struct value values[KEYS];             /* [vm:NAME] has vm = NAME */
    const struct policy_section *previous; /* the one before it that can match the domain */
};

const char *const policy_action_names[] = {"off", "multicast", "trust", NULL};
static const char *const override_names[] = {"no", "yes", NULL};
static const char *const mode_names[] = {"bridge", "vepa", "private", "passthrough", NULL};

static const struct {
    const char *name;
    const char *const *words;          /* the values, or NULL */
    bool (*fits)(const char *pattern); /* whether a pattern can match, or NULL */
    const char *values;
} keys[KEYS] = {
    [POLICY] = {"policy", policy_action_names, NULL, "trust, multicast or off"},
    [OVERRIDE] = {"override", override_names, NULL, "yes or no"},
    [VM_KEY] = {"vm", NULL, pattern_is_guest,
                "a name, a glob or a UUID, and this is nearly a UUID: write its 32 digits, without "
                "braces or urn:uuid:"},
    [NETWORK] = {"network", NULL, NULL, NULL},
    [PORTGROUP] = {"portgroup", NULL, NULL, NULL},
    [DEV] = {"dev", NULL, NULL, NULL},
    [MAC] = {"mac", NULL, pattern_is_mac,
             "a MAC address like 52:54:00:12:34:56, or a glob of one, with two digits between "
             "colons"},
    [MODE] = {"mode", mode_names, NULL, "bridge, vepa, private or passthrough"},
};

static bool is_white(char c) {
    return c == ' ' || c == '\t';
}

static const char *skip_white(const char *text) {
    while (is_white(*text))
        text++;
    return text;
}

/* Returns the index of the word, or -1. */
static int word_index(const char *const *words, const char *word) {
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

static struct policy_section *current_section(const struct policy *policy) {
    return policy->count ? &policy->sections[policy->count - 1] : NULL;
}

void policy_add_error(struct policy *policy, unsigned long line, const char *format, ...) {
    struct policy_error *grown =
        reallocarray(policy->errors, policy->error_count + 1, sizeof *grown);
    char *reason = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = grown ? vasprintf(&reason, format, arguments) : -1;
    va_end(arguments);
    if (grown)
        policy->errors = grown;
    if (length < 0)
        policy->out_of_memory = true;
    else
        grown[policy->error_count++] = (struct policy_error){line, reason};
    if (policy->count)
        current_section(policy)->faulty = true;
}

struct reader {
    struct policy *policy;
    char *line;       /* the current line, in the policy's text */
    char *next, *end; /* the next line, and the end of the text */
    unsigned long number;
    void *by_name; /* the tree of the first section of each name, for tsearch(3) */
};

/* ---- Keys ---- */

static const char quoted[] = "has quotes or a # in its value, which would be part of it: a value "
                             "has no quotes, a comment begins with ;, and ? in a glob is any byte";

/* Splits the list at its commas, into a place with as much room, perhaps its own. */
static void set_value(struct reader *reader, enum key key, const char *list, char *to) {
    struct value *value = &current_section(reader->policy)->values[key];
    for (value->texts = to; list; value->count++) {
        const char *item = skip_white(list);
        const char *end = strchrnul(item, ',');
        list = *end ? end + 1 : NULL;
        while (end > item && is_white(end[-1]))
            end--;
        size_t length = (size_t)(end - item);
        const char *text = memmove(to, item, length);
        to += length;
        *to++ = '\0';
        /* A quote inside, as in bob's, is part of the name. */
        const char *problem = !*text ? "has an empty value: delete the key, or the comma too many"
                              : strchr(QUOTES, text[0]) || strchr(QUOTES, text[length - 1]) ? quoted
                                                                                            : NULL;
        if (problem)
            policy_add_error(reader->policy, reader->number, "%s %s", keys[key].name, problem);
        else if (keys[key].words ? word_index(keys[key].words, text) < 0
                                 : keys[key].fits && !keys[key].fits(text))
            policy_add_error(reader->policy, reader->number, "%s can't be '%s', only %s",
                             keys[key].name, text, keys[key].values);
    }
}

/* Returns what forbids the key here, or this value, or NULL. */
static const char *key_problem(const struct policy_section *section, enum key key,
                               const char *value) {
    bool asks = key > OVERRIDE;
    if (!section)
        return "stands before the first [section]: write [default] above it";
    if (key == KEYS)
        return "is no key: rxtrust.ini(5) lists them";
    if (asks && section->kind != KIND_RULE)
        return "can stand in a [rule:…] only: write one, with vm = for the guest";
    if (section->values[key].texts)
        return "stands in this section already: delete one of the two";
    if (asks && (strchr(value, '"') || strstr(value, " #") || strstr(value, "\t#")))
        return quoted;
    return !asks && strchr(value, ',') ? "takes one value, not a list" : NULL;
}

static int on_key(void *user, const char *section_name, const char *name, const char *value) {
    struct reader *reader = user;
    struct policy_section *section = current_section(reader->policy);
    enum key key = 0;
    (void)section_name; /* it may be cut */
    /* A build of inih may announce sections without a key, or know keys without a value. */
    if (!name || (section && section->kind == KIND_FAULTY))
        return 1;
    while (key < KEYS && strcmp(keys[key].name, name) != 0)
        key++;
    if (!value)
        value = "";
    const char *problem = key_problem(section, key, value);
    if (problem)
        policy_add_error(reader->policy, reader->number, "%s %s", *name ? name : "''", problem);
    else /* the line has room: `key =` takes more bytes than a NUL */
        set_value(reader, key, value, reader->line);
    return 1;
}

/* ---- Sections ---- */

/* Checks a complete section. The line that it lacks may be one with an error. */
static void check_section(struct policy *policy) {
    const struct policy_section *section = current_section(policy);
    size_t asks = 0;
    if (!section || section->faulty || section->kind == KIND_DEFAULT)
        return;
    for (enum key key = VM_KEY; key < KEYS; key++)
        asks += section->values[key].count;
    if (!asks)
        policy_add_error(policy, section->line,
                         "[%s] names nothing to match: add a key, or write it into [default]",
                         section->name);
    if (!section->values[POLICY].count && !section->values[OVERRIDE].count)
        policy_add_error(policy, section->line, "[%s] names nothing to do: add policy or override",
                         section->name);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const struct policy_section *)a)->name,
                  ((const struct policy_section *)b)->name);
}

/* Where the comment in a line begins, or the line's end. */
static const char *find_comment(const char *line) {
    const char *text = skip_white(line);
    if (!*text || *text == ';' || *text == '#')
        return text;
    const char *comment = text;
    do
        comment = strchrnul(comment + 1, ';');
    while (*comment && !is_white(comment[-1]));
    return comment;
}

/* Reads the line `[name] ; comment`, and puts a NUL for the bracket. Returns an error or NULL. */
static const char *read_section_name(struct reader *reader, char *line) {
    struct policy_section *section = current_section(reader->policy);
    char *name = line + 1, *close = strchr(line, ']');
    if (!close || find_comment(line) < close)
        return "the section's ] is missing, or behind a ; that begins a comment: write ? for that";
    const char *after = skip_white(close + 1);
    if (*after && !strchr(";#", *after))
        return "there is something after the section's ]: a name with brackets goes into vm = of a "
               "[rule:…]";
    *close = '\0';
    if (strcmp(name, "default") == 0) {
        section->kind = KIND_DEFAULT;
        return reader->policy->count == 1 ? NULL
                                          : "[default] must be the first: it would undo the "
                                            "sections above it";
    }
    bool is_vm = strncmp(name, VM, strlen(VM)) == 0;
    if (!is_vm && strncmp(name, RULE, strlen(RULE)) != 0)
        return "unknown section: there are [default], [vm:NAME] and [rule:NAME]";
    char *title = name + strlen(is_vm ? VM : RULE);
    if (!*title || is_white(*title) || is_white(close[-1]))
        return "the section's name is empty, or begins or ends with white space";
    if (is_vm && strchr(title, ','))
        return "[vm:…] names one guest: a list goes into vm = of a [rule:…], a comma in a name is "
               "matched by ?";
    if (close - name > NAME_LIMIT)
        return "the section's name is cut after 49 bytes: use the UUID, a glob, or a [rule:…] with "
               "vm =";
    section->kind = is_vm ? KIND_VM : KIND_RULE;
    if (is_vm)
        set_value(reader, VM_KEY, title, title);
    return NULL;
}

/* Opens the section of a line, which may already have a problem. */
static void open_section(struct reader *reader, char *line, const char *problem) {
    struct policy *policy = reader->policy;
    check_section(policy);
    struct policy_section *section = &policy->sections[policy->count++];
    *section = (struct policy_section){.name = line + 1, .line = reader->number};
    if (!problem)
        problem = read_section_name(reader, line);
    if (problem) {
        policy_add_error(policy, reader->number, "%s", problem);
        section->kind = KIND_FAULTY;
    }
    struct policy_section *const *first = tsearch(section, &reader->by_name, compare_names);
    if (!first)
        policy->out_of_memory = true;
    else if (*first != section)
        policy_add_error(policy, reader->number, "[%s] stands already in line %lu: make them one",
                         section->name, (*first)->line);
}

/* ---- Lines ---- */

static const char *check_bytes(const char *line, const char *end) {
    size_t length = 0;
    for (const char *c = line; c < end; c += length) {
        length = utf8_sequence(c);
        if (*c && !length)
            return "the line is not UTF-8: save the file in that encoding";
        if (length <= 1 && iscntrl((unsigned char)*c) && *c != '\t')
            return "there is a control character, or a carriage return inside the line: find it "
                   "with cat -A, and delete it";
        if (length > 1 && utf8_is_format_or_space(c, length) && c < find_comment(line))
            return "there is an invisible character, or a space that is not ASCII's: find it with "
                   "cat -A, and delete it";
    }
    return NULL;
}

/* Checks a line before inih gets it. Returns an error or NULL. */
static const char *check_line(struct reader *reader, char *line, const char *end) {
    const char *problem = check_bytes(line, end);
    const char *text = skip_white(line), *comment = find_comment(line);
    if (*line == '[')
        open_section(reader, line, problem);
    else if (problem || text == comment)
        return problem;
    else if (text > line)
        return "the line is indented: inih would take it for a part of the value above";
    else if (line + strcspn(line, "=:") >= comment)
        return "neither [section] nor key = value";
    return NULL;
}

/* Gives inih a line, by the contract of fgets(3). `room` is inih's limit, the NUL included. */
static char *next_line(char *out, int room, void *user) {
    struct reader *reader = user;
    if (reader->next == reader->end)
        return NULL;
    char *line = reader->line = reader->next;
    char *end = memchr(line, '\n', (size_t)(reader->end - line));
    reader->next = end ? end + 1 : reader->end;
    reader->number++;
    size_t length = (size_t)(reader->next - line);
    const char *problem = "the line is too long: inih takes 198 bytes";
    if (length < (size_t)room) {
        *(char *)mempcpy(out, line, length) = '\0'; /* before the line is cut into strings */
        end = end ? end : reader->end;
        end -= end > line && end[-1] == '\r';
        *end = '\0';
        bool has_mark = reader->number == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0;
        problem = check_line(reader, has_mark ? line + 3 : line, end);
    }
    if (problem) {
        policy_add_error(reader->policy, reader->number, "%s", problem);
        out[0] = '\0';
    }
    return out;
}

/* ---- The whole file ---- */

static void leave_section(void *section) {
    (void)section; /* it is the policy's */
}

bool policy_parse(struct policy *policy) {
    struct reader reader = {.policy = policy,
                            .next = policy->text.data,
                            .end = policy->text.data + policy->text.length};
    size_t brackets = 1; /* as many sections at the most, so none ever moves */
    for (const char *c = reader.next; (c = memchr(c, '[', (size_t)(reader.end - c))); c++)
        brackets++;
    policy->sections = calloc(brackets, sizeof *policy->sections);
    const char *reason = "out of memory";
    const struct inih *inih = policy->sections ? library_inih(&reason) : NULL;
    int refused = inih ? inih->ini_parse_stream(next_line, &reader, on_key, &reader) : 0;
    tdestroy(reader.by_name, leave_section);
    check_section(policy);
    if (refused < 0)
        policy->out_of_memory = true;
    if (!inih)
        policy_add_error(policy, 0, "%s", reason);
    else if (refused > 0 && !policy->error_count)
        policy_add_error(policy, (unsigned long)refused, "inih can't read this line");
    else if (!policy->count && !policy->error_count) /* perhaps somebody cut it just now */
        policy_add_error(policy, 0, "it is empty, or has no section: [default] alone is enough");
    return !policy->error_count && !policy->out_of_memory;
}

void policy_free(struct policy *policy) {
    for (size_t i = 0; i < policy->error_count; i++)
        free(policy->errors[i].reason);
    text_free(&policy->text);
    free(policy->sections);
    free(policy->errors);
    *policy = (struct policy){0};
}

const char *policy_section(const struct policy *policy, size_t number, unsigned long *line,
                           bool *matched) {
    const struct policy_section *section = &policy->sections[number];
    *line = section->line;
    *matched = section->matched || !section->values[VM_KEY].count;
    return section->name;
}

/* ---- Deciding ---- */

static const char *next_pattern(const char *pattern) {
    return pattern + strlen(pattern) + 1;
}

static bool is_for_domain(const struct value *vm, const char *name, const char *uuid) {
    const char *pattern = vm->texts;
    for (size_t i = 0; i < vm->count; i++, pattern = next_pattern(pattern))
        if (pattern_matches_guest(pattern, name, uuid))
            return true;
    return !vm->count;
}

void policy_for_domain(struct policy *policy, const char *name, const char *uuid) {
    policy->last = NULL;
    for (size_t i = 0; i < policy->count; i++) {
        struct policy_section *section = &policy->sections[i];
        if (!is_for_domain(&section->values[VM_KEY], name, uuid))
            continue;
        section->matched = true;
        section->previous = policy->last;
        policy->last = section;
    }
}

/* A property of the interface: texts, one of which must match. */
struct property {
    const char *const *texts;
    size_t count;
    bool (*matches)(const char *pattern, const char *text);
    bool unknown;
};

enum match { MATCH_NO, MATCH_MAYBE, MATCH_YES };

static enum match match_value(const struct value *value, const struct property *property) {
    const char *pattern = value->texts;
    for (size_t i = 0; i < value->count; i++, pattern = next_pattern(pattern))
        for (size_t j = 0; j < property->count; j++)
            if (property->texts[j] && property->matches(pattern, property->texts[j]))
                return MATCH_YES;
    return !value->count ? MATCH_YES : property->unknown ? MATCH_MAYBE : MATCH_NO;
}

/* Returns the least value of all sections that may decide the key: the last that matches, and those
 * behind it that may match. `by_default` counts if no section matches for certain. *name becomes
 * the name of the section with that value, and stays as it is for `by_default`. */
static int decide(const struct policy *policy, const struct property *properties, enum key key,
                  int by_default, const char **name) {
    int least = INT_MAX;
    const char *section_name = NULL;
    enum match match = MATCH_NO;
    for (const struct policy_section *section = policy->last; section && match != MATCH_YES;
         section = section->previous) {
        match = section->values[key].count ? MATCH_YES : MATCH_NO;
        for (enum key i = NETWORK; i < KEYS && match != MATCH_NO; i++) {
            enum match one = match_value(&section->values[i], &properties[i]);
            match = one < match ? one : match;
        }
        int value = match ? word_index(keys[key].words, section->values[key].texts) : INT_MAX;
        if (value < least) {
            least = value;
            section_name = section->name;
        }
    }
    if (match != MATCH_YES && by_default < least)
        return by_default;
    *name = section_name;
    return least;
}

struct policy_decision policy_decide(const struct policy *policy,
                                     const struct policy_subject *subject) {
    const struct property properties[KEYS] = {
        [NETWORK] = {&subject->network, 1, pattern_matches, false},
        [PORTGROUP] = {&subject->portgroup, 1, pattern_matches, subject->portgroup_unknown},
        [DEV] = {subject->devices, subject->device_count, pattern_matches, subject->device_unknown},
        [MAC] = {&subject->mac, 1, pattern_matches_mac, false},
        [MODE] = {&subject->mode, 1, pattern_matches, subject->mode_unknown},
    };
    struct policy_decision decision = {.section = "default"};
    decision.action =
        (enum policy_action)decide(policy, properties, POLICY, POLICY_TRUST, &decision.section);
    decision.override = decide(policy, properties, OVERRIDE, 0, &decision.override_section);
    return decision;
}
