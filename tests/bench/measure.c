/* usage: measure RUNS NAME INPUT PROGRAM [ARGUMENT...] [-- NAME INPUT PROGRAM [ARGUMENT...]]...
 *
 * Runs each program so many times, in turn, so that a moment's load meets all alike, with a file as
 * its input and no output; no shell is between. Prints for each its name and the tenth percentile
 * of its times, in microseconds: on a busy machine the runs that nothing interrupted. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 32 };

static int quit(const char *what) {
    perror(what);
    return 1;
}

/* The time of one run; below 0: it could not be run, or failed. */
static double run(char **command) {
    struct timespec before, after;
    if (!command[1] || !command[2])
        return -1;
    int status = -1, input = open(command[1], O_RDONLY | O_CLOEXEC);
    int output = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    pid_t child = input < 0 || output < 0 ? -1 : fork();
    if (child == 0) {
        if (dup2(input, STDIN_FILENO) == STDIN_FILENO && dup2(output, STDOUT_FILENO) >= 0)
            (void)execv(command[2], command + 2);
        _exit(127);
    }
    if (child > 0)
        (void)waitpid(child, &status, 0);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    (void)close(input);
    (void)close(output);
    return status ? -1
                  : (double)(after.tv_sec - before.tv_sec) * 1e6 +
                        (double)(after.tv_nsec - before.tv_nsec) / 1e3;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    static char **commands[MOST];
    static double *times[MOST]; /* until the end */
    size_t count = 0, runs = argc > 4 ? strtoul(argv[1], NULL, 10) : 0;
    for (int i = 2; i < argc && count < MOST && runs; i++) {
        commands[count] = argv + i;
        times[count] = calloc(runs, sizeof *times[count]);
        if (!times[count++])
            return quit("measure");
        while (i < argc && strcmp(argv[i], "--") != 0)
            i++;
        argv[i] = NULL;
    }
    for (size_t turn = 0; turn < runs; turn++)
        for (size_t i = 0; i < count; i++)
            if ((times[i][turn] = run(commands[i])) < 0)
                return quit(commands[i][0]);
    for (size_t i = 0; i < count; i++) {
        qsort(times[i], runs, sizeof *times[i], compare);
        (void)printf("%s %.0f\n", commands[i][0], times[i][runs / 10]);
    }
    return count == 0;
}
