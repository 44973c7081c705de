/* SPDX-License-Identifier: BSD-3-Clause */
/* What is asked of a mean field in the terms of the library, and one method from start to end. */
#define _XOPEN_SOURCE 700

#include <math.h>
#include <string.h>
#include <time.h>

#include "meanfield/meanfield.h"
#include "shell/ending.h"

int mf_wants_matrices(const mf_command *w) {
    return w->against == MF_ALONE && w->s.file && !is_csv(w->s.file);
}

double mf_m0(const mf_command *w) {
    return w->start ? (double)NAN : w->m0;
}

int mf_dynamics(const mf_command *w) {
    return w->async ? KI_ASYNC : KI_SYNC;
}

ki_compare_spec mf_compare_spec(const mf_command *w) {
    return (ki_compare_spec){.against =
                                 w->against == MF_EXACT ? KI_COMPARE_EXACT : KI_COMPARE_SIMULATION,
                             .dynamics = mf_dynamics(w),
                             .steady = w->steady,
                             .steps = w->steps,
                             .m0 = w->m0,
                             .tol = w->tol,
                             .max_steps = w->max_steps,
                             .replicas = w->replicas,
                             .burn_in = w->burn_in,
                             .window = w->window,
                             .seed = w->s.seed};
}

/* A part of the whole, in thousandths. */
static int show_progress(void *user, uint64_t done, uint64_t total) {
    mf_command *w = user;
    const uint64_t fine = 1000;
    const double here = total ? (double)done / (double)total : 0;

    return session_progress(&w->s, w->part * fine + (uint64_t)(here * (double)fine),
                            w->parts * fine);
}

ki_run_options mf_run_options(mf_command *w) {
    ki_run_options run = session_run_options(&w->s);

    if (run.progress) {
        run.progress = show_progress;
        run.progress_user = w;
    }
    return run;
}

double mf_now(void) {
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What is kept of a step: the worst of everything, and the last of what only goes on. */
static void keep_worst(mf_job *job, const ki_meanfield_info *step) {
    ki_meanfield_info *all = &job->info, *worst = &job->worst;
    const double residual = fmax(all->residual, step->residual);
    const uint64_t ambiguous = all->ambiguous > step->ambiguous ? all->ambiguous : step->ambiguous;

    if (step->status > worst->status ||
        (step->status == worst->status && step->residual > worst->residual))
        *worst = *step;
    job->status = step->status;
    *all = *step;
    all->residual = residual;
    all->ambiguous = ambiguous;
    all->status = worst->status;
}

static int call_visit(mf_job *job, mf_visit visit, void *context) {
    ki_meanfield_state state;

    const int error = ki_meanfield_get(job->mf, &state);
    return error ? complain_library(error) : visit(context, &state);
}

static int run_steps(mf_command *w, mf_job *job, mf_visit visit, void *context) {
    const ki_run_options run = mf_run_options(w);
    int status = call_visit(job, visit, context);

    for (uint64_t t = 0; t < w->steps && !status; t++) {
        ki_meanfield_info info;
        const double begun = mf_now();
        const int error = ki_meanfield_step(job->mf, &run, &info);
        job->seconds += mf_now() - begun;
        if (error)
            return complain_library(error);
        keep_worst(job, &info);
        w->part++;
        if (run.progress)
            show_progress(w, 0, 1);
        status = call_visit(job, visit, context);
    }
    return status;
}

static int run_steady(mf_command *w, mf_job *job, mf_visit visit, void *context) {
    const ki_run_options run = mf_run_options(w);
    const double begun = mf_now();
    const int error = ki_meanfield_steady(job->mf, w->tol, w->max_steps, &run, &job->info);

    job->seconds = mf_now() - begun;
    if (error)
        return complain_library(error);
    job->worst = job->info;
    job->status = job->info.status;
    w->part++;
    if (run.progress)
        show_progress(w, 0, 1);
    return call_visit(job, visit, context);
}

int mf_run(mf_command *w, const ki_network *network, mf_job *job, mf_visit visit, void *context) {
    const ki_meanfield_spec spec = {job->method, mf_dynamics(w), w->steady};

    int error = ki_meanfield_create(network, &spec, (int)w->s.threads, &job->mf);
    if (!error)
        error = ki_meanfield_start(job->mf, w->m_start, w->C_start, w->D_start);
    if (error)
        return complain_library(error);
    return w->steady ? run_steady(w, job, visit, context) : run_steps(w, job, visit, context);
}

void mf_end(mf_job *job) {
    ki_meanfield_free(job->mf);
    job->mf = NULL;
}
