/* SPDX-License-Identifier: BSD-3-Clause */
/* A fit from end to end: what can be told apart, the rows over threads, the sums. */
#include "fit.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "closed.h"
#include "group.h"
#include "num/cholesky.h"
#include "raster/block.h"

#define DEPENDENT 1e-10                   /* pivot of a column that others make up */
#define GROUP_BYTES (UINT64_C(128) << 20) /* that a worker takes for rows, at most 4 of them more */

/* Everything between the moments and the result. */
typedef struct job {
    const ki_raster *raster;
    const uint64_t *use;
    size_t count;
    const ki_fit_spec *spec;
    const ki_run_options *run;
    ki_fit_moments m;
    double *gram;                    /* [n,n] */
    double *moment;                  /* [units,n]; NULL but for unknown update times */
    double *theta, *errors, *robust; /* [units,n] */
    double *log_likelihood;          /* [units] */
    double *largest;                 /* NULL, or [units] before Firth's penalty */
    int *status;                     /* [units] */
    size_t *rows;                    /* [fitted] units whose rows are fitted */
    size_t fitted;
    ki_rows_data data;
    int wants_errors, wants_robust;
    size_t most, groups; /* rows of a group, number of groups */
    char *memory;        /* of the workers */
    uint64_t each;       /* bytes of one */
} job;

const char *ki_fit_method_name(int method) {
    switch (method) {
#define METHOD_CASE(name, number, word, text)                                                      \
    case name:                                                                                     \
        return word;
        KI_FIT_METHOD_LIST(METHOD_CASE)
#undef METHOD_CASE
    default:
        return "?";
    }
}

static int is_averaged(const ki_fit_spec *spec) {
    return spec->dynamics == KI_ASYNC && !spec->updates;
}

int ki_fit_check(const ki_raster *r, const ki_fit_spec *s) {
    const int averaged = is_averaged(s);
    int error = s->dynamics ? ki_check_dynamics(s->dynamics) : 0;

    error = error ? error : ki_check_scale("ridge", s->ridge);
    error = error ? error : ki_check_scale("l1", s->l1);
    if (error)
        return error;
    if (s->method < KI_FIT_MLE || s->method > KI_FIT_MS)
        return ki_fail(KI_ERR_ARGUMENT, "method : %d is unknown : mle, nmf, tap or ms", s->method);
    if (s->firth < KI_FIRTH_AUTO || s->firth > KI_FIRTH_NONE)
        return ki_fail(KI_ERR_ARGUMENT, "firth : %d is unknown : auto, all or none", s->firth);
    if (s->method != KI_FIT_MLE && (s->ridge > 0 || s->l1 > 0 || s->firth != KI_FIRTH_AUTO))
        return ki_fail(KI_ERR_ARGUMENT, "method : %s has no penalty : mle, or ridge and l1 0",
                       ki_fit_method_name(s->method));
    if (s->firth == KI_FIRTH_ALL && (s->ridge > 0 || s->l1 > 0 || averaged))
        return ki_fail(KI_ERR_ARGUMENT,
                       "firth : it is a penalty itself, of a likelihood : without ridge and l1, "
                       "and with known update times");
    if (s->updates && s->dynamics != KI_ASYNC)
        return ki_fail(KI_ERR_ARGUMENT,
                       "updates : synchronous dynamics updates all units : dynamics async");
    if (s->updates && s->method != KI_FIT_MLE)
        return ki_fail(KI_ERR_ARGUMENT, "updates : %s does not use them : mle, or no updates",
                       ki_fit_method_name(s->method));
    if (s->updates && r && (s->updates->units != r->units || s->updates->bins != r->bins))
        return ki_fail(KI_ERR_ARGUMENT,
                       "updates : %zu units x %zu bins, the recording has %zu x %zu : the same",
                       s->updates->units, s->updates->bins, r->units, r->bins);
    if (averaged && !(s->step > 0 && !isinf(s->step)))
        return ki_fail(KI_ERR_ARGUMENT,
                       "step : %g : time from bin to bin, > 0, if update times are not known",
                       s->step);
    return 0;
}

/* Rows of a group, a function of N alone. */
static size_t rows_of_group(uint64_t units) {
    const uint64_t n = units + 1, row = 20 * n * n + 8 * (16 * n + 2 * KI_BLOCK + KI_CHUNK);
    const uint64_t fit = GROUP_BYTES / row;

    return (size_t)(fit < 4 ? 4 : fit > KI_ROWS_MOST ? KI_ROWS_MOST : fit);
}

/* Bytes of a worker. */
static uint64_t worker_bytes(size_t n, size_t most, int *overflow) {
    ki_cursor c = {0};
    ki_group g;

    ki_group_take(&c, n, most, &g);
    *overflow |= c.overflow;
    return c.used;
}

int ki_fit_memory(uint64_t units, const ki_fit_spec *spec, int threads, uint64_t *bytes) {
    const ki_fit_spec none = {0};
    int error = ki_check_spins(units), overflow = 0;

    error = error ? error : ki_check_threads(threads);
    error = error ? error : ki_check_pointer("bytes", bytes, "a place for the number");
    error = error ? error : ki_fit_check(NULL, spec ? spec : &none);
    if (error)
        return error;
    const ki_run_options run = {.threads = threads};
    const size_t most = rows_of_group(units), n = (size_t)units + 1;
    const size_t workers = (size_t)ki_parallel_workers(n, &run);
    const double shared = 8.0 * (double)n * (double)n * 7;
    const uint64_t each = worker_bytes(n, most, &overflow);
    const double all = shared + (double)workers * (double)each;
    *bytes = overflow || all > 1.8e19 ? UINT64_MAX : (uint64_t)all;
    return 0;
}

/* One allocation for all that the job keeps: measured first, then handed out. */
static void take(ki_cursor *c, job *j, size_t n) {
    const size_t units = j->raster->units;
    const int closed = j->spec->method != KI_FIT_MLE, averaged = is_averaged(j->spec);

    j->m.units = units;
    j->m.before = ki_take(c, units, sizeof(double));
    j->m.after = ki_take(c, units, sizeof(double));
    j->m.c = ki_take(c, units * units, sizeof(double));
    j->m.d = closed || averaged ? ki_take(c, units * units, sizeof(double)) : NULL;
    j->m.column = ki_take(c, n, sizeof(size_t));
    j->m.counts = ki_take(c, units, sizeof(size_t));
    j->gram = ki_take(c, n * n, sizeof(double));
    j->moment = averaged ? ki_take(c, units * n, sizeof(double)) : NULL;
    j->theta = ki_take(c, units * n, sizeof(double));
    j->errors = ki_take(c, units * n, sizeof(double));
    j->robust = ki_take(c, units * n, sizeof(double));
    j->log_likelihood = ki_take(c, units, sizeof(double));
    j->status = ki_take(c, units, sizeof(int));
    j->rows = ki_take(c, units, sizeof(size_t));
}

/* Means and numbers of the transitions of each row, if these are only updates. */
static void count_updates(job *j) {
    const ki_raster *r = j->raster;

    for (size_t i = 0; i < r->units; i++) {
        j->m.counts[i] = j->count;
        if (!j->spec->updates)
            continue;
        const uint64_t *row = ki_raster_row(r, i), *updated = ki_raster_row(j->spec->updates, i);
        size_t used = 0, up = 0;
        for (size_t w = 0; w < r->words; w++) {
            const uint64_t use = j->use[w] & ki_raster_next(updated, r->words, w);
            used += (size_t)__builtin_popcountll(use);
            up += (size_t)__builtin_popcountll(use & ki_raster_next(row, r->words, w));
        }
        j->m.counts[i] = used;
        j->m.after[i] = used ? (2 * (double)up - (double)used) / (double)used : -1;
    }
}

/* Rows that do not change are constants; the others are to be fitted. */
static void sort_rows(job *j) {
    j->fitted = 0;
    for (size_t i = 0; i < j->raster->units; i++) {
        const double m = j->m.after[i];
        const int constant = !(fabs(m) < 1);
        j->status[i] = !constant ? KI_NOT_CONVERGED : m < 0 ? KI_SILENT : KI_SATURATED;
        j->log_likelihood[i] = constant ? 0 : NAN;
        if (!constant)
            j->rows[j->fitted++] = i;
    }
}

/* sum x x^T of the columns at hand, over the transitions. */
static void fill_gram(const job *j, size_t n, double *a) {
    const double count = (double)j->count;

    for (size_t p = 0; p < n; p++)
        for (size_t q = 0; q < n; q++) {
            const size_t x = j->m.column[p], y = j->m.column[q];
            a[p * n + q] = count * (p && q   ? j->m.c[x * j->raster->units + y]
                                    : p || q ? j->m.before[p ? x : y]
                                             : 1);
        }
}

/* Columns that change, and are no combination of those before them; with a penalty the latter are
 * told apart by it. Leaves the factor of the Gram matrix (plus ridge). */
static void choose_columns(job *j) {
    const int penalty = j->spec->ridge > 0 || j->spec->l1 > 0;
    double shift = 0;

    j->m.column[0] = 0;
    j->m.n = 1;
    for (size_t i = 0; i < j->raster->units; i++) {
        if (fabs(j->m.before[i]) < 1)
            j->m.column[j->m.n++] = i;
        shift += (1 - j->m.after[i] * j->m.after[i]) / (double)j->raster->units;
    }
    /* A Gram step stands for weights of sech^2 h: the ridge is divided by their mean. */
    shift = j->spec->ridge / fmax(shift, 1e-3) + (penalty ? 1e-9 * (double)j->count : 0);
    for (;;) {
        const size_t n = j->m.n;
        fill_gram(j, n, j->gram);
        for (size_t k = 1; k < n; k++)
            j->gram[k * n + k] += shift;
        const size_t failed = ki_cholesky(n, j->gram, penalty ? 0 : DEPENDENT);
        if (!failed)
            return;
        memmove(j->m.column + failed - 1, j->m.column + failed, (n - failed) * sizeof *j->m.column);
        j->m.n--;
    }
}

/* Unknown update times: what stands for <y x> [async-data]. */
static void average_updates(job *j) {
    ki_fit_moments *m = &j->m;
    const double share = -expm1(-j->spec->step), count = (double)j->count;

    for (size_t i = 0; i < m->units; i++) {
        if (j->status[i] != KI_NOT_CONVERGED)
            continue;
        m->after[i] = m->before[i] + (m->after[i] - m->before[i]) / share;
        j->moment[i * m->n] = count * m->after[i];
        for (size_t q = 0; q < m->units; q++) {
            double *d = m->d + i * m->units + q;
            *d = m->c[i * m->units + q] + (*d - m->c[i * m->units + q]) / share;
        }
        for (size_t k = 1; k < m->n; k++)
            j->moment[i * m->n + k] = count * m->d[i * m->units + m->column[k]];
    }
}

/* With an L1 penalty errors are of the couplings that are left. */
static void mark_errors(const job *j, const ki_group *g, double *errors, double *robust) {
    const size_t n = j->m.n;

    for (size_t i = 0; i < g->rows; i++)
        for (size_t k = 0; k < n; k++) {
            const int out = j->spec->l1 > 0 && g->row[i].theta[k] == 0;
            const int infinite = g->row[i].bordered && j->spec->firth == KI_FIRTH_NONE;
            if (out || infinite || j->moment || !j->wants_errors)
                errors[i * n + k] = robust[i * n + k] = infinite ? INFINITY : NAN;
        }
}

/* Rows without a finite maximum go to Firth, or all. */
static int penalize(ki_group *g) {
    const ki_fit_spec *spec = g->spec;
    const size_t n = g->data->n;
    int any = 0;

    if (spec->firth == KI_FIRTH_NONE || spec->ridge > 0 || g->data->moment)
        return 0;
    for (size_t i = 0; i < g->rows; i++) {
        ki_fit_row *row = g->row + i;
        row->active = row->bordered || spec->firth == KI_FIRTH_ALL;
        any |= row->active;
        if (row->active && row->status != KI_CONVERGED) {
            memset(row->theta, 0, n * sizeof *row->theta);
            row->theta[0] = atanh(g->after[row->unit]);
        }
    }
    return any ? ki_group_firth(g) : 0;
}

static int fit_group(const job *j, ki_group *g, double *errors, double *robust) {
    int error = 0;

    ki_group_start(g);
    if (j->spec->l1 > 0)
        error = ki_group_lasso(g);
    else
        error = ki_group_newton(g);
    for (size_t i = 0; i < g->rows && !error && j->largest; i++)
        j->largest[g->row[i].unit] = g->row[i].bordered ? -INFINITY : g->row[i].log_likelihood;
    if (!error && j->spec->l1 == 0)
        error = penalize(g);
    for (size_t i = 0; i < g->rows && !error && j->largest; i++)
        j->largest[g->row[i].unit] = fmax(j->largest[g->row[i].unit], g->row[i].log_likelihood);
    if (!error && !j->moment && j->wants_errors)
        error = ki_group_errors(g, errors, j->wants_robust ? robust : NULL);
    if (!error)
        mark_errors(j, g, errors, robust);
    return error;
}

static int some_rows(void *ctx, ki_work *work, size_t group) {
    const job *j = ctx;
    const size_t n = j->m.n, first = group * j->most;
    const size_t count = j->fitted - first < j->most ? j->fitted - first : j->most;
    ki_cursor memory = {.base = j->memory + (uint64_t)ki_work_thread(work) * j->each};
    ki_group g;

    ki_group_take(&memory, n, j->most, &g);
    g.data = &j->data;
    g.spec = j->spec;
    g.gram = j->gram;
    g.after = j->m.after;
    g.work = work;
    g.rows = count;
    for (size_t i = 0; i < count; i++)
        g.row[i].unit = j->rows[first + i];
    /* Rows of a group lie one after another in the arrays of fitted rows; these are turned into
     * rows of units in the end. */
    int error = fit_group(j, &g, j->errors + first * n, j->robust + first * n);
    for (size_t i = 0; i < count && !error; i++) {
        memcpy(j->theta + (first + i) * n, g.row[i].theta, n * sizeof *j->theta);
        j->status[g.row[i].unit] = g.row[i].status;
        j->log_likelihood[g.row[i].unit] = g.row[i].log_likelihood;
    }
    if (!error)
        (void)ki_work_tick(work, count);
    return error;
}

/* Log-likelihoods of the rows fitted, where a fit has not made them. */
static int score_rows(void *ctx, ki_work *work, size_t group) {
    const job *j = ctx;
    const size_t n = j->m.n, first = group * j->most;
    const size_t count = j->fitted - first < j->most ? j->fitted - first : j->most;
    ki_cursor memory = {.base = j->memory + (uint64_t)ki_work_thread(work) * j->each};
    ki_group g;

    ki_group_take(&memory, n, j->most, &g);
    const ki_rows at = {&j->data, &g.space, work, count, j->rows + first, j->theta + first * n};
    const int error = ki_rows_score(&at, g.value, g.gradient, g.weight);
    for (size_t i = 0; i < count && !error; i++)
        j->log_likelihood[j->rows[first + i]] = g.value[i];
    return error;
}

static int no_memory(const job *j) {
    return ki_fail(KI_ERR_NOMEM, "fit : no memory for %zu units : fewer threads or units",
                   j->raster->units);
}

/* All rows, in groups that keep every worker busy. */
static int fit_rows(job *j, const double *want_likelihood) {
    const size_t most = rows_of_group(j->raster->units);
    ki_run_options quiet = {.threads = j->run ? j->run->threads : 0};
    int overflow = 0, error = 0;

    if (j->fitted == 0)
        return 0;
    const size_t workers = (size_t)ki_parallel_workers(j->fitted, j->run);
    j->groups = (j->fitted + most - 1) / most;
    j->groups = (j->groups + workers - 1) / workers * workers;
    j->most = (j->fitted + j->groups - 1) / j->groups;
    j->groups = (j->fitted + j->most - 1) / j->most;
    /* Directions of separation want room for three rows. */
    const size_t room = j->most < 4 ? 4 : j->most;
    j->most = room < most ? room : most;
    j->groups = (j->fitted + j->most - 1) / j->most;
    j->each = worker_bytes(j->m.n, j->most, &overflow);
    j->memory = overflow ? NULL : ki_alloc(workers, j->each);
    if (!j->memory)
        return no_memory(j);
    if (j->spec->method == KI_FIT_MLE)
        error = ki_parallel_work(j->groups, j->fitted, j->run, some_rows, j);
    if (!error && !j->moment && (j->spec->l1 > 0 || j->spec->method != KI_FIT_MLE) &&
        want_likelihood)
        error = ki_parallel_work(j->groups, j->fitted, &quiet, score_rows, j);
    ki_free(j->memory);
    return error;
}

/* Closed forms have rows of units; the rows fitted are moved to the front. */
static int close_rows(job *j) {
    const size_t n = j->m.n;
    const int error = ki_fit_closed(&j->m, j->spec->method, j->theta, j->status);

    for (size_t r = 0; r < j->fitted && !error; r++)
        memmove(j->theta + r * n, j->theta + j->rows[r] * n, n * sizeof *j->theta);
    for (size_t k = 0; k < j->fitted * n; k++)
        j->errors[k] = j->robust[k] = NAN;
    return error;
}

/* One array of parameters [fitted,n] as H [N] and J [N,N]. */
static void spread(const job *j, const double *x, double other, double *H, double *J) {
    const size_t units = j->raster->units, n = j->m.n;

    for (size_t i = 0; i < units && H; i++)
        H[i] = other;
    for (size_t k = 0; k < units * units && J; k++)
        J[k] = other;
    for (size_t r = 0; r < j->fitted; r++) {
        if (H)
            H[j->rows[r]] = x[r * n];
        for (size_t k = 1; k < n && J; k++)
            J[j->rows[r] * units + j->m.column[k]] = x[r * n + k];
    }
}

/* Constant rows: Firth's estimate without couplings. */
static void set_constants(const job *j, ki_fit_result *out) {
    for (size_t i = 0; i < j->raster->units; i++) {
        if (j->status[i] != KI_SILENT && j->status[i] != KI_SATURATED)
            continue;
        const double count = (double)j->m.counts[i], h = log(2 * count + 1) / 2;
        const double error = 1 / (sqrt(fmax(count, 1)) / cosh(h));
        out->H[i] = j->status[i] == KI_SILENT ? -h : h;
        if (out->H_err)
            out->H_err[i] = error;
        if (out->H_robust)
            out->H_robust[i] = error;
    }
}

static void finish(const job *j, ki_fit_result *out) {
    const size_t n = j->m.n, units = j->raster->units;
    double penalty = 0;

    spread(j, j->theta, 0, out->H, out->J);
    spread(j, j->errors, NAN, out->H_err, out->J_err);
    spread(j, j->robust, NAN, out->H_robust, out->J_robust);
    set_constants(j, out);
    out->transitions = j->count;
    out->parameters = 0;
    out->total = 0;
    for (size_t r = 0; r < j->fitted; r++) {
        const size_t before = out->parameters;
        for (size_t k = 0; k < n; k++)
            out->parameters += k == 0 || j->spec->l1 == 0 || j->theta[r * n + k] != 0;
        penalty += (double)(out->parameters - before) * log((double)j->m.counts[j->rows[r]]);
    }
    for (size_t i = 0; i < units; i++) {
        out->total += j->log_likelihood[i];
        if (out->log_likelihood)
            out->log_likelihood[i] = j->log_likelihood[i];
        if (out->status)
            out->status[i] = j->status[i];
        if (out->column)
            out->column[i] = 0;
    }
    for (size_t k = 1; k < n && out->column; k++)
        out->column[j->m.column[k]] = 1;
    out->aic = 2 * (double)out->parameters - 2 * out->total;
    out->bic = penalty - 2 * out->total;
}

static int fit_all(job *j, ki_fit_result *out) {
    const ki_run_options quiet = {.threads = j->run ? j->run->threads : 0};
    j->wants_robust = out->H_robust || out->J_robust;
    j->wants_errors = j->wants_robust || out->H_err || out->J_err;
    int error = ki_raster_moments_on(j->raster, j->use, j->count, &quiet, j->m.before, j->m.after,
                                     j->m.c, j->m.d);

    if (error)
        return error;
    count_updates(j);
    sort_rows(j);
    choose_columns(j);
    if (j->moment)
        average_updates(j);
    j->data = (ki_rows_data){j->raster, j->spec->updates, j->use,    j->count,
                             j->m.n,    j->m.column,      j->moment, 0};
    if (j->spec->method != KI_FIT_MLE)
        error = close_rows(j);
    error = error ? error : fit_rows(j, out->log_likelihood);
    if (!error)
        finish(j, out);
    return error;
}

int ki_fit_on(const ki_raster *raster, const uint64_t *use, size_t count, const ki_fit_spec *spec,
              const ki_run_options *run, ki_fit_result *out, double *largest) {
    job j = {
        .raster = raster, .use = use, .count = count, .spec = spec, .run = run, .largest = largest};
    ki_cursor c = {0};

    take(&c, &j, raster->units + 1);
    c.base = c.overflow ? NULL : ki_alloc(c.used, 1);
    if (!c.base)
        return no_memory(&j);
    char *const base = c.base;
    c.used = 0;
    take(&c, &j, raster->units + 1);
    const int error = fit_all(&j, out);
    ki_free(base);
    return error;
}

int ki_fit(const ki_raster *raster, const ki_fit_spec *spec, const ki_run_options *run,
           ki_fit_result *out) {
    const ki_fit_spec none = {0};
    int error = ki_check_pointer("raster", raster, "a recording");

    error = error ? error : ki_check_pointer("out", out, "a place for the result");
    error = error ? error : ki_check_pointer("H", out->H, "room for the fields");
    error = error ? error : ki_check_pointer("J", out->J, "room for the couplings");
    error = error ? error : ki_check_threads(run ? run->threads : 0);
    spec = spec ? spec : &none;
    error = error ? error : ki_fit_check(raster, spec);
    if (error)
        return error;
    if (raster->transitions == 0)
        return ki_fail(KI_ERR_ARGUMENT, "raster : no trial has two bins : at least one transition");
    return ki_fit_on(raster, raster->leads, raster->transitions, spec, run, out, NULL);
}
