/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over transitions for eight rows at a time, by tables of states [evidence].
 *
 * The regressors of a transition are x = (1, s_1 ... s_N, z_1 ... z_K): states of units and real
 * numbers. The states of 8 units are a byte: a sum over them is one of 256 numbers, and weights of
 * transitions that have the same byte are summed before the states are looked at. Rows are lanes:
 * arrays of ki_v8 hold a number of each of the eight rows. */
#ifndef KI_SRC_INFER_TALLY_H
#define KI_SRC_INFER_TALLY_H

#include "base/memory.h"
#include "num/simd.h"
#include "raster/raster.h"

enum { KI_TALLY = 4096 }; /* most transitions of a block */

/* Regressors of all transitions, those of bins that lead nowhere left out. */
typedef struct ki_columns {
    size_t units, slow, count; /* N, K, transitions */
    size_t bytes, halves;      /* groups of 8 units, of 4 units */
    size_t stride;             /* elements of a row of the arrays */
    uint8_t *before, *after;   /* [bytes, stride] states: bit k of byte g is unit 8 g + k */
    double *wave;              /* [slow, stride] z */
} ki_columns;

static inline size_t ki_columns_width(const ki_columns *c) {
    return 1 + c->units + c->slow;
}

/* Hands out the memory of columns of which units, slow and count are set. */
void ki_columns_take(ki_cursor *memory, ki_columns *c);

/* States from the units unit[N] of a raster, and z_k = cos(pi k t / bins), t in the middle of a bin. */
void ki_columns_fill(ki_columns *c, const ki_raster *r, const size_t *unit);

/* Columns with the states of `from` and another number of slow regressors, to->slow, whose memory and
 * numbers are to be had by these two. */
void ki_columns_take_waves(ki_cursor *memory, const ki_columns *from, ki_columns *to);
void ki_columns_fill_waves(ki_columns *c, const ki_raster *r);

/* Every `stride`-th transition of `from`; units and slow of both are the same, to->count that of
 * from over the stride, rounded up. */
void ki_columns_thin(const ki_columns *from, size_t stride, ki_columns *to);

/* Work space of a worker. */
typedef struct ki_tally_space {
    uint8_t *half;  /* [2 bytes, KI_TALLY] states of 4 units */
    uint8_t *index; /* [2, KI_TALLY] */
    ki_v8 *table;   /* [2, 256] */
    ki_v8 *more;    /* [KI_TALLY] */
    ki_v8 *sum;     /* [N + 1] */
} ki_tally_space;

void ki_tally_take(ki_cursor *memory, const ki_columns *c, ki_tally_space *space);

/* A block of transitions. */
typedef struct ki_tally_block {
    const ki_columns *columns;
    size_t first, count;
    const ki_tally_space *space;
} ki_tally_block;

/* f_t = theta.x_t, theta [n]. */
void ki_tally_fields(const ki_tally_block *b, const ki_v8 *theta, ki_v8 *f);

/* sum [n] += sum_t w_t x_t. */
void ki_tally_moments(const ki_tally_block *b, const ki_v8 *w, ki_v8 *sum);

/* packed [n (n + 1) / 2] += sum_t w_t x_t x_t^T: (0,0), (0,1) ... (1,1) ... */
void ki_tally_squares(const ki_tally_block *b, const ki_v8 *w, ki_v8 *packed);

/* q_t = sum_(j <= k) m_jk x_j x_k, m packed: elements off the diagonal of a matrix are doubled. */
void ki_tally_quadratic(const ki_tally_block *b, const ki_v8 *m, ki_v8 *q);

/* y_t of rows 8 group ... 8 group + 7: states after, -1 or 1. */
void ki_tally_targets(const ki_tally_block *b, size_t group, ki_v8 *y);

/* Where element (j, k), j <= k, of a packed [n,n] is. */
static inline size_t ki_packed(size_t n, size_t j, size_t k) {
    return j * (2 * n - j + 1) / 2 + (k - j);
}

#endif
