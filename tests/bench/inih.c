/* usage: inih FILE: what inih alone needs to read a policy of this length. */
#include <ini.h>

static int ignore(void *user, const char *section, const char *name, const char *value) {
    (void)user, (void)section, (void)name, (void)value;
    return 1;
}

int main(int argc, char **argv) {
    return argc == 2 && ini_parse(argv[1], ignore, NULL) == 0 ? 0 : 1;
}
