/* SPDX-License-Identifier: BSD-3-Clause */
/* Asynchronous dynamics with the coupling matrix in memory, column by column: an update compares
 * the field of its spin with a threshold, a flip changes the fields of all others by a column.
 * Fields are sums of 16-bit normals in 32-bit integers and do not drift. */
#include <math.h>
#include <string.h>

#include "num/dot16.h"
#include "num/draw.h"
#include "num/simd.h"
#include "simulate/engines/spin_choice.h"
#include "simulate/engines/engine.h"
#include "simulate/engines/estimators.h"

enum {
    BATCH = 1024, /* updates whose random numbers are made together */
    RECENT = 6    /* units of time whose updates are known in order at the end */
};

typedef struct workspace {
    size_t words, stride;         /* stride: N rounded up to lanes */
    uint64_t slots;               /* for states */
    int16_t *column;              /* [N][stride] normals of J_ij, for all i, column j */
    int32_t *sum;                 /* [stride] sum over the spins j that are up of normal_ij */
    float *local;                 /* [stride] beta H_i, and the noise field of all spins down */
    float *H;                     /* [stride] beta H_i alone */
    int8_t *spin;                 /* [stride] +-1 */
    float *field, *noise, *delta; /* [64 words] for measurements */
    float *rest, *later;          /* [64 words] and [stride], see add_pairs() */
    ki_last_update *last;         /* [64 words] */
    uint32_t *choice;             /* [RECENT][N] spins in the order they were updated in */
    uint32_t *order;              /* [N] */
    float *self;                  /* [stride] beta J_ii */
    uint64_t *past;               /* [slots][words] states of the last units of time */
} workspace;

static uint64_t stride_of(uint64_t n) {
    return (n + 31) / 32 * 32;
}

static uint64_t first_measured(const ki_ensemble_spec *spec) {
    return spec->average ? spec->burn_in + 1 : spec->steps;
}

/* Kept states: without a window the present one and one earlier. */
static uint64_t slots_of(const ki_ensemble_spec *spec) {
    return spec->average ? ki_lag(spec->steps) + 1 : 2;
}

static void *lay_out(const ki_ensemble_spec *spec, ki_cursor *c) {
    const size_t n = (size_t)spec->n, words = ki_words(n), lanes = words * 64;
    const size_t stride = (size_t)stride_of(n);
    workspace *w = ki_take(c, 1, sizeof *w);
    workspace all = {.words = words, .stride = stride, .slots = slots_of(spec)};

    all.column = ki_take(c, n, stride * sizeof *all.column);
    all.sum = ki_take(c, stride, sizeof *all.sum);
    all.local = ki_take(c, lanes, sizeof *all.local);
    all.H = ki_take(c, lanes, sizeof *all.H);
    all.spin = ki_take(c, lanes, sizeof *all.spin);
    all.field = ki_take(c, lanes, sizeof *all.field);
    all.noise = ki_take(c, lanes, sizeof *all.noise);
    all.delta = ki_take(c, lanes, sizeof *all.delta);
    all.rest = ki_take(c, lanes, sizeof *all.rest);
    all.later = ki_take(c, stride, sizeof *all.later);
    all.last = ki_take(c, lanes, sizeof *all.last);
    all.choice = ki_take(c, n, RECENT * sizeof *all.choice);
    all.order = ki_take(c, n, sizeof *all.order);
    all.self = ki_take(c, stride, sizeof *all.self);
    all.past = ki_take(c, all.slots, words * sizeof *all.past);
    if (w)
        *w = all;
    return w;
}

typedef struct run {
    const ki_plan *plan;
    workspace *w;
    size_t n;
    float per_unit;  /* beta dJ / sqrt(N) a unit of the normals */
    double per_spin; /* beta J0 / N */
    int64_t total;   /* sum of the spins */
    ki_sequence update, rare;
    ki_chooser chooser;
    uint64_t updates, first_q;
    uint64_t flips; /* in this unit of time */
} run;

KI_CLONES static void narrow(size_t n, const int32_t *z, int16_t *out) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        out[i] = (int16_t)z[i];
}

static int draw_couplings(const run *r, uint64_t realization, ki_work *work) {
    const workspace *w = r->w;
    const ki_sequence normals = ki_sequence_of(r->plan->key, realization, KI_STREAM_COUPLING);
    const ki_sequence tail = ki_sequence_of(r->plan->key, realization, KI_STREAM_TAIL);
    int32_t z[16 * KI_GROUP];

    for (size_t j = 0; j < r->n; j++) {
        int16_t *column = w->column + j * w->stride;
        for (size_t first = 0; first < w->words; first += 16) {
            const size_t count = w->words - first < 16 ? w->words - first : 16;
            const size_t room = w->stride - first * 64;
            ki_normals16(&normals, &tail, j * w->words + first, count, z);
            narrow(room < count * 64 ? room : count * 64, z, column + first * 64);
        }
        for (size_t i = r->n; i < w->stride; i++)
            column[i] = 0;
        if (r->plan->spec.zero_diagonal)
            column[j] = 0;
        if (ki_work_spend(work, 4 * r->n))
            return KI_ERR_CANCELLED;
    }
    return 0;
}

static int begin(run *r, uint64_t realization, ki_work *work) {
    workspace *w = r->w;

    if (draw_couplings(r, realization, work))
        return KI_ERR_CANCELLED;
    ki_local_fields(r->plan, realization, w->local);
    memcpy(w->H, w->local, r->n * sizeof *w->H);
    for (size_t i = 0; i < r->n; i++)
        w->last[i] = (ki_last_update){NAN, 0};
    ki_start_state(r->plan, realization, w->past);
    r->total = ki_total_spin(r->n, w->past);
    /* The noise field is 2 (sum over up) - (sum over all). */
    memset(w->sum, 0, w->stride * sizeof *w->sum);
    for (size_t j = 0; j < r->n; j++) {
        ki_add16(w->stride, 1, w->column + j * w->stride, w->sum);
        if (ki_work_spend(work, r->n))
            return KI_ERR_CANCELLED;
    }
    for (size_t i = 0; i < r->n; i++)
        w->local[i] -= r->per_unit * (float)w->sum[i];
    for (size_t i = 0; i < r->n; i++) {
        w->self[i] = r->plan->spec.zero_diagonal
                         ? 0
                         : r->per_unit * (float)w->column[i * w->stride + i] + (float)r->per_spin;
    }
    for (size_t j = 0; j < r->n; j++) {
        w->spin[j] = w->past[j / 64] >> j % 64 & 1 ? 1 : -1;
        if (w->spin[j] < 0)
            ki_add16(w->stride, -1, w->column + j * w->stride, w->sum);
    }
    return 0;
}

static float mean_field(const run *r) {
    return (float)(r->per_spin * (double)r->total);
}

/* beta h_i but for the mean. With J_ii = 0 the mean leaves the spin itself out. */
static inline float field_of(const run *r, const workspace *w, size_t i) {
    const float noise = fmaf(2 * r->per_unit, (float)w->sum[i], w->local[i]);
    return r->plan->spec.zero_diagonal ? noise - (float)r->per_spin * (float)w->spin[i] : noise;
}

static void update(run *r, size_t count, const uint32_t *choice, const float *threshold) {
    workspace *w = r->w;
    float mean = mean_field(r);

    for (size_t k = 0; k < count; k++) {
        const size_t i = choice[k];
        const float field = field_of(r, w, i) + mean;
        const int up = field > threshold[k];
        w->last[i] = (ki_last_update){field, mean};
        if (up != (w->spin[i] > 0)) {
            const int sign = up ? 1 : -1;
            ki_add16(w->stride, sign, w->column + i * w->stride, w->sum);
            w->spin[i] = (int8_t)sign;
            r->total += 2 * sign;
            r->flips++;
            mean = mean_field(r);
        }
    }
}

/* One unit of time: N updates. Thresholds belong to the number of the update. */
static int advance(run *r, ki_work *work) {
    uint32_t *unit = r->w->choice + r->updates / r->n % RECENT * r->n;
    float threshold[BATCH + KI_GROUP];

    r->flips = 0;
    for (size_t done = 0; done < r->n;) {
        const size_t count = r->n - done < BATCH ? r->n - done : BATCH;
        const uint64_t first = r->updates / KI_GROUP, last = (r->updates + count - 1) / KI_GROUP;
        ki_choose(&r->chooser, count, unit + done);
        ki_thresholds(&r->update, &r->rare, first, (size_t)(last - first + 1), threshold);
        update(r, count, unit + done, threshold + r->updates % KI_GROUP);
        r->updates += count;
        done += count;
        if (ki_work_spend(work, count * r->n / 4) || ki_work_tick(work, count))
            return KI_ERR_CANCELLED;
    }
    return 0;
}

static uint64_t *past_state(const run *r, uint64_t t) {
    const ki_ensemble_spec *spec = &r->plan->spec;
    return r->w->past +
           (spec->average ? t % r->w->slots : (uint64_t)(t == spec->steps)) * r->w->words;
}

static void keep_state(const run *r, uint64_t t) {
    uint64_t *state = past_state(r, t);

    memset(state, 0, r->w->words * sizeof *state);
    for (size_t i = 0; i < r->n; i++)
        state[i / 64] |= (uint64_t)(r->w->spin[i] > 0) << i % 64;
}

/* Sums over measurements; `heat` is what the sums of the spins have not. */
typedef struct window {
    ki_spin_sums sums;
    double spin, overlap, heat, seen;
    uint64_t count, overlaps;
} window;

/* Spins in the order of their last updates: first those not seen lately, in any order. Returns how
 * many these are. */
static size_t find_order(const run *r) {
    workspace *w = r->w;
    const size_t recent = r->updates / r->n < RECENT ? (size_t)(r->updates / r->n) : RECENT;
    size_t left = r->n;

    memset(w->noise, 0, r->n * sizeof *w->noise); /* not 0: has its place */
    for (size_t back = 1; back <= recent && left > 0; back++) {
        const uint32_t *unit = w->choice + (r->updates / r->n - back) % RECENT * r->n;
        for (size_t k = r->n; k-- > 0 && left > 0;) {
            const size_t i = unit[k];
            if (w->noise[i] == 0) {
                w->noise[i] = 1;
                w->order[--left] = (uint32_t)i;
            }
        }
    }
    const size_t old = left;
    for (size_t i = 0; i < r->n; i++)
        if (w->noise[i] == 0)
            w->order[--left] = (uint32_t)i;
    return old;
}

/* sum over pairs i before j of rest_j (noise J_ji + noise J_ij) s_i: when j was updated s_i already
 * was what it is, so that this has the mean zero too. */
static double add_pairs(const run *r) {
    workspace *w = r->w;
    const size_t old = find_order(r);
    double sum = 0;

    memset(w->sum, 0, w->stride * sizeof *w->sum);
    for (size_t k = 0; k < r->n; k++) {
        const size_t j = w->order[k];
        if (k >= old)
            sum += (double)w->rest[j] * (double)w->sum[j];
        ki_add16(w->stride, w->spin[j], w->column + j * w->stride, w->sum);
    }
    memset(w->later, 0, w->stride * sizeof *w->later);
    for (size_t k = r->n; k-- > 0;) {
        const size_t i = w->order[k];
        sum += (double)w->spin[i] * (double)w->later[i];
        if (k >= old)
            ki_axpy16(w->stride, w->rest[i], w->column + i * w->stride, w->later);
    }
    return (double)r->per_unit * sum;
}

/* sum delta_i (h_i - J_ii s_i), what a flip changes in its own field, and the noise of the last
 * updates taken out: that of the pairs too where the state is the only one. [sigma-t] */
static void measure(const run *r, uint64_t t, window *sum) {
    workspace *w = r->w;
    const uint64_t *state = past_state(r, t);
    const float mean = mean_field(r);

    for (size_t i = 0; i < r->n; i++) {
        w->field[i] = field_of(r, w, i) + mean;
        w->noise[i] = w->field[i] - w->self[i] * (float)w->spin[i];
    }
    if (r->n == 1)
        ki_fields_alone((float)w->spin[0], w->self[0], w->H[0], w->field, w->noise);
    ki_add_spins(r->n, w->field, state, w->noise, &sum->sums, w->delta);
    sum->heat -= ki_self_heat(r->n, w->field, state, w->delta, w->self);
    sum->heat +=
        ki_updates_sum(r->n, state, w->last, w->H, ki_field_variance(&r->plan->spec.p), w->rest);
    if (first_measured(&r->plan->spec) == r->plan->spec.steps)
        sum->heat += add_pairs(r);
    sum->spin += (double)r->total;
    sum->count++;
    sum->seen += (double)r->flips;
    if (t >= r->first_q) {
        const uint64_t *earlier = past_state(r, t - ki_lag(r->plan->spec.steps));
        sum->overlap += (double)r->n - 2 * (double)ki_spins_changed(r->n, state, earlier);
        sum->overlaps++;
    }
}

static int realize(const ki_plan *plan, void *workspace_, uint64_t realization, ki_work *work,
                   double out[KI_N_ESTIMATES]) {
    const ki_ensemble_spec *spec = &plan->spec;
    const double n = (double)spec->n;
    const uint64_t first = first_measured(spec);
    run r = {.plan = plan,
             .w = workspace_,
             .n = (size_t)spec->n,
             .per_unit = (float)(spec->p.beta * spec->p.dJ / sqrt(n) * KI_NORMAL_UNIT),
             .per_spin = spec->p.beta * spec->p.J0 / n,
             .first_q = ki_first_q(spec->steps, spec->average, spec->burn_in),
             .chooser = ki_chooser_of(plan->key, realization, (uint32_t)spec->n),
             .update = ki_sequence_of(plan->key, realization, KI_STREAM_UPDATE),
             .rare = ki_sequence_of(plan->key, realization, KI_STREAM_RARE)};
    const uint64_t lag = ki_lag(spec->steps);
    window sum = {.count = 0};

    if (begin(&r, realization, work))
        return KI_ERR_CANCELLED;
    for (uint64_t t = 1; t <= spec->steps; t++) {
        const int error = advance(&r, work);
        if (error)
            return error;
        if (t >= first || (t + lag >= r.first_q && t + lag <= spec->steps))
            keep_state(&r, t);
        if (t >= first)
            measure(&r, t, &sum);
    }
    const double measured = (double)sum.count;
    ki_estimates(n * measured, sum.spin, sum.overlap * measured / (double)sum.overlaps,
                 sum.sums.entropy, sum.sums.heat + sum.heat, sum.sums.flips, sum.seen, out);
    return 0;
}

/* Fitted by bench/cost_model.py. */
static double seconds(const ki_ensemble_spec *spec) {
    const double n = (double)spec->n, t = (double)spec->steps;
    return 5e-6 + n * n * (1.6e-9 + 5.3e-11 * t) + 1.1e-8 * n * t;
}

const ki_engine ki_engine_async_dense = {.dynamics = KI_ASYNC,
                                         .algorithm = KI_ALGORITHM_DENSE,
                                         .seconds = seconds,
                                         .lay_out = lay_out,
                                         .realize = realize};
