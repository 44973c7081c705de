/* SPDX-License-Identifier: BSD-3-Clause */
/* Asynchronous dynamics without a coupling matrix [matrix-free]: what past_span.h says of all
 * spins at once holds for each spin at the times of its own updates. A spin has a Cholesky factor
 * of its own, and the states it was updated in are kept as bits: N T of them, so this pays for
 * short times. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/dot16.h"
#include "num/draw.h"
#include "simulate/engines/spin_choice.h"
#include "simulate/engines/engine.h"
#include "simulate/engines/estimators.h"
#include "simulate/engines/past_span.h"

/* Two rows are added by the measurement: the field at the end, and J_ii. */
enum { EXTRA = 2, PLANES = 64, HALF = 32, DIGITS = 14 };

/* The past of one spin: where its rows, normals and states lie in the pools. */
typedef struct past {
    uint64_t first; /* of its vectors */
    uint64_t rows;  /* of the elements of its factor */
    uint32_t rank, updates;
} past;

typedef struct workspace {
    size_t words;
    uint64_t updates, pool, most, lag;
    uint32_t *choice;     /* [updates] the spins in order */
    uint64_t *state;      /* [updates][words] the state a spin was updated in */
    uint64_t *snapshot;   /* [updates + EXTRA N] of a vector: number of its state */
    double *z;            /* [updates + EXTRA N] and its normal */
    double *factor;       /* [pool] rows of the factors */
    past *past;           /* [N] */
    double *row;          /* [most] */
    uint64_t *now;        /* [words] */
    uint64_t *before;     /* [words] the state `lag` before the end */
    uint64_t *plane;      /* [PLANES][words] `rest` of the spins still to come, in binary */
    uint64_t *earlier;    /* [words] the spins that were last updated before */
    size_t used[2][2];    /* first and last + 1 of the planes in each half that are not empty */
    ki_last_update *last; /* [64 words] */
    uint32_t *order;      /* [N] spins in the order of their last updates */
    float *local, *field, *noise, *delta, *self, *rest;
} workspace;

/* sum over spins of (n + EXTRA)(n + EXTRA + 1)/2 for n updates of a spin, multinomial; a bound that
 * it exceeds less often than once in 1e50 runs, or the largest value there is. */
static double pool_bound(double n, double t) {
    const double all = n * t + EXTRA, extra = EXTRA;
    const double mean = n * (0.5 * (t * t + t) + (extra + 0.5) * t + 3);
    const double largest = 0.5 * all * (all + 1) + n * 6;
    const double spread = sqrt(n * (t * t * t * 3 + t * t * 20 + t * 20)) + t * t + 1;
    return fmin(mean + 20 * spread + 1000, largest);
}

/* Updates of one spin, and the rows of the measurement; a bound of the same kind. */
static double most_rows(double n, double t) {
    return fmin(n * t, t + 15 * sqrt(t) + 100) + EXTRA;
}

static void *lay_out(const ki_ensemble_spec *spec, ki_cursor *c) {
    const size_t n = (size_t)spec->n, words = ki_words(n), lanes = words * 64;
    const double t = (double)spec->steps;
    workspace *w = ki_take(c, 1, sizeof *w);
    workspace all = {.words = words,
                     .updates = n * spec->steps,
                     .pool = ki_bytes(pool_bound((double)n, t)),
                     .most = ki_bytes(most_rows((double)n, t)),
                     .lag = ki_lag(spec->steps)};

    all.choice = ki_take(c, all.updates, sizeof *all.choice);
    all.state = ki_take(c, all.updates, words * sizeof *all.state);
    all.snapshot = ki_take(c, all.updates + EXTRA * n, sizeof *all.snapshot);
    all.z = ki_take(c, all.updates + EXTRA * n, sizeof *all.z);
    all.factor = ki_take(c, all.pool, sizeof *all.factor);
    all.past = ki_take(c, n, sizeof *all.past);
    all.row = ki_take(c, all.most, sizeof *all.row);
    all.now = ki_take(c, words, sizeof *all.now);
    all.before = ki_take(c, words, sizeof *all.before);
    all.plane = ki_take(c, words, PLANES * sizeof *all.plane);
    all.earlier = ki_take(c, words, sizeof *all.earlier);
    all.last = ki_take(c, lanes, sizeof *all.last);
    all.order = ki_take(c, n, sizeof *all.order);
    all.local = ki_take(c, lanes, sizeof *all.local);
    all.field = ki_take(c, lanes, sizeof *all.field);
    all.noise = ki_take(c, lanes, sizeof *all.noise);
    all.delta = ki_take(c, lanes, sizeof *all.delta);
    all.self = ki_take(c, lanes, sizeof *all.self);
    all.rest = ki_take(c, lanes, sizeof *all.rest);
    if (w)
        *w = all;
    return w;
}

/* Which spins are updated, and from that where the past of each lies. */
static int divide_pool(workspace *w, size_t n, ki_chooser *chooser) {
    uint64_t vectors = 0, elements = 0, most = 0;

    ki_choose(chooser, (size_t)w->updates, w->choice);
    for (size_t i = 0; i < n; i++)
        w->past[i] = (past){0};
    for (uint64_t u = 0; u < w->updates; u++)
        w->past[w->choice[u]].updates++;
    for (size_t i = 0; i < n; i++) {
        const uint64_t length = w->past[i].updates + EXTRA;
        w->past[i].first = vectors;
        w->past[i].rows = elements;
        vectors += length;
        elements += length * (length + 1) / 2;
        most = length > most ? length : most;
    }
    if (elements > w->pool || most > w->most) {
        return ki_fail(KI_ERR_INTERNAL,
                       "simulate : updates are spread too unevenly for the memory set aside : "
                       "another seed, and a report of this one");
    }
    return 0;
}

/* The factor's rows of a spin: row k has k + 1 elements. */
static double *row_of(const workspace *w, const past *p, uint32_t k) {
    return w->factor + p->rows + (uint64_t)k * (k + 1) / 2;
}

/* w->row := L^-1 w->row; returns |row|^2, and in *mean the mean of the field that the covariances
 * belong to. */
static double solve(const workspace *w, const past *p, double *mean) {
    double norm = 0;

    *mean = 0;
    for (uint32_t k = 0; k < p->rank; k++) {
        const double *l = row_of(w, p, k);
        double y = w->row[k];
        for (uint32_t j = 0; j < k; j++)
            y -= l[j] * w->row[j];
        y /= l[k];
        w->row[k] = y;
        norm += y * y;
        *mean += y * w->z[p->first + k];
    }
    return norm;
}

/* A field with variance 1 whose covariances with the past are in w->row; `z` is used if it is new.
 * Returns the field. `vector` tells what belongs to it, for later overlaps. */
static double add_field(workspace *w, past *p, double z, uint64_t vector) {
    double mean;
    const double norm = solve(w, p, &mean);

    if (1 - norm <= KI_DEPENDENT)
        return mean;
    const double pivot = sqrt(1 - norm);
    w->row[p->rank] = pivot;
    memcpy(row_of(w, p, p->rank), w->row, (p->rank + 1) * sizeof *w->row);
    w->z[p->first + p->rank] = z;
    w->snapshot[p->first + p->rank] = vector;
    p->rank++;
    return mean + pivot * z;
}

/* Covariances with the fields of the states that spin p was updated in. */
static void overlaps(workspace *w, const past *p, double n, const uint64_t *state) {
    for (uint32_t k = 0; k < p->rank; k++) {
        uint32_t differ;
        ki_differences(1, w->words, state, w->state + w->snapshot[p->first + k] * w->words,
                       &differ);
        w->row[k] = 1 - 2 * differ / n;
    }
}

typedef struct run {
    const ki_plan *plan;
    workspace *w;
    size_t n;
    int64_t total;
    uint64_t flips; /* in the last unit of time */
    ki_sequence normals, tail, update, rare;
} run;

static float field_mean(const run *r) {
    const ki_theory_params *p = &r->plan->spec.p;
    return (float)(p->beta * p->J0 * (double)r->total / (double)r->n);
}

static int spin_of(const uint64_t *state, size_t i) {
    return state[i / 64] >> i % 64 & 1 ? 1 : -1;
}

/* All updates; random numbers belong to the number of the update. */
static int simulate(run *r, ki_work *work) {
    workspace *w = r->w;
    const float spread = (float)(r->plan->spec.p.beta * r->plan->spec.p.dJ);
    const uint64_t keep = (r->plan->spec.steps - w->lag) * r->n;
    int32_t z[KI_GROUP];
    float threshold[KI_GROUP];

    for (uint64_t u = 0; u < w->updates; u++) {
        if (u % KI_GROUP == 0) {
            ki_normals16(&r->normals, &r->tail, u / KI_GROUP, 1, z);
            ki_thresholds(&r->update, &r->rare, u / KI_GROUP, 1, threshold);
        }
        if (u == keep)
            memcpy(w->before, w->now, w->words * sizeof *w->now);
        const size_t i = w->choice[u];
        past *p = &w->past[i];
        memcpy(w->state + u * w->words, w->now, w->words * sizeof *w->now);
        overlaps(w, p, (double)r->n, w->now);
        const double noise = add_field(w, p, z[u % KI_GROUP] * KI_NORMAL_UNIT, u);
        const float mean = field_mean(r), x = spread * (float)noise + (w->local[i] + mean);
        const int s = x > threshold[u % KI_GROUP] ? 1 : -1;
        w->last[i] = (ki_last_update){x, mean};
        if (s != spin_of(w->now, i)) {
            w->now[i / 64] ^= UINT64_C(1) << i % 64;
            r->total += 2 * s;
            r->flips += u >= w->updates - r->n;
        }
        if (u % KI_GROUP == KI_GROUP - 1 &&
            (ki_work_spend(work, KI_GROUP * (r->n / 8 + 100)) || ki_work_tick(work, KI_GROUP)))
            return KI_ERR_CANCELLED;
    }
    return ki_work_tick(work, w->updates % KI_GROUP) ? KI_ERR_CANCELLED : 0;
}

/* The field of each spin in the last state, and the one of its own coupling: vectors that are no
 * state. */
static void last_fields(run *r) {
    workspace *w = r->w;
    const ki_theory_params *p = &r->plan->spec.p;
    const double n = (double)r->n, root = sqrt(n);
    const uint64_t groups = w->updates / KI_GROUP + 1;
    int32_t field[KI_GROUP], own[KI_GROUP];

    for (size_t i = 0; i < r->n; i++) {
        past *q = &w->past[i];
        if (i % KI_GROUP == 0) {
            ki_normals16(&r->normals, &r->tail, groups + i / KI_GROUP * 2, 1, field);
            ki_normals16(&r->normals, &r->tail, groups + i / KI_GROUP * 2 + 1, 1, own);
        }
        overlaps(w, q, n, w->now);
        const uint32_t rank = q->rank;
        const double noise = add_field(w, q, field[i % KI_GROUP] * KI_NORMAL_UNIT, UINT64_MAX);
        for (uint32_t k = 0; k < rank; k++)
            w->row[k] = spin_of(w->state + w->snapshot[q->first + k] * w->words, i) / root;
        if (q->rank > rank)
            w->row[rank] = spin_of(w->now, i) / root;
        const double self = add_field(w, q, own[i % KI_GROUP] * KI_NORMAL_UNIT, UINT64_MAX - 1);
        w->self[i] = (float)(p->beta * p->dJ / root * self + p->beta * p->J0 / n);
        w->field[i] = (float)(p->beta * p->dJ * noise) + (w->local[i] + field_mean(r));
        w->noise[i] = w->field[i] - w->self[i] * (float)spin_of(w->now, i);
    }
}

/* Spins in the order of their last updates, first those that never were. */
static void find_order(workspace *w, size_t n) {
    size_t left = n;

    memset(w->earlier, 0, w->words * sizeof *w->earlier); /* 1: has its place */
    for (uint64_t u = w->updates; u-- > 0 && left > 0;) {
        const size_t i = w->choice[u];
        const uint64_t bit = UINT64_C(1) << i % 64;
        if (!(w->earlier[i / 64] & bit)) {
            w->earlier[i / 64] |= bit;
            w->order[--left] = (uint32_t)i;
        }
    }
    for (size_t i = 0; i < n; i++)
        if (!(w->earlier[i / 64] >> i % 64 & 1))
            w->order[--left] = (uint32_t)i;
    memset(w->earlier, 0, w->words * sizeof *w->earlier);
}

/* |rest_i| <= 2 as a binary number of DIGITS digits in units of PLANE_UNIT. Small ones keep their
 * digits beside large ones. */
#define PLANE_UNIT 0x1p-62
static uint64_t binary(float rest) {
    int exponent;
    const double digits = rint(ldexp(frexp(fabs((double)rest), &exponent), DIGITS));
    const int shift = exponent + 62 - DIGITS;
    return shift >= 0 ? (uint64_t)digits << shift : 0;
}

/* Bit b of spin i in plane b, so that sums over spins are counted. Returns the sum of all. */
static double make_planes(const run *r) {
    workspace *w = r->w;
    uint64_t any = 0;
    double all = 0;

    memset(w->plane, 0, w->words * PLANES * sizeof *w->plane);
    for (size_t i = 0; i < r->n; i++) {
        const uint64_t size = binary(w->rest[i]);
        for (uint64_t bits = size; bits; bits &= bits - 1) {
            const size_t b = (size_t)__builtin_ctzll(bits);
            w->plane[b * w->words + i / 64] |= UINT64_C(1) << i % 64;
        }
        any |= size;
        all += (double)size;
    }
    for (size_t half = 0; half < 2; half++) {
        const uint32_t bits = (uint32_t)(any >> HALF * half);
        w->used[half][0] = bits ? (size_t)__builtin_ctz(bits) : 0;
        w->used[half][1] = bits ? 32 - (size_t)__builtin_clz(bits) : 0;
    }
    return all;
}

static void leave_planes(workspace *w, size_t i) {
    for (uint64_t bits = binary(w->rest[i]); bits; bits &= bits - 1)
        w->plane[(size_t)__builtin_ctzll(bits) * w->words + i / 64] &= ~(UINT64_C(1) << i % 64);
}

/* sum of rest_i s_i over the spins in the planes, s of some state: rest_i has the sign of the last
 * state, so that spins that are as there count |rest_i|, the others -|rest_i|. `all` is the sum of
 * |rest_i| over them. */
static double along_rest(const workspace *w, double all, const uint64_t *state) {
    double other = 0;

    for (size_t half = 0; half < 2; half++) {
        const size_t first = w->used[half][0], last = w->used[half][1];
        const uint64_t sum = ki_weighted_difference(
            last - first, w->words, w->plane + (HALF * half + first) * w->words, state, w->now);
        other += ldexp((double)sum, (int)(HALF * half + first));
    }
    return PLANE_UNIT * (all - 2 * other);
}

/* sum over the `count` spins of w->earlier of their spins now and in some state. */
static double along_earlier(const workspace *w, size_t count, const uint64_t *state) {
    int64_t differ = 0;

    for (size_t k = 0; k < w->words; k++)
        differ += __builtin_popcountll((state[k] ^ w->now[k]) & w->earlier[k]);
    return (double)((int64_t)count - 2 * differ);
}

/* sum over pairs i before j of rest_j (noise J_ji + noise J_ij) s_i, the mean of it given all
 * fields: when j was updated s_i already was what it is, so that this has the mean zero. Row i of J
 * is taken along rest_i s on the spins before it, and s_i rest on those after it. */
static double pairs(const run *r) {
    workspace *w = r->w;
    const double n = (double)r->n, spread = r->plan->spec.p.beta * r->plan->spec.p.dJ;
    double sum = 0, all = make_planes(r);

    find_order(w, r->n);
    for (size_t place = 0; place < r->n; place++) {
        const size_t i = w->order[place];
        const past *q = &w->past[i];
        const double rest = (double)w->rest[i], s = spin_of(w->now, i);
        leave_planes(w, i);
        all -= (double)binary(w->rest[i]);
        for (uint32_t k = 0; k < q->rank; k++) {
            const uint64_t vector = w->snapshot[q->first + k];
            const uint64_t *state =
                vector >= UINT64_MAX - 1 ? w->now : w->state + vector * w->words;
            w->row[k] =
                vector == UINT64_MAX - 1 /* J_ii */
                    ? 0
                    : (rest * along_earlier(w, place, state) + s * along_rest(w, all, state)) / n;
        }
        double mean;
        (void)solve(w, q, &mean);
        sum += spread * mean;
        w->earlier[i / 64] |= UINT64_C(1) << i % 64;
    }
    return sum;
}

static int realize(const ki_plan *plan, void *workspace_, uint64_t realization, ki_work *work,
                   double out[KI_N_ESTIMATES]) {
    workspace *w = workspace_;
    const size_t n = (size_t)plan->spec.n;
    ki_chooser chooser = ki_chooser_of(plan->key, realization, (uint32_t)n);
    run r = {.plan = plan,
             .w = w,
             .n = n,
             .normals = ki_sequence_of(plan->key, realization, KI_STREAM_COUPLING),
             .tail = ki_sequence_of(plan->key, realization, KI_STREAM_TAIL),
             .update = ki_sequence_of(plan->key, realization, KI_STREAM_UPDATE),
             .rare = ki_sequence_of(plan->key, realization, KI_STREAM_RARE)};
    ki_spin_sums sums = {0};

    int error = divide_pool(w, n, &chooser);
    if (error)
        return error;
    ki_local_fields(plan, realization, w->local);
    for (size_t i = 0; i < n; i++)
        w->last[i] = (ki_last_update){NAN, 0};
    ki_start_state(plan, realization, w->now);
    r.total = ki_total_spin(n, w->now);
    error = simulate(&r, work);
    if (error)
        return error;
    last_fields(&r);
    if (n == 1)
        ki_fields_alone((float)spin_of(w->now, 0), w->self[0], w->local[0], w->field, w->noise);
    ki_add_spins(n, w->field, w->now, w->noise, &sums, w->delta);
    const double own = ki_self_heat(n, w->field, w->now, w->delta, w->self);
    const double known =
        ki_updates_sum(n, w->now, w->last, w->local, ki_field_variance(&plan->spec.p), w->rest);
    const double two = pairs(&r);
    const double changed = (double)ki_spins_changed(n, w->now, w->before);
    ki_estimates((double)n, (double)r.total, (double)n - 2 * changed, sums.entropy,
                 sums.heat - own + known + two, sums.flips, (double)r.flips, out);
    return 0;
}

/* Fitted by bench/cost_model.py. */
static double seconds(const ki_ensemble_spec *spec) {
    const double n = (double)spec->n, t = (double)spec->steps;
    return 1e-5 + n * t * (1.3e-7 + 3.7e-10 * t * t + n * (1.2e-10 + 3.7e-12 * t));
}

const ki_engine ki_engine_async_matrix_free = {.dynamics = KI_ASYNC,
                                               .algorithm = KI_ALGORITHM_MATRIX_FREE,
                                               .seconds = seconds,
                                               .lay_out = lay_out,
                                               .realize = realize};
