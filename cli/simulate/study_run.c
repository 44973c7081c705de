/* SPDX-License-Identifier: BSD-3-Clause */
/* The work of kinising simulate: point after point, in rounds, with checkpoints, signals and
 * progress. */
#define _XOPEN_SOURCE 700

#include "simulate/study_run.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "shell/signals.h"
#include "shell/team.h"

/* Of several processes each gets its share of a round; they meet after about so many seconds, so
 * that a checkpoint is never far. */
static const double ROUND_SECONDS = 2;

static volatile sig_atomic_t stopped; /* the signal that ends the work at the next report */

static struct timespec stopped_at;

static struct timespec now(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t;
}

static double since(struct timespec t) {
    struct timespec n = now();

    return (double)(n.tv_sec - t.tv_sec) + 1e-9 * (double)(n.tv_nsec - t.tv_nsec);
}

/* The first signal ends the work in order, another one at once; but launchers tend to send the same
 * one twice in a row. */
static void stop(int number) {
    if (stopped && since(stopped_at) > 1) {
        signal(number, SIG_DFL);
        raise(number);
    }
    if (!stopped)
        stopped_at = now();
    stopped = number;
}

/* Seconds spent on the point at work. */
static double point_seconds(const sim_run *run) {
    return run->st->points[run->at].seconds + since(run->begun);
}

/* Writes the checkpoint; the old one stays if that fails, which is said once. */
static void save(sim_run *run) {
    size_t size;
    struct timespec begun = now();
    unsigned char *bytes =
        study_pack(run->st, run->at, run->live, run->live ? point_seconds(run) : 0, &size);
    const int error = bytes ? study_save(run->checkpoint, &run->seen, bytes, size) : KI_ERR_NOMEM;

    if (error < 0 && !run->save_failed) {
        if (bytes)
            complain_library(error);
        else
            complain(STATUS_FAILED, "%s : out of memory : fewer points", run->checkpoint);
    }
    run->save_failed = error != 0;
    free(bytes);
    run->saved = now();
    run->save_seconds = since(begun);
}

static double work_of(const ki_ensemble_spec *s, uint64_t realizations) {
    /* The cost of a spin update grows like N. */
    return (double)s->n * (double)s->n * (double)s->steps * (double)realizations;
}

static void show(sim_run *run) {
    double seconds = session_seconds(run->s), part = run->work_done / run->work;
    char left[TIME_LEFT_SIZE], text[96];

    snprintf(text, sizeof text, "  %.2g updates/s  %s", run->updates / seconds,
             time_left(left, seconds, fmin(part, 1)));
    session_bar(run->s, part, text);
}

static int on_progress(void *user, uint64_t done, uint64_t total) {
    sim_run *run = user;
    const ki_ensemble_spec *s = &run->st->points[run->at].spec;

    (void)total;
    if (stopped) {
        /* Other processes may take long to answer, and mpirun does not wait for long. */
        if (run->checkpoint && team_size() > 1 && !run->stopping)
            save(run);
        run->stopping = 1;
        return 1;
    }
    run->updates = run->updates_before + (double)done;
    run->work_done = run->work_before + (double)done * (double)s->n;
    if (run->checkpoint && since(run->saved) >= run->every)
        save(run);
    if (run->draw)
        show(run);
    return 0;
}

static ki_run_options run_options(sim_run *run) {
    ki_run_options options = session_run_options(run->s);

    run->draw = options.progress != NULL;
    if (run->draw || run->checkpoint || team_size() > 1) {
        options.progress = on_progress;
        options.progress_user = run;
    }
    return options;
}

/* first <= r < last by a team, in rounds of about equal time. */
static int run_rounds(sim_run *run, uint64_t first, uint64_t last, const ki_run_options *options) {
    const ki_ensemble_spec *s = &run->st->points[run->at].spec;
    double threads = options->threads, guess = 2e-9 * (double)s->n * (double)(s->n + s->steps);
    ki_build_info info;
    int error = 0;

    if (threads == 0 && ki_get_build_info(&info) == 0)
        threads = info.max_threads;
    const double least = threads * team_size(); /* nobody shall be without work */
    double size = least * fmax(1, 0.1 * ROUND_SECONDS / guess);

    for (uint64_t r = first, end; !error && r < last; r = end) {
        end = first_gap(run->live, &r, last, (uint64_t)fmin(size, 0x1p50));
        if (r == last)
            break;
        struct timespec begun = now();
        run->work_before = run->work_done;
        run->updates_before = run->updates;
        error = team_run(run->live, r, end, options);
        double seconds = since(begun), part = (double)(end - r);
        run->updates = run->updates_before + part * (double)s->n * (double)s->steps;
        run->work_done = run->work_before + work_of(s, end - r);
        if (part >= size / 2)
            size = fmax(least, size * fmin(4, fmax(0.25, ROUND_SECONDS / seconds)));
        if (!error && stopped)
            error = KI_ERR_CANCELLED;
        else if (!error && run->checkpoint && since(run->saved) >= run->every)
            save(run);
    }
    return error;
}

/* Everything up to the present target. */
static int run_to_target(sim_run *run) {
    const sim_point *p = &run->st->points[run->at];
    ki_run_options options = run_options(run);
    uint64_t first, last;

    study_range(&run->st->set, p->target, &first, &last);
    if (team_size() > 1)
        return run_rounds(run, first, last, &options);
    uint64_t todo = last - first - ki_ensemble_done(run->live, first, last);
    run->work_before = run->work_done;
    run->updates_before = run->updates;
    int error = team_run(run->live, first, last, &options);
    run->work_done = run->work_before + work_of(&p->spec, todo);
    run->updates = run->updates_before + (double)todo * (double)p->spec.n * (double)p->spec.steps;
    return !error && stopped ? KI_ERR_CANCELLED : error;
}

/* Raises the target of a point whose error is not small enough. */
static void next_target(const sim_settings *set, const ki_ensemble *e, sim_point *p, int *capped) {
    const uint64_t done = p->target;

    p->target = ki_ensemble_target(e, set->rel_err, done, set->realizations, set->max_realizations);
    *capped = p->target == done && ki_ensemble_target(e, set->rel_err, done, 1, UINT64_MAX) > done;
}

static int run_point(sim_run *run) {
    sim_point *p = &run->st->points[run->at];
    uint64_t target;
    int error, capped = 0;

    do {
        target = p->target;
        error = run_to_target(run);
        if (!error && run->st->set.rel_err > 0)
            next_target(&run->st->set, run->live, p, &capped);
        if (p->target > target)
            run->work += work_of(&p->spec, p->target - target);
    } while (!error && p->target > target);
    run->capped += capped;
    return error;
}

static int report_stopped(const sim_run *run) {
    uint64_t done = 0, wanted = 0;

    for (size_t i = 0; i < run->st->n; i++) {
        uint64_t first, last;
        ki_ensemble *e = NULL;
        study_range(&run->st->set, run->st->points[i].target, &first, &last);
        wanted += last - first;
        if (ki_ensemble_unpack(run->st->points[i].state, run->st->points[i].size, &e) == 0)
            done += ki_ensemble_done(e, first, last);
        ki_ensemble_free(e);
    }
    if (run->save_failed)
        return complain(STATUS_FAILED,
                        "simulate : stopped, and the last checkpoint could not be written : %s "
                        "holds what was saved before",
                        run->checkpoint);
    return complain(STATUS_SIGNAL + stopped,
                    "simulate : stopped : %" PRIu64 " of %" PRIu64 " realizations are saved in %s, "
                    "the same command goes on",
                    done, wanted, run->checkpoint);
}

/* Takes the ensemble of the point at work out of its bytes, works, and puts it back. */
static int work_on_point(sim_run *run) {
    sim_point *p = &run->st->points[run->at];

    if (ki_ensemble_unpack(p->state, p->size, &run->live))
        return complain(STATUS_FAILED, "%s", library_sentence());
    uint64_t first, last;
    study_range(&run->st->set, p->target, &first, &last);
    run->work -= work_of(&p->spec, ki_ensemble_done(run->live, first, last));
    run->begun = now();
    int error = run_point(run);
    p->seconds = point_seconds(run);
    int status = point_store(p, run->live);
    ki_ensemble_free(run->live);
    run->live = NULL;
    if (status || !error)
        return status;
    session_progress(run->s, 1, 1);
    if (run->checkpoint)
        save(run);
    if (run->checkpoint && error == KI_ERR_CANCELLED)
        return report_stopped(run);
    return complain(STATUS_FAILED, "%s", team_error());
}

static int run_points(sim_run *run) {
    int status = 0;

    for (size_t i = 0; i < run->st->n; i++) {
        uint64_t first, last;
        study_range(&run->st->set, run->st->points[i].target, &first, &last);
        run->work += work_of(&run->st->points[i].spec, last - first);
    }
    for (run->at = 0; run->at < run->st->n && !status; run->at++) {
        status = work_on_point(run);
        /* Many short points must not spend their time on checkpoints. */
        if (!status && run->checkpoint &&
            since(run->saved) >= fmin(run->every, 20 * run->save_seconds))
            save(run);
    }
    session_progress(run->s, 1, 1);
    if (!status && run->checkpoint)
        save(run);
    return status;
}

int study_run(sim_run *run) {
    signal_actions before;

    if (!run->checkpoint)
        return run_points(run);
    signals_handle(&before, stop, SA_RESTART);
    save(run); /* finds out now whether it can be written */
    int status = run->save_failed ? STATUS_FAILED : run_points(run);
    signals_restore(&before);
    return status;
}
