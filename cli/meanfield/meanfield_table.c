/* SPDX-License-Identifier: BSD-3-Clause */
/* Mean-field methods one by one: the table, and the file with their moments. */
#include "meanfield/meanfield.h"
#include "shell/memory.h"
#include "shell/output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_COLUMNS = 11, N_REAL = 8, N_WORDS = 3, N_INFO = 5, N_ARRAYS = 5 + N_INFO };
static const char *const column_names[N_COLUMNS] = {
    "N", "beta", "dynamics", "m0", "t", "method", "m_mean", "C_mean", "D_mean", "sigma", "status"};
enum { N, BETA, M0, T, M_MEAN, C_MEAN, D_MEAN, SIGMA };
enum { DYNAMICS, METHOD, STATUS };
static const char *const info_names[N_INFO] = {"residual", "change", "steps", "unphysical",
                                               "unphysical_D"};

/* The table, and what a file has besides. */
typedef struct table {
    mf_command *w;
    size_t n, rows, most;       /* spins; rows filled, and room for */
    double *real[N_REAL];       /* [most] each */
    const char **word[N_WORDS]; /* [most] each */
    double *info[N_INFO];       /* [n_betas] each: of the one method of a file */
    const mf_job *job;          /* that fills it */
    size_t beta;                /* which one it has */
    /* [kept, ...]: of every step with --path and of every beta, `times` of each. m, C and D are not
     * there where the method still has them. */
    size_t kept, times;
    double *m, *C, *D, *spin, *edge;
} table;

/* Entropy production of spins and edges in place `at`; nan for a start, which has none. */
static int take_sigma(table *t, size_t at, int there) {
    const size_t n = t->n;
    const double unit = session_unit(&t->w->s);
    double *spin = t->spin + at * n, *edge = t->edge + at * n * n;
    const int error = there ? ki_meanfield_sigma(t->job->mf, spin, edge) : 0;

    if (error)
        return complain_library(error);
    for (size_t i = 0; i < n; i++)
        spin[i] = there ? unit * spin[i] : (double)NAN;
    for (size_t i = 0; i < n * n; i++)
        edge[i] = there ? unit * edge[i] : (double)NAN;
    return 0;
}

/* The moments of a state in place `at`. */
static int take_moments(table *t, size_t at, const ki_meanfield_state *state) {
    const size_t n = t->n;
    const int there = !isnan(state->D_mean);

    if (t->m) {
        memcpy(t->m + at * n, state->m, n * sizeof *t->m);
        memcpy(t->C + at * n * n, state->C, n * n * sizeof *t->C);
        memcpy(t->D + at * n * n, state->D, n * n * sizeof *t->D);
        for (size_t i = 0; i < n * n && !there; i++) /* a start has none */
            t->D[at * n * n + i] = NAN;
    }
    return take_sigma(t, at, there);
}

static int take_row(void *context, const ki_meanfield_state *state) {
    table *t = context;
    const mf_command *w = t->w;
    const size_t row = t->rows++;
    const int last = w->steady || state->t == w->steps;
    const double real[N_REAL] = {
        [N] = (double)t->n,       [BETA] = w->view.beta,
        [M0] = mf_m0(w),          [T] = w->steady ? (double)INFINITY : (double)state->t,
        [M_MEAN] = state->m_mean, [C_MEAN] = state->C_mean,
        [D_MEAN] = state->D_mean, [SIGMA] = session_unit(&w->s) * state->sigma};

    for (size_t k = 0; k < N_REAL; k++)
        t->real[k][row] = real[k];
    t->word[DYNAMICS][row] = ki_dynamics_name(mf_dynamics(w));
    t->word[METHOD][row] = ki_method_name(t->job->method);
    t->word[STATUS][row] = ki_status_name(t->job->status);
    if (t->kept == 0 || !(w->path || last))
        return 0;
    return take_moments(t, t->beta * t->times + (w->path ? (size_t)state->t : 0), state);
}

static void take_info(table *t) {
    const ki_meanfield_info *info = &t->job->info;
    const double of[N_INFO] = {info->residual, info->change, (double)info->steps,
                               (double)info->unphysical, (double)info->unphysical_D};

    for (size_t k = 0; k < N_INFO; k++)
        t->info[k][t->beta] = of[k];
}

static int make_table(mf_command *w, table *t, size_t n_methods) {
    const char *name = w->s.argv[0];
    const size_t n = (size_t)w->view.n, steps = w->steady ? 1 : (size_t)w->steps + 1;

    *t = (table){
        .w = w, .n = n, .most = w->n_betas * n_methods * steps, .times = w->path ? steps : 1};
    t->kept = mf_wants_matrices(w) ? w->n_betas * t->times : 0;
    t->word[0] = get_memory(name, t->most, N_WORDS * sizeof(char *));
    t->real[0] = get_memory(name, t->most, N_REAL * sizeof(double));
    t->info[0] = get_memory(name, w->n_betas, N_INFO * sizeof(double));
    if (!t->word[0] || !t->real[0] || !t->info[0])
        return STATUS_FAILED;
    for (size_t k = 1; k < N_WORDS; k++)
        t->word[k] = t->word[0] + k * t->most;
    for (size_t k = 1; k < N_REAL; k++)
        t->real[k] = t->real[0] + k * t->most;
    for (size_t k = 1; k < N_INFO; k++)
        t->info[k] = t->info[0] + k * w->n_betas;
    if (t->kept) {
        t->spin = get_memory(name, t->kept, (n * n + n) * sizeof(double));
        if (!t->spin)
            return STATUS_FAILED;
        t->edge = t->spin + t->kept * n;
    }
    if (t->kept > 1) {
        t->m = get_memory(name, t->kept, (2 * n * n + n) * sizeof(double));
        if (!t->m)
            return STATUS_FAILED;
        t->C = t->m + t->kept * n;
        t->D = t->C + t->kept * n * n;
    }
    return 0;
}

static void free_table(table *t) {
    free(t->word[0]);
    free(t->real[0]);
    free(t->info[0]);
    free(t->spin);
    free(t->m);
}

/* The arrays of a file beside its columns, with what their numbers and dimensions are. */
typedef struct file_arrays {
    ki_array arrays[N_ARRAYS];
    ki_label labels[N_ARRAYS];
    size_t n;
} file_arrays;

/* An array of `ndim` extents n, of every step with --path, of every beta of several. */
static void add_array(const table *t, file_arrays *f, const char *name, const char *units, int ndim,
                      const double *data) {
    ki_array *a = &f->arrays[f->n];
    ki_label *label = &f->labels[f->n++];

    *a = (ki_array){.name = name, .type = KI_FLOAT64, .data = data};
    *label = (ki_label){.units = units};
    if (t->w->n_betas > 1) {
        label->axes[a->ndim] = "beta";
        a->shape[a->ndim++] = t->w->n_betas;
    }
    if (t->w->path) {
        label->axes[a->ndim] = "t";
        a->shape[a->ndim++] = t->times;
    }
    for (int d = 0; d < ndim; d++) {
        label->axes[a->ndim] = d ? "from_spin" : "spin";
        a->shape[a->ndim++] = t->n;
    }
}

/* Moments of a single state are borrowed from the method. */
static int lay_out_arrays(const table *t, const mf_job *job, file_arrays *f) {
    const mf_command *w = t->w;
    const char *sigma = entropy_units(w->s.unit == UNIT_BITS, (unsigned)mf_dynamics(w));
    ki_meanfield_state state = {.m = t->m, .C = t->C, .D = t->D};
    const int error = t->m ? 0 : ki_meanfield_get(job->mf, &state);

    if (error)
        return complain_library(error);
    add_array(t, f, "m", NULL, 1, state.m);
    add_array(t, f, "C", NULL, 2, state.C);
    add_array(t, f, "D", NULL, 2, state.D);
    add_array(t, f, "sigma_spin", sigma, 1, t->spin);
    add_array(t, f, "sigma_edge", sigma, 2, t->edge);
    for (size_t k = 0; k < N_INFO; k++) {
        f->labels[f->n] = (ki_label){.axes = {"beta"}};
        f->arrays[f->n++] = (ki_array){info_names[k], KI_FLOAT64, 1, {w->n_betas}, t->info[k]};
    }
    return 0;
}

/* The last row of each run, for curves over beta. */
static size_t keep_last_rows(const table *t, mf_rows *r, double *const real[N_REAL],
                             const char **method, const char **status) {
    size_t kept = 0;

    for (size_t row = 0; row < t->rows; row++) {
        if (!t->w->steady && t->real[T][row] != (double)t->w->steps)
            continue;
        for (size_t k = 0; k < N_REAL; k++)
            real[k][kept] = t->real[k][row];
        status[kept] = t->word[STATUS][row];
        method[kept++] = t->word[METHOD][row];
    }
    *r = (mf_rows){.w = t->w,
                   .n = kept,
                   .x = real[BETA],
                   .y = {real[M_MEAN], real[C_MEAN], real[D_MEAN], real[SIGMA]},
                   .method = method,
                   .status = status};
    return kept;
}

/* Over time, or over beta if there are several. */
static int draw(const void *figure, const char *picture) {
    const table *t = figure;
    mf_rows rows = {.w = t->w,
                    .n = t->rows,
                    .x = t->real[T],
                    .y = {t->real[M_MEAN], t->real[C_MEAN], t->real[D_MEAN], t->real[SIGMA]},
                    .method = t->word[METHOD],
                    .status = t->word[STATUS]};

    if (t->w->n_betas < 2)
        return mf_draw_steps(&rows, picture);
    double *real[N_REAL];
    const char **method = get_memory("--plot", t->rows, 2 * sizeof *method);
    int status = STATUS_FAILED;
    real[0] = get_memory("--plot", t->rows, N_REAL * sizeof(double));
    if (method && real[0]) {
        for (size_t k = 1; k < N_REAL; k++)
            real[k] = real[0] + k * t->rows;
        keep_last_rows(t, &rows, real, method, method + t->rows);
        status = mf_draw_steps(&rows, picture);
    }
    free(method);
    free(real[0]);
    return status;
}

static int write_table(const table *t, const mf_job *job) {
    const int is_word[N_COLUMNS] = {[2] = 1, [5] = 1, [10] = 1};
    const mf_command *w = t->w;
    column columns[N_COLUMNS];
    file_arrays file = {.n = 0};

    for (size_t c = 0, k = 0, l = 0; c < N_COLUMNS; c++) {
        columns[c] = (column){.name = column_names[c]};
        if (is_word[c])
            columns[c].word = t->word[l++];
        else
            columns[c].real = t->real[k++];
        if (strcmp(column_names[c], "sigma") == 0)
            columns[c].units = entropy_units(w->s.unit == UNIT_BITS, (unsigned)mf_dynamics(w));
        else if (strcmp(column_names[c], "t") == 0)
            columns[c].units = time_units((unsigned)mf_dynamics(w));
    }
    const int status = t->kept ? lay_out_arrays(t, job, &file) : 0;
    if (status)
        return status;
    /* Of one method, as all files with matrices are, the rows are a product of two lists. */
    const size_t steps = w->steady ? 1 : (size_t)w->steps + 1;
    const result_axis axes[] = {{.name = "beta", .n = w->n_betas, .real = w->betas},
                                {.name = "t", .n = steps, .real = t->real[T]}};
    const result out = {.columns = columns,
                        .n_columns = N_COLUMNS,
                        .rows = t->rows,
                        .axes = axes,
                        .n_axes = t->kept ? 2 : 0,
                        .arrays = file.arrays,
                        .labels = file.labels,
                        .n_arrays = file.n,
                        .draw = draw,
                        .figure = t};
    return session_end(&t->w->s, &out);
}

/* How a steady state was found. */
static void say_how(const mf_command *w, const mf_job *job) {
    char where[48] = "";

    if (w->s.quiet || !w->steady || job->info.status != KI_CONVERGED)
        return;
    if (w->n_betas > 1)
        snprintf(where, sizeof where, ", beta = %.6g", w->view.beta);
    remark("%s%s: steady after %llu steps, residual %.2g, change %.2g", ki_method_name(job->method),
           where, (unsigned long long)job->info.steps, job->info.residual, job->info.change);
}

/* What went wrong with a method whose result is there all the same. */
static int say_end(const mf_job *job) {
    const char *name = ki_method_name(job->method);
    const ki_meanfield_info *worst = &job->worst;
    const unsigned long long steps = worst->steps;

    const unsigned long long wrong = worst->unphysical + worst->unphysical_D;

    if (worst->status == KI_UNPHYSICAL)
        return complain(STATUS_UNCONVERGED,
                        "meanfield : %s has %llu correlation%s at step %llu that no distribution "
                        "has : another --method, or a smaller --beta",
                        name, wrong, wrong == 1 ? "" : "s", steps);
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

/* The same of several temperatures: how many, and the first of them. */
static int say_ends(const mf_command *w, size_t n, size_t bad, size_t first, const mf_job *jobs) {
    char share[SHARE_SIZE];

    return complain(
        STATUS_UNCONVERGED,
        "meanfield : a status other than ok in %s, the first is %s at beta = %.6g, %s : "
        "smaller --beta, or each alone, which says more",
        print_share(share, bad, n, "run"), ki_method_name(jobs[first].method),
        w->betas[first / (n / w->n_betas)], ki_status_name(jobs[first].info.status));
}

/* Says how those ended that did not end well. Returns an exit status. */
static int say_all(const mf_command *w, size_t n, const mf_job *jobs) {
    size_t bad = 0, first = 0;
    int status = 0;

    for (size_t k = n; k-- > 0;)
        if (jobs[k].info.status != KI_CONVERGED) {
            first = k;
            bad++;
        }
    if (w->n_betas > 1)
        return bad ? say_ends(w, n, bad, first, jobs) : 0;
    for (size_t k = 0; k < n; k++) /* each has its sentence */
        if (jobs[k].info.status != KI_CONVERGED)
            status = say_end(&jobs[k]);
    return status;
}

static int run_all(mf_command *w, table *t, size_t n, mf_job *jobs) {
    const size_t n_methods = n / w->n_betas;
    int status = 0;

    for (size_t k = 0; k < n && !status; k++) {
        t->job = &jobs[k];
        t->beta = k / n_methods;
        w->view.beta = w->betas[t->beta];
        status = mf_run(w, &w->view, &jobs[k], take_row, t);
        if (!status) {
            take_info(t);
            say_how(w, &jobs[k]);
        }
        if (k + 1 < n) /* a file of one state borrows its moments from the last */
            mf_end(&jobs[k]);
    }
    return status;
}

int mf_alone(mf_command *w) {
    table t = {0};
    size_t n_methods = 0, n = 0;

    for (int method = 0; method < KI_N_METHODS; method++)
        n_methods += w->methods >> method & 1;
    mf_job *jobs = get_memory(w->s.argv[0], w->n_betas * n_methods, sizeof *jobs);
    if (!jobs)
        return STATUS_FAILED;
    for (size_t k = 0; k < w->n_betas; k++)
        for (int method = 0; method < KI_N_METHODS; method++)
            if (w->methods & 1u << method)
                jobs[n++] = (mf_job){.method = method};
    w->parts = n * (w->steady ? 1 : w->steps);
    int status = make_table(w, &t, n_methods);
    if (!status)
        status = run_all(w, &t, n, jobs);
    session_progress(&w->s, 1, 1);
    if (!status)
        status = write_table(&t, &jobs[n - 1]);
    if (!status)
        status = say_all(w, n, jobs);
    for (size_t k = 0; k < n; k++)
        mf_end(&jobs[k]);
    free_table(&t);
    free(jobs);
    return status;
}
