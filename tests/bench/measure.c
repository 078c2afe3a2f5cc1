/* usage: measure RUNS COMMAND...
 *
 * Runs the commands in rounds, so that what else the machine does falls on all alike, each round in
 * another order, so that what one leaves cold does too. Each runs RUNS times, and once before to
 * warm up. Prints a line for each: the median of its times in microseconds, and its peak memory in
 * KiB, that of its largest process. A command is one argument, cut at spaces, the first word the
 * name of the file that is its standard input. What it leaves behind is waited for before the next
 * one begins. Ends with exit code 1 at the first command that fails. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_COMMANDS = 16, MOST_WORDS = 16, MOST_RUNS = 1000 };

static struct command {
    char *words[MOST_WORDS + 1];
    double times[MOST_RUNS];
    long peak;
} commands[MOST_COMMANDS];

static void split(char *text, char **words) {
    size_t count = 0;
    char *rest = text;
    for (char *word = strtok_r(text, " ", &rest); word && count < MOST_WORDS;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    words[count] = NULL;
}

static double now(void) {
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static bool run(struct command *command, double *took) {
    struct rusage usage;
    int status = 0;
    char **words = command->words + 1;
    if (!command->words[0] || !words[0])
        return false;
    double before = now();
    pid_t child = fork();
    if (child == 0) {
        int in = open(command->words[0], O_RDONLY);
        int out = open("/dev/null", O_WRONLY);
        if (in >= 0 && out >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
            dup2(out, STDERR_FILENO) >= 0)
            (void)execvp(words[0], words);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0)
        return false;
    *took = now() - before;
    do
        command->peak = usage.ru_maxrss > command->peak ? usage.ru_maxrss : command->peak;
    while (wait4(-1, &status, 0, &usage) > 0);
    return true;
}

static int by_size(const void *a, const void *b) {
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* The same orders in every run. */
static void shuffle(size_t *order, size_t count, size_t seed) {
    srand48((long)seed);
    for (size_t i = 0; i < count; i++) {
        size_t other = (size_t)lrand48() % (i + 1);
        order[i] = order[other];
        order[other] = i;
    }
}

int main(int argc, char **argv) {
    size_t order[MOST_COMMANDS] = {0};
    size_t runs = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    size_t count = argc > 2 ? (size_t)argc - 2 : 0;
    if (!runs || runs > MOST_RUNS || count > MOST_COMMANDS)
        return 1;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        return 1;
    for (size_t i = 0; i < count; i++)
        split(argv[i + 2], commands[i].words);
    for (size_t round = 0; round <= runs; round++) {
        shuffle(order, count, round);
        for (size_t i = 0; i < count; i++) {
            struct command *command = &commands[order[i]];
            if (!run(command, &command->times[round ? round - 1 : 0])) {
                (void)fprintf(stderr, "measure: command %zu failed\n", order[i] + 1);
                return 1;
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        qsort(commands[i].times, runs, sizeof commands[i].times[0], by_size);
        (void)printf("%.0f %ld\n", commands[i].times[runs / 2], commands[i].peak);
    }
    return 0;
}
