#include "policy.h"

#include "library.h"
#include "policy_pattern.h"
#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Kinds of section, as bits: a key says in which it may stand. */
enum kind { KIND_UNKNOWN = 0, KIND_DEFAULT = 1, KIND_VM = 2, KIND_RULE = 4 };

/* What a key lets pass: patterns, one of which must match. NULL: the key isn't there. */
struct patterns {
    char *texts; /* one after the other, each ended by a NUL */
    size_t count;
};

enum subject_key { BY_NETWORK, BY_PORTGROUP, BY_DEV, BY_MAC, BY_MODE, SUBJECT_KEYS };

/* What a [rule:…] asks for; a [vm:…] has its own in its name. */
struct policy_rule {
    struct patterns vm;
    struct patterns by[SUBJECT_KEYS];
};

struct policy_section {
    char *name;               /* as it stands between the brackets, in the policy's text */
    struct policy_rule *rule; /* of a [rule:…], else NULL */
    const struct policy_section *previous; /* of those that can match the domain in hand */
    unsigned long line;
    enum kind kind;
    bool faulty;  /* one of its lines has an error */
    int policy;   /* enum policy_action, or UNSET */
    int override; /* 0, 1 or UNSET */
};

enum { UNSET = -1 };

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define QUOTES       "'\""

const char *const policy_action_names[] = {"off", "multicast", "trust", NULL};
static const char *const override_names[] = {"no", "yes", NULL};
static const char *const mode_names[] = {"bridge", "vepa", "private", "passthrough", NULL};

static bool is_white(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_white(const char *text) {
    while (is_white(*text))
        text++;
    return text;
}

static int word_index(const char *const *words, const char *word) {
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return UNSET;
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
    if (policy->count) /* the one that is being parsed */
        policy->sections[policy->count - 1].faulty = true;
}

static int by_line(const void *a, const void *b) {
    const struct policy_error *left = a, *right = b;
    return (left->line > right->line) - (left->line < right->line);
}

/* ---- Parsing: inih splits keys from values, this module looks at each line first ----
 *
 * inih reports nothing of what it cuts, of a section without keys, or of more than one error. So
 * the lines pass through next_line() before inih gets them: it counts them, refuses those that inih
 * would misread (inih gets a blank line instead), and opens the sections. on_key() then gets each
 * key from inih, and compares inih's idea of the section with what the line said. */
struct reader {
    struct policy *policy;
    char *line; /* the next one, in the policy's text */
    char *end;  /* of the text */
    unsigned long number;
    size_t section_room;
    bool key_expected; /* the line went to inih as `key = value` and must come back */
};

static struct policy_section *current_section(const struct reader *reader) {
    return reader->policy->count ? &reader->policy->sections[reader->policy->count - 1] : NULL;
}

/* Returns the first item of a list with commas between, without the white space around it, and
 * moves the list on to the next; NULL: there is none. */
static const char *next_item(const char **list, size_t *length) {
    const char *item = skip_white(*list);
    const char *end = item + strcspn(item, ",");
    *list = *end ? end + 1 : NULL;
    while (end > item && is_white(end[-1]))
        end--;
    *length = (size_t)(end - item);
    return item;
}

static const char *read_patterns(const char *list, struct patterns *patterns) {
    patterns->texts = malloc(strlen(list) + 1);
    if (!patterns->texts)
        return "out of memory";
    char *to = patterns->texts;
    while (list) {
        size_t length;
        const char *item = next_item(&list, &length);
        if (!length)
            return "has an empty value";
        to = mempcpy(to, item, length);
        *to++ = '\0';
        patterns->count++;
    }
    return NULL;
}

/* A quote inside, as in bob's, is a part of the name. */
static bool is_quoted(const char *text, size_t length) {
    return length && (strchr(QUOTES, text[0]) || strchr(QUOTES, text[length - 1]));
}

static bool has_quoted_item(const char *list) {
    bool quoted = false;
    while (list && !quoted) {
        size_t length;
        const char *item = next_item(&list, &length);
        quoted = is_quoted(item, length);
    }
    return quoted;
}

static const char *next_pattern(const char *pattern) {
    return pattern + strlen(pattern) + 1;
}

static bool is_mode(const char *pattern) {
    return word_index(mode_names, pattern) != UNSET;
}

/* The keys. Either words, and an int of the section takes the word's index, or patterns, which are
 * the rule's. */
static const struct key {
    const char *name;
    unsigned kinds;
    size_t offset;
    const char *const *words;
    bool (*fits)(const char *pattern);
    const char *values;
} keys[] = {
    {"policy", KIND_DEFAULT | KIND_VM | KIND_RULE, offsetof(struct policy_section, policy),
     policy_action_names, NULL, "trust, multicast or off"},
    {"override", KIND_DEFAULT | KIND_VM | KIND_RULE, offsetof(struct policy_section, override),
     override_names, NULL, "yes or no"},
    {"vm", KIND_RULE, offsetof(struct policy_rule, vm), NULL, NULL, NULL},
    {"network", KIND_RULE, offsetof(struct policy_rule, by[BY_NETWORK]), NULL, NULL, NULL},
    {"portgroup", KIND_RULE, offsetof(struct policy_rule, by[BY_PORTGROUP]), NULL, NULL, NULL},
    {"dev", KIND_RULE, offsetof(struct policy_rule, by[BY_DEV]), NULL, NULL, NULL},
    {"mac", KIND_RULE, offsetof(struct policy_rule, by[BY_MAC]), NULL, pattern_is_mac,
     "a MAC address like 52:54:00:12:34:56, or a glob of one, with two digits between colons"},
    {"mode", KIND_RULE, offsetof(struct policy_rule, by[BY_MODE]), NULL, is_mode,
     "bridge, vepa, private or passthrough"},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static void set_word(struct reader *reader, const struct key *key, int *place, const char *value) {
    int word = word_index(key->words, value);
    if (*place != UNSET)
        policy_add_error(reader->policy, reader->number, "%s stands in this section already",
                         key->name);
    else if (word == UNSET)
        policy_add_error(reader->policy, reader->number, "%s can't be '%s', only %s", key->name,
                         value, key->values);
    else
        *place = word;
}

static void set_patterns(struct reader *reader, const struct key *key, struct patterns *place,
                         const char *value) {
    if (place->texts) {
        policy_add_error(reader->policy, reader->number, "%s stands in this section already",
                         key->name);
        return;
    }
    bool odd = strchr(value, '"') || strstr(value, " #") || strstr(value, "\t#");
    const char *problem = odd ? "has a quote or # in its value: they would be part of the name (a "
                                "comment begins with ;, and ? in a glob is any byte)"
                              : read_patterns(value, place);
    if (problem)
        policy_add_error(reader->policy, reader->number, "%s %s", key->name, problem);
    const char *pattern = place->texts;
    for (size_t i = 0; pattern && key->fits && i < place->count;
         i++, pattern = next_pattern(pattern))
        if (!key->fits(pattern))
            policy_add_error(reader->policy, reader->number, "%s can't be '%s', only %s", key->name,
                             pattern, key->values);
}

static int on_key(void *user, const char *section_name, const char *name, const char *value) {
    struct reader *reader = user;
    struct policy *policy = reader->policy;
    struct policy_section *section = current_section(reader);
    const struct key *key = keys;
    reader->key_expected = false;
    /* A build of inih may announce sections. */
    if (!name || (section && section->kind == KIND_UNKNOWN))
        return 1;
    while (key->name && strcmp(key->name, name) != 0)
        key++;
    if (!value)
        value = "";
    if (!section) {
        policy_add_error(policy, reader->number, "a key before the first [section]");
    } else if (strcmp(section_name, section->name) != 0) {
        policy_add_error(
            policy, section->line,
            "the section's name is cut after %zu bytes: use the UUID, a glob, or a [rule:…] "
            "with vm =",
            strlen(section_name));
        section->kind = KIND_UNKNOWN;
    } else if (!key->name)
        policy_add_error(policy, reader->number, "unknown key '%s'", name);
    else if (!(key->kinds & section->kind))
        policy_add_error(policy, reader->number, "%s can stand in a [rule:…] only", name);
    else if (has_quoted_item(value))
        policy_add_error(policy, reader->number,
                         "%s has a value in quotes: they would be part of it", name);
    else if (key->words)
        set_word(reader, key, (int *)(void *)((char *)section + key->offset), value);
    else
        set_patterns(reader, key, (struct patterns *)(void *)((char *)section->rule + key->offset),
                     value);
    return 1;
}

static bool is_utf8(const char *text) {
    size_t length;
    while ((length = utf8_sequence(text)))
        text += length;
    return !*text;
}

static const char not_utf8[] = "the line is not UTF-8";

#define VM "vm:"

static const struct section_form {
    const char *prefix;
    enum kind kind;
} section_forms[] = {
    {VM, KIND_VM},
    {"rule:", KIND_RULE},
};

/* Sets what the name says; returns what is wrong with it, or NULL. */
static const char *read_section_name(struct reader *reader, struct policy_section *section) {
    for (const char *c = section->name; (c = strchr(c, ';')); c++)
        if (is_white(c[-1]))
            return "inih takes the ; in the section's name for the start of a comment";
    if (strcmp(section->name, "default") == 0) {
        section->kind = KIND_DEFAULT;
        return reader->policy->count == 1 ? NULL
                                          : "[default] must be the first: it would undo "
                                            "the sections above it";
    }
    for (size_t i = 0; i < COUNT(section_forms); i++) {
        const struct section_form *form = &section_forms[i];
        const char *rest = section->name + strlen(form->prefix);
        if (strncmp(section->name, form->prefix, strlen(form->prefix)) != 0)
            continue;
        section->kind = form->kind;
        if (!*rest)
            return "the section has no name after the colon";
        if (is_quoted(rest, strlen(rest)))
            return "the section's name is in quotes: they would be part of it";
        if (is_white(*rest) || is_white(rest[strlen(rest) - 1]))
            return "the section's name begins or ends with white space";
        if (form->kind == KIND_VM && strchr(rest, ','))
            return "[vm:…] names one guest: a list goes into vm = of a [rule:…], a comma in a name "
                   "is matched by ?";
        if (form->kind == KIND_RULE && !(section->rule = calloc(1, sizeof *section->rule)))
            return "out of memory";
        return NULL;
    }
    return "unknown section: there are [default], [vm:NAME] and [rule:NAME]";
}

/* Looks at a section whose lines have all been read. One with an error may lack just what that line
 * meant: one error is enough. */
static void check_section(struct policy *policy, const struct policy_section *section) {
    const struct policy_rule *rule = section->rule;
    bool matches = rule && rule->vm.count > 0;
    bool idle = section->policy == UNSET && section->override == UNSET;
    if (section->faulty)
        return;
    for (size_t i = 0; rule && i < SUBJECT_KEYS; i++)
        matches = matches || rule->by[i].count > 0;
    if (rule && !matches)
        policy_add_error(policy, section->line, "[%s] names nothing to match", section->name);
    if (section->kind != KIND_DEFAULT && idle)
        policy_add_error(policy, section->line, "[%s] names nothing to do: policy or override",
                         section->name);
}

/* Takes the line `[name] ; comment`, and ends the name where it stands. */
static void open_section(struct reader *reader, char *line) {
    struct policy *policy = reader->policy;
    if (policy->count)
        check_section(policy, current_section(reader));
    if (policy->count == reader->section_room) {
        size_t room = reader->section_room ? 2 * reader->section_room : 8;
        struct policy_section *grown = reallocarray(policy->sections, room, sizeof *grown);
        if (!grown) {
            policy->out_of_memory = true;
            return;
        }
        policy->sections = grown;
        reader->section_room = room;
    }
    struct policy_section *section = &policy->sections[policy->count++];
    *section = (struct policy_section){
        .name = line + 1, .line = reader->number, .policy = UNSET, .override = UNSET};
    bool utf8 = is_utf8(line);
    char *close = strchr(line, ']');
    const char *after = close ? skip_white(close + 1) : "";
    if (close)
        *close = '\0';
    const char *problem =
        !utf8    ? not_utf8
        : !close ? "the section's ] is missing"
        : *after && !strchr(";#", *after)
            ? "there is something after the section's ]: a name with brackets goes "
              "into vm = of a [rule:…]"
            : read_section_name(reader, section);
    if (problem) {
        policy_add_error(policy, reader->number, "%s", problem);
        section->kind = KIND_UNKNOWN;
    }
}

/* Looks at a line before inih does; returns what is wrong with it, or NULL. */
static const char *look_at_line(struct reader *reader, char *line, size_t length, bool fits) {
    if (strlen(line) != length)
        return "there is a NUL byte";
    if (reader->number == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
        line += 3;
    const char *text = skip_white(line);
    if (!fits)
        return "the line is too long";
    if (*line == '[') {
        open_section(reader, line);
        return NULL;
    }
    if (!is_utf8(line))
        return not_utf8;
    if (!*text || *text == ';' || *text == '#')
        return NULL;
    if (text > line)
        return "the line is indented: inih would take it for a part of the value above";
    reader->key_expected = true;
    return NULL;
}

static void expect_no_key(struct reader *reader) {
    if (reader->key_expected)
        policy_add_error(reader->policy, reader->number, "neither [section] nor key = value");
    reader->key_expected = false;
}

/* What inih calls for a line: fgets(3)'s contract. `room` is inih's limit, with the NUL. */
static char *next_line(char *out, int room, void *user) {
    struct reader *reader = user;
    expect_no_key(reader);
    if (reader->line == reader->end)
        return NULL;
    reader->number++;
    char *line = reader->line;
    char *newline = memchr(line, '\n', (size_t)(reader->end - line));
    char *end = newline ? newline : reader->end;
    size_t length = (size_t)(end - line);
    reader->line = newline ? newline + 1 : end;
    size_t taken = (size_t)(reader->line - line);
    bool fits = taken < (size_t)room;
    if (fits) /* before the text is cut into strings */
        *(char *)mempcpy(out, line, taken) = '\0';
    *end = '\0';
    const char *problem = look_at_line(reader, line, length, fits);
    if (problem) {
        policy_add_error(reader->policy, reader->number, "%s", problem);
        out[0] = '\0';
    }
    return out;
}

/* ---- What only the whole file shows ---- */

static int by_name(const void *a, const void *b) {
    const struct policy_section *left = *(const struct policy_section *const *)a;
    const struct policy_section *right = *(const struct policy_section *const *)b;
    int order = strcmp(left->name, right->name);
    return order ? order : (left->line > right->line) - (left->line < right->line);
}

static void check_duplicates(struct policy *policy) {
    const struct policy_section **sorted = calloc(policy->count + 1, sizeof(void *));
    if (!sorted) {
        policy->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < policy->count; i++)
        sorted[i] = &policy->sections[i];
    qsort(sorted, policy->count, sizeof(void *), by_name);
    for (size_t i = 1, first = 0; i < policy->count; i++)
        if (strcmp(sorted[i]->name, sorted[first]->name) != 0)
            first = i;
        else
            policy_add_error(policy, sorted[i]->line, "[%s] stands already in line %lu",
                             sorted[i]->name, sorted[first]->line);
    free(sorted);
}

bool policy_parse(struct policy *policy) {
    const char *reason = NULL;
    const struct inih *inih = library_inih(&reason);
    if (!inih) {
        policy_add_error(policy, 0, "%s", reason);
        return false;
    }
    struct reader reader = {.policy = policy,
                            .line = policy->text.data,
                            .end = policy->text.data + policy->text.length};
    int refused = inih->ini_parse_stream(next_line, &reader, on_key, &reader);
    expect_no_key(&reader);
    if (refused < 0)
        policy->out_of_memory = true;
    else if (refused > 0 && !policy->error_count)
        policy_add_error(policy, (unsigned long)refused, "inih can't read this line");

    if (policy->count)
        check_section(policy, current_section(&reader));
    else if (!policy->error_count &&
             !policy->out_of_memory) /* it was cut to nothing, perhaps at this moment */
        policy_add_error(policy, 0, "it is empty, or has no section: [default] alone is enough");
    check_duplicates(policy);
    if (policy->error_count)
        qsort(policy->errors, policy->error_count, sizeof *policy->errors, by_line);
    return !policy->error_count && !policy->out_of_memory;
}

void policy_free(struct policy *policy) {
    for (size_t i = 0; i < policy->count; i++) {
        struct policy_rule *rule = policy->sections[i].rule;
        if (!rule)
            continue;
        free(rule->vm.texts);
        for (size_t key = 0; key < SUBJECT_KEYS; key++)
            free(rule->by[key].texts);
        free(rule);
    }
    for (size_t i = 0; i < policy->error_count; i++)
        free(policy->errors[i].reason);
    free(policy->text.data);
    free(policy->sections);
    free(policy->errors);
    *policy = (struct policy){0};
}

const char *policy_section(const struct policy *policy, size_t number, unsigned long *line) {
    *line = policy->sections[number].line;
    return policy->sections[number].name;
}

/* ---- Deciding ---- */

static bool is_for_domain(const struct policy_section *section, const char *name,
                          const char *uuid) {
    if (section->kind == KIND_VM)
        return pattern_matches_guest(section->name + strlen(VM), name, uuid);
    size_t count = section->rule ? section->rule->vm.count : 0;
    const char *pattern = count ? section->rule->vm.texts : NULL;
    for (size_t i = 0; i < count; i++, pattern = next_pattern(pattern))
        if (pattern_matches_guest(pattern, name, uuid))
            return true;
    return count == 0;
}

void policy_for_domain(struct policy *policy, const char *name, const char *uuid) {
    policy->last = NULL;
    for (size_t i = 0; i < policy->count; i++) {
        struct policy_section *section = &policy->sections[i];
        if (!is_for_domain(section, name, uuid))
            continue;
        section->previous = policy->last;
        policy->last = section;
    }
}

/* What an interface has that a key of a rule is about: any of the texts may match. */
struct asked {
    const char *const *texts;
    size_t count;
    bool (*matches)(const char *pattern, const char *text);
};

static bool is_let_pass(const struct patterns *patterns, const struct asked *asked) {
    const char *pattern = patterns->texts;
    for (size_t i = 0; i < patterns->count; i++, pattern = next_pattern(pattern))
        for (size_t j = 0; j < asked->count; j++)
            if (asked->texts[j] && asked->matches(pattern, asked->texts[j]))
                return true;
    return patterns->count == 0;
}

struct policy_verdict policy_decide(const struct policy *policy,
                                    const struct policy_subject *subject) {
    const struct asked asked[SUBJECT_KEYS] = {
        [BY_NETWORK] = {&subject->network, 1, pattern_matches},
        [BY_PORTGROUP] = {&subject->portgroup, 1, pattern_matches},
        [BY_DEV] = {subject->devices, subject->device_count, pattern_matches},
        [BY_MAC] = {&subject->mac, 1, pattern_matches_mac},
        [BY_MODE] = {&subject->mode, 1, pattern_matches},
    };
    const struct policy_section *action = NULL, *override = NULL;
    for (const struct policy_section *section = policy->last; section && !(action && override);
         section = section->previous) {
        bool matches = true;
        for (size_t key = 0; section->rule && matches && key < SUBJECT_KEYS; key++)
            matches = is_let_pass(&section->rule->by[key], &asked[key]);
        if (matches && !action && section->policy != UNSET)
            action = section;
        if (matches && !override && section->override != UNSET)
            override = section;
    }
    return (struct policy_verdict){
        .action = action ? (enum policy_action)action->policy : POLICY_TRUST,
        .override = override && override->override,
        .section = action ? action->name : "default",
        .override_section = override ? override->name : NULL,
    };
}
