#include "installed.h"

#include "log.h"
#include "stream.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What every build of this program holds, and no other file. */
static const char mark[] = "rxtrust " VERSION;

/* A file that can be run, and is this program in some version. Nobody is called to find out:
 * another's hook may do anything. */
static bool is_rxtrust(int directory, const char *name) {
    struct stream_text text = {0};
    size_t length = strcspn(mark, "0123456789");
    bool is = faccessat(directory, name, X_OK, 0) == 0 &&
              !stream_read_file(directory, name, &text) && text.length > 4 &&
              memcmp(text.data, "\177ELF", 4) == 0 && memmem(text.data, text.length, mark, length);
    free(text.data);
    return is;
}

static bool is_in_directory(void) {
    DIR *directory = opendir(HOOK_FILE ".d");
    const struct dirent *entry = NULL;
    bool found = false;
    while (directory && !found && (entry = readdir(directory)))
        found = entry->d_name[0] != '.' && is_rxtrust(dirfd(directory), entry->d_name);
    if (directory)
        (void)closedir(directory);
    return found;
}

/* Another's hook calls rxtrust beside it, as install.sh advises where libvirt knows no qemu.d: a
 * line of it that isn't a comment names it. */
static bool is_called_by_another(void) {
    struct stream_text text = {0};
    bool is = false;
    if (is_rxtrust(AT_FDCWD, HOOKS "/rxtrust") && access(HOOK_FILE, X_OK) == 0 &&
        !stream_read_file(AT_FDCWD, HOOK_FILE, &text)) {
        char *rest = NULL;
        for (char *line = strtok_r(text.data, "\n", &rest); line && !is;
             line = strtok_r(NULL, "\n", &rest))
            is = line[strspn(line, " \t")] != '#' && strstr(line, "/rxtrust");
    }
    free(text.data);
    return is;
}

bool installed_is_called(void) {
    bool is = is_rxtrust(AT_FDCWD, HOOK_FILE) || is_in_directory() || is_called_by_another();
    if (!is)
        log_error("libvirt's hook " HOOK_FILE " is not rxtrust, nor is one in " HOOK_FILE
                  ".d: guests that start get nothing");
    return is;
}
