/* SPDX-License-Identifier: BSD-3-Clause */
/* The ensemble of a recording's network [evidence]: sweeps over sites in turn with the best prior. */
#include <math.h>

#include <kinising/model.h>

#include "base/check.h"
#include "base/error.h"
#include "evidence.h"
#include "prior.h"

#define GOAL 1e-6   /* gain of log-evidence by the prior after the last sweep */
#define STILL 3e-2  /* change of a parameter in the last sweep, in standard deviations */
#define LARGEST 1e2 /* b of a recording of units that change */
#define MOST_BINS (UINT64_C(1) << 40)
enum { MOST_SWEEPS = 40, MOST_UNITS = 1 << 20 };

/* Whether a unit has both states before transitions, and after them. */
static int changes(const ki_raster *r, size_t i) {
    const uint64_t *bits = ki_raster_row(r, i);
    uint64_t seen[4] = {0};

    for (size_t w = 0; w < r->words; w++) {
        const uint64_t use = r->leads[w], next = ki_raster_next(bits, r->words, w);
        seen[0] |= bits[w] & use;
        seen[1] |= ~bits[w] & use;
        seen[2] |= next & use;
        seen[3] |= ~next & use;
    }
    return seen[0] && seen[1] && seen[2] && seen[3];
}

static void list_units(ki_evidence_data *d) {
    for (size_t i = 0; i < d->raster->units; i++)
        if (changes(d->raster, i))
            d->unit[d->units++] = i;
}

/* Whether all numbers are what a recording can say. */
static int is_sound(const ki_evidence_data *d) {
    const ki_kinds *p = &d->prior;
    int sound = sqrt((double)d->units * p->variance[KI_KIND_COUPLING]) < LARGEST;

    for (int kind = 0; kind < KI_VARIANCES; kind++)
        sound &= isfinite(p->variance[kind]);
    for (size_t k = 0; k < ki_means(d); k++)
        sound &= isfinite(p->mean[k]);
    return sound;
}

/* Sweeps in turn with the best prior, until neither changes. */
static int climb(ki_evidence_state *s, const ki_run_options *run) {
    ki_evidence_data *d = &s->data;
    int error = ki_evidence_maximize(d, run);

    s->status = KI_NOT_CONVERGED;
    while (!error && s->sweeps < MOST_SWEEPS && s->status == KI_NOT_CONVERGED) {
        double largest = 0;
        error = ki_evidence_sweep(d, run);
        error = error ? error : ki_evidence_maximize(d, run);
        s->sweeps++;
        for (size_t i = 0; i < d->units; i++)
            largest = fmax(largest, d->change[i]);
        if (largest < STILL && d->gain < GOAL && is_sound(d))
            s->status = KI_CONVERGED;
    }
    return error;
}

/* Means or standard deviations of the kept units to their places, NaN elsewhere. */
static void spread_out(const ki_evidence_data *d, const double *x, double *H, double *J) {
    const size_t all = d->raster->units;

    for (size_t i = 0; i < all && H; i++)
        H[i] = NAN;
    for (size_t i = 0; i < all * all && J; i++)
        J[i] = NAN;
    for (size_t i = 0; i < d->units; i++) {
        if (H)
            H[d->unit[i]] = x[i * d->n];
        for (size_t k = 0; k < d->units && J; k++)
            J[d->unit[i] * all + d->unit[k]] = x[i * d->n + 1 + k];
    }
}

int ki_evidence_report(const ki_evidence_state *state, const ki_run_options *run, ki_prior *out,
                       const ki_posterior *network) {
    const ki_evidence_data *d = &state->data;
    const size_t count = d->units * d->n;
    const double N = (double)d->units, *m = d->prior.mean, *v = d->prior.variance;
    double value, *mean = ki_alloc(2 * count, sizeof *mean);
    int error = mean ? 0
                     : ki_fail(KI_ERR_NOMEM, "diagnose : %zu numbers find no memory : fewer units",
                               2 * count);

    error = error ? error : ki_evidence_value(d, &d->prior, run, &value, mean, mean + count);
    if (!error) {
        *out = (ki_prior){.mu = N * m[KI_KIND_COUPLING],
                          .b = sqrt(N * v[KI_KIND_COUPLING]),
                          .field = m[KI_KIND_FIELD],
                          .field_sd = sqrt(v[KI_KIND_FIELD]),
                          .self = m[KI_KIND_SELF],
                          .self_sd = sqrt(v[KI_KIND_SELF]),
                          .units = d->units,
                          .sweeps = state->sweeps,
                          .status = state->status};
        for (size_t k = count; k < 2 * count; k++)
            mean[k] = sqrt(mean[k]);
        if (network) {
            spread_out(d, mean, network->H, network->J);
            spread_out(d, mean + count, network->H_sd, network->J_sd);
        }
    }
    ki_free(mean);
    return error;
}

static int check_cosines(int cosines, const ki_run_options *run) {
    const int error = ki_check_threads(run ? run->threads : 0);

    return error || (cosines >= 0 && cosines <= KI_MOST_COSINES)
               ? error
               : ki_fail(KI_ERR_ARGUMENT, "cosines : %d : 0..%d", cosines, KI_MOST_COSINES);
}

static int check(const ki_raster *raster, int cosines, const ki_run_options *run) {
    int error = ki_check_pointer("raster", raster, "a recording");

    error = error ? error : check_cosines(cosines, run);
    if (!error && raster->transitions == 0)
        error =
            ki_fail(KI_ERR_ARGUMENT, "raster : no trial has two bins : at least one transition");
    return error;
}

static int no_memory(uint64_t bytes) {
    return ki_fail(KI_ERR_NOMEM, "diagnose : %llu bytes are not to be had : fewer units or bins",
                   (unsigned long long)bytes);
}

/* Which units take part. */
static int make_lists(ki_evidence_state *s) {
    ki_evidence_data *d = &s->data;

    s->lists = d->unit = ki_alloc(d->raster->units, sizeof *d->unit);
    if (!s->lists)
        return no_memory(d->raster->units * sizeof *d->unit);
    list_units(d);
    return d->units < 2
               ? ki_fail(KI_ERR_ARGUMENT,
                         "raster : %zu of %zu units change : at least two units that change",
                         d->units, d->raster->units)
               : 0;
}

static void take(ki_cursor *memory, ki_evidence_data *d, const ki_evidence_data *from) {
    if (from)
        ki_evidence_take_more(memory, from, d);
    else
        ki_evidence_take(memory, d);
}

static int make_arrays(ki_evidence_state *s, const ki_evidence_data *from) {
    ki_cursor memory = {0};

    take(&memory, &s->data, from);
    s->arrays = memory.overflow ? NULL : ki_alloc(1, memory.used);
    if (!s->arrays)
        return no_memory(memory.used);
    memory = (ki_cursor){.base = s->arrays};
    take(&memory, &s->data, from);
    if (from)
        ki_evidence_fill_more(from, &s->data);
    else
        ki_evidence_fill(&s->data);
    return 0;
}

static ki_evidence_state *make_state(const ki_raster *raster, int cosines) {
    ki_evidence_state *s = ki_alloc(1, sizeof *s);

    if (s)
        *s = (ki_evidence_state){.data = {.raster = raster, .cosines = (size_t)cosines}};
    else
        (void)no_memory(sizeof *s);
    return s;
}

int ki_evidence_memory(uint64_t units, uint64_t bins, int cosines, int threads, uint64_t *bytes) {
    const ki_run_options run = {.threads = threads};
    int error = ki_check_pointer("bytes", bytes, "a place for the number"), overflow = 0;

    error = error ? error : ki_check_spins(units);
    error = error ? error : check_cosines(cosines, &run);
    if (error)
        return error;
    const ki_raster shape = {
        .units = (size_t)units, .bins = (size_t)bins, .transitions = (size_t)bins};
    ki_evidence_data d = {.raster = &shape, .units = (size_t)units, .cosines = (size_t)cosines};
    ki_cursor arrays = {0};
    if (units > MOST_UNITS || bins > MOST_BINS) {
        *bytes = UINT64_MAX;
        return 0;
    }
    ki_evidence_take(&arrays, &d);
    const double sweep = (double)ki_evidence_sweep_bytes(&d, threads, &overflow);
    const double network = 16.0 * (double)d.units * (double)d.n;
    const double rows = (double)ki_evidence_rows_bytes(&d, threads, &overflow) + network;
    const double lists = (double)sizeof(ki_evidence_state) + (double)units * sizeof *d.unit;
    const double all = (double)arrays.used + lists + (sweep > rows ? sweep : rows);
    *bytes = arrays.overflow || overflow || all > 1.8e19 ? UINT64_MAX : (uint64_t)all;
    return 0;
}

/* The state to its place, or away. */
static int hand_over(ki_evidence_state *s, int error, ki_evidence_state **out) {
    if (error)
        ki_evidence_close(s);
    else
        *out = s;
    return error;
}

int ki_evidence_open(const ki_raster *raster, int cosines, const ki_run_options *run,
                     ki_evidence_state **state) {
    int error = check(raster, cosines, run);

    *state = NULL;
    if (error)
        return error;
    ki_evidence_state *s = make_state(raster, cosines);
    if (!s)
        return KI_ERR_NOMEM;
    error = make_lists(s);
    error = error ? error : make_arrays(s, NULL);
    if (!error) {
        /* Laplace's method first: sites of zero would let the first sweep go astray in the cold. */
        const double N = (double)s->data.units;
        s->data.prior = (ki_kinds){{1 / N}, {1 / N, 1, 1, 1, 1}};
        error = ki_evidence_laplace(&s->data, run);
    }
    error = error ? error : climb(s, run);
    return hand_over(s, error, state);
}

int ki_evidence_more(const ki_evidence_state *state, int cosines, const ki_run_options *run,
                     ki_evidence_state **more) {
    int error = check_cosines(cosines, run);

    *more = NULL;
    if (error)
        return error;
    ki_evidence_state *s = make_state(state->data.raster, cosines);
    if (!s)
        return KI_ERR_NOMEM;
    error = make_arrays(s, &state->data);
    error = error ? error : ki_evidence_collect(&s->data, run);
    error = error ? error : climb(s, run);
    return hand_over(s, error, more);
}

void ki_evidence_close(ki_evidence_state *s) {
    if (s) {
        ki_free(s->arrays);
        ki_free(s->lists);
    }
    ki_free(s);
}

int ki_evidence(const ki_raster *raster, int cosines, const ki_run_options *run, ki_prior *out,
                const ki_posterior *network) {
    ki_evidence_state *state = NULL;
    int error = ki_check_pointer("out", out, "a place for the result");

    error = error ? error : ki_evidence_open(raster, cosines, run, &state);
    error = error ? error : ki_evidence_report(state, run, out, network);
    ki_evidence_close(state);
    return error;
}
