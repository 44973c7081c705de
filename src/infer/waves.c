/* SPDX-License-Identifier: BSD-3-Clause */
/* Slow regressors piece by piece: sums of states over a piece by tables of 16, a few pieces at a
 * time, then products of matrices [pieces, states] and [pieces, cosines]. */
#include "waves.h"

#include <string.h>

enum { HALF = 16 };

/* The part of a piece that is in a block. */
typedef struct run {
    size_t piece, first, count; /* first from the beginning of the block */
} run;

/* The piece of transition t. */
static size_t piece_of(const ki_columns *c, size_t t) {
    size_t low = 0, high = c->pieces;

    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (c->start[middle] <= t)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The next runs of a block, from piece *piece on; returns how many, at most KI_PIECES_AT_ONCE. */
static size_t next_runs(const ki_tally_block *b, size_t *piece, run *runs) {
    const ki_columns *c = b->columns;
    const size_t end = b->first + b->count;
    size_t found = 0;

    for (; found < KI_PIECES_AT_ONCE && *piece < c->pieces && c->start[*piece] < end; ++*piece) {
        const size_t from = c->start[*piece] > b->first ? c->start[*piece] : b->first;
        const size_t to = c->start[*piece + 1] < end ? c->start[*piece + 1] : end;
        if (to > from)
            runs[found++] = (run){*piece, from - b->first, to - from};
    }
    return found;
}

static const double *wave_of(const ki_tally_block *b, const run *r) {
    return b->columns->wave + r->piece * b->columns->slow;
}

KI_CLONES
static void add(size_t count, const ki_v8 *x, ki_v8 *f) {
    const ki_v8 value = *x;
    for (size_t t = 0; t < count; t++)
        f[t] += value;
}

KI_CLONES
static void sum_up(size_t count, const ki_v8 *w, ki_v8 *sum) {
    ki_v8 a = {0}, b = {0};
    size_t t = 0;

    for (; t + 1 < count; t += 2) {
        a += w[t];
        b += w[t + 1];
    }
    if (t < count)
        a += w[t];
    *sum = a + b;
}

void ki_waves_fields(const ki_tally_block *b, const ki_v8 *theta, ki_v8 *f) {
    run runs[KI_PIECES_AT_ONCE];
    size_t piece = piece_of(b->columns, b->first), found;

    if (b->columns->slow == 0)
        return;
    while ((found = next_runs(b, &piece, runs)) > 0)
        for (size_t r = 0; r < found; r++) {
            const double *wave = wave_of(b, runs + r);
            ki_v8 value = {0};
            for (size_t k = 0; k < b->columns->slow; k++)
                value += wave[k] * theta[k];
            add(runs[r].count, &value, f + runs[r].first);
        }
}

void ki_waves_moments(const ki_tally_block *b, const ki_v8 *w, ki_v8 *sum) {
    run runs[KI_PIECES_AT_ONCE];
    size_t piece = piece_of(b->columns, b->first), found;

    if (b->columns->slow == 0)
        return;
    while ((found = next_runs(b, &piece, runs)) > 0)
        for (size_t r = 0; r < found; r++) {
            const double *wave = wave_of(b, runs + r);
            ki_v8 all;
            sum_up(runs[r].count, w + runs[r].first, &all);
            for (size_t k = 0; k < b->columns->slow; k++)
                sum[k] += wave[k] * all;
        }
}

/* Tables of 16 sums of two groups of four units. */
KI_CLONES
static void count_halves(size_t count, const uint8_t *a, const uint8_t *b, const ki_v8 *w,
                         ki_v8 *table) {
    for (size_t t = 0; t < count; t++) {
        const ki_v8 x = w[t];
        table[a[t]] += x;
        table[HALF + b[t]] += x;
    }
}

/* sums [1 + N] of weights, and of weights times states, of a run. */
static void count_run(const ki_tally_block *b, const run *r, const ki_v8 *w, ki_v8 *sums) {
    const ki_columns *c = b->columns;
    const uint8_t *half = b->space->half + r->first;
    ki_v8 *table = b->space->table, part[5];

    for (size_t h = 0; h < c->halves; h += 2) {
        const size_t other = h + 1 < c->halves ? h + 1 : h;
        memset(table, 0, 2 * HALF * sizeof *table);
        count_halves(r->count, half + h * KI_TALLY, half + other * KI_TALLY, w + r->first, table);
        for (size_t g = h; g <= other; g++) {
            ki_walsh_sums(4, table + (g - h) * HALF, part);
            for (size_t k = 0; k < 4 && 4 * g + k < c->units; k++)
                sums[1 + 4 * g + k] = part[k];
        }
        sums[0] = part[4];
    }
}

/* out[k] += sum_r wave[r][k] x[r stride], r < runs. */
KI_CLONES
static void add_outer(size_t runs, size_t slow, const double *const *wave, const ki_v8 *x,
                      size_t stride, ki_v8 *out) {
    for (size_t k = 0; k < slow; k++) {
        ki_v8 sum = {0};
        for (size_t r = 0; r < runs; r++)
            sum += wave[r][k] * x[r * stride];
        out[k] += sum;
    }
}

/* packed += sum_r x[r stride] z z^T, packed [slow (slow + 1) / 2]. */
KI_CLONES
static void add_own(size_t runs, size_t slow, const double *const *wave, const ki_v8 *x,
                    size_t stride, ki_v8 *packed) {
    for (size_t k = 0; k < slow; k++) {
        ki_v8 part[KI_PIECES_AT_ONCE];
        for (size_t r = 0; r < runs; r++)
            part[r] = wave[r][k] * x[r * stride];
        for (size_t l = k; l < slow; l++, packed++) {
            ki_v8 sum = *packed;
            for (size_t r = 0; r < runs; r++)
                sum += wave[r][l] * part[r];
            *packed = sum;
        }
    }
}

void ki_waves_squares(const ki_tally_block *b, const ki_v8 *w, ki_v8 *packed) {
    const ki_columns *c = b->columns;
    const size_t n = ki_columns_width(c), wide = 1 + c->units;
    run runs[KI_PIECES_AT_ONCE];
    const double *wave[KI_PIECES_AT_ONCE];
    size_t piece = piece_of(c, b->first), found;

    while (c->slow && (found = next_runs(b, &piece, runs)) > 0) {
        for (size_t r = 0; r < found; r++) {
            wave[r] = wave_of(b, runs + r);
            count_run(b, runs + r, w, b->space->piece + r * wide);
        }
        for (size_t j = 0; j < wide; j++)
            add_outer(found, c->slow, wave, b->space->piece + j, wide,
                      packed + ki_packed(n, j, wide));
        add_own(found, c->slow, wave, b->space->piece, wide, packed + ki_packed(n, wide, wide));
    }
}

KI_CLONES
static void look_up_halves(size_t count, const uint8_t *half, const ki_v8 *table, ki_v8 *f) {
    const uint8_t *a = half, *b = half + KI_TALLY, *c = b + KI_TALLY, *d = c + KI_TALLY;

    for (size_t t = 0; t < count; t++)
        f[t] +=
            (table[a[t]] + table[HALF + b[t]]) + (table[2 * HALF + c[t]] + table[3 * HALF + d[t]]);
}

KI_CLONES
static void look_up_half(size_t count, const uint8_t *half, const ki_v8 *table, ki_v8 *f) {
    for (size_t t = 0; t < count; t++)
        f[t] += table[half[t]];
}

/* Adds x.(1, s) to the form in a run. */
static void add_run(const ki_tally_block *b, const run *r, const ki_v8 *x, ki_v8 *q) {
    const ki_columns *c = b->columns;
    const size_t groups = (c->units + 3) / 4;
    ki_v8 *table = b->space->table;
    size_t h = 0;

    add(r->count, x, q + r->first);
    for (; h < groups; h++)
        ki_state_sums(c->units - 4 * h < 4 ? c->units - 4 * h : 4, x + 1 + 4 * h, table + h * HALF);
    for (h = 0; h + 4 <= groups; h += 4)
        look_up_halves(r->count, b->space->half + h * KI_TALLY + r->first, table + h * HALF,
                       q + r->first);
    for (; h < groups; h++)
        look_up_half(r->count, b->space->half + h * KI_TALLY + r->first, table + h * HALF,
                     q + r->first);
}

/* x[r stride] = sum_k wave[r][k] m[k], r < runs. */
KI_CLONES
static void project(size_t runs, size_t slow, const double *const *wave, const ki_v8 *m, ki_v8 *x,
                    size_t stride) {
    for (size_t r = 0; r < runs; r++) {
        ki_v8 sum = {0};
        for (size_t k = 0; k < slow; k++)
            sum += wave[r][k] * m[k];
        x[r * stride] = sum;
    }
}

/* *x += sum_(k <= l) m_kl z_k z_l, m packed. */
KI_CLONES
static void own_form(size_t slow, const double *wave, const ki_v8 *m, ki_v8 *x) {
    ki_v8 all = *x;

    for (size_t k = 0; k < slow; k++) {
        ki_v8 sum = {0}, other = {0};
        size_t l = k;
        for (; l + 1 < slow; l += 2, m += 2) {
            sum += wave[l] * m[0];
            other += wave[l + 1] * m[1];
        }
        if (l < slow)
            sum += wave[l] * *m++;
        all += wave[k] * (sum + other);
    }
    *x = all;
}

void ki_waves_quadratic(const ki_tally_block *b, const ki_v8 *m, ki_v8 *q) {
    const ki_columns *c = b->columns;
    const size_t n = ki_columns_width(c), wide = 1 + c->units;
    run runs[KI_PIECES_AT_ONCE];
    const double *wave[KI_PIECES_AT_ONCE];
    size_t piece = piece_of(c, b->first), found;

    while (c->slow && (found = next_runs(b, &piece, runs)) > 0) {
        for (size_t r = 0; r < found; r++)
            wave[r] = wave_of(b, runs + r);
        for (size_t j = 0; j < wide; j++)
            project(found, c->slow, wave, m + ki_packed(n, j, wide), b->space->piece + j, wide);
        for (size_t r = 0; r < found; r++) {
            ki_v8 *x = b->space->piece + r * wide;
            own_form(c->slow, wave[r], m + ki_packed(n, wide, wide), x);
            add_run(b, runs + r, x, q);
        }
    }
}
