/* SPDX-License-Identifier: BSD-3-Clause */
/* One run of one command: the common options, the clock and the progress bar. */
#ifndef KINISING_CLI_SESSION_H
#define KINISING_CLI_SESSION_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <kinising/kinising.h>

#include "shell/help.h"
#include "shell/message.h"
#include "shell/options.h"

enum unit { UNIT_NATS = 0, UNIT_BITS = 1 };

/* One run of one command. Zero it but for argc and argv; the common options point into it. */
typedef struct session {
    int argc;
    char **argv;                /* argv[0] is the command */
    const char *file, *picture; /* NULL: none; a file "-", stdout, has become NULL */
    int to_stdout;              /* -o - was given */
    int quiet, unit;
    uint64_t threads, seed;
    int seed_given;
    int reproducible;             /* files hold nothing of when, where and how long */
    struct timespec begun, shown; /* CLOCK_MONOTONIC: start, last redraw of the progress bar */
    time_t date;
    int bar;     /* a progress bar stands on the terminal */
    double most; /* the largest part that it has shown */
} session;

/* For commands that write something else than a table: -o FILE, and its own table entry. */
#define OUTPUT_OPTION(s, words)                                                                    \
    {                                                                                              \
        .name = "output", .letter = 'o', .kind = OPTION_OUTPUT, .target = &(s)->file,              \
        .meta = "FILE", .help = words                                                              \
    }

/* For commands whose files are to be equal to the byte. */
#define REPRODUCIBLE_OPTION(s)                                                                     \
    {                                                                                              \
        .name = "reproducible", .kind = OPTION_FLAG, .target = &(s)->reproducible,                 \
        .help = "no times and machines in the files: equal bytes"                                  \
    }

/* Initialisers of the common options, for the end of a command's table; for one with a table and
 * pictures COMMON_OPTIONS, in plot_option.h. */
enum { N_COMMON_OPTIONS = 6 };
#define COMMON_OPTIONS_WITHOUT_FILES(s)                                                            \
    {.name = "unit",                                                                               \
     .kind = OPTION_WORD,                                                                          \
     .target = &(s)->unit,                                                                         \
     .meta = "UNIT",                                                                               \
     .help = "of entropies: nats or bits",                                                         \
     .fallback = "nats",                                                                           \
     .words = unit_words},                                                                         \
        {.name = "threads",                                                                        \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(s)->threads,                                                                  \
         .meta = "K",                                                                              \
         .help = "worker threads, 0 for all",                                                      \
         .fallback = "0",                                                                          \
         .low = 0,                                                                                 \
         .high = 4096},                                                                            \
        {.name = "seed",                                                                           \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(s)->seed,                                                                     \
         .meta = "S",                                                                              \
         .help = "of random numbers, recorded with the result",                                    \
         .low = 0,                                                                                 \
         .high = 18446744073709551615.0},                                                          \
    {                                                                                              \
        .name = "quiet", .kind = OPTION_FLAG, .target = &(s)->quiet,                               \
        .help = "no progress, no remarks; errors only"                                             \
    }
extern const char *const unit_words[];

/* Parses, shows --help, checks that the files can be written and starts the clock. Returns
 * PARSE_DONE to go on; PARSE_HELP when help was shown (the command is done) or an exit status. */
int session_begin(session *s, const command_help *help, option *options, size_t n);

/* How library calls are to run: threads, and a progress bar if stderr is a terminal. */
ki_run_options session_run_options(session *s);

/* Draws a progress bar with `part` of 1 done and a text behind it, if it is due. It does not go back:
 * where work turns out to be more than was thought, it waits. */
void session_bar(session *s, double part, const char *text);

/* Progress by hand, for loops of our own; also takes the bar away when done == total. */
int session_progress(void *s, uint64_t done, uint64_t total);

/* What an entropy in nats is multiplied by. */
double session_unit(const session *s);

/* The seed, 1 unless --seed was given; recorded either way. Commands that use it say it. */
uint64_t session_seed(session *s);

/* A progress callback with the rate and the time that is left; `done` counts spin updates. */
int session_rate(void *s, uint64_t done, uint64_t total);

/* "3 min left" after that many seconds, with `part` of 1 done; "" if nothing is known. Returns
 * `out`. */
enum { TIME_LEFT_SIZE = 32 };
const char *time_left(char out[TIME_LEFT_SIZE], double seconds, double part);

/* Elapsed seconds since session_begin(). */
double session_seconds(const session *s);

#endif
