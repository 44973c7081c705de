/* SPDX-License-Identifier: BSD-3-Clause */
/* Hammers the option parser with random and mutated argument vectors, in one process so that a
 * sanitizer sees all of it. Every refusal must be one line of the form "kinising: a : b : c" with
 * status 2, every acceptance must leave values inside their limits.
 *   fuzz_options [rounds [seed]] */
#define _XOPEN_SOURCE 700

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell/message.h"
#include "shell/options.h"
#include "shell/values.h"

enum { MAX_ARGUMENTS = 12, MAX_LENGTH = 160, N_OPTIONS = 11 };

static const char *const words[] = {"sync", "async", NULL};

typedef struct values {
    value_list N, beta, dJ;
    text_list inputs, reports;
    double m0;
    uint64_t steps, any;
    unsigned dynamics;
    int word, quiet;
    const char *file, *input;
} values;

/* splitmix64: small, and the same sequence everywhere. */
static uint64_t next(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t n) {
    return (size_t)(next(state) % n);
}

static const char *const seeds[] = {"--beta",
                                    "--beta=1",
                                    "--dJ",
                                    "--dJ=0:1:5",
                                    "--m0",
                                    "--m0=-0.5",
                                    "--steps=10",
                                    "--dynamics",
                                    "sync,async",
                                    "--word",
                                    "async",
                                    "--quiet",
                                    "-o",
                                    "-ofile.csv",
                                    "--output=x",
                                    "--report=x",
                                    "--report",
                                    "-q",
                                    "-1",
                                    "-0.5",
                                    "1e999",
                                    "1e-999",
                                    "nan",
                                    "inf",
                                    "-inf",
                                    "0.5,1,2",
                                    "0:4:101",
                                    "4:0:5",
                                    "0:1:0",
                                    "0:1:1",
                                    "1:1:1",
                                    "0:inf:3",
                                    "0x10",
                                    "1,,2",
                                    ",",
                                    ":",
                                    "::",
                                    "1:2",
                                    "1:2:3:4",
                                    "0:1:1e3",
                                    "1.5e2",
                                    "20.0",
                                    "-1:1:3",
                                    "",
                                    "-",
                                    "--",
                                    "---",
                                    "--=",
                                    "--beta=",
                                    "--quiet=1",
                                    "--help",
                                    "-h",
                                    "--any",
                                    "18446744073709551615",
                                    "18446744073709551616",
                                    "0:1:18446744073709551615",
                                    "--bta=1",
                                    "-1e308:1e308:3",
                                    "--any=99999999999999999999",
                                    "\xff\xfe",
                                    "a\nb",
                                    " 1",
                                    "1 ",
                                    "+1",
                                    "--BETA",
                                    "--N",
                                    "--N=32,128",
                                    "--N=10:20:11",
                                    "10:20:4"};

/* One argument: from the seeds, perhaps mutated, or noise. */
static void make_argument(uint64_t *state, char out[MAX_LENGTH + 1]) {
    static const char alphabet[] = "0123456789.,:eE+-=infa nbtJxo\n\t\xc3\xa9\x7f";
    size_t length = 0;

    if (below(state, 8) != 0) {
        const char *seed = seeds[below(state, sizeof seeds / sizeof seeds[0])];
        length = strlen(seed);
        memcpy(out, seed, length);
    }
    size_t edits = below(state, 3) == 0 ? below(state, 6) : 0;
    if (length == 0 && below(state, 2))
        edits = below(state, MAX_LENGTH);
    for (size_t i = 0; i < edits; i++) {
        size_t at = below(state, length + 1);
        char c = alphabet[below(state, sizeof alphabet - 1)];
        switch (below(state, 3)) {
        case 0: /* insert */
            if (length < MAX_LENGTH) {
                memmove(out + at + 1, out + at, length - at);
                out[at] = c;
                length++;
            }
            break;
        case 1: /* delete */
            if (at < length) {
                memmove(out + at, out + at + 1, length - at - 1);
                length--;
            }
            break;
        default: /* replace */
            if (at < length)
                out[at] = c;
        }
    }
    out[length] = '\0';
}

static int one_proper_line(FILE *log) {
    char text[4096];
    size_t n;

    fflush(stderr);
    rewind(log);
    n = fread(text, 1, sizeof text - 1, log);
    text[n] = '\0';
    const char *newline = strchr(text, '\n');
    if (strncmp(text, "kinising: ", 10) != 0 || !newline || newline[1] != '\0')
        return 0;
    const char *first = strstr(text, " : ");
    return first && strstr(first + 3, " : ");
}

static int list_is_sound(const value_list *list, double low) {
    uint64_t total = 0;

    for (size_t i = 0; i < list->n_ranges; i++) {
        const value_range *r = &list->ranges[i];
        if (isnan(r->start) || isnan(r->stop) || r->start > r->stop || r->start < low || !r->count)
            return 0;
        total = r->count > UINT64_MAX - total ? UINT64_MAX : total + r->count;
    }
    if (total != list->count || total == 0)
        return 0;
    if (total > 10000)
        return 1;
    double *v = malloc((size_t)total * sizeof *v);
    int sound = v != NULL;
    if (v) {
        value_list_fill(list, v);
        for (size_t i = 0; i < total; i++)
            sound &= !isnan(v[i]) && v[i] >= low;
        sound &=
            v[0] == list->ranges[0].start && v[total - 1] == list->ranges[list->n_ranges - 1].stop;
    }
    free(v);
    return sound;
}

static int is_whole(const value_list *list) {
    double v[1000];

    if (!list_is_sound(list, 1) || list->count > 1000)
        return list_is_sound(list, 1);
    value_list_fill(list, v);
    for (size_t i = 0; i < list->count; i++)
        if (v[i] != floor(v[i]) || v[i] > 1e6)
            return 0;
    return 1;
}

/* `ended`: after the argument "--" a name may begin with a dash. */
static int is_name(const char *text, int ended) {
    return text && text[0] && (ended || text[0] != '-');
}

static int are_given(const text_list *list) {
    for (size_t i = 0; i < list->n; i++)
        if (!list->item[i] || !list->item[i][0])
            return 0;
    return list->n <= MAX_ARGUMENTS;
}

static int is_sound(const values *v, int with_input, int ended) {
    for (size_t i = 0; i < v->inputs.n; i++)
        if (!is_name(v->inputs.item[i], ended))
            return 0;
    if (with_input == 2 ? v->inputs.n == 0 : v->inputs.n != 0)
        return 0;
    if (with_input == 1 ? !is_name(v->input, ended) : v->input != NULL)
        return 0;
    return is_whole(&v->N) && list_is_sound(&v->beta, 0) && list_is_sound(&v->dJ, 0) &&
           v->m0 >= -1 && v->m0 <= 1 && v->steps >= 1 && v->steps <= 10000000 && v->dynamics >= 1 &&
           v->dynamics <= 3 && (v->word == 0 || v->word == 1) && (v->quiet == 0 || v->quiet == 1) &&
           (!v->file || v->file[0]) && are_given(&v->reports);
}

/* How often each end was reached: a run that only ever refuses has tested nothing. */
typedef struct tally {
    unsigned long accepted, helped, refused;
} tally;

/* Returns NULL if all is well, else what is not. */
static const char *check(int argc, char **argv, unsigned long round, FILE *log, tally *ends) {
    const char *room[MAX_ARGUMENTS + 2], *more[MAX_ARGUMENTS + 2];
    values v = {.inputs = {room, 0}, .reports = {more, 0}};
    option table[N_OPTIONS] = {
        {.name = "FILE", .kind = OPTION_POSITIONAL, .target = &v.input},
        {.name = "N",
         .kind = OPTION_COUNTS,
         .target = &v.N,
         .meta = "LIST",
         .fallback = "100",
         .low = 1,
         .high = 1e6},
        {.name = "beta",
         .kind = OPTION_LIST,
         .target = &v.beta,
         .meta = "LIST",
         .fallback = "1",
         .high = INFINITY,
         .limits = LIMIT_INFINITE},
        {.name = "dJ",
         .kind = OPTION_LIST,
         .target = &v.dJ,
         .meta = "LIST",
         .fallback = "1",
         .high = INFINITY},
        {.name = "m0",
         .kind = OPTION_REAL,
         .target = &v.m0,
         .meta = "X",
         .fallback = "1",
         .low = -1,
         .high = 1},
        {.name = "steps",
         .kind = OPTION_COUNT,
         .target = &v.steps,
         .meta = "T",
         .fallback = "50",
         .low = 1,
         .high = 1e7},
        {.name = "dynamics",
         .kind = OPTION_WORDS,
         .target = &v.dynamics,
         .meta = "WORDS",
         .fallback = "sync,async",
         .words = words},
        {.name = "word",
         .kind = OPTION_WORD,
         .target = &v.word,
         .meta = "WORD",
         .fallback = "sync",
         .words = words},
        {.name = "output", .letter = 'o', .kind = OPTION_TEXT, .target = &v.file, .meta = "FILE"},
        {.name = "report", .kind = OPTION_OUTPUTS, .target = &v.reports, .meta = "FILE"},
        {.name = "quiet", .kind = OPTION_FLAG, .target = &v.quiet},
    };
    const char *wrong = NULL;

    if (ftruncate(STDERR_FILENO, 0) != 0 || lseek(STDERR_FILENO, 0, SEEK_SET) != 0)
        return "cannot empty the log";
    /* Commands without, with one and with any number of arguments of their own, by turns. */
    size_t skip = round % 3 == 0;
    if (round % 3 == 2) {
        table[0].kind = OPTION_POSITIONALS;
        table[0].target = &v.inputs;
    }
    option *options = table + skip;
    int status = options_parse(options, N_OPTIONS - skip, argc, argv);
    int ended = 0;
    for (int i = 1; i < argc; i++)
        ended |= strcmp(argv[i], "--") == 0;
    if (status == PARSE_DONE && !is_sound(&v, (int)(round % 3), ended))
        wrong = "accepted, but a value is outside its limits";
    else if (status != PARSE_DONE && status != PARSE_HELP && status != STATUS_USAGE)
        wrong = "an unexpected status";
    else if (status == STATUS_USAGE && !one_proper_line(log))
        wrong = "the message is not one line of three parts";
    *(status == PARSE_DONE   ? &ends->accepted
      : status == PARSE_HELP ? &ends->helped
                             : &ends->refused) += 1;
    options_free(options, N_OPTIONS - skip);
    return wrong;
}

int main(int argc, char **argv) {
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    FILE *log = tmpfile();
    tally ends = {0};
    char store[MAX_ARGUMENTS][MAX_LENGTH + 1], name[] = "theory", *arguments[MAX_ARGUMENTS + 2];

    if (!log || dup2(fileno(log), STDERR_FILENO) < 0)
        return 99;
    for (unsigned long round = 0; round < rounds; round++) {
        int n = 1 + (int)below(&state, 1 + below(&state, MAX_ARGUMENTS)); /* mostly short */
        arguments[0] = name;
        for (int i = 0; i < n; i++) {
            make_argument(&state, store[i]);
            arguments[i + 1] = store[i];
        }
        arguments[n + 1] = NULL;
        const char *wrong = check(n + 1, arguments, round, log, &ends);
        if (wrong) {
            printf("round %lu: %s\n", round, wrong);
            for (int i = 0; i <= n; i++)
                printf("  argv[%d] = \"%s\"\n", i, arguments[i]);
            return 1;
        }
    }
    printf("%lu argument vectors: %lu accepted, %lu asked for help, %lu refused properly\n", rounds,
           ends.accepted, ends.helped, ends.refused);
    return rounds >= 1000 && (!ends.accepted || !ends.helped || !ends.refused);
}
