/* SPDX-License-Identifier: BSD-3-Clause */
/* Synchronous dynamics without a coupling matrix [matrix-free], see past_span.h: a step costs one
 * product of the row of L with the normals so far, and N normals. */
#include <math.h>
#include <string.h>

#include "num/draw.h"
#include "num/simd.h"
#include "simulate/engines/engine.h"
#include "simulate/engines/estimators.h"
#include "simulate/engines/past_span.h"
#include "simulate/engines/packed_normals.h"

typedef struct workspace {
    ki_span span;
    ki_vectors z;
    size_t blocks;
    float *local;           /* [64 blocks] beta H */
    float *field, *noise;   /* [64 blocks] beta h, and the part of it from the noise */
    float *field_before;    /* [64 blocks] field of the step before */
    float *delta, *along;   /* [64 blocks] and the fields that it makes, without beta J0 */
    uint64_t *state, *next; /* [blocks] */
} workspace;

/* Vectors of normals: the span cannot have more than N dimensions, nor more than one a step (one
 * step more for the field after the last). */
static size_t capacity_of(const ki_ensemble_spec *spec) {
    return (size_t)(spec->steps < spec->n ? spec->steps + 1 : spec->n);
}

static void *lay_out(const ki_ensemble_spec *spec, ki_cursor *c) {
    const size_t blocks = ki_words(spec->n), lanes = blocks * 64;
    workspace *w = ki_take(c, 1, sizeof *w), all = {.blocks = blocks};

    ki_span_take(&all.span, spec->n, capacity_of(spec), c);
    ki_vectors_take(&all.z, spec->n, capacity_of(spec), c);
    all.local = ki_take(c, lanes, sizeof *all.local);
    all.field = ki_take(c, lanes, sizeof *all.field);
    all.noise = ki_take(c, lanes, sizeof *all.noise);
    all.field_before = ki_take(c, lanes, sizeof *all.field_before);
    all.delta = ki_take(c, lanes, sizeof *all.delta);
    all.along = ki_take(c, lanes, sizeof *all.along);
    all.state = ki_take(c, blocks, sizeof *all.state);
    all.next = ki_take(c, blocks, sizeof *all.next);
    if (w) {
        *w = all;
        memset(w->local, 0, lanes * sizeof *w->local);
        memset(w->field, 0, lanes * sizeof *w->field);
        memset(w->field_before, 0, lanes * sizeof *w->field_before);
    }
    return w;
}

KI_CLONES static void add_mean(size_t width, const float *noise, const float *local, float mean,
                               float *field) {
#pragma omp simd
    for (size_t i = 0; i < width; i++)
        field[i] = noise[i] + (local[i] + mean);
}

typedef struct run {
    const ki_plan *plan;
    workspace *w;
    ki_sequence normals, tail, update, rare;
} run;

/* The fields that w->state makes; draws the normals that it adds. */
static void make_fields(const run *r, uint64_t t) {
    workspace *w = r->w;
    const ki_theory_params *p = &r->plan->spec.p;
    const double n = (double)r->plan->spec.n;
    const float mean =
        (float)(p->beta * p->J0 * (double)ki_total_spin(r->plan->spec.n, w->state) / n);

    if (ki_span_add(&w->span, w->state))
        ki_vectors_draw(&w->z, &r->normals, &r->tail, w->span.rank - 1, t - 1);
    for (size_t b = 0; b < w->blocks; b++) {
        float *noise = w->noise + 64 * b;
        ki_vectors_sum(&w->z, b, w->span.rank, &w->span.split, p->beta * p->dJ, noise);
        add_mean(w->z.width, noise, w->local + 64 * b, mean, w->field + 64 * b);
    }
}

static void draw_state(const run *r, uint64_t t) {
    workspace *w = r->w;
    const uint64_t n = r->plan->spec.n;

    ki_draw_spins(&r->update, &r->rare, (t - 1) * w->blocks, w->blocks, w->field, w->next);
    ki_clear_beyond(n, w->next);
    uint64_t *old = w->state;
    w->state = w->next;
    w->next = old;
}

/* Sums over measured steps t. `heat` is sum tanh_i(t) noise_i(t) - s_i(t-1) noise_i(t+1), without
 * beta J0 and beta H, which drop out of it; the last step has the mean of noise(t+1) given all
 * fields before [sigma-net-sync]. `first` and `ends` are the rest of [sigma-t]. */
typedef struct window {
    ki_spin_sums sums;
    ki_flow_ends ends;
    double spin, heat, first, seen;
    uint64_t count;
} window;

static void measure(const run *r, window *sum, int last) {
    workspace *w = r->w;
    const size_t n = (size_t)r->plan->spec.n;

    if (sum->count == 0) {
        sum->ends.local[0] = ki_signed_sum(n, w->local, w->state);
        sum->ends.potential[0] = ki_sum_log_2cosh(n, w->field);
    }
    ki_add_spins(n, w->field, w->state, w->noise, &sum->sums, last ? w->delta : NULL);
    if (!last) /* else noise(t+1) is taken along delta, not along t */
        sum->heat += ki_signed_sum(n, w->noise, w->state);
    sum->spin += (double)ki_total_spin(n, w->state);
    sum->count++;
}

/* Along the mean of the state that is drawn next, before it is. */
static void measure_mean(const run *r, window *sum) {
    workspace *w = r->w;
    const size_t n = (size_t)r->plan->spec.n;
    const double spread = r->plan->spec.p.beta * r->plan->spec.p.dJ;

    ki_span_project(&w->span, w->delta);
    for (size_t b = 0; b < w->blocks; b++)
        ki_vectors_sum(&w->z, b, w->span.rank, &w->span.split, spread, w->along + 64 * b);
    sum->heat -= ki_signed_sum(n, w->along, w->state);
    sum->ends.local[1] = ki_signed_sum(n, w->local, w->state);
    sum->first = ki_float_dot(n, w->local, w->delta);
}

/* The fields that the last state makes; w->next is the one before it. */
static void measure_end(const run *r, window *sum) {
    workspace *w = r->w;
    const ki_theory_params *p = &r->plan->spec.p;
    const size_t n = (size_t)r->plan->spec.n;
    double change = 0;

    for (size_t i = 0; i < n; i++)
        change += (double)w->delta[i];
    float *before = w->field;
    if (ki_spins_changed(n, w->state, w->next) > 0) {
        w->field = w->field_before;
        w->field_before = before;
        make_fields(r, r->plan->spec.steps + 1);
    } /* else they are the same, and without rounding */
    sum->ends.potential[1] = ki_sum_log_2cosh(n, w->field);
    sum->first -= ki_first_order(n, before, w->along, (float)(p->beta * p->J0 * change / (double)n),
                                 w->field);
}

static int realize(const ki_plan *plan, void *workspace_, uint64_t r, ki_work *work,
                   double out[KI_N_ESTIMATES]) {
    workspace *w = workspace_;
    const uint64_t n = plan->spec.n, steps = plan->spec.steps;
    const uint64_t first = plan->spec.average ? plan->spec.burn_in + 1 : steps;
    const run now = {plan,
                     w,
                     ki_sequence_of(plan->key, r, KI_STREAM_COUPLING),
                     ki_sequence_of(plan->key, r, KI_STREAM_TAIL),
                     ki_sequence_of(plan->key, r, KI_STREAM_UPDATE),
                     ki_sequence_of(plan->key, r, KI_STREAM_RARE)};
    window sum = {.count = 0};

    w->span.rank = 0;
    ki_local_fields(plan, r, w->local);
    ki_start_state(plan, r, w->state);
    for (uint64_t t = 1; t <= steps; t++) {
        make_fields(&now, t);
        if (sum.count) /* w->next still holds the state before w->state */
            sum.heat -= ki_signed_sum((size_t)n, w->noise, w->next);
        if (t >= first)
            measure(&now, &sum, t == steps);
        if (ki_work_spend(work, n * (20 + w->span.rank / 8)) || ki_work_tick(work, n))
            return KI_ERR_CANCELLED;
        if (t == steps)
            measure_mean(&now, &sum);
        draw_state(&now, t);
        if (t >= first)
            sum.seen += (double)ki_spins_changed(n, w->state, w->next);
    }
    measure_end(&now, &sum);
    ki_estimates((double)n * (double)sum.count, sum.spin + sum.sums.change,
                 (double)n * (double)sum.count - 2 * sum.sums.flips, sum.sums.entropy,
                 (n > 1 ? sum.sums.heat + sum.heat : 0) + sum.first + ki_flow_between(&sum.ends),
                 sum.sums.flips, sum.seen, out);
    return 0;
}

/* Fitted by bench/cost_model.py. */
static double seconds(const ki_ensemble_spec *spec) {
    const double n = (double)spec->n, t = (double)spec->steps, rank = t < n ? t : n;
    return 5e-7 + t * (1.7e-7 + n * (3.6e-9 + 8.1e-12 * rank) + 5.9e-11 * rank * rank);
}

const ki_engine ki_engine_sync_matrix_free = {.dynamics = KI_SYNC,
                                              .algorithm = KI_ALGORITHM_MATRIX_FREE,
                                              .seconds = seconds,
                                              .lay_out = lay_out,
                                              .realize = realize};
