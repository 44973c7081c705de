/* SPDX-License-Identifier: BSD-3-Clause */
/* Synchronous dynamics with the coupling matrix in memory: its columns are vectors of normals, and
 * the sums over them are kept from step to step as integers, changed by the spins that changed. */
#include <math.h>
#include <string.h>

#include "num/dot16.h"
#include "num/draw.h"
#include "num/simd.h"
#include "simulate/engines/engine.h"
#include "simulate/engines/estimators.h"
#include "simulate/engines/packed_normals.h"

/* Words for so many steps of a single block are made together. */
enum { AHEAD = 16 };

typedef struct workspace {
    ki_vectors column; /* N of them: column j is the normals of J_ij for all i */
    size_t blocks;
    int32_t *sum;           /* [64 blocks] sum over j of normal_ij s_j */
    float *local;           /* [64 blocks] beta H */
    float *field, *noise;   /* [64 blocks] beta h, and the part of it from the normals */
    float *field_before;    /* [64 blocks] field of the step before */
    float *delta, *along;   /* [64 blocks] and the fields that it makes, without beta J0 */
    uint64_t *state, *next; /* [blocks] */
    uint32_t *changed;      /* [pairs] which pairs of columns change their signs */
    int16_t *change;        /* [2 pairs] by how much */
    double *coefficient;    /* [N] */
    ki_row row;             /* [2 pairs] */
    uint32_t word[AHEAD / 2 * KI_GROUP];
} workspace;

static void *lay_out(const ki_ensemble_spec *spec, ki_cursor *c) {
    const size_t n = (size_t)spec->n, blocks = ki_words(n), lanes = blocks * 64;
    workspace *w = ki_take(c, 1, sizeof *w), all = {.blocks = blocks};

    ki_vectors_take(&all.column, n, n, c);
    const size_t pairs = all.column.pairs;
    all.sum = ki_take(c, lanes, sizeof *all.sum);
    all.local = ki_take(c, lanes, sizeof *all.local);
    all.field = ki_take(c, lanes, sizeof *all.field);
    all.noise = ki_take(c, lanes, sizeof *all.noise);
    all.field_before = ki_take(c, lanes, sizeof *all.field_before);
    all.delta = ki_take(c, lanes, sizeof *all.delta);
    all.along = ki_take(c, lanes, sizeof *all.along);
    all.state = ki_take(c, blocks, sizeof *all.state);
    all.next = ki_take(c, blocks, sizeof *all.next);
    all.changed = ki_take(c, pairs, sizeof *all.changed);
    all.change = ki_take(c, 2 * pairs, sizeof *all.change);
    all.coefficient = ki_take(c, n, sizeof *all.coefficient);
    ki_row_take(&all.row, n, c);
    if (w) {
        *w = all;
        memset(w->local, 0, lanes * sizeof *w->local);
        memset(w->field, 0, lanes * sizeof *w->field);
        memset(w->field_before, 0, lanes * sizeof *w->field_before);
    }
    return w;
}

static void clear_diagonal(workspace *w, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t *pair =
            &w->column.pair[(i / 64 * w->column.pairs + i / 2) * w->column.width + i % 64];
        *pair &= i % 2 ? 0xffff : 0xffff0000;
    }
}

static int draw_couplings(const ki_plan *plan, workspace *w, uint64_t r, ki_work *work) {
    const ki_sequence normals = ki_sequence_of(plan->key, r, KI_STREAM_COUPLING);
    const ki_sequence tail = ki_sequence_of(plan->key, r, KI_STREAM_TAIL);
    const size_t n = (size_t)plan->spec.n;

    for (size_t j = 0; j < n; j++) {
        ki_vectors_draw(&w->column, &normals, &tail, j, j);
        if (ki_work_spend(work, 4 * n))
            return KI_ERR_CANCELLED;
    }
    if (plan->spec.zero_diagonal)
        clear_diagonal(w, n);
    return 0;
}

/* Spins of a pair of columns, now less before, by their bits: index 4 before + now. */
#define DIFFERENCE(before, now)                                                                    \
    { 2 * (((now)&1) - ((before)&1)), (((now)&2) - ((before)&2)) }
#define DIFFERENCES(before)                                                                        \
    DIFFERENCE(before, 0), DIFFERENCE(before, 1), DIFFERENCE(before, 2), DIFFERENCE(before, 3)
static const int16_t difference[16][2] = {DIFFERENCES(0), DIFFERENCES(1), DIFFERENCES(2),
                                          DIFFERENCES(3)};

/* Adds the difference of two states to the sums. */
static void update_sums(workspace *w, const uint64_t *old, const uint64_t *state) {
    const ki_vectors *v = &w->column;
    size_t count = 0;

    for (size_t p = 0; p < v->pairs; p++) {
        const size_t word = p / 32, shift = p % 32 * 2;
        const unsigned now = state[word] >> shift & 3, before = old[word] >> shift & 3;
        memcpy(w->change + 2 * count, difference[4 * before + now], sizeof difference[0]);
        w->changed[count] = (uint32_t)p;
        count += now != before;
    }
    for (size_t b = 0; b < w->blocks; b++) {
        ki_dot16_some(v->width, count, v->width,
                      (const int16_t *)(v->pair + b * v->pairs * v->width), w->changed, w->change,
                      w->sum + 64 * b);
    }
}

KI_CLONES static void fields_of(size_t n, const int32_t *sum, float scale, const float *local,
                                float mean, float *noise, float *field) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        noise[i] = scale * (float)sum[i];
        field[i] = noise[i] + (local[i] + mean);
    }
}

/* beta h from the sums. */
static void make_fields(const ki_plan *plan, workspace *w) {
    const ki_theory_params *p = &plan->spec.p;
    const size_t n = (size_t)plan->spec.n;
    const double per_spin = p->beta * p->J0 / (double)n;
    const double spread = p->beta * p->dJ / sqrt((double)n) * KI_NORMAL_UNIT;

    fields_of(n, w->sum, (float)spread, w->local,
              (float)(per_spin * (double)ki_total_spin(n, w->state)), w->noise, w->field);
    for (size_t i = 0; plan->spec.zero_diagonal && i < n; i++)
        w->field[i] += (float)(w->state[i / 64] >> i % 64 & 1 ? -per_spin : per_spin);
}

/* along := beta dJ times the couplings' normals along delta. */
static void fields_along_delta(const ki_plan *plan, workspace *w) {
    const ki_theory_params *p = &plan->spec.p;
    const size_t n = (size_t)plan->spec.n;
    double norm = 0;

    for (size_t i = 0; i < n; i++) {
        w->coefficient[i] = (double)w->delta[i];
        norm += w->coefficient[i] * w->coefficient[i];
    }
    ki_row_split(&w->row, n, w->coefficient, sqrt(norm));
    for (size_t b = 0; b < w->blocks; b++) {
        ki_vectors_sum(&w->column, b, n, &w->row, p->beta * p->dJ / sqrt((double)n),
                       w->along + 64 * b);
    }
}

/* Sums over a window; `cross` is sum delta_i noise_i - s_j (J delta)_j [sigma-net-sync], and `first`
 * what it has of beta H and to first order in the noise of the last state. */
typedef struct window {
    ki_spin_sums sums;
    ki_flow_ends ends;
    double spin, cross, first, seen;
    uint64_t count;
} window;

static void measure(const ki_plan *plan, workspace *w, window *sum) {
    const size_t n = (size_t)plan->spec.n;

    if (sum->count == 0) {
        sum->ends.local[0] = ki_signed_sum(n, w->local, w->state);
        sum->ends.potential[0] = ki_sum_log_2cosh(n, w->field);
    }
    ki_add_spins(n, w->field, w->state, w->noise, &sum->sums, w->delta);
    fields_along_delta(plan, w);
    sum->cross -= ki_signed_sum(n, w->along, w->state);
    sum->spin += (double)ki_total_spin(n, w->state);
    sum->count++;
}

/* After the last step: the fields that the state reached makes, less what they have of its noise to
 * first order, and beta H along its mean. */
static void measure_end(const ki_plan *plan, workspace *w, window *sum) {
    const size_t n = (size_t)plan->spec.n;
    const double per_spin = plan->spec.p.beta * plan->spec.p.J0 / (double)n;
    double change = 0;

    sum->ends.local[1] = ki_signed_sum(n, w->local, w->next);
    for (size_t i = 0; i < n; i++) {
        change += (double)w->delta[i];
        if (plan->spec.zero_diagonal)
            w->along[i] -= (float)(per_spin * (double)w->delta[i]);
    }
    float *before = w->field;
    w->field = w->field_before;
    w->field_before = before;
    update_sums(w, w->next, w->state);
    make_fields(plan, w);
    sum->ends.potential[1] = ki_sum_log_2cosh(n, w->field);
    sum->first = ki_float_dot(n, w->local, w->delta) -
                 ki_first_order(n, before, w->along, (float)(per_spin * change), w->field);
}

/* The sums of a state: those of all spins down, changed by the spins that are up. */
static void begin_sums(workspace *w) {
    static const int16_t down[2] = {-1, -1};
    const ki_vectors *v = &w->column;

    memset(w->sum, 0, w->blocks * 64 * sizeof *w->sum);
    for (size_t p = 0; p < v->pairs; p++)
        memcpy(w->change + 2 * p, down, sizeof down);
    for (size_t b = 0; b < w->blocks; b++) {
        ki_dot16(v->width, v->pairs, v->width, (const int16_t *)(v->pair + b * v->pairs * v->width),
                 w->change, w->sum + 64 * b);
    }
    memset(w->next, 0, w->blocks * sizeof *w->next);
}

/* The state after step t. */
static void draw_state(const ki_plan *plan, workspace *w, const ki_sequence *update,
                       const ki_sequence *rare, uint64_t t) {
    const uint64_t n = plan->spec.n, block = (t - 1) * w->blocks;

    if (w->blocks > 1) {
        ki_draw_spins(update, rare, block, w->blocks, w->field, w->next);
    } else { /* the same, a block at a time */
        if (block % AHEAD == 0)
            ki_random_groups(update, block / 2, AHEAD / 2, w->word);
        w->next[0] = ki_spins_of_words(ki_simd_level(), w->word + block % AHEAD / 2 * KI_GROUP,
                                       rare, block, w->field);
    }
    ki_clear_beyond(n, w->next);
    uint64_t *old = w->state;
    w->state = w->next;
    w->next = old;
}

static int realize(const ki_plan *plan, void *workspace_, uint64_t r, ki_work *work,
                   double out[KI_N_ESTIMATES]) {
    workspace *w = workspace_;
    const uint64_t n = plan->spec.n, steps = plan->spec.steps;
    const uint64_t first = plan->spec.average ? plan->spec.burn_in + 1 : steps;
    const ki_sequence update = ki_sequence_of(plan->key, r, KI_STREAM_UPDATE);
    const ki_sequence rare = ki_sequence_of(plan->key, r, KI_STREAM_RARE);
    window sum = {.count = 0};

    if (draw_couplings(plan, w, r, work))
        return KI_ERR_CANCELLED;
    ki_local_fields(plan, r, w->local);
    ki_start_state(plan, r, w->state);
    begin_sums(w);
    for (uint64_t t = 1; t <= steps; t++) {
        update_sums(w, w->next, w->state);
        make_fields(plan, w);
        if (t >= first)
            measure(plan, w, &sum);
        if (ki_work_spend(work, n * n / 16) || ki_work_tick(work, n))
            return KI_ERR_CANCELLED;
        draw_state(plan, w, &update, &rare, t);
        if (t >= first)
            sum.seen += (double)ki_spins_changed(n, w->state, w->next);
    }
    measure_end(plan, w, &sum);
    ki_estimates((double)n * (double)sum.count, sum.spin + sum.sums.change,
                 (double)n * (double)sum.count - 2 * sum.sums.flips, sum.sums.entropy,
                 (n > 1 ? sum.sums.heat + sum.cross : 0) + sum.first + ki_flow_between(&sum.ends),
                 sum.sums.flips, sum.seen, out);
    return 0;
}

/* Fitted by bench/cost_model.py. */
static double seconds(const ki_ensemble_spec *spec) {
    const double n = (double)spec->n, t = (double)spec->steps;
    return 1.4e-6 + 8.3e-8 * t + n * n * (1.6e-9 + 2.7e-11 * t);
}

const ki_engine ki_engine_sync_dense = {.dynamics = KI_SYNC,
                                        .algorithm = KI_ALGORITHM_DENSE,
                                        .seconds = seconds,
                                        .lay_out = lay_out,
                                        .realize = realize};
