/* The text of a policy: its errors and their lines, and the decision of a good one on an
 * interface. */
#include "unit.h"

#include "../../hook/policy.h"

/* ---- Texts ---- */

#define X10  "xxxxxxxxxx"
#define X40  X10 X10 X10 X10
#define X400 X40 X40 X40 X40 X40 X40 X40 X40 X40 X40

/* inih keeps 49 bytes of a section's name, which is read from our own text, and 199 of a line, its
 * end included. */
#define NAME_49  "vm:" X40 "123456"
#define NAME_50  NAME_49 "7"
#define RULE_50  "rule:" X40 "12345"
#define LINE_198 "; " X40 X40 X40 X40 X10 X10 X10 "123456"

#define UNKNOWN_SECTION "unknown section: there are [default], [vm:NAME] and [rule:NAME]\n"
#define NO_DEFAULT_HERE "[default] must be the first: it would undo the sections above it\n"
#define INDENTED        "the line is indented: inih would take it for a part of the value above\n"
#define NEITHER         "neither [section] nor key = value\n"
#define NO_BRACKET                                                                                 \
    "the section's ] is missing, or behind a ; that begins a comment: write ? for that\n"
#define AFTER_BRACKET                                                                              \
    "there is something after the section's ]: a name with brackets goes into vm = of a "          \
    "[rule:…]\n"
#define WHITE_NAME          "the section's name is empty, or begins or ends with white space\n"
#define BAD_POLICY(value)   "policy can't be '" value "', only trust, multicast or off\n"
#define BAD_OVERRIDE(value) "override can't be '" value "', only yes or no\n"
#define BAD_MAC(value)                                                                             \
    "mac can't be '" value                                                                         \
    "', only a MAC address like 52:54:00:12:34:56, or a glob of one, with two "                    \
    "digits between colons\n"
#define BAD_MODE(value) "mode can't be '" value "', only bridge, vepa, private or passthrough\n"
#define BAD_UUID(value)                                                                            \
    "vm can't be '" value                                                                          \
    "', only a name, a glob or a UUID, and this is nearly a UUID: write its 32 digits, without "   \
    "braces or urn:uuid:\n"
#define QUOTED(key)                                                                                \
    key " has quotes or a # in its value, which would be part of it: a value has no quotes, a "    \
        "comment begins with ;, and ? in a glob is any byte\n"
#define EMPTY(key)             key " has an empty value: delete the key, or the comma too many\n"
#define AGAIN(key)             key " stands in this section already: delete one of the two\n"
#define ONLY_IN_RULE(key)      key " can stand in a [rule:…] only: write one, with vm = for the guest\n"
#define NO_KEY(key)            key " is no key: rxtrust.ini(5) lists them\n"
#define NO_LIST(key)           key " takes one value, not a list\n"
#define ALREADY(section, line) "[" section "] stands already in line " line ": make them one\n"
#define NO_MATCH(section)                                                                          \
    "[" section "] names nothing to match: add a key, or write it into [default]\n"
#define NOTHING(section) "[" section "] names nothing to do: add policy or override\n"
#define NO_SECTION       "0: it is empty, or has no section: [default] alone is enough\n"
#define NOT_UTF_8        "the line is not UTF-8: save the file in that encoding\n"
#define TOO_LONG         "the line is too long: inih takes 198 bytes\n"
#define CONTROL                                                                                    \
    "there is a control character, or a carriage return inside the line: find it with cat -A, "    \
    "and delete it\n"
#define INVISIBLE                                                                                  \
    "there is an invisible character, or a space that is not ASCII's: find it with cat -A, and "   \
    "delete it\n"
#define RULE(keys) "[rule:r]\n" keys "policy = off\n"

static const struct parsing {
    const char *name;
    const char *text;
    size_t length;
    const char *errors; /* LINE: REASON, all of them; "": the policy is good */
} readings[] = {
    /* The form of the file. */
    {"an empty file", TEXT(""), NO_SECTION},
    {"only white space", TEXT("\n\n  \t\n\r\n"), NO_SECTION},
    {"only comments", TEXT("; one\n# two\n   ; three, indented\n"), NO_SECTION},
    {"nothing in [default]", TEXT("[default]\n"), ""},
    {"every section and key",
     TEXT("[default]\npolicy = trust\noverride = no\n[vm:a]\npolicy = off\noverride = yes\n"
          "[rule:b]\nvm = c, d*\nnetwork = n\nportgroup = p\ndev = eth1\nmac = 52:54:00:*\nmode = "
          "bridge, vepa\n"
          "policy = multicast\noverride = yes\n"),
     ""},
    {"no newline at the end", TEXT("[vm:a]\npolicy = off"), ""},
    {"no newline at the end, and an error there", TEXT("[vm:a]\npolicy = of"),
     "2: " BAD_POLICY("of")},
    {"the last line is a section", TEXT("[default]\n[vm:a]"), "2: " NOTHING("vm:a")},
    {"CRLF", TEXT("[default]\r\npolicy = off\r\n\r\n[vm:a]\r\npolicy = trust\r\n"), ""},
    {"CR alone ends no line", TEXT("[default]\rpolicy = off\r"), "1: " CONTROL},
    {"byte order mark", TEXT("\xef\xbb\xbf[default]\npolicy = off\n"), ""},
    {"byte order mark, then a comment", TEXT("\xef\xbb\xbf; hello\n[default]\npolicy = off\n"), ""},
    {"byte order mark in a later line", TEXT("[default]\n\xef\xbb\xbfpolicy = off\n"),
     "2: " INVISIBLE},
    {"nearly a byte order mark", TEXT("\xef\xbb\x80[default]\n"), "1: " NEITHER},
    {"byte order mark, then an indented line", TEXT("\xef\xbb\xbf [default]\n"), "1: " INDENTED},
    {"inline comments", TEXT("[default] ; first\npolicy = off ; second\noverride = no\t; third\n"),
     ""},
    {"# after a section", TEXT("[default] # first\npolicy = off\n"), ""},
    {"# is no inline comment after a value", TEXT("[default]\npolicy = off # no\n"),
     "2: " BAD_POLICY("off # no")},
    {"; right after a value is a part of it", TEXT("[default]\npolicy = off;no\n"),
     "2: " BAD_POLICY("off;no")},
    {"a colon for the =", TEXT("[default]\npolicy: off\n"), ""},
    {"no white space around the =", TEXT("[default]\npolicy=off\n"), ""},
    {"white space at the end of a line", TEXT("[default]  \t\npolicy = off  \t\n"), ""},
    {"every length of UTF-8",
     TEXT("[default]\n; \xc2\x80 \xed\x80\x80 \xdf\xbf \xe0\xa0\x80 \xe1\x80\xbf \xec\xbf\x80 "
          "\xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf\n"
          "; \xf0\x90\x80\x80 \xf1\x80\xbf\xbf \xf3\xbf\xbf\x80 \xf4\x8f\xbf\xbf\n"),
     ""},
    {"Latin-1",
     TEXT("[default]\n[vm:b\xfc"
          "cher]\npolicy = off\n"),
     "2: " NOT_UTF_8},
    {"Latin-1 in a comment", TEXT("[default] ; \xfc\n"), "1: " NOT_UTF_8},
    {"UTF-8 that is cut by the line's end", TEXT(RULE("vm = a\xc3\n")), "2: " NOT_UTF_8},
    {"UTF-8 that is cut by the file's end", TEXT("[default]\n; \xe2\x82"), "2: " NOT_UTF_8},
    {"UTF-8 that begins with its second byte", TEXT(RULE("vm = \xbc\n")), "2: " NOT_UTF_8},
    {"UTF-8 that begins with the least of second bytes", TEXT(RULE("vm = \x80\n")),
     "2: " NOT_UTF_8},
    {"overlong UTF-8",
     TEXT("[default]\n; \xc0\xaf\n; \xc1\xbf\n; \xe0\x9f\xbf\n; \xf0\x8f\xbf\xbf\n"),
     "2: " NOT_UTF_8 "3: " NOT_UTF_8 "4: " NOT_UTF_8 "5: " NOT_UTF_8},
    {"surrogates in UTF-8", TEXT("[default]\n; \xed\xa0\x80\n; \xed\xbf\xbf\n"),
     "2: " NOT_UTF_8 "3: " NOT_UTF_8},
    {"beyond Unicode", TEXT("[default]\n; \xf4\x90\x80\x80\n; \xf5\x80\x80\x80\n; \xff\n"),
     "2: " NOT_UTF_8 "3: " NOT_UTF_8 "4: " NOT_UTF_8},
    {"a third byte that is none", TEXT("[default]\n; \xe2\x82\x28\n"), "2: " NOT_UTF_8},
    {"UTF-16", TEXT("\xff\xfe[\0d\0]\0\n"), "1: " NOT_UTF_8},
    {"UTF-16 without a mark", TEXT("[\0d\0]\0\n"), "1: " CONTROL},
    {"a NUL byte in a value", TEXT("[default]\npolicy = off\0trust\n"), "2: " CONTROL},
    {"a NUL byte in a comment", TEXT("; a\0b\n[default]\n"), "1: " CONTROL},
    {"a NUL byte in a section", TEXT("[vm:a\0b]\n"), "1: " CONTROL},
    {"an indented key", TEXT("[default]\n policy = off\n"), "2: " INDENTED},
    {"a key indented by a tab", TEXT("[default]\npolicy = trust\n\tpolicy = off\n"),
     "3: " INDENTED},
    {"a continued value", TEXT("[rule:r]\nvm = a,\n     b\npolicy = off\n"),
     "2: " EMPTY("vm") "3: " INDENTED},
    {"an indented section", TEXT("[default]\n [vm:a]\npolicy = off\n"), "2: " INDENTED},
    {"a line of 198 bytes and a newline", TEXT("[default]\n" LINE_198 "\n"), ""},
    {"a line of 199 bytes and a newline", TEXT("[default]\n" LINE_198 "7\n"), "2: " TOO_LONG},
    {"a last line of 199 bytes", TEXT("[default]\n" LINE_198 "7"), ""},
    {"a last line of 200 bytes", TEXT("[default]\n" LINE_198 "78"), "2: " TOO_LONG},
    {"a long line in the middle",
     TEXT("[rule:r]\nvm = " X40 X40 X40 X40 X40 ", mine\nnetwork = n\npolicy = off\n"),
     "2: " TOO_LONG},
    {"a line of 2000 bytes", TEXT("[vm:a]\npolicy = off\n;" X400 X400 X400 X400 X400 "\n"),
     "3: " TOO_LONG},
    {"neither section nor key", TEXT("[default]\npolicy\n"), "2: " NEITHER},
    {"neither section nor key, in the last line", TEXT("[default]\npolicy off"), "2: " NEITHER},

    /* Sections. */
    {"a key before the first section", TEXT("policy = off\n[default]\n"),
     "1: policy stands before the first [section]: write [default] above it\n"},
    {"an unknown section", TEXT("[defaults]\npolicy = off\n"), "1: " UNKNOWN_SECTION},
    {"an unknown kind of section", TEXT("[guest:a]\npolicy = off\n"), "1: " UNKNOWN_SECTION},
    {"a kind in capitals", TEXT("[VM:a]\npolicy = off\n"), "1: " UNKNOWN_SECTION},
    {"white space in the brackets", TEXT("[ vm:a]\npolicy = off\n"), "1: " UNKNOWN_SECTION},
    {"nothing in the brackets", TEXT("[]\npolicy = off\n"), "1: " UNKNOWN_SECTION},
    {"a bracket not closed", TEXT("[vm:a\npolicy = off\n"), "1: " NO_BRACKET},
    {"a bracket closed in a comment", TEXT("[vm:a ; ]\npolicy = off\n"), "1: " NO_BRACKET},
    {"a comment in a name", TEXT("[default]\npolicy = off\n[vm:a ;b]\npolicy = trust\n"),
     "3: " NO_BRACKET},
    {"a comment in a name, behind a tab", TEXT("[vm:a\t;b]\npolicy = off\n"), "1: " NO_BRACKET},
    {"a ; inside a name", TEXT("[vm:a;b]\npolicy = off\n"), ""},
    {"a ; inside a name, and a comment", TEXT("[vm:a;b ;c]\npolicy = off\n"), "1: " NO_BRACKET},
    {"something right after the bracket", TEXT("[vm:a]x\npolicy = off\n"), "1: " AFTER_BRACKET},
    {"something after the bracket", TEXT("[vm:a] policy = off\n"), "1: " AFTER_BRACKET},
    {"a name with brackets", TEXT("[vm:web[12]]\npolicy = off\n"), "1: " AFTER_BRACKET},
    {"no name of a VM", TEXT("[vm:]\npolicy = off\n"), "1: " WHITE_NAME},
    {"no name of a rule", TEXT("[rule:]\nvm = a\npolicy = off\n"), "1: " WHITE_NAME},
    {"a name that begins with white space", TEXT("[vm: a]\npolicy = off\n"), "1: " WHITE_NAME},
    {"a name that ends with white space", TEXT("[rule:a ]\nvm = a\npolicy = off\n"),
     "1: " WHITE_NAME},
    {"a name that is white space", TEXT("[vm: ]\npolicy = off\n"), "1: " WHITE_NAME},
    {"a name with white space inside", TEXT("[vm:my guest]\npolicy = off\n"), ""},
    {"two names", TEXT("[vm:web-1, web-2]\npolicy = off\n"),
     "1: [vm:…] names one guest: a list goes into vm = of a [rule:…], a comma in a name is matched "
     "by "
     "?\n"},
    {"a comma in a rule's title", TEXT("[rule:a, b]\nvm = a, b\npolicy = off\n"), ""},
    {"[default] after another section", TEXT("[vm:a]\npolicy = off\n[default]\npolicy = trust\n"),
     "3: " NO_DEFAULT_HERE},
    {"[default] twice", TEXT("[default]\npolicy = off\n[default]\noverride = no\n"),
     "3: " NO_DEFAULT_HERE "3: " ALREADY("default", "1")},
    {"[default] below comments is the first", TEXT("; one\n\n[default]\npolicy = off\n"), ""},
    {"a VM twice", TEXT("[vm:a]\npolicy = off\n[vm:b]\npolicy = off\n[vm:a]\npolicy = trust\n"),
     "5: " ALREADY("vm:a", "1")},
    {"a VM three times", TEXT("[vm:a]\npolicy = off\n[vm:a]\npolicy = off\n[vm:a]\npolicy = off\n"),
     "3: " ALREADY("vm:a", "1") "5: " ALREADY("vm:a", "1")},
    {"a rule twice", TEXT(RULE("vm = a\n") RULE("vm = b\n")), "4: " ALREADY("rule:r", "1")},
    {"a VM and a rule of one name", TEXT("[vm:a]\npolicy = off\n[rule:a]\nvm = a\npolicy = off\n"),
     ""},
    {"names that differ in case", TEXT("[vm:a]\npolicy = off\n[vm:A]\npolicy = off\n"), ""},
    {"a VM with nothing to do", TEXT("[vm:a]\n"), "1: " NOTHING("vm:a")},
    {"a VM with an override only", TEXT("[vm:a]\noverride = yes\n"), ""},
    {"a rule with nothing to match", TEXT("[rule:r]\npolicy = off\n"), "1: " NO_MATCH("rule:r")},
    {"a rule with nothing to do", TEXT("[rule:r]\nvm = a\n"), "1: " NOTHING("rule:r")},
    {"an empty rule", TEXT("[rule:r]\n"), "1: " NO_MATCH("rule:r") "1: " NOTHING("rule:r")},
    {"a name of 49 bytes", TEXT("[" NAME_49 "]\npolicy = off\n"), ""},
    {"a name of 50 bytes", TEXT("[" NAME_50 "]\npolicy = off\n"), ""},
    {"a name of 50 bytes without a key", TEXT("[" NAME_50 "]\n"), "1: " NOTHING(NAME_50)},
    {"a rule's name of 50 bytes", TEXT("[" RULE_50 "]\nvm = a\npolicy = off\n"), ""},
    {"a long name below the one that inih would cut it to",
     TEXT("[" NAME_49 "]\npolicy = off\n[" NAME_50 "]\npolicy = trust\n"), ""},
    {"two long names that inih would cut alike",
     TEXT("[" NAME_50 "1]\npolicy = off\n[" NAME_50 "2]\npolicy = trust\n"), ""},

    /* Keys and values. */
    {"an unknown key", TEXT("[default]\npolice = off\n"), "2: " NO_KEY("police")},
    {"a key in capitals", TEXT("[default]\nPolicy = off\n"), "2: " NO_KEY("Policy")},
    {"a key of 60 bytes", TEXT("[default]\n" X40 X10 X10 " = off\n"),
     "2: " NO_KEY("" X40 X10 X10 "")},
    {"a key without a name", TEXT("[default]\n= off\n"), "2: " NO_KEY("''")},
    {"a portgroup in [vm:…]", TEXT("[vm:a]\nportgroup = p\npolicy = off\n"),
     "2: " ONLY_IN_RULE("portgroup")},
    {"a match in [default]", TEXT("[default]\nnetwork = n\n"), "2: " ONLY_IN_RULE("network")},
    {"a match in [vm:…]", TEXT("[vm:a]\nmac = 52:54:00:*\npolicy = off\n"),
     "2: " ONLY_IN_RULE("mac")},
    {"vm in [vm:…]", TEXT("[vm:a]\nvm = b\npolicy = off\n"), "2: " ONLY_IN_RULE("vm")},
    {"an unknown policy", TEXT("[default]\npolicy = on\n"), "2: " BAD_POLICY("on")},
    {"a policy in capitals", TEXT("[default]\npolicy = Off\n"), "2: " BAD_POLICY("Off")},
    {"two policies", TEXT("[default]\npolicy = off, trust\n"), "2: " NO_LIST("policy")},
    {"a quoted policy", TEXT("[default]\npolicy = \"off\"\n"), "2: " QUOTED("policy")},
    {"a quoted override", TEXT("[default]\noverride = 'yes'\n"), "2: " QUOTED("override")},
    {"quotes around every key's value",
     TEXT(RULE("vm = 'web-1'\nnetwork = \"n\"\nportgroup = 'p'\ndev = \"eth0\"\n"
               "mac = '52:54:00:*'\nmode = 'bridge'\n")),
     "2: " QUOTED("vm") "3: " QUOTED("network") "4: " QUOTED("portgroup") "5: " QUOTED(
         "dev") "6: " QUOTED("mac") "7: " QUOTED("mode")},
    {"a quoted value in a list", TEXT(RULE("vm = a, 'b' , c\n")), "2: " QUOTED("vm")},
    {"quotes around a list", TEXT(RULE("vm = 'a, b'\n")), "2: " QUOTED("vm") "2: " QUOTED("vm")},
    {"a quote at one end", TEXT(RULE("vm = 'a\nnetwork = b\"\n")),
     "2: " QUOTED("vm") "3: " QUOTED("network")},
    {"a quote alone", TEXT(RULE("vm = '\n")), "2: " QUOTED("vm")},
    {"quotes around nothing", TEXT(RULE("vm = ''\n")), "2: " QUOTED("vm")},
    {"an apostrophe inside", TEXT(RULE("vm = bob's, rock'n'roll\n")), ""},
    {"a double quote inside", TEXT(RULE("vm = a\"b\n")), "2: " QUOTED("vm")},
    {"# after white space in a pattern", TEXT(RULE("vm = a #b\ndev = a\t#b\n")),
     "2: " QUOTED("vm") "3: " QUOTED("dev")},
    {"# right after a pattern is a part of it", TEXT(RULE("vm = a#b, #c\n")), "2: " QUOTED("vm")},
    {"# as the first of a pattern", TEXT(RULE("vm = #1\n")), ""},
    {"a quoted guest", TEXT("[vm:\"web-1\"]\npolicy = off\n[vm:'web-2']\npolicy = off\n"),
     "1: " QUOTED("vm") "3: " QUOTED("vm")},
    {"a quoted title", TEXT("[rule:'r']\nvm = a\npolicy = off\n"), ""},
    {"a quoted section", TEXT("['vm:a']\npolicy = off\n"), "1: " UNKNOWN_SECTION},
    {"a guest with an apostrophe inside", TEXT("[vm:bob's]\npolicy = off\n"), ""},
    {"an empty policy", TEXT("[default]\npolicy =\n"), "2: " EMPTY("policy")},
    {"a policy that is a comment", TEXT("[default]\npolicy = ; off\n"), "2: " EMPTY("policy")},
    {"an unknown override", TEXT("[default]\noverride = true\n"), "2: " BAD_OVERRIDE("true")},
    {"an empty override", TEXT("[default]\noverride =\n"), "2: " EMPTY("override")},
    {"policy twice", TEXT("[default]\npolicy = off\npolicy = off\n"), "3: " AGAIN("policy")},
    {"policy twice, far apart", TEXT("[default]\npolicy = off\n; …\noverride = no\npolicy = off\n"),
     "5: " AGAIN("policy")},
    {"override twice", TEXT("[vm:a]\noverride = yes\noverride = no\n"), "3: " AGAIN("override")},
    {"a match twice", TEXT(RULE("vm = a\nvm = b\n")), "3: " AGAIN("vm")},
    {"a key again in another section",
     TEXT("[vm:a]\npolicy = off\noverride = yes\n[vm:b]\npolicy = off\noverride = yes\n"), ""},
    {"an empty match", TEXT(RULE("vm =\n")), "2: " EMPTY("vm")},
    {"an empty place in a list", TEXT(RULE("vm = a,,b\n")), "2: " EMPTY("vm")},
    {"a comma at the end of a list", TEXT(RULE("dev = eth0,\n")), "2: " EMPTY("dev")},
    {"a comma at the start of a list", TEXT(RULE("network = , a\nvm = b\n")),
     "2: " EMPTY("network")},
    {"a MAC address", TEXT(RULE("mac = 52:54:00:12:34:aF\n")), ""},
    {"globs of MAC addresses", TEXT(RULE("mac = 52:54:*, ??:??:??:*, [!0-3]2:*, *:[a-fA-F]f\n")),
     ""},
    {"a MAC address without colons", TEXT(RULE("mac = 525400123456\n")),
     "2: " BAD_MAC("525400123456")},
    {"a MAC address with dashes", TEXT(RULE("mac = 52-54-00-12-34-56\n")),
     "2: " BAD_MAC("52-54-00-12-34-56")},
    {"a MAC address cut short", TEXT(RULE("mac = 52:54:00:12:34\n")),
     "2: " BAD_MAC("52:54:00:12:34")},
    {"a MAC address too long", TEXT(RULE("mac = 52:54:00:12:34:56:78\n")),
     "2: " BAD_MAC("52:54:00:12:34:56:78")},
    {"a MAC address with a letter O", TEXT(RULE("mac = 52:54:0O:12:34:56\n")),
     "2: " BAD_MAC("52:54:0O:12:34:56")},
    {"a MAC address with one digit a byte", TEXT(RULE("mac = 52:54:0:a1:b2:1, 0:0:0:0:0:A\n")), ""},
    {"a MAC address with three digits in a byte", TEXT(RULE("mac = 52:54:000:12:34:56\n")),
     "2: " BAD_MAC("52:54:000:12:34:56")},
    {"a MAC address with a prefix", TEXT(RULE("mac = 0x52:54:00:12:34:56\n")),
     "2: " BAD_MAC("0x52:54:00:12:34:56")},
    {"MAC addresses with a sign, or white space",
     TEXT(RULE("mac = +2:54:00:12:34:56, -1:0:0:0:0:0, 52: 4:00:12:34:56\n")),
     "2: " BAD_MAC("+2:54:00:12:34:56") "2: " BAD_MAC("-1:0:0:0:0:0") "2: " BAD_MAC(
         "52: 4:00:12:34:56")},
    {"MAC addresses with a letter that is no digit, first and last",
     TEXT(RULE("mac = g2:54:00:12:34:56, 52:54:00:12:34:5g, 52:54:00:12:34:\n")),
     "2: " BAD_MAC("g2:54:00:12:34:56") "2: " BAD_MAC("52:54:00:12:34:5g") "2: " BAD_MAC(
         "52:54:00:12:34:")},
    {"MAC addresses with another sign between",
     TEXT(RULE("mac = 52:54:00.12:34:56, 52:54:00:12:34;56\n")),
     "2: " BAD_MAC("52:54:00.12:34:56") "2: " BAD_MAC("52:54:00:12:34;56")},
    {"a MAC address with an empty byte", TEXT(RULE("mac = 52:54::12:34:56\n")),
     "2: " BAD_MAC("52:54::12:34:56")},
    {"a MAC address with more behind it", TEXT(RULE("mac = 52:54:00:12:34:56 a\n")),
     "2: " BAD_MAC("52:54:00:12:34:56 a")},
    {"any MAC address", TEXT(RULE("mac = *, **, ??:??:??:??:??:??, *:*:*:*:*:*\n")), ""},
    {"globs that stand for more than a byte", TEXT(RULE("mac = 52*, 5*6, *:5*:56, 52:54*56\n")),
     ""},
    {"a glob of MAC addresses with one digit a byte", TEXT(RULE("mac = 52:54:0:*, 5:54:*\n")),
     "2: " BAD_MAC("52:54:0:*") "2: " BAD_MAC("5:54:*")},
    {"a glob of MAC addresses with one digit at its end", TEXT(RULE("mac = *:1\n")),
     "2: " BAD_MAC("*:1")},
    {"a glob of MAC addresses without colons", TEXT(RULE("mac = 525400*, *123\n")),
     "2: " BAD_MAC("525400*") "2: " BAD_MAC("*123")},
    {"a glob of MAC addresses that is too long", TEXT(RULE("mac = 52:54:00:12:34:56:*\n")),
     "2: " BAD_MAC("52:54:00:12:34:56:*")},
    {"a glob of MAC addresses that is too short", TEXT(RULE("mac = 52:54:00:12:34:5?:\n")),
     "2: " BAD_MAC("52:54:00:12:34:5?:")},
    {"a glob of MAC addresses with five bytes", TEXT(RULE("mac = 52:54:00:12:3?\n")),
     "2: " BAD_MAC("52:54:00:12:3?")},
    {"a bracket of no digit, or not closed",
     TEXT(RULE("mac = 5[g]:*, 5[:]54:*, 5[12:*, 5[]:*, 5[!]:*, [x2]2:*, 52:54:*[\n")),
     "2: " BAD_MAC("5[g]:*") "2: " BAD_MAC("5[:]54:*") "2: " BAD_MAC("5[12:*") "2: " BAD_MAC(
         "5[]:*") "2: " BAD_MAC("5[!]:*") "2: " BAD_MAC("[x2]2:*") "2: " BAD_MAC("52:54:*[")},
    {"a bracket never opened, a backslash, and letters in a glob",
     TEXT(RULE("mac = 52:54:00:12:34:5], 5\\2:54:*, g2:*, 52:54:00:12:34:5?x\n")),
     "2: " BAD_MAC("52:54:00:12:34:5]") "2: " BAD_MAC("5\\2:54:*") "2: " BAD_MAC(
         "g2:*") "2: " BAD_MAC("52:54:00:12:34:5?x")},
    {"a glob of no MAC address", TEXT(RULE("mac = eth*\n")), "2: " BAD_MAC("eth*")},
    {"two bad MAC addresses in a list", TEXT(RULE("mac = a, 52:54:*, b\n")),
     "2: " BAD_MAC("a") "2: " BAD_MAC("b")},
    {"every mode", TEXT(RULE("mode = bridge, vepa, private, passthrough\n")), ""},
    {"an unknown mode", TEXT(RULE("mode = nat\n")), "2: " BAD_MODE("nat")},
    {"a glob of modes", TEXT(RULE("mode = p*\n")), "2: " BAD_MODE("p*")},
    {"an unknown mode in a list", TEXT(RULE("mode = bridge, routed, vepa\n")),
     "2: " BAD_MODE("routed")},

    /* Characters that an editor hides. */
    {"a tab is white space", TEXT("[default]\npolicy\t=\toff\t\n"), ""},
    {"CR at the end of the file", TEXT("[default]\npolicy = off\r"), ""},
    {"two CRs at a line's end", TEXT("[default]\r\r\npolicy = off\n"), "1: " CONTROL},
    {"a CR inside a value", TEXT("[default]\npolicy = off\r; no\n"), "2: " CONTROL},
    {"a CR inside a comment swallows a section", TEXT("[default]\n; c\r[vm:a]\rpolicy = off\r\n"),
     "2: " CONTROL},
    {"a CR inside a comment behind a value", TEXT("[default]\npolicy = off ; a\rb\n"),
     "2: " CONTROL},
    {"control characters",
     TEXT("[default]\npolicy = \x1b[2Joff\n[vm:a\x01]\npolicy = off\x0b\n; a\x0c"
          "b\n;\x7f\n;\x1f\n\x08\n"),
     "2: " CONTROL "3: " CONTROL "4: " CONTROL "5: " CONTROL "6: " CONTROL "7: " CONTROL
     "8: " CONTROL},
    {"the least and the most of plain characters", TEXT(RULE("vm = a !~b\n")), ""},
    {"a no-break space in a section", TEXT("[vm:my\xc2\xa0guest]\npolicy = off\n"),
     "1: " INVISIBLE},
    {"a zero-width space in a list", TEXT(RULE("vm = a, b\xe2\x80\x8b, c\n")), "2: " INVISIBLE},
    {"a no-break space for white space", TEXT("[default]\npolicy =\xc2\xa0off\n"), "2: " INVISIBLE},
    {"a soft hyphen, a direction, a joiner, a line separator, a tag",
     TEXT("[vm:a\xc2\xad]\n[vm:\xe2\x80\xae"
          "a]\n[vm:a\xe2\x80\x8d]\n[vm:\xe2\x80\xa8]\n[vm:\xf3\xa0\x81\x81]\n"),
     "1: " INVISIBLE "2: " INVISIBLE "3: " INVISIBLE "4: " INVISIBLE "5: " INVISIBLE},
    {"a control character beyond ASCII", TEXT("[default]\npolicy = off\xc2\x85\n"),
     "2: " INVISIBLE},
    {"a no-break space in comments",
     TEXT("; \xc2\xa0\n[default] ; caf\xc3\xa9\xc2\xa0!\n #\xe2\x80\x8b\npolicy = off ;\xc2\xa0\n"),
     ""},
    {"a no-break space is no white space before a comment",
     TEXT("[default]\npolicy = off\xc2\xa0; no\n"), "2: " INVISIBLE},
    {"a no-break space before a comment", TEXT("[default]\n\xc2\xa0; no\n"), "2: " INVISIBLE},
    {"a no-break space behind a ; in a value", TEXT(RULE("vm = a;b\xc2\xa0\n")), "2: " INVISIBLE},
    {"letters beyond ASCII",
     TEXT("[vm:b\xc3\xbc"
          "cher-\xe6\x9c\xa8\xf0\x9f\x90\xa7]\npolicy = off\n"),
     ""},

    /* Texts that are nearly a UUID. */
    {"UUIDs in each form of libvirt",
     TEXT(RULE("vm = 0ddba11c-0000-4000-8000-00000000abcd, 0DDBA11C00004000800000000000ABCD,"
               " 0ddb a11c-00004000-80000000 0000abcd\n")),
     ""},
    {"a UUID with a digit less", TEXT("[vm:0ddba11c-0000-4000-8000-00000000abc]\npolicy = off\n"),
     "1: " BAD_UUID("0ddba11c-0000-4000-8000-00000000abc")},
    {"a UUID with a digit less, without dashes",
     TEXT("[vm:0ddba11c00004000800000000000abc]\npolicy = off\n"),
     "1: " BAD_UUID("0ddba11c00004000800000000000abc")},
    {"a UUID with a digit more", TEXT("[vm:0ddba11c-0000-4000-8000-00000000abcde]\npolicy = off\n"),
     "1: " BAD_UUID("0ddba11c-0000-4000-8000-00000000abcde")},
    {"UUIDs with a dash in a pair, or behind all",
     TEXT(RULE("vm = 0-ddba11c00004000800000000000abcd, 0ddba11c00004000800000000000abcd-\n")),
     "2: " BAD_UUID("0-ddba11c00004000800000000000abcd") "2: " BAD_UUID(
         "0ddba11c00004000800000000000abcd-")},
    {"UUIDs with one or two letters for digits",
     TEXT(RULE("vm = Oddba11c-0000-4000-8000-00000000abcd, a, oddbal1c00004000800000000000abcd\n")),
     "2: " BAD_UUID("Oddba11c-0000-4000-8000-00000000abcd") "2: " BAD_UUID(
         "oddbal1c00004000800000000000abcd")},
    {"a UUID with a letter for a digit, and four digits less",
     TEXT("[vm:0ddba11c-0000-4000-8000-00O00000a]\npolicy = off\n"),
     "1: " BAD_UUID("0ddba11c-0000-4000-8000-00O00000a")},
    {"a UUID with a letter for each of four digits, or a space and a digit less",
     TEXT(RULE(
         "vm = OOdbalIc-0000-4000-8000-00000000abcd\nnetwork = n\n") "[rule:s]\nvm = 0ddba11c 0000 "
                                                                     "4000 8000 "
                                                                     "0000000abcd\npolicy = off\n"),
     "2: " BAD_UUID("OOdbalIc-0000-4000-8000-00000000abcd") "6: " BAD_UUID(
         "0ddba11c 0000 4000 8000 0000000abcd")},
    {"a UUID in braces", TEXT("[vm:{0ddba11c-0000-4000-8000-00000000abcd}]\npolicy = off\n"),
     "1: " BAD_UUID("{0ddba11c-0000-4000-8000-00000000abcd}")},
    {"a UUID in braces with a letter for a digit",
     TEXT(RULE("vm = {Oddba11c-0000-4000-8000-00000000abcd}\n")),
     "2: " BAD_UUID("{Oddba11c-0000-4000-8000-00000000abcd}")},
    {"UUIDs as URNs",
     TEXT(RULE("vm = urn:uuid:0ddba11c-0000-4000-8000-00000000abcd, URN:UUID:*\n")),
     "2: " BAD_UUID("urn:uuid:0ddba11c-0000-4000-8000-00000000abcd") "2: " BAD_UUID("URN:UUID:*")},
    {"28 digits and dashes", TEXT("[vm:0ddba11c-0000-4000-8000-0000]\npolicy = off\n"),
     "1: " BAD_UUID("0ddba11c-0000-4000-8000-0000")},
    {"27 digits and dashes", TEXT("[vm:0ddba11c-0000-4000-8000-000]\npolicy = off\n"), ""},
    {"a glob of a whole UUID without dashes", TEXT(RULE("vm = 0ddba11c00004000800000000000*\n")),
     "2: " BAD_UUID("0ddba11c00004000800000000000*")},
    {"globs of a UUID with dashes",
     TEXT(RULE("vm = 0ddba11c-0000-4000-8000-00000000abc?, 0ddba11c-0000-4000-8000-000000000*\n")),
     ""},
    {"ordinary names",
     TEXT(RULE("vm = vm-0ddba11c-0000-4000-8000-00000000abcd, "
               "vm-0ddba11c00004000800000000000abcd\n") "[rule:s]\nvm = "
                                                        "x0ddba11c00004000800000000000abcd, "
                                                        "instance-0000001a, dead-beef-cafe\n"
                                                        "policy = off\n[rule:t]\nvm = "
                                                        "backup-2026-11-28-20-17-04, "
                                                        "web_1700000000_deadbeefcafe01\n"
                                                        "policy = off\n[rule:u]\nvm = "
                                                        "node-1700000000-0123456789-0123456789, "
                                                        "k8s-0123456789abcdef0123456789abcdef, "
                                                        "*\npolicy = off\n"),
     ""},
    {"a UUID as the title of a rule, or as another key",
     TEXT("[rule:0ddba11c00004000800000000000abc]\nnetwork = 0ddba11c00004000800000000000abc\n"
          "policy = off\n"),
     ""},

    /* Several errors. */
    {"a name of 50 bytes, and an error below it",
     TEXT("[" NAME_50 "]\n; \x01\npolicy = off\n[vm:a]\n"), "2: " CONTROL "4: " NOTHING("vm:a")},
    {"a section behind a NUL byte", TEXT("\0\n[vm:a]\npolicy = off\n[vm:b]\npolicy = of\n"),
     "1: " CONTROL "5: " BAD_POLICY("of")},
    {"errors in the order of their lines",
     TEXT("[default]\npolicy = on\n policy = off\nwhat\n[vm:a]\n[rule:r]\npolicy = off\n"
          "[nothing]\n[vm:a]\npolicy = off\ncolour = red\n"),
     "2: " BAD_POLICY("on") "3: " INDENTED "4: " NEITHER "5: " NOTHING("vm:a") "6: " NO_MATCH(
         "rule:r") "8: " UNKNOWN_SECTION "9: " ALREADY("vm:a", "5") "11: " NO_KEY("colour")},
    {"an error in each of four lines",
     TEXT("[default]\npolicy = a\noverride = b\n[vm:a]\npolicy = c\noverride = d\n"),
     "2: " BAD_POLICY("a") "3: " BAD_OVERRIDE("b") "5: " BAD_POLICY("c") "6: " BAD_OVERRIDE("d")},
};

static void assert_errors(const struct policy *policy, const char *expected) {
    struct report report;
    FILE *out = report_open(&report);
    for (size_t i = 0; i < policy->error_count; i++)
        (void)fprintf(out, "%zu: %s\n", policy->errors[i].line, policy->errors[i].reason);
    report_assert(&report, expected);
    assert_false(policy->out_of_memory);
}

static bool read_text(const char *text, size_t length, struct policy *policy) {
    *policy = (struct policy){.text = {.data = malloc(length + 1), .length = length}};
    assert_non_null(policy->text.data);
    memcpy(policy->text.data, text, length);
    policy->text.data[length] = '\0';
    return policy_parse(policy);
}

static void test_reading(void **state) {
    const struct parsing *row = *state;
    struct policy policy;
    bool good = read_text(row->text, row->length, &policy);
    assert_errors(&policy, row->errors);
    assert_int_equal(good, !*row->errors);
    policy_free(&policy);
}

/* ---- The decision ---- */

#define UUID       "0ddba11c-0000-4000-8000-00000000abcd"
#define UUID_UPPER "0DDBA11C-0000-4000-8000-00000000ABCD"
#define ON_NETWORK                                                                                 \
    { .network = "dmz", .portgroup = "guests", .mac = "52:54:00:a1:b2:0c", .mode = "vepa" }
#define DEVICES(...)                                                                               \
    .devices = (const char *const[]){__VA_ARGS__},                                                 \
    .device_count = COUNT(((const char *const[]){__VA_ARGS__}))
#define ON_DEV                                                                                     \
    { DEVICES("eth1"), .mac = "52:54:00:a1:b2:0c", .mode = "bridge" }
/* One device with two alternative names. */
#define ON_NAMES                                                                                   \
    { .network = "dmz", DEVICES("eth0", "eth1", "eth2"), .mode = "private" }
/* A network that isn't active: what it gives is unknown. */
#define INACTIVE                                                                                   \
    {                                                                                              \
        .network = "dmz", .mac = "52:54:00:a1:b2:0c", .portgroup_unknown = true,                   \
        .device_unknown = true, .mode_unknown = true                                               \
    }
#define BARE_UUID "0ddba11c00004000800000000000abcd"
#define HIT       "off no rule:r"
#define MISS      "trust no default"

static const struct decision {
    const char *name;
    const char *text;
    const char *domain; /* "web-1" if NULL */
    struct policy_subject subject;
    const char *decision;
} decisions[] = {
    /* Which section, key by key. */
    {"nothing said of it", "[rule:r]\nvm = db\npolicy = off\n", NULL, ON_DEV, "trust no default"},
    {"an empty [default]", "[default]\n", NULL, ON_DEV, "trust no default"},
    {"[default] says all", "[default]\npolicy = multicast\noverride = yes\n", NULL, ON_DEV,
     "multicast yes default, default"},
    {"[default] says override only", "[default]\noverride = yes\n", NULL, ON_DEV,
     "trust yes default, default"},
    {"the last that matches decides",
     "[default]\npolicy = multicast\n[vm:web-*]\npolicy = off\n[vm:web-1]\npolicy = trust\n", NULL,
     ON_DEV, "trust no vm:web-1"},
    {"the last, not the most special",
     "[default]\npolicy = multicast\n[vm:web-1]\npolicy = trust\n[vm:web-*]\npolicy = off\n", NULL,
     ON_DEV, "off no vm:web-*"},
    {"a later section that doesn't match", "[vm:web-1]\npolicy = off\n[vm:db-1]\npolicy = trust\n",
     NULL, ON_DEV, "off no vm:web-1"},
    {"policy and override from different sections",
     "[default]\noverride = no\npolicy = trust\n[vm:web-1]\noverride = yes\n"
     "[rule:r]\ndev = eth*\npolicy = multicast\n",
     NULL, ON_DEV, "multicast yes rule:r, vm:web-1"},
    {"override is taken back", "[default]\noverride = yes\n[vm:web-1]\noverride = no\n", NULL,
     ON_DEV, "trust no default, vm:web-1"},
    {"a section that says override only doesn't decide the policy",
     "[vm:web-1]\npolicy = off\n[rule:r]\nvm = *\noverride = yes\n", NULL, ON_DEV,
     "off yes vm:web-1, rule:r"},
    {"a rule below a VM", "[vm:web-1]\npolicy = off\n[rule:r]\nvm = web-1\npolicy = trust\n", NULL,
     ON_DEV, "trust no rule:r"},

    /* The VM. */
    {"a name", "[vm:web-1]\npolicy = off\n", NULL, ON_DEV, "off no vm:web-1"},
    {"a part of a name", "[vm:web]\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a name in another case", "[vm:WEB-1]\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a name of 46 bytes", "[" NAME_49 "]\npolicy = off\n", X40 "123456", ON_DEV,
     "off no " NAME_49},
    {"the first of two long names that inih would cut alike",
     "[" NAME_50 "1]\npolicy = off\n[" NAME_50 "2]\npolicy = multicast\n", X40 "12345671", ON_DEV,
     "off no " NAME_50 "1"},
    {"the second of two long names that inih would cut alike",
     "[" NAME_50 "1]\npolicy = off\n[" NAME_50 "2]\npolicy = multicast\n", X40 "12345672", ON_DEV,
     "multicast no " NAME_50 "2"},
    {"* in a name", "[vm:*-1]\npolicy = off\n", NULL, ON_DEV, "off no vm:*-1"},
    {"* is any text, of no bytes too", "[vm:web-1*]\npolicy = off\n", NULL, ON_DEV,
     "off no vm:web-1*"},
    {"* goes over a slash and a dot", "[vm:a*z]\npolicy = off\n", "a/.b/z", ON_DEV,
     "off no vm:a*z"},
    {"? in a name", "[vm:web-?]\npolicy = off\n", NULL, ON_DEV, "off no vm:web-?"},
    {"? is one byte", "[vm:web?]\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob with brackets", "[rule:r]\nvm = web-[0-9]\npolicy = off\n", NULL, ON_DEV, HIT},
    {"a glob with other brackets", "[rule:r]\nvm = web-[!0-9]\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a name with brackets is matched by itself", "[rule:r]\nvm = web[12]\npolicy = off\n",
     "web[12]", ON_DEV, HIT},
    {"a name with brackets as a glob", "[rule:r]\nvm = web[12]\npolicy = off\n", "web1", ON_DEV,
     HIT},
    {"a name with a star in it", "[vm:a*b]\npolicy = off\n", "a*b", ON_DEV, "off no vm:a*b"},
    {"a name with a bracket never closed", "[rule:r]\nvm = web[1\npolicy = off\n", "web[1", ON_DEV,
     HIT},
    {"a name with a backslash", "[vm:a\\b]\npolicy = off\n", "a\\b", ON_DEV, "off no vm:a\\b"},
    {"a name with a comma", "[vm:a? b]\npolicy = off\n", "a, b", ON_DEV, "off no vm:a? b"},
    {"a name beyond ASCII", "[vm:bücher-*]\npolicy = off\n", "bücher-1", ON_DEV,
     "off no vm:bücher-*"},
    {"a UUID", "[vm:" UUID "]\npolicy = off\n", NULL, ON_DEV, "off no vm:" UUID},
    {"a UUID in capitals", "[vm:" UUID_UPPER "]\npolicy = off\n", NULL, ON_DEV,
     "off no vm:" UUID_UPPER},
    {"a UUID in a list", "[rule:r]\nvm = db-*, " UUID_UPPER "\npolicy = off\n", NULL, ON_DEV, HIT},
    {"a UUID without dashes", "[vm:" BARE_UUID "]\npolicy = off\n", NULL, ON_DEV,
     "off no vm:" BARE_UUID},
    {"a UUID with dashes and spaces between pairs",
     "[rule:r]\nvm = -0d--dba1 1c00-00400080000000-0000abCD\npolicy = off\n", NULL, ON_DEV, HIT},
    {"a name that is the UUID of another",
     "[vm:0ddba11c-0000-4000-8000-00000000abce]\npolicy = off\n",
     "0ddba11c-0000-4000-8000-00000000abce", ON_DEV, MISS},
    {"a name that is the UUID of another, without dashes",
     "[vm:0ddba11c00004000800000000000abce]\npolicy = off\n", "0ddba11c00004000800000000000abce",
     ON_DEV, MISS},
    {"a glob of the name that is the UUID of another",
     "[vm:0ddba11c-0*-4000-8000-00000000abce]\npolicy = off\n",
     "0ddba11c-0000-4000-8000-00000000abce", ON_DEV,
     "off no vm:0ddba11c-0*-4000-8000-00000000abce"},
    {"a glob of a UUID", "[vm:0ddba11c-*]\npolicy = off\n", NULL, ON_DEV, "off no vm:0ddba11c-*"},
    {"a glob of a UUID in capitals", "[vm:0DDBA11C-*]\npolicy = off\n", NULL, ON_DEV,
     "off no vm:0DDBA11C-*"},
    {"a glob of a UUID without dashes", "[vm:0ddba11c00004*]\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of a UUID's end", "[vm:*-00000000ABCD]\npolicy = off\n", NULL, ON_DEV,
     "off no vm:*-00000000ABCD"},
    {"a glob of a UUID's middle", "[vm:*-4000-8000-*]\npolicy = off\n", NULL, ON_DEV,
     "off no vm:*-4000-8000-*"},
    {"a glob of a UUID with ? and brackets",
     "[rule:r]\nvm = a, 0ddba1?[A-De]*4000-?\?\?\?-*0000000[!0]bcd\npolicy = off\n", NULL, ON_DEV,
     HIT},
    {"a glob of a UUID with other brackets", "[rule:r]\nvm = 0ddba11[!A-C]-*\npolicy = off\n", NULL,
     ON_DEV, MISS},
    {"a glob of a UUID with brackets of what isn't there, as a shell's",
     "[rule:r]\nvm = 0[^0a-c]dba1[^0]c-0000*\npolicy = off\n", NULL, ON_DEV, HIT},
    {"a glob of a UUID with brackets of one digit",
     "[rule:r]\nvm = 0[d]db[!b]11[c]-0000*\npolicy = off\n", NULL, ON_DEV, HIT},
    {"a glob of a UUID with other brackets, as a shell's",
     "[rule:r]\nvm = 0ddba11[^A-C]-*\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of a UUID with the last of a range",
     "[rule:r]\nvm = [0-0]ddb[0-a]11[a-c]-0000*\npolicy = off\n", NULL, ON_DEV, HIT},
    {"a glob of a UUID with the first of a range",
     "[rule:r]\nvm = 0[d-f]db[A-B]11[C-C]-000*\npolicy = off\n", NULL, ON_DEV, HIT},
    {"a glob of a UUID with the middle of a range",
     "[rule:r]\nvm = 0dd[a-c]a11[b-d]-0000*\npolicy = off\n", NULL, ON_DEV, HIT},
    {"a glob of a UUID with three digits that are no range",
     "[rule:r]\nvm = 0ddba11[abd]-0000*\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of a UUID: what follows a bracket is not in it",
     "[rule:r]\nvm = 0[0]dba11c-0000*\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of a UUID with digits that are no range",
     "[rule:r]\nvm = 0ddb[9a]11[dc]-000*\npolicy = off\n", NULL, ON_DEV, HIT},
    {"a glob of a UUID with - as the first of a bracket",
     "[rule:r]\nvm = 0ddba11[-d]-0000*\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of a UUID with - as the first of a negated bracket",
     "[rule:r]\nvm = 0[!-f]dba11c-0000*\npolicy = off\n", NULL, ON_DEV, HIT},
    {"a glob of a UUID with - as the last of a bracket",
     "[rule:r]\nvm = 0ddba11[b-]-0000*\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of a UUID with 0 or - in a bracket",
     "[rule:r]\nvm = 0ddba[0-]1c-0000*\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of a UUID's beginning without a star", "[vm:0ddba11c-000?]\npolicy = off\n", NULL,
     ON_DEV, MISS},
    {"a glob of a UUID and a digit", "[vm:" BARE_UUID "?]\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of a UUID below a range", "[rule:r]\nvm = 0ddba11[d-f]-0000*\npolicy = off\n", NULL,
     ON_DEV, MISS},
    {"a glob of a UUID above a range", "[rule:r]\nvm = 0ddba11[0-b]-0000*\npolicy = off\n", NULL,
     ON_DEV, MISS},
    {"a glob of another UUID", "[vm:0ddba11d-*]\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of a UUID in a list", "[rule:r]\nvm = db-*, 0ddba11c*\npolicy = off\n", NULL, ON_DEV,
     HIT},
    {"a glob of eight digits may be of UUIDs", "[vm:0ddba11c*]\npolicy = off\n", NULL, ON_DEV,
     "off no vm:0ddba11c*"},
    {"a glob of seven digits is of names", "[vm:0ddba11*]\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of names that could begin a UUID", "[vm:0*]\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of names that could end a UUID", "[vm:*-0000abcd]\npolicy = off\n", "db-0000abcd",
     ON_DEV, "off no vm:*-0000abcd"},
    {"a glob of names of hexadecimal digits", "[vm:*abcd]\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a glob of names is to the letter", "[vm:0DDBA11C-*]\npolicy = off\n", "0DDBA11C-x", ON_DEV,
     "off no vm:0DDBA11C-*"},
    {"another UUID", "[vm:0ddba11c-0000-4000-8000-00000000abce]\npolicy = off\n", NULL, ON_DEV,
     MISS},
    {"the first of a list", "[rule:r]\nvm = web-1, db-1\npolicy = off\n", NULL, ON_DEV, HIT},
    {"the last of a list", "[rule:r]\nvm = db-1 ,a,\tweb-*\npolicy = off\n", NULL, ON_DEV, HIT},
    {"none of a list", "[rule:r]\nvm = db-1, mail\npolicy = off\n", NULL, ON_DEV, MISS},
    {"a domain without a name", "[vm:a]\npolicy = off\n", "", ON_DEV, MISS},

    /* The other keys of a rule. */
    {"network", "[rule:r]\nnetwork = dmz\npolicy = off\n", NULL, ON_NETWORK, HIT},
    {"network, a glob in a list", "[rule:r]\nnetwork = lan, d?z\npolicy = off\n", NULL, ON_NETWORK,
     HIT},
    {"another network", "[rule:r]\nnetwork = lan\npolicy = off\n", NULL, ON_NETWORK, MISS},
    {"a portgroup as a network", "[rule:r]\nnetwork = guests\npolicy = off\n", NULL, ON_NETWORK,
     MISS},
    {"network in another case", "[rule:r]\nnetwork = DMZ\npolicy = off\n", NULL, ON_NETWORK, MISS},
    {"network, of an interface on none", "[rule:r]\nnetwork = *\npolicy = off\n", NULL, ON_DEV,
     MISS},
    {"dev", "[rule:r]\ndev = eth1\npolicy = off\n", NULL, ON_DEV, HIT},
    {"dev, a glob in a list", "[rule:r]\ndev = en*, eth[0-3]\npolicy = off\n", NULL, ON_DEV, HIT},
    {"another dev", "[rule:r]\ndev = eth10\npolicy = off\n", NULL, ON_DEV, MISS},
    {"dev, of an interface on a network", "[rule:r]\ndev = *\npolicy = off\n", NULL, ON_NETWORK,
     MISS},
    {"mac", "[rule:r]\nmac = 52:54:00:a1:b2:0c\npolicy = off\n", NULL, ON_DEV, HIT},
    {"mac in capitals", "[rule:r]\nmac = 52:54:00:A1:B2:0C\npolicy = off\n", NULL, ON_DEV, HIT},
    {"mac, a glob in capitals", "[rule:r]\nmac = 00:*, 52:54:00:A?:*\npolicy = off\n", NULL, ON_DEV,
     HIT},
    {"mac, a glob with brackets", "[rule:r]\nmac = *:0[A-F]\npolicy = off\n", NULL, ON_DEV, HIT},
    {"mac in capitals in the XML",
     "[rule:r]\nmac = 52:54:00:a1:b2:0c\npolicy = off\n",
     NULL,
     {DEVICES("eth1"), .mac = "52:54:00:A1:B2:0C"},
     HIT},
    {"mac with one digit a byte", "[rule:r]\nmac = 52:54:0:a1:b2:C\npolicy = off\n", NULL, ON_DEV,
     HIT},
    {"mac with one digit a byte, of another", "[rule:r]\nmac = 52:54:0:a1:b2:1\npolicy = off\n",
     NULL, ON_DEV, MISS},
    {"mac with one digit a byte in the XML",
     "[rule:r]\nmac = 52:54:00:a1:b2:0c\npolicy = off\n",
     NULL,
     {DEVICES("eth1"), .mac = "52:54:0:A1:b2:c"},
     HIT},
    {"mac, a glob for one digit a byte in the XML",
     "[rule:r]\nmac = 52:54:00:*\npolicy = off\n",
     NULL,
     {DEVICES("eth1"), .mac = "52:54:0:A1:b2:c"},
     HIT},
    {"mac with white space behind it in the XML",
     "[rule:r]\nmac = 52:54:00:a1:b2:0c\npolicy = off\n",
     NULL,
     {DEVICES("eth1"), .mac = "52:54:0:A1:b2:c "},
     HIT},
    {"mac with more behind it in the XML",
     "[rule:r]\nmac = 52:54:00:a1:b2:0c\npolicy = off\n",
     NULL,
     {DEVICES("eth1"), .mac = "52:54:0:A1:b2:c\xc3\xa9"},
     HIT},
    {"mac that is none in the XML",
     "[rule:r]\nmac = *\npolicy = off\n",
     NULL,
     {DEVICES("eth1"), .mac = "52:54"},
     HIT},
    {"another mac", "[rule:r]\nmac = 52:54:00:a1:b2:0d\npolicy = off\n", NULL, ON_DEV, MISS},
    {"mac, of an interface without one",
     "[rule:r]\nmac = *\npolicy = off\n",
     NULL,
     {DEVICES("eth1"), .mode = "bridge"},
     MISS},
    {"mode", "[rule:r]\nmode = bridge\npolicy = off\n", NULL, ON_DEV, HIT},
    {"mode in a list", "[rule:r]\nmode = private, vepa\npolicy = off\n", NULL, ON_NETWORK, HIT},
    {"another mode", "[rule:r]\nmode = private, vepa, passthrough\npolicy = off\n", NULL, ON_DEV,
     MISS},
    {"mode, of an interface without one",
     "[rule:r]\nmode = bridge\npolicy = off\n",
     NULL,
     {DEVICES("eth1"), .mac = "52:54:00:a1:b2:0c"},
     MISS},
    {"every key", "[rule:r]\nvm = web-*\ndev = eth1\nmac = 52:*\nmode = bridge\npolicy = off\n",
     NULL, ON_DEV, HIT},
    {"every key but vm",
     "[rule:r]\nvm = db-*\ndev = eth1\nmac = 52:*\nmode = bridge\npolicy = off\n", NULL, ON_DEV,
     MISS},
    {"every key but dev",
     "[rule:r]\nvm = web-*\ndev = eth2\nmac = 52:*\nmode = bridge\npolicy = off\n", NULL, ON_DEV,
     MISS},
    {"every key but mac",
     "[rule:r]\nvm = web-*\ndev = eth1\nmac = 53:*\nmode = bridge\npolicy = off\n", NULL, ON_DEV,
     MISS},
    {"every key but mode",
     "[rule:r]\nvm = web-*\ndev = eth1\nmac = 52:*\nmode = vepa\npolicy = off\n", NULL, ON_DEV,
     MISS},
    {"every key but network",
     "[rule:r]\nvm = web-*\nnetwork = lan\nmac = 52:*\nmode = vepa\npolicy = off\n", NULL,
     ON_NETWORK, MISS},
    {"network and dev, of a network that names no device",
     "[rule:r]\nnetwork = *\ndev = *\npolicy = off\n", NULL, ON_NETWORK, MISS},
    {"network and dev, of an interface on no network",
     "[rule:r]\nnetwork = *\ndev = *\npolicy = off\n", NULL, ON_DEV, MISS},
    {"network and dev", "[rule:r]\nnetwork = dmz\ndev = eth1\npolicy = off\n", NULL, ON_NAMES, HIT},
    {"another network and dev", "[rule:r]\nnetwork = lan\ndev = eth1\npolicy = off\n", NULL,
     ON_NAMES, MISS},
    {"network and another dev", "[rule:r]\nnetwork = dmz\ndev = eth3\npolicy = off\n", NULL,
     ON_NAMES, MISS},
    {"dev, by the last of its names", "[rule:r]\ndev = eth2\npolicy = off\n", NULL, ON_NAMES, HIT},
    {"dev, the last of a list for the first of its names",
     "[rule:r]\ndev = en*, eth[01]\npolicy = off\n", NULL, ON_NAMES, HIT},
    {"portgroup", "[rule:r]\nportgroup = guests\npolicy = off\n", NULL, ON_NETWORK, HIT},
    {"portgroup, a glob in a list", "[rule:r]\nportgroup = a, gu*\npolicy = off\n", NULL,
     ON_NETWORK, HIT},
    {"portgroup, a glob over a slash",
     "[rule:r]\nportgroup = a*d\npolicy = off\n",
     NULL,
     {.network = "dmz", .portgroup = "a/.b/d"},
     HIT},
    {"another portgroup", "[rule:r]\nportgroup = Guests\npolicy = off\n", NULL, ON_NETWORK, MISS},
    {"portgroup, of an interface in none", "[rule:r]\nportgroup = *\npolicy = off\n", NULL, ON_DEV,
     MISS},
    {"network and portgroup", "[rule:r]\nnetwork = dmz\nportgroup = guests\npolicy = off\n", NULL,
     ON_NETWORK, HIT},
    {"every key but portgroup",
     "[rule:r]\nvm = web-*\nnetwork = dmz\nportgroup = staff\nmac = 52:*\nmode = vepa\n"
     "policy = off\n",
     NULL, ON_NETWORK, MISS},

    /* Unknown properties: the least of what may be decided. */
    {"portgroup unknown, an opt-out", "[rule:r]\nportgroup = guests\npolicy = off\n", NULL,
     INACTIVE, HIT},
    {"dev unknown, an opt-out", "[rule:r]\ndev = eth1\npolicy = off\n", NULL, INACTIVE, HIT},
    {"mode unknown, an opt-out", "[rule:r]\nmode = vepa\npolicy = off\n", NULL, INACTIVE, HIT},
    {"portgroup unknown, trust",
     "[default]\npolicy = off\n[rule:r]\nportgroup = guests\npolicy = trust\n", NULL, INACTIVE,
     "off no default"},
    {"a network that is known doesn't match", "[rule:r]\nnetwork = lan\ndev = eth1\npolicy = off\n",
     NULL, INACTIVE, MISS},
    {"a mac that is known doesn't match", "[rule:r]\ndev = eth1\nmac = 53:*\npolicy = off\n", NULL,
     INACTIVE, MISS},
    {"another guest's", "[rule:r]\nvm = db\ndev = eth1\npolicy = off\n", NULL, INACTIVE, MISS},
    {"the least of several that may match",
     "[rule:a]\ndev = eth1\npolicy = multicast\n[rule:b]\ndev = eth2\npolicy = off\n"
     "[rule:c]\ndev = eth3\npolicy = trust\n",
     NULL, INACTIVE, "off no rule:b"},
    {"the last of the least that may match",
     "[rule:a]\ndev = eth1\npolicy = off\n[rule:b]\ndev = eth2\npolicy = off\n", NULL, INACTIVE,
     "off no rule:b"},
    {"one that matches for certain hides those above it",
     "[rule:a]\ndev = eth1\npolicy = off\n[vm:web-1]\npolicy = multicast\n"
     "[rule:b]\ndev = eth2\npolicy = trust\n",
     NULL, INACTIVE, "multicast no vm:web-1"},
    {"one that matches for certain, with less",
     "[vm:web-1]\npolicy = off\n[rule:b]\nportgroup = p\npolicy = multicast\n", NULL, INACTIVE,
     "off no vm:web-1"},
    {"one that decides another key hides nothing",
     "[rule:a]\ndev = eth1\npolicy = off\n[vm:web-1]\noverride = yes\n", NULL, INACTIVE,
     "off yes rule:a, vm:web-1"},
    {"an override that may be", "[rule:a]\ndev = eth1\noverride = yes\n", NULL, INACTIVE,
     "trust no default"},
    {"an override that may be taken back",
     "[default]\noverride = yes\n[rule:a]\ndev = eth1\noverride = no\n", NULL, INACTIVE,
     "trust no default, rule:a"},
    {"an override that may be given twice, and is",
     "[default]\noverride = yes\n[rule:a]\ndev = eth1\noverride = yes\n", NULL, INACTIVE,
     "trust yes default, rule:a"},
    {"an override that may be given twice, and isn't",
     "[default]\noverride = no\n[rule:a]\ndev = eth1\noverride = yes\n", NULL, INACTIVE,
     "trust no default, default"},
    {"only one name of the device is known, and matches",
     "[default]\npolicy = off\n[rule:r]\ndev = eth1\npolicy = trust\n",
     NULL,
     {DEVICES("eth1"), .device_unknown = true},
     "trust no rule:r"},
    {"only one name of the device is known, and doesn't match",
     "[default]\npolicy = trust\n[rule:r]\ndev = eth2\npolicy = off\n",
     NULL,
     {DEVICES("eth1"), .device_unknown = true},
     HIT},
};

static void assert_decision(const struct policy *policy, const struct policy_subject *subject,
                            const char *expected) {
    struct policy_decision decision = policy_decide(policy, subject);
    struct report report;
    (void)fprintf(report_open(&report), "%s %s %s", policy_action_names[decision.action],
                  decision.override ? "yes" : "no", decision.section);
    if (decision.override_section)
        (void)fprintf(report.stream, ", %s", decision.override_section);
    report_assert(&report, expected);
}

static void test_decision(void **state) {
    const struct decision *row = *state;
    struct policy policy;
    bool good = read_text(row->text, strlen(row->text), &policy);
    assert_errors(&policy, "");
    assert_true(good);
    policy_for_domain(&policy, row->domain ? row->domain : "web-1", UUID);
    /* Of its own size, so that a sanitizer sees a step too far. */
    struct policy_subject *subject = malloc(sizeof *subject);
    assert_non_null(subject);
    *subject = row->subject;
    assert_decision(&policy, subject, row->decision);
    free(subject);
    policy_free(&policy);
    assert_null(policy.text.data);
}

/* Each domain is decided for itself: nothing stays from the one before. */
static void test_one_domain_after_another(void **state) {
    (void)state;
    static const char text[] = "[default]\npolicy = multicast\n[vm:a]\npolicy = off\n"
                               "[vm:b]\npolicy = trust\n";
    static const struct {
        const char *domain;
        const char *decision;
    } turns[] = {
        {"a", "off no vm:a"},
        {"b", "trust no vm:b"},
        {"c", "multicast no default"},
        {"a", "off no vm:a"},
    };
    const struct policy_subject subject = {DEVICES("eth0"), .mac = NULL, .mode = NULL};
    struct policy policy;
    assert_true(read_text(TEXT(text), &policy));
    for (size_t i = 0; i < COUNT(turns); i++) {
        policy_for_domain(&policy, turns[i].domain, UUID);
        assert_decision(&policy, &subject, turns[i].decision);
    }
    policy_free(&policy);
}

/* Many sections: more than one growth of the table, and each of them found. */
static void test_many_sections(void **state) {
    (void)state;
    enum { SECTIONS = 5000 };
    struct report text;
    FILE *out = report_open(&text);
    for (int i = 0; i < SECTIONS; i++)
        (void)fprintf(out, "[vm:guest-%d]\npolicy = %s\n", i, i % 2 ? "off" : "multicast");
    assert_int_equal(fclose(out), 0);
    struct policy policy;
    bool good = read_text(text.text, text.length, &policy);
    assert_errors(&policy, "");
    assert_true(good);
    assert_int_equal(policy.count, SECTIONS);
    for (int i = 0; i < SECTIONS; i += 499) {
        char name[32];
        char decision[64];
        (void)snprintf(name, sizeof name, "guest-%d", i);
        (void)snprintf(decision, sizeof decision, "%s no vm:%s", i % 2 ? "off" : "multicast", name);
        policy_for_domain(&policy, name, UUID);
        assert_decision(&policy,
                        &(struct policy_subject){DEVICES("eth0"), .mac = NULL, .mode = NULL},
                        decision);
    }
    policy_free(&policy);
    free(text.text);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_one_domain_after_another),
    cmocka_unit_test(test_many_sections),
};

int main(void) {
    static struct CMUnitTest tests[COUNT(readings) + COUNT(decisions) + COUNT(others)];
    size_t used = 0;
    ADD_TABLE(tests, used, test_reading, readings);
    ADD_TABLE(tests, used, test_decision, decisions);
    ADD_TESTS(tests, used, others);
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
