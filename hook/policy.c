/* inih splits lines into keys and values, but says nothing of what it cuts or misreads, and stops
 * counting errors after the first. So next_line() checks each line before inih gets it, opens the
 * sections, and gives inih an empty line for a faulty one. inih then calls on_key(). */
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

#define WHITE " \t"

enum kind { KIND_FAULTY, KIND_DEFAULT, KIND_VM, KIND_RULE };

/* The keys: first those that decide, then those that match. */
enum key { POLICY, OVERRIDE, VM, NETWORK, PORTGROUP, DEV, MAC, MODE, KEYS };

struct policy_section {
    const char *name; /* as it stands between the brackets */
    unsigned long line;
    enum kind kind;
    char *unmatched; /* the first of the texts of `vm` that no domain has matched so far */
    /* The words or patterns of each key, one after the other, each with its NUL, and an empty one
     * at the end; NULL: the key isn't there. [vm:NAME] has vm = NAME. */
    const char *values[KEYS];
    const struct policy_section *previous; /* the one before it that can match the domain */
};

const char *const policy_action_names[] = {"off", "multicast", "trust", NULL};
static const char *const override_names[] = {"no", "yes", NULL};
static const char *const mode_names[] = {"bridge", "vepa", "private", "passthrough", NULL};

static const struct {
    const char *name;
    const char *const *words;          /* the values, or NULL */
    bool (*fits)(const char *pattern); /* whether a pattern can match, or NULL */
    const char *values;                /* for the error */
} keys[KEYS] = {
    [POLICY] = {"policy", policy_action_names, NULL, "trust, multicast or off"},
    [OVERRIDE] = {"override", override_names, NULL, "yes or no"},
    [VM] = {"vm", NULL, pattern_is_guest,
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

struct reader {
    struct policy *policy;
    char *line;       /* the current line, in the policy's text */
    char *next, *end; /* the next line, and the end of the text */
    unsigned long number;
    struct policy_section *section; /* the current one; NULL: before the first */
    void *by_name;                  /* the first section of each name, for tsearch(3) */
};

static bool is_white(char c) {
    return c && strchr(WHITE, c);
}

static const char *skip_white(const char *text) {
    return text + strspn(text, WHITE);
}

/* Returns the index of the word, or -1. */
static int word_index(const char *const *words, const char *word) {
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

void policy_add_error(struct policy *policy, unsigned long line, const char *format, ...) {
    struct policy_error *grown =
        reallocarray(policy->errors, policy->error_count + 1, sizeof *grown);
    char *reason = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (grown)
        policy->errors = grown;
    if (grown && vasprintf(&reason, format, arguments) >= 0)
        grown[policy->error_count++] = (struct policy_error){line, reason};
    else
        policy->out_of_memory = true;
    va_end(arguments);
}

/* ---- Keys ---- */

static const char quoted[] = "has quotes or a # in its value, which would be part of it: a value "
                             "has no quotes, a comment begins with ;, and ? in a glob is any byte";

/* Splits the list, a part of the policy's text, at its commas. The byte behind its NUL is used. */
static void set_value(struct reader *reader, enum key key, char *list) {
    char *item, *to = list;
    reader->section->values[key] = list;
    if (key == VM)
        reader->section->unmatched = list;
    while ((item = strsep(&list, ","))) {
        item += strspn(item, WHITE);
        size_t length = strlen(item);
        while (length && is_white(item[length - 1]))
            length--;
        const char *text = memmove(to, item, length), *problem = NULL;
        to += length;
        *to++ = '\0';
        if (!length)
            problem = "has an empty value: delete the key, or the comma too many";
        else if (strchr("'\"", text[0]) || strchr("'\"", text[length - 1])) /* not in bob's */
            problem = quoted;
        if (problem)
            policy_add_error(reader->policy, reader->number, "%s %s", keys[key].name, problem);
        else if (keys[key].words ? word_index(keys[key].words, text) < 0
                                 : keys[key].fits && !keys[key].fits(text))
            policy_add_error(reader->policy, reader->number, "%s can't be '%s', only %s",
                             keys[key].name, text, keys[key].values);
    }
    *to = '\0';
}

/* inih's name of the section may be cut, so it isn't used. A build of inih may announce sections,
 * or keys without a value. */
static int on_key(void *user, const char *section_name, const char *name, const char *value) {
    (void)section_name;
    struct reader *reader = user;
    const struct policy_section *section = reader->section;
    if (!name || (section && section->kind == KIND_FAULTY))
        return 1;
    value = value ? value : "";
    enum key key = 0;
    while (key < KEYS && strcmp(keys[key].name, name) != 0)
        key++;
    const char *problem = NULL;
    if (!section)
        problem = "stands before the first [section]: write [default] above it";
    else if (key == KEYS)
        problem = "is no key: rxtrust.ini(5) lists them";
    else if (key > OVERRIDE && section->kind != KIND_RULE)
        problem = "can stand in a [rule:…] only: write one, with vm = for the guest";
    else if (section->values[key])
        problem = "stands in this section already: delete one of the two";
    else if (key <= OVERRIDE && strchr(value, ','))
        problem = "takes one value, not a list";
    else if (key > OVERRIDE && (strchr(value, '"') || strstr(value, " #") || strstr(value, "\t#")))
        problem = quoted;
    else /* the line has room for two bytes more: it also had the key and its = */
        set_value(reader, key, memcpy(reader->line, value, strlen(value) + 1));
    if (problem)
        policy_add_error(reader->policy, reader->number, "%s %s", *name ? name : "''", problem);
    return 1;
}

/* ---- Sections ---- */

/* Checks that a complete section lacks no key, unless a line of it has an error. */
static void check_section(const struct reader *reader) {
    struct policy *policy = reader->policy;
    const struct policy_section *section = reader->section;
    if (!section || section->kind == KIND_DEFAULT ||
        (policy->error_count && policy->errors[policy->error_count - 1].line >= section->line))
        return;
    enum key key = VM;
    while (key < KEYS && !section->values[key])
        key++;
    if (key == KEYS)
        policy_add_error(policy, section->line,
                         "[%s] names nothing to match: add a key, or write it into [default]",
                         section->name);
    if (!section->values[POLICY] && !section->values[OVERRIDE])
        policy_add_error(policy, section->line, "[%s] names nothing to do: add policy or override",
                         section->name);
}

/* Returns the place of the comment in a line, or the line's end. */
static const char *find_comment(const char *line) {
    const char *comment = skip_white(line);
    if (*comment == '#')
        return comment;
    while (*comment && (*comment != ';' || (comment > line && !is_white(comment[-1]))))
        comment++;
    return comment;
}

/* Reads the line `[name] ; comment`, and puts a NUL for the bracket. Returns an error or NULL. */
static const char *read_section(struct reader *reader, char *line) {
    char *name = line + 1, *close = strchr(line, ']');
    if (!close || find_comment(line) < close)
        return "the section's ] is missing, or behind a ; that begins a comment: write ? for that";
    if (!strchr(";#", *skip_white(close + 1))) /* nor is it the line's end */
        return "there is something after the section's ]: a name with brackets goes into vm = of a "
               "[rule:…]";
    *close = '\0';
    char *title = strchrnul(name, ':');
    bool is_default = strcmp(name, "default") == 0, is_vm = strncmp(name, "vm:", 3) == 0;
    if (is_default && reader->policy->count > 1)
        return "[default] must be the first: it would undo the sections above it";
    if (!is_default && !is_vm && strncmp(name, "rule:", 5) != 0)
        return "unknown section: there are [default], [vm:NAME] and [rule:NAME]";
    if (!is_default && (close == title + 1 || is_white(title[1]) || is_white(close[-1])))
        return "the section's name is empty, or begins or ends with white space";
    if (is_vm && strchr(title, ','))
        return "[vm:…] names one guest: a list goes into vm = of a [rule:…], a comma in a name is "
               "matched by ?";
    reader->section->kind = is_default ? KIND_DEFAULT : is_vm ? KIND_VM : KIND_RULE;
    if (is_vm) /* the bracket and the byte behind it are no longer needed */
        set_value(reader, VM, title + 1);
    return NULL;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(((const struct policy_section *)a)->name,
                  ((const struct policy_section *)b)->name);
}

/* Opens the section of a line, which may already have a problem. */
static void open_section(struct reader *reader, char *line, const char *problem) {
    struct policy *policy = reader->policy;
    check_section(reader);
    struct policy_section *section = reader->section = &policy->sections[policy->count++];
    *section = (struct policy_section){.name = line + 1, .line = reader->number};
    if (!problem)
        problem = read_section(reader, line);
    if (problem)
        policy_add_error(policy, reader->number, "%s", problem);
    struct policy_section *const *first = tsearch(section, &reader->by_name, compare_names);
    if (!first)
        policy->out_of_memory = true;
    else if (*first != section)
        policy_add_error(policy, reader->number, "[%s] stands already in line %lu: make them one",
                         section->name, (*first)->line);
}

/* ---- Lines ---- */

/* Checks a line before inih gets it, and opens its section. Returns an error or NULL. */
static const char *check_line(struct reader *reader, char *line, const char *end) {
    const char *problem = NULL, *text = skip_white(line), *comment = find_comment(line);
    size_t length = 0;
    for (const char *c = line; c < end && !problem; c += length) {
        length = utf8_sequence(c);
        if (*c && !length)
            problem = "the line is not UTF-8: save the file in that encoding";
        else if (length <= 1 && iscntrl((unsigned char)*c) && *c != '\t')
            problem = "there is a control character, or a carriage return inside the line: find it "
                      "with cat -A, and delete it";
        else if (length > 1 && c < comment && utf8_is_format_or_space(c, length))
            problem = "there is an invisible character, or a space that is not ASCII's: find it "
                      "with cat -A, and delete it";
    }
    if (*line == '[') {
        open_section(reader, line, problem);
        return NULL;
    }
    if (problem || text == comment)
        return problem;
    if (text > line)
        return "the line is indented: inih would take it for a part of the value above";
    return line + strcspn(line, "=:") < comment ? NULL : "neither [section] nor key = value";
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

bool policy_parse(struct policy *policy) {
    struct reader reader = {.policy = policy,
                            .next = policy->text.data,
                            .end = policy->text.data + policy->text.length};
    const char *reason = NULL;
    const struct inih *inih = library_inih(&reason);
    if (!inih) {
        policy_add_error(policy, 0, "%s", reason);
        return false;
    }
    size_t brackets = 1; /* no fewer than sections: the array never moves */
    for (const char *c = reader.next; (c = memchr(c, '[', (size_t)(reader.end - c))); c++)
        brackets++;
    policy->sections = calloc(brackets, sizeof *policy->sections);
    int refused =
        policy->sections ? inih->ini_parse_stream(next_line, &reader, on_key, &reader) : -1;
    while (reader.by_name) /* empty the tree; the sections stay */
        (void)tdelete(*(struct policy_section **)reader.by_name, &reader.by_name, compare_names);
    check_section(&reader);
    if (refused < 0)
        policy->out_of_memory = true;
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

const char *policy_section(const struct policy *policy, size_t number, size_t *line,
                           const char **unmatched) {
    const struct policy_section *section = &policy->sections[number];
    *line = section->line;
    *unmatched = section->unmatched && *section->unmatched ? section->unmatched : NULL;
    return section->name;
}

/* ---- Deciding ---- */

/* Moves a text of `vm` to those that a domain has matched; their order counts for nothing. */
static void move_to_matched(struct policy_section *section, char *text, size_t length) {
    char *copy = text < section->unmatched ? NULL : strdup(text);
    if (!copy) /* it stands there; or, out of memory, it is warned of in vain */
        return;
    memmove(section->unmatched + length, section->unmatched, (size_t)(text - section->unmatched));
    section->unmatched = mempcpy(section->unmatched, copy, length);
    free(copy);
}

void policy_for_domain(struct policy *policy, const char *name, const char *uuid) {
    policy->last = NULL;
    for (size_t i = 0; i < policy->count; i++) {
        struct policy_section *section = &policy->sections[i];
        bool matches = !section->values[VM];
        size_t length = 0;
        for (char *vm = (char *)section->values[VM]; vm && *vm; vm += length) {
            length = strlen(vm) + 1;
            if (!pattern_matches_guest(vm, name, uuid))
                continue;
            matches = true;
            move_to_matched(section, vm, length);
        }
        if (!matches)
            continue;
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

static enum match match_property(const char *pattern, const struct property *property) {
    if (!pattern)
        return MATCH_YES;
    for (; *pattern; pattern += strlen(pattern) + 1)
        for (size_t i = 0; i < property->count; i++)
            if (property->texts[i] && property->matches(pattern, property->texts[i]))
                return MATCH_YES;
    return property->unknown ? MATCH_MAYBE : MATCH_NO;
}

/* Returns the least value of the key in the last section that matches and in those behind it that
 * may match, and that section's name in *name: NULL if it is what holds without a section. */
static int decide(const struct policy *policy, const struct property *properties, enum key key,
                  const char **name) {
    static const struct policy_section no_section = {
        .values = {[POLICY] = "trust", [OVERRIDE] = "no"}};
    const struct policy_section *section = policy->last;
    int least = INT_MAX;
    for (enum match match = MATCH_NO; match != MATCH_YES; section = section->previous) {
        section = section ? section : &no_section;
        match = section->values[key] ? MATCH_YES : MATCH_NO;
        for (enum key i = NETWORK; i < KEYS && match != MATCH_NO; i++) {
            enum match one = match_property(section->values[i], &properties[i]);
            match = one < match ? one : match;
        }
        int value = match ? word_index(keys[key].words, section->values[key]) : INT_MAX;
        if (value < least) {
            least = value;
            *name = section->name;
        }
    }
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
    struct policy_decision decision;
    decision.action = (enum policy_action)decide(policy, properties, POLICY, &decision.section);
    decision.override = decide(policy, properties, OVERRIDE, &decision.override_section);
    if (!decision.section)
        decision.section = "default";
    return decision;
}
