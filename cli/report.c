/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "gnuplot.h"
#include "provenance.h"
#include "same_file.h"
#include "signals.h"
#include "values.h"

const char *const unit_words[] = {"nats", "bits", NULL};

static double seconds_between(struct timespec a, struct timespec b) {
    return (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
}

double session_seconds(const session *s) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return seconds_between(s->begun, now);
}

int session_begin(session *s, const command_help *help, option *options, size_t n) {
    const size_t plot = option_index(options, n, "plot");
    const int with_files = plot < n && options[plot].kind != OPTION_ELSEWHERE;
    int status = options_parse(options, n, s->argc, s->argv);

    if (status == PARSE_HELP)
        options_help(help, options, n, with_files ? N_COMMON_OPTIONS : N_COMMON_OPTIONS - 2);
    if (status != PARSE_DONE)
        return status;
    s->seed_given = option_given(options, n, "seed");
    clock_gettime(CLOCK_MONOTONIC, &s->begun);
    s->shown = s->begun;
    s->date = time(NULL);
    if (s->file && strcmp(s->file, "-") == 0) {
        s->to_stdout = 1;
        s->file = NULL;
    }
    status = refuse_same_files(options, n);
    if (status)
        return status;
    if (s->file) {
        signal_actions before;
        signals_hold(&before);
        int error = ki_check_writable(s->file); /* makes a file for a moment */
        signals_release(&before);
        if (error)
            return complain_library(error);
    }
    return s->picture ? gnuplot_check(s->picture) : PARSE_DONE;
}

void session_bar(session *s, double part, const char *text) {
    enum { WIDTH = 40 };
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    /* Nothing for work that is over before it can be read, then ten times a second. */
    if (seconds_between(s->begun, now) < 0.5 || seconds_between(s->shown, now) < 0.1)
        return;
    s->shown = now;
    s->bar = 1;
    s->most = part = fmin(fmax(part, s->most), 1);
    int full = (int)(part * WIDTH);
    fprintf(stderr, "\r%s [%.*s%*s] %3.0f %%%s\033[K", s->argv[0], full,
            "########################################", WIDTH - full, "", 100 * part, text);
    fflush(stderr);
    message_bar(1);
}

const char *time_left(char out[TIME_LEFT_SIZE], double seconds, double part) {
    const double left = part > 0 ? seconds * (1 - part) / part : (double)INFINITY;

    if (!(left < 1e9))
        snprintf(out, TIME_LEFT_SIZE, "years left");
    else if (left < 120)
        snprintf(out, TIME_LEFT_SIZE, "%.0f s left", left);
    else if (left < 7200)
        snprintf(out, TIME_LEFT_SIZE, "%.0f min left", left / 60);
    else
        snprintf(out, TIME_LEFT_SIZE, "%.1f h left", left / 3600);
    return out;
}

int session_progress(void *user, uint64_t done, uint64_t total) {
    session *s = user;
    const double part = total ? (double)done / (double)total : 1, seconds = session_seconds(s);
    char left[TIME_LEFT_SIZE], text[TIME_LEFT_SIZE + 2] = "";

    if (done > 0 && seconds > 1) /* before that nothing is known of the speed */
        snprintf(text, sizeof text, "  %s", time_left(left, seconds, part));
    if (done < total)
        session_bar(s, part, text);
    else if (s->bar)
        fputs("\r\033[K", stderr);
    if (done >= total)
        message_bar(0);
    s->bar = s->bar && done < total;
    return 0;
}

int session_rate(void *user, uint64_t done, uint64_t total) {
    session *s = user;
    const double seconds = session_seconds(s), part = (double)done / (double)total;
    char left[TIME_LEFT_SIZE], text[64];

    if (done == 0 || done >= total)
        return session_progress(s, done, total);
    snprintf(text, sizeof text, "  %.2g updates/s  %s", (double)done / seconds,
             time_left(left, seconds, part));
    session_bar(s, part, text);
    return 0;
}

ki_run_options session_run_options(session *s) {
    ki_run_options run = {0};

    run.threads = (int)s->threads;
    if (!s->quiet && isatty(STDERR_FILENO)) {
        run.progress = session_progress;
        run.progress_user = s;
    }
    return run;
}

double session_unit(const session *s) {
    return s->unit == UNIT_BITS ? 1.4426950408889634074 : 1.0; /* 1 / ln 2 */
}

/* A word as a CSV cell; ours need no quotes. Numbers follow numpy's spelling, without "-nan". */
static void print_cell(const column *c, size_t row) {
    if (c->word)
        fputs(c->word[row], stdout);
    else if (isnan(c->real[row]))
        fputs("nan", stdout);
    else
        printf("%.17g", c->real[row]);
}

static int print_table(const result *r) {
    const size_t last = r->n_columns - 1;

    for (size_t c = 0; c <= last; c++)
        printf("%s%c", r->columns[c].name, c < last ? ',' : '\n');
    /* A reader that has gone, or a full disk, ends the work. */
    for (size_t row = 0; row < r->rows && !ferror(stdout); row++)
        for (size_t c = 0; c <= last && !ferror(stdout); c++) {
            print_cell(&r->columns[c], row);
            putchar(c < last ? ',' : '\n');
        }
    return finish_stdout(STATUS_DONE);
}

/* Signals wait while an ordinary file is written, which takes a temporary file. A FIFO or a device is
 * written as it is, and its reader may never come: signals end the program there. */
static int hold_while_writing(const char *path, signal_actions *before) {
    struct stat st;

    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return 0;
    signals_hold(before);
    return 1;
}

static int write_file(const session *s, const result *r) {
    result_arrays a;
    char *origin = NULL;
    int status = STATUS_FAILED;

    if (result_arrays_make(s->file, r, &a) || !(origin = provenance(s))) {
        complain(STATUS_FAILED, "%s : out of memory : a smaller run", s->argv[0]);
    } else {
        signal_actions before;
        const int held = hold_while_writing(s->file, &before);
        int error = ki_write_labelled(s->file, a.n, a.arrays, a.labels, origin);
        if (held)
            signals_release(&before);
        status = error ? complain_library(error) : STATUS_DONE;
        if (!error && !s->quiet)
            remark("wrote %s (%zu row%s)", s->file, r->rows, r->rows == 1 ? "" : "s");
    }
    free(origin);
    result_arrays_free(&a);
    return status;
}

int session_write(session *s, int (*write)(void *ctx, const char *provenance), void *ctx,
                  const char *what) {
    signal_actions before;
    char *origin = provenance(s);

    if (!origin)
        return complain(STATUS_FAILED, "%s : out of memory : a smaller run", s->argv[0]);
    const int held = hold_while_writing(s->file, &before);
    int error = write(ctx, origin);
    if (held)
        signals_release(&before);
    free(origin);
    if (error)
        return complain_library(error);
    if (!s->quiet)
        remark("wrote %s (%s)", s->file, what);
    return STATUS_DONE;
}

uint64_t session_seed(session *s) {
    if (!s->seed_given) {
        s->seed = 1;
        s->seed_given = 1;
    }
    return s->seed;
}

int session_end(session *s, const result *r) {
    int status = STATUS_DONE;

    if (s->file)
        status = write_file(s, r);
    /* The picture goes before stdout, so that `| head` does not cost it. */
    if (!status && s->picture && r->draw) {
        status = r->draw(r->figure, s->picture);
        if (!status && !s->quiet)
            remark("drew %s", s->picture);
    }
    if (!s->file) {
        int printed = print_table(r);
        status = status ? status : printed;
    }
    return status;
}

int check_disk(const char *what, const char *path, double bytes, const char *right) {
    char place[PLACE_SIZE], needed[BYTES_SIZE], there[BYTES_SIZE];
    struct stat st;
    struct statvfs disk;

    if (written_place(path, place) || (stat(place, &st) == 0 && !S_ISREG(st.st_mode)))
        return 0; /* what is no file has no disk */
    char *slash = strrchr(place, '/');
    if (slash)
        slash[slash == place] = '\0';
    /* File systems without a size of their own say 0. */
    if (statvfs(slash ? place : ".", &disk) != 0 || disk.f_blocks == 0)
        return 0;
    const double room = (double)disk.f_bavail * (double)disk.f_frsize;
    if (bytes <= room)
        return 0;
    return complain(STATUS_FAILED, "%s : %s takes %s, and its disk has %s left : %s", what, path,
                    print_bytes(needed, bytes), print_bytes(there, room), right);
}

double machine_memory(void) {
    return (double)ki_machine_memory();
}

static int no_memory(const char *command, uint64_t count, size_t size) {
    const double gib = 1024.0 * 1024.0 * 1024.0;

    return complain(STATUS_FAILED,
                    "%s : %.3g GiB of memory needed, %.3g GiB in this machine : "
                    "a smaller run: fewer points, replicas or spins",
                    command, (double)count * (double)size / gib, machine_memory() / gib);
}

int check_memory(const char *command, uint64_t count, size_t size) {
    return (double)count * (double)size < machine_memory() ? 0 : no_memory(command, count, size);
}

void *get_memory(const char *command, uint64_t count, size_t size) {
    if (check_memory(command, count, size))
        return NULL;
    void *memory = malloc(count ? (size_t)count * size : 1);
    if (!memory)
        no_memory(command, count, size);
    return memory;
}
