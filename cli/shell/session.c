/* SPDX-License-Identifier: BSD-3-Clause */
#define _XOPEN_SOURCE 700

#include "shell/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell/ending.h"
#include "shell/message.h"
#include "shell/same_file.h"
#include "shell/signals.h"

const char *const unit_words[] = {"nats", "bits", NULL};

static double seconds_between(struct timespec a, struct timespec b) {
    return (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
}

double session_seconds(const session *s) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return seconds_between(s->begun, now);
}

/* Provenance of a .csv replaces provenance, and nothing else that happens to have its name. */
static int check_beside(const char *path) {
    const char ours[] = "{\"program\": \"kinising\"";
    char place[PLACE_SIZE], *name = NULL, begin[sizeof ours] = "";
    int status = 0;

    if (!is_csv(path) || ki_is_stream(path) || written_place(path, place))
        return 0;
    const size_t room = strlen(place) + sizeof ".json";
    name = malloc(room);
    if (name)
        snprintf(name, room, "%s.json", place);
    FILE *there = name ? fopen(name, "r") : NULL;
    if (there && fread(begin, 1, sizeof begin - 1, there) > 0 && strcmp(begin, ours) != 0)
        status = complain(STATUS_USAGE,
                          "%s : is in the way of the provenance of %s and was not made by kinising "
                          ": another -o, or move it first",
                          name, path);
    if (there)
        fclose(there);
    free(name);
    return status;
}

/* What an option has against the value that was given. */
static int check_values(const option *options, size_t n) {
    int status = 0;

    for (size_t i = 0; i < n && !status; i++) {
        const option *o = &options[i];
        const text_list one = {o->target, 1};
        if (!o->given || !o->check)
            continue;
        const text_list *list = o->kind == OPTION_OUTPUTS ? o->target : &one;
        for (size_t k = 0; k < list->n && !status; k++)
            status = o->check(list->item[k]);
    }
    return status;
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
        status = check_beside(s->file);
        if (status)
            return status;
    }
    return check_values(options, n);
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

    if (!(left < 1e9)) /* nothing is known yet */
        out[0] = '\0';
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

uint64_t session_seed(session *s) {
    if (!s->seed_given) {
        s->seed = 1;
        s->seed_given = 1;
    }
    return s->seed;
}
