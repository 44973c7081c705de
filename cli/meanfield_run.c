/* SPDX-License-Identifier: BSD-3-Clause */
/* Mean-field methods one by one, their table and their file. */
#define _XOPEN_SOURCE 700

#include "meanfield.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_COLUMNS = 6, N_REAL = 5, N_ARRAYS = 11 };
static const char *const column_names[N_COLUMNS] = {"t",      "method", "m_mean",
                                                    "C_mean", "D_mean", "sigma"};
enum { COLUMN_METHOD = 1 };

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

static double now(void) {
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
    *all = *step;
    all->residual = residual;
    all->ambiguous = ambiguous;
    all->status = worst->status;
}

static int call_visit(mf_job *job, mf_visit visit, void *context) {
    ki_meanfield_state state;

    if (!visit)
        return 0;
    const int error = ki_meanfield_get(job->mf, &state);
    return error ? complain_library(error) : visit(context, &state);
}

static int run_steps(mf_command *w, mf_job *job, mf_visit visit, void *context) {
    const ki_run_options run = mf_run_options(w);
    int status = call_visit(job, visit, context);

    for (uint64_t t = 0; t < w->steps && !status; t++) {
        ki_meanfield_info info;
        const double begun = now();
        const int error = ki_meanfield_step(job->mf, &run, &info);
        job->seconds += now() - begun;
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
    const double begun = now();
    const int error = ki_meanfield_steady(job->mf, w->tol, w->max_steps, &run, &job->info);

    job->seconds = now() - begun;
    if (error)
        return complain_library(error);
    job->worst = job->info;
    w->part++;
    if (run.progress)
        show_progress(w, 0, 1);
    return call_visit(job, visit, context);
}

int mf_run(mf_command *w, const ki_network *network, mf_job *job, mf_visit visit, void *context) {
    const ki_meanfield_spec spec = {job->method, w->async ? KI_ASYNC : KI_SYNC, w->steady};

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

/* The table, and what a file has besides. */
typedef struct table {
    mf_command *w;
    size_t n, rows, most; /* spins; rows filled, and room for */
    double *real[N_REAL]; /* [most] each: t, m_mean, C_mean, D_mean, sigma */
    const char **method;  /* [most] */
    const mf_job *job;    /* that fills it */
    double *m, *C, *D;    /* of every step, for --path */
    double *spin, *edge;  /* [N], [N,N] of the last step, with --path of every one */
    double residual, change, steps, unphysical, unphysical_D;
    const char *status;
} table;

/* Entropy production of spins and edges in place `row`; nan for a start, which has none. */
static int take_sigma(table *t, size_t row, int there) {
    const size_t n = t->n;
    const double unit = session_unit(&t->w->s);
    double *spin = t->spin + row * n, *edge = t->edge + row * n * n;
    const int error = there ? ki_meanfield_sigma(t->job->mf, spin, edge) : 0;

    if (error)
        return complain_library(error);
    for (size_t i = 0; i < n; i++)
        spin[i] = there ? unit * spin[i] : (double)NAN;
    for (size_t i = 0; i < n * n; i++)
        edge[i] = there ? unit * edge[i] : (double)NAN;
    return 0;
}

static int take_row(void *context, const ki_meanfield_state *state) {
    table *t = context;
    const size_t row = t->rows++, n = t->n;
    const double real[N_REAL] = {t->w->steady ? (double)INFINITY : (double)state->t, state->m_mean,
                                 state->C_mean, state->D_mean,
                                 session_unit(&t->w->s) * state->sigma};

    for (size_t k = 0; k < N_REAL; k++)
        t->real[k][row] = real[k];
    t->method[row] = ki_method_name(t->job->method);
    if (t->m) {
        const int there = !isnan(state->D_mean);

        memcpy(t->m + row * n, state->m, n * sizeof *t->m);
        memcpy(t->C + row * n * n, state->C, n * n * sizeof *t->C);
        memcpy(t->D + row * n * n, state->D, n * n * sizeof *t->D);
        for (size_t i = 0; i < n * n && !there; i++) /* a start has none */
            t->D[row * n * n + i] = NAN;
        return take_sigma(t, row, there);
    }
    return 0;
}

static int make_table(mf_command *w, table *t, size_t n_methods) {
    const char *name = w->s.argv[0];
    const size_t n = (size_t)w->view.n, times = w->steady ? 1 : (size_t)w->steps + 1;
    const size_t kept = w->path ? times : 1;

    *t = (table){.w = w, .n = n, .most = n_methods * times};
    t->method = get_memory(name, t->most, sizeof *t->method);
    t->real[0] = get_memory(name, t->most, N_REAL * sizeof(double));
    if (!t->method || !t->real[0])
        return STATUS_FAILED;
    for (size_t k = 1; k < N_REAL; k++)
        t->real[k] = t->real[0] + k * t->most;
    if (mf_wants_matrices(w)) {
        t->spin = get_memory(name, kept, (n * n + n) * sizeof(double));
        if (!t->spin)
            return STATUS_FAILED;
        t->edge = t->spin + kept * n;
    }
    if (w->path) {
        t->m = get_memory(name, times, (2 * n * n + n) * sizeof(double));
        if (!t->m)
            return STATUS_FAILED;
        t->C = t->m + times * n;
        t->D = t->C + times * n * n;
    }
    return 0;
}

static void free_table(table *t) {
    free(t->method);
    free(t->real[0]);
    free(t->spin);
    free(t->m);
}

/* An array of `ndim` extents n, with `path` of so many times. */
static ki_array of_steps(const char *name, int path, size_t times, size_t n, int ndim,
                         const double *data) {
    if (path)
        return (ki_array){name, KI_FLOAT64, ndim + 1, {times, n, n}, data};
    return (ki_array){name, KI_FLOAT64, ndim, {n, n}, data};
}

/* The arrays of a file beside its columns. Moments of the last step are borrowed from the method.
 */
static int lay_out_arrays(table *t, const mf_job *job, ki_array arrays[N_ARRAYS]) {
    const size_t n = t->n, times = t->rows;
    const int path = t->w->path;
    ki_meanfield_state state;

    const int error = ki_meanfield_get(job->mf, &state);
    if (error)
        return complain_library(error);
    const int status = path ? 0 : take_sigma(t, 0, 1);
    if (status)
        return status;
    t->residual = job->info.residual;
    t->change = job->info.change;
    t->steps = (double)job->info.steps;
    t->unphysical = (double)job->info.unphysical;
    t->unphysical_D = (double)job->info.unphysical_D;
    t->status = ki_status_name(job->info.status);
    arrays[0] = of_steps("m", path, times, n, 1, path ? t->m : state.m);
    arrays[1] = of_steps("C", path, times, n, 2, path ? t->C : state.C);
    arrays[2] = of_steps("D", path, times, n, 2, path ? t->D : state.D);
    arrays[3] = of_steps("sigma_spin", path, times, n, 1, t->spin);
    arrays[4] = of_steps("sigma_edge", path, times, n, 2, t->edge);
    arrays[5] = (ki_array){"status", KI_STRING, 1, {1}, &t->status};
    arrays[6] = (ki_array){"residual", KI_FLOAT64, 1, {1}, &t->residual};
    arrays[7] = (ki_array){"change", KI_FLOAT64, 1, {1}, &t->change};
    arrays[8] = (ki_array){"steps", KI_FLOAT64, 1, {1}, &t->steps};
    arrays[9] = (ki_array){"unphysical", KI_FLOAT64, 1, {1}, &t->unphysical};
    arrays[10] = (ki_array){"unphysical_D", KI_FLOAT64, 1, {1}, &t->unphysical_D};
    return 0;
}

static int write_table(table *t, const mf_job *job) {
    column columns[N_COLUMNS];
    ki_array arrays[N_ARRAYS];
    const mf_rows figure = {.w = t->w,
                            .n = t->rows,
                            .x = t->real[0],
                            .y = {t->real[1], t->real[2], t->real[3], t->real[4]},
                            .method = t->method};
    const int matrices = mf_wants_matrices(t->w);

    for (size_t c = 0, k = 0; c < N_COLUMNS; c++) {
        columns[c] = (column){.name = column_names[c]};
        if (c == COLUMN_METHOD)
            columns[c].word = t->method;
        else
            columns[c].real = t->real[k++];
    }
    if (matrices) {
        const int status = lay_out_arrays(t, job, arrays);
        if (status)
            return status;
    }
    const result out = {.columns = columns,
                        .n_columns = N_COLUMNS,
                        .rows = t->rows,
                        .arrays = arrays,
                        .n_arrays = matrices ? N_ARRAYS : 0,
                        .draw = mf_draw_steps,
                        .figure = &figure};
    return session_end(&t->w->s, &out);
}

/* How a steady state was found. */
static void say_how(const mf_command *w, const mf_job *job) {
    if (w->s.quiet)
        return;
    if (w->steady && job->info.status < KI_NOT_STEADY)
        remark("%s: steady after %llu steps, residual %.2g, change %.2g",
               ki_method_name(job->method), (unsigned long long)job->info.steps, job->info.residual,
               job->info.change);
}

/* What went wrong with a method whose result is there all the same. */
static int say_end(const mf_job *job) {
    const char *name = ki_method_name(job->method);
    const ki_meanfield_info *worst = &job->worst;
    const unsigned long long steps = worst->steps;

    if (worst->status == KI_UNPHYSICAL)
        return complain(STATUS_UNCONVERGED,
                        "meanfield : %s has %llu correlations at step %llu that no distribution "
                        "has : another --method, or a smaller --beta",
                        name, (unsigned long long)(worst->unphysical + worst->unphysical_D), steps);
    if (worst->status == KI_UNSTABLE)
        return complain(STATUS_UNCONVERGED,
                        "meanfield : %s stays at a steady state that the least deviation leaves : "
                        "another --m0 or --start, without the symmetry that keeps it there",
                        name);
    if (worst->status == KI_NOT_STEADY)
        return complain(STATUS_UNCONVERGED,
                        "meanfield : %s is not steady after %llu steps, the last one changes a "
                        "moment by %.2g : a larger --max-steps or --tol, another start, or --steps "
                        "to see how it moves",
                        name, steps, worst->change);
    return complain(STATUS_UNCONVERGED,
                    "meanfield : %s left %llu scalar equations unsolved at step %llu, residual "
                    "%.2g : a smaller beta, or another --method",
                    name, (unsigned long long)worst->unsolved, steps, worst->residual);
}

int mf_alone(mf_command *w) {
    mf_job jobs[KI_N_METHODS] = {{0}};
    table t = {0};
    size_t n = 0;

    for (int method = 0; method < KI_N_METHODS; method++)
        if (w->methods & 1u << method)
            jobs[n++].method = method;
    w->parts = n * (w->steady ? 1 : w->steps);
    w->view.beta = w->betas[0];
    int status = make_table(w, &t, n);
    for (size_t k = 0; k < n && !status; k++) {
        t.job = &jobs[k];
        status = mf_run(w, &w->view, &jobs[k], take_row, &t);
        if (k + 1 < n) /* a file is of one method, whose moments it holds */
            mf_end(&jobs[k]);
    }
    session_progress(&w->s, 1, 1);
    for (size_t k = 0; k < n && !status; k++)
        say_how(w, &jobs[k]);
    if (!status)
        status = write_table(&t, &jobs[n - 1]);
    const int written = status == 0;
    for (size_t k = 0; k < n && written; k++) /* each that ended badly has its sentence */
        if (jobs[k].info.status != KI_CONVERGED)
            status = say_end(&jobs[k]);
    for (size_t k = 0; k < n; k++)
        mf_end(&jobs[k]);
    free_table(&t);
    return status;
}
