/* SPDX-License-Identifier: BSD-3-Clause */
/* Likelihood of transitions that a fit has not seen. */
#include "fit.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "rows.h"

enum { GROUP = 32 };

/* Everything for one part held out. */
typedef struct job {
    const ki_raster *raster;
    const ki_fit_spec *spec;
    const ki_run_options *run;
    uint64_t *train, *test; /* [words] */
    size_t trained, tested;
    ki_fit_result fit;
    double *theta;  /* [N,N+1] the network as rows */
    size_t *column; /* [N+1] */
    size_t *unit;   /* [N] */
    char *memory;   /* of workers */
    uint64_t each;
    double *gain;   /* [N] nats over independent units, summed over the parts */
    double *value;  /* [N] nats */
    double *spikes; /* [N] active states y among those held out */
} job;

static void take(ki_cursor *c, job *j) {
    const size_t n = j->raster->units, words = j->raster->words;

    j->train = ki_take(c, words, sizeof *j->train);
    j->test = ki_take(c, words, sizeof *j->test);
    j->fit.H = ki_take(c, n, sizeof(double));
    j->fit.J = ki_take(c, n * n, sizeof(double));
    j->theta = ki_take(c, n * (n + 1), sizeof(double));
    j->column = ki_take(c, n + 1, sizeof(size_t));
    j->unit = ki_take(c, n, sizeof(size_t));
    j->gain = ki_take(c, n, sizeof(double));
    j->value = ki_take(c, n, sizeof(double));
    j->spikes = ki_take(c, n, sizeof(double));
}

static uint64_t group_bytes(size_t n, int *overflow) {
    ki_cursor c = {0};
    ki_rows_space space;

    ki_rows_take(&c, n, GROUP, &space);
    (void)ki_take(&c, GROUP * n, sizeof(double));
    *overflow |= c.overflow;
    return c.used;
}

static void set(uint64_t *mask, size_t bin) {
    mask[bin / 64] |= UINT64_C(1) << bin % 64;
}

/* The last `fraction` of the transitions of each trial, or the transitions from `first` to `end`
 * (counted through all trials) are held out. */
static void divide(job *j, double fraction, size_t first, size_t end) {
    const ki_raster *r = j->raster;
    size_t number = 0;

    memset(j->train, 0, r->words * sizeof *j->train);
    memset(j->test, 0, r->words * sizeof *j->test);
    j->trained = j->tested = 0;
    for (size_t k = 0; k < r->trials; k++) {
        const size_t count = r->starts[k + 1] - r->starts[k] - 1;
        const size_t kept = count - (size_t)(fraction * (double)count);
        for (size_t t = 0; t < count; t++, number++) {
            const int held = fraction > 0 ? t >= kept : number >= first && number < end;
            set(held ? j->test : j->train, r->starts[k] + t);
            j->tested += (size_t)held;
            j->trained += (size_t)!held;
        }
    }
}

/* Numbers of transitions of a row in a part, and of those that end active. */
static void count(const job *j, const uint64_t *use, size_t i, double *all, double *active) {
    const ki_raster *r = j->raster;
    const uint64_t *row = ki_raster_row(r, i);
    const uint64_t *updated = j->spec->updates ? ki_raster_row(j->spec->updates, i) : NULL;
    size_t total = 0, up = 0;

    for (size_t w = 0; w < r->words; w++) {
        const uint64_t x = use[w] & (updated ? ki_raster_next(updated, r->words, w) : ~UINT64_C(0));
        total += (size_t)__builtin_popcountll(x);
        up += (size_t)__builtin_popcountll(x & ki_raster_next(row, r->words, w));
    }
    *all = (double)total;
    *active = (double)up;
}

/* Log-likelihood of what was held out if the unit had nothing but its rate in the rest (with half
 * an observation of either state more). */
static double independent(const job *j, size_t i, double *spikes) {
    double all, active, held, held_active;

    count(j, j->train, i, &all, &active);
    count(j, j->test, i, &held, &held_active);
    *spikes = held_active;
    const double p = (active + 0.5) / (all + 1);
    return held_active * log(p) + (held - held_active) * log1p(-p);
}

static int score_group(void *ctx, ki_work *work, size_t group) {
    const job *j = ctx;
    const size_t units = j->raster->units, n = units + 1, first = group * GROUP;
    const size_t rows = units - first < GROUP ? units - first : GROUP;
    const ki_rows_data data = {j->raster, j->spec->updates, j->test, j->tested,
                               n,         j->column,        NULL,    0};
    ki_cursor c = {.base = j->memory + (uint64_t)ki_work_thread(work) * j->each};
    ki_rows_space space;
    double value[GROUP], weight[GROUP];

    ki_rows_take(&c, n, GROUP, &space);
    double *gradient = ki_take(&c, GROUP * n, sizeof *gradient);
    const ki_rows at = {&data, &space, work, rows, j->unit + first, j->theta + first * n};
    const int error = ki_rows_score(&at, value, gradient, weight);
    for (size_t i = 0; i < rows && !error; i++) {
        double spikes;
        j->value[first + i] += value[i];
        j->gain[first + i] += value[i] - independent(j, first + i, &spikes);
        j->spikes[first + i] += spikes;
    }
    return error;
}

/* Fits one part and scores the other. */
static int hold_out(job *j) {
    const ki_run_options quiet = {.threads = j->run ? j->run->threads : 0};
    const size_t n = j->raster->units;
    int error = j->trained && j->tested
                    ? 0
                    : ki_fail(KI_ERR_ARGUMENT,
                              "holdout : %zu transitions to fit and %zu to hold out : at least one "
                              "of each",
                              j->trained, j->tested);

    error =
        error ? error : ki_fit_on(j->raster, j->train, j->trained, j->spec, j->run, &j->fit, NULL);
    if (error)
        return error;
    for (size_t i = 0; i < n; i++) {
        j->theta[i * (n + 1)] = j->fit.H[i];
        memcpy(j->theta + i * (n + 1) + 1, j->fit.J + i * n, n * sizeof *j->theta);
    }
    return ki_parallel_work((n + GROUP - 1) / GROUP, n, &quiet, score_group, j);
}

static int check(const ki_raster *raster, const ki_fit_spec *spec, double fraction, uint64_t folds,
                 const ki_held_out *out) {
    int error = ki_check_pointer("raster", raster, "a recording");

    error = error ? error : ki_check_pointer("out", out, "a place for the result");
    error = error ? error : ki_fit_check(raster, spec);
    if (error)
        return error;
    if (folds == 0 && !(fraction > 0 && fraction < 1))
        return ki_fail(KI_ERR_ARGUMENT, "holdout : %g : a share > 0 and < 1, or folds", fraction);
    if (folds > 0 && (fraction != 0 || folds < 2 || folds > raster->transitions))
        return ki_fail(KI_ERR_ARGUMENT,
                       "folds : %" PRIu64 " of %zu transitions : at least 2, at most one for each "
                       "transition, and no fraction",
                       folds, raster->transitions);
    if (spec->dynamics == KI_ASYNC && !spec->updates)
        return ki_fail(KI_ERR_ARGUMENT, "holdout : there is no likelihood without update times : "
                                        "give the updates");
    return 0;
}

static void finish(const job *j, ki_held_out *out) {
    double gain = 0, value = 0, spikes = 0;

    for (size_t i = 0; i < j->raster->units; i++) {
        gain += j->gain[i];
        value += j->value[i];
        spikes += j->spikes[i];
        if (out->bits_per_spike)
            out->bits_per_spike[i] = j->spikes[i] > 0 ? j->gain[i] / (M_LN2 * j->spikes[i]) : NAN;
    }
    out->log_likelihood = value;
    out->gain = gain;
    out->spikes = (uint64_t)spikes;
    out->bits = spikes > 0 ? gain / (M_LN2 * spikes) : NAN;
}

static int run_parts(job *j, double fraction, uint64_t folds, ki_held_out *out) {
    const size_t n = j->raster->units, all = j->raster->transitions;
    const size_t parts = folds ? (size_t)folds : 1;
    size_t held = 0;
    int error = 0;

    for (size_t i = 0; i < n; i++) {
        j->unit[i] = i;
        j->column[i + 1] = i;
        j->gain[i] = j->value[i] = j->spikes[i] = 0;
    }
    j->column[0] = 0;
    for (size_t k = 0; k < parts && !error; k++) {
        divide(j, fraction, (size_t)((double)all * (double)k / (double)parts),
               (size_t)((double)all * (double)(k + 1) / (double)parts));
        held += j->tested;
        error = hold_out(j);
    }
    if (error)
        return error;
    finish(j, out);
    out->transitions = held;
    return 0;
}

int ki_fit_holdout(const ki_raster *raster, const ki_fit_spec *spec, double fraction,
                   uint64_t folds, const ki_run_options *run, ki_held_out *out) {
    const ki_fit_spec none = {0};
    job j = {.raster = raster, .spec = spec ? spec : &none, .run = run};
    ki_cursor c = {0};
    int error = check(raster, j.spec, fraction, folds, out), overflow = 0;

    error = error ? error : ki_check_threads(run ? run->threads : 0);
    if (error)
        return error;
    take(&c, &j);
    j.each = group_bytes(raster->units + 1, &overflow);
    const size_t workers = (size_t)ki_parallel_workers((raster->units + GROUP - 1) / GROUP, run);
    char *const base = c.overflow || overflow ? NULL : ki_alloc(c.used, 1);
    j.memory = base ? ki_alloc(workers, j.each) : NULL;
    if (!base || !j.memory) {
        error = ki_fail(KI_ERR_NOMEM, "fit : no memory for %zu units : fewer threads or units",
                        raster->units);
    } else {
        c = (ki_cursor){.base = base};
        take(&c, &j);
        error = run_parts(&j, fraction, folds, out);
    }
    ki_free(j.memory);
    ki_free(base);
    return error;
}
