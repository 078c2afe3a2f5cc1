#include "policy.h"

#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* Kinds of section, as bits: a key says in which it may stand. */
enum kind { KIND_UNKNOWN = 0, KIND_DEFAULT = 1, KIND_VM = 2, KIND_RULE = 4 };

/* What a key lets pass: patterns, one of which must match. NULL: the key isn't there. */
struct patterns {
    char *texts; /* one after the other, each ended by a NUL */
    size_t count;
};

enum subject_key { BY_NETWORK, BY_DEV, BY_MAC, BY_MODE, SUBJECT_KEYS };

/* What a [rule:…] asks for; a [vm:…] has its own in its name. */
struct policy_rule {
    struct patterns vm;
    struct patterns by[SUBJECT_KEYS];
};

struct policy_section {
    char *name;               /* as it stands between the brackets, in the policy's text */
    struct policy_rule *rule; /* of a [rule:…], else NULL */
    unsigned long line;
    size_t errors_before; /* how many errors the file had above this section */
    enum kind kind;
    int policy;   /* enum policy_action, or UNSET */
    int override; /* 0, 1 or UNSET */
};

enum { UNSET = -1 };

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

__attribute__((format(printf, 3, 4))) static void
add_error(struct policy *policy, unsigned long line, const char *format, ...) {
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
}

static int by_line(const void *a, const void *b) {
    const struct policy_error *left = a, *right = b;
    return (left->line > right->line) - (left->line < right->line);
}

/* ---- Reading: inih splits keys from values, this module looks at each line first ----
 *
 * inih tells nobody of what it cuts, of a section without keys, or of more than one error. So the
 * lines pass through next_line() before inih gets them: it counts them, refuses those that inih
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

/* `text` is a list of patterns, with commas between. */
static const char *read_patterns(const char *text, struct patterns *patterns) {
    patterns->texts = malloc(strlen(text) + 2);
    if (!patterns->texts)
        return "out of memory";
    char *to = patterns->texts;
    for (const char *item = text;; item++) {
        item = skip_white(item);
        size_t length = strcspn(item, ",");
        const char *next = item + length;
        while (length && is_white(item[length - 1]))
            length--;
        if (!length)
            return "has an empty value";
        to = mempcpy(to, item, length);
        *to++ = '\0';
        patterns->count++;
        if (!*next)
            return NULL;
        item = next;
    }
}

static const char *next_pattern(const char *pattern) {
    return pattern + strlen(pattern) + 1;
}

static bool has_wildcard(const char *pattern) {
    return strpbrk(pattern, "*?[") != NULL;
}

static bool could_be_mac(const char *pattern) {
    static const char form[] = "xx:xx:xx:xx:xx:xx";
    if (has_wildcard(pattern))
        return pattern[strspn(pattern, "0123456789abcdefABCDEF:*?[]!^-")] == '\0' &&
               (!strchr(pattern, '-') || strchr(pattern, '['));
    size_t i = 0;
    for (; form[i] && pattern[i]; i++)
        if (form[i] == ':' ? pattern[i] != ':' : !strchr("0123456789abcdefABCDEF", pattern[i]))
            return false;
    return !form[i] && !pattern[i];
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
    {"dev", KIND_RULE, offsetof(struct policy_rule, by[BY_DEV]), NULL, NULL, NULL},
    {"mac", KIND_RULE, offsetof(struct policy_rule, by[BY_MAC]), NULL, could_be_mac,
     "a MAC address like 52:54:00:12:34:56, or a glob of one"},
    {"mode", KIND_RULE, offsetof(struct policy_rule, by[BY_MODE]), NULL, is_mode,
     "bridge, vepa, private or passthrough"},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static void set_word(struct reader *reader, const struct key *key, int *place, const char *value) {
    int word = word_index(key->words, value);
    if (*place != UNSET)
        add_error(reader->policy, reader->number, "%s stands in this section already", key->name);
    else if (word == UNSET)
        add_error(reader->policy, reader->number, "%s can't be '%s': %s", key->name, value,
                  key->values);
    else
        *place = word;
}

static void set_patterns(struct reader *reader, const struct key *key, struct patterns *place,
                         const char *value) {
    if (place->texts) {
        add_error(reader->policy, reader->number, "%s stands in this section already", key->name);
        return;
    }
    bool odd = strchr(value, '"') || strstr(value, " #") || strstr(value, "\t#");
    const char *problem = odd ? "has a quote or # in its value: they would be part of the name (a "
                                "comment begins with ;, and ? in a glob is any byte)"
                              : read_patterns(value, place);
    if (problem)
        add_error(reader->policy, reader->number, "%s %s", key->name, problem);
    const char *pattern = place->texts;
    for (size_t i = 0; pattern && key->fits && i < place->count;
         i++, pattern = next_pattern(pattern))
        if (!key->fits(pattern))
            add_error(reader->policy, reader->number, "%s can't be '%s': %s", key->name, pattern,
                      key->values);
}

static int on_key(void *user, const char *section_name, const char *name, const char *value) {
    struct reader *reader = user;
    struct policy *policy = reader->policy;
    struct policy_section *section = current_section(reader);
    if (!name) /* a build of inih that announces sections */
        return 1;
    reader->key_expected = false;
    if (!section) {
        add_error(policy, reader->number, "a key before the first [section]");
        return 1;
    }
    if (section->kind == KIND_UNKNOWN)
        return 1;
    if (strcmp(section_name, section->name) != 0) {
        add_error(policy, section->line,
                  "the section's name is cut after %zu bytes: use the UUID, a glob, or a [rule:…] "
                  "with vm =",
                  strlen(section_name));
        section->kind = KIND_UNKNOWN;
        return 1;
    }
    const struct key *key = keys;
    while (key->name && strcmp(key->name, name) != 0)
        key++;
    if (!key->name)
        add_error(policy, reader->number, "unknown key '%s'", name);
    else if (!(key->kinds & section->kind))
        add_error(policy, reader->number, "%s can stand in a [rule:…] only", name);
    else if (key->words)
        set_word(reader, key, (int *)(void *)((char *)section + key->offset), value ? value : "");
    else
        set_patterns(reader, key, (struct patterns *)(void *)((char *)section->rule + key->offset),
                     value ? value : "");
    return 1;
}

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
    for (size_t i = 0; i < sizeof section_forms / sizeof *section_forms; i++) {
        const struct section_form *form = &section_forms[i];
        const char *rest = section->name + strlen(form->prefix);
        if (strncmp(section->name, form->prefix, strlen(form->prefix)) != 0)
            continue;
        section->kind = form->kind;
        if (!*rest)
            return "the section has no name after the colon";
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

/* Takes the line `[name] ; comment`, and ends the name where it stands. */
static void open_section(struct reader *reader, char *line) {
    struct policy *policy = reader->policy;
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
    *section = (struct policy_section){.name = line + 1,
                                       .line = reader->number,
                                       .errors_before = policy->error_count,
                                       .policy = UNSET,
                                       .override = UNSET};
    char *close = strchr(line, ']');
    const char *after = close ? skip_white(close + 1) : "";
    if (close)
        *close = '\0';
    const char *problem =
        !close ? "the section's ] is missing"
        : *after && !strchr(";#", *after)
            ? "there is something after the section's ]: a name with brackets goes "
              "into vm = of a [rule:…]"
            : read_section_name(reader, section);
    if (problem) {
        add_error(policy, reader->number, "%s", problem);
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
    if (!*text || *text == ';' || *text == '#')
        return NULL;
    if (text > line)
        return "the line is indented: inih would take it for a part of the value above";
    if (*line == '[')
        open_section(reader, line);
    else
        reader->key_expected = true;
    return NULL;
}

static void expect_no_key(struct reader *reader) {
    if (reader->key_expected)
        add_error(reader->policy, reader->number, "neither [section] nor key = value");
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
        memcpy(out, line, taken);
    out[fits ? taken : 0] = '\0';
    *end = '\0';
    const char *problem = look_at_line(reader, line, length, fits);
    if (problem) {
        add_error(reader->policy, reader->number, "%s", problem);
        out[0] = '\0';
    }
    return out;
}

/* ---- What only the whole file can tell ---- */

/* FNV-1a. */
static size_t hash_of(const char *text) {
    uint64_t hash = 0xcbf29ce484222325;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return (size_t)(hash ^ hash >> 32);
}

/* A table of the sections by name, open addressing, at most half full. */
static void check_duplicates(struct policy *policy) {
    size_t room = 2; /* a power of two */
    while (room < 2 * policy->count)
        room *= 2;
    const struct policy_section **table = calloc(room, sizeof(struct policy_section *));
    if (!table) {
        policy->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < policy->count; i++) {
        const struct policy_section *section = &policy->sections[i];
        size_t place = hash_of(section->name) & (room - 1);
        while (table[place] && strcmp(table[place]->name, section->name) != 0)
            place = (place + 1) & (room - 1);
        if (table[place])
            add_error(policy, section->line, "[%s] stands already in line %lu", section->name,
                      table[place]->line);
        else
            table[place] = section;
    }
    free(table);
}

/* A section with an error in it may lack just what that line meant: one error is enough. */
static void check_section(struct policy *policy, const struct policy_section *section,
                          size_t errors_after) {
    if (errors_after > section->errors_before)
        return;
    const struct policy_rule *rule = section->rule;
    bool matches = rule && rule->vm.count > 0;
    for (size_t i = 0; rule && i < SUBJECT_KEYS; i++)
        matches = matches || rule->by[i].count > 0;
    if (rule && !matches)
        add_error(policy, section->line, "[%s] names nothing to match", section->name);
    if ((section->kind == KIND_RULE || section->kind == KIND_VM) && section->policy == UNSET &&
        section->override == UNSET)
        add_error(policy, section->line, "[%s] names nothing to do: policy or override",
                  section->name);
}

bool policy_parse(struct policy *policy) {
    const char *reason = NULL;
    const struct inih *inih = library_inih(&reason);
    if (!inih) {
        add_error(policy, 0, "%s", reason);
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
        add_error(policy, (unsigned long)refused, "inih can't read this line");

    size_t errors_read = policy->error_count;
    for (size_t i = 0; i < policy->count; i++)
        check_section(policy, &policy->sections[i],
                      i + 1 < policy->count ? policy->sections[i + 1].errors_before : errors_read);
    check_duplicates(policy);
    policy->candidates = calloc(policy->count + 1, sizeof(struct policy_section *));
    if (!policy->candidates)
        policy->out_of_memory = true;
    if (policy->error_count)
        qsort(policy->errors, policy->error_count, sizeof *policy->errors, by_line);
    return !policy->error_count && !policy->out_of_memory;
}

/* Returns what speaks against trusting this file, or NULL. */
static const char *file_problem(int fd) {
    struct stat file;
    if (fstat(fd, &file))
        return strerror(errno);
    if (!S_ISREG(file.st_mode))
        return "it is not a regular file";
    if (file.st_uid != 0 && file.st_uid != geteuid())
        return "it belongs neither to root nor to the caller";
    if (file.st_mode & (S_IWGRP | S_IWOTH))
        return "it can be written by group or others";
    return NULL;
}

bool policy_open(const char *path, bool required, struct policy *policy) {
    *policy = (struct policy){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int error = errno;
    struct stat link; /* one that leads nowhere is no missing file, but one that can't be read */
    if (fd < 0 && error == ENOENT && !required && lstat(path, &link) != 0) {
        policy->missing = true;
        return false;
    }
    const char *problem = fd < 0 ? strerror(error) : file_problem(fd);
    if (!problem)
        problem = stream_read_all(fd, &policy->text);
    if (problem)
        add_error(policy, 0, "%s", problem);
    if (fd >= 0)
        (void)close(fd);
    return !problem;
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
    free(policy->candidates);
    free(policy->errors);
    *policy = (struct policy){0};
}

/* ---- Deciding ---- */

/* `flags` as of fnmatch(3). A pattern also matches itself, brackets and all. */
static bool passes(const struct patterns *patterns, const char *text, int flags) {
    const char *pattern = patterns->texts;
    for (size_t i = 0; text && i < patterns->count; i++, pattern = next_pattern(pattern))
        if (strcmp(pattern, text) == 0 || fnmatch(pattern, text, flags) == 0)
            return true;
    return patterns->count == 0;
}

static bool is_domain(const struct policy_section *section, const char *name, const char *uuid) {
    if (section->kind != KIND_VM && !section->rule)
        return true;
    const struct patterns own = {.texts = section->name + strlen(VM), .count = 1};
    const struct patterns *vm = section->kind == KIND_VM ? &own : &section->rule->vm;
    const char *pattern = vm->texts;
    for (size_t i = 0; i < vm->count; i++, pattern = next_pattern(pattern))
        if (strcasecmp(pattern, uuid) == 0)
            return true;
    return passes(vm, name, 0);
}

void policy_for_domain(struct policy *policy, const char *name, const char *uuid) {
    policy->candidate_count = 0;
    for (size_t i = 0; i < policy->count; i++)
        if (is_domain(&policy->sections[i], name, uuid))
            policy->candidates[policy->candidate_count++] = &policy->sections[i];
}

struct policy_verdict policy_decide(const struct policy *policy,
                                    const struct policy_subject *subject) {
    const struct {
        const char *text;
        int flags;
    } texts[SUBJECT_KEYS] = {
        [BY_NETWORK] = {subject->network, 0},
        [BY_DEV] = {subject->device_count ? subject->devices[0] : NULL, 0},
        [BY_MAC] = {subject->mac, FNM_CASEFOLD},
        [BY_MODE] = {subject->mode, 0},
    };
    const struct policy_section *action = NULL, *override = NULL;
    for (size_t i = policy->candidate_count; i > 0 && !(action && override); i--) {
        const struct policy_section *section = policy->candidates[i - 1];
        bool matches = true;
        for (size_t key = 0; section->rule && key < SUBJECT_KEYS; key++)
            matches = matches && passes(&section->rule->by[key], texts[key].text, texts[key].flags);
        if (matches && !action && section->policy != UNSET)
            action = section;
        if (matches && !override && section->override != UNSET)
            override = section;
    }
    return (struct policy_verdict){
        .action = action ? (enum policy_action)action->policy : POLICY_TRUST,
        .override = override && override->override,
        .section = action ? action->name : "default",
    };
}
