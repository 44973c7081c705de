/* SPDX-License-Identifier: BSD-3-Clause */
/* Regressors of all transitions, for sums over eight rows at a time [evidence]: states of units as
 * bits, and slow cosines as steps.
 *
 * A cosine is constant in each of `pieces` equal parts of the recording, cos(pi k (p + 1/2)/pieces):
 * what is summed over a part is summed but once for all cosines. */
#ifndef KI_SRC_INFER_COLUMNS_H
#define KI_SRC_INFER_COLUMNS_H

#include "base/memory.h"
#include "num/simd.h"
#include "raster/raster.h"

enum { KI_TALLY = 4096, KI_PIECES = 32 }; /* most transitions of a block; pieces for each cosine */

/* Regressors of all transitions, those of bins that lead nowhere left out. */
typedef struct ki_columns {
    size_t units, slow, count, bins; /* N, K, transitions, of so many bins */
    size_t bytes, halves;            /* groups of 8 units, of 4 units */
    size_t stride;                   /* elements of a row of states */
    size_t pieces;
    uint8_t *before, *after; /* [bytes, stride] states: bit k of byte g is unit 8 g + k */
    size_t *start;           /* [pieces + 1] transitions of pieces */
    double *wave;            /* [pieces, slow] z */
} ki_columns;

static inline size_t ki_columns_width(const ki_columns *c) {
    return 1 + c->units + c->slow;
}

/* Hands out the memory of columns of which units, slow, count and bins are set. */
void ki_columns_take(ki_cursor *memory, ki_columns *c);

/* States from the units unit[N] of a raster, and cosines. */
void ki_columns_fill(ki_columns *c, const ki_raster *r, const size_t *unit);

/* Columns with the states of `from` and another number of cosines, to->slow, whose memory and
 * numbers are to be had by these two. */
void ki_columns_take_waves(ki_cursor *memory, const ki_columns *from, ki_columns *to);
void ki_columns_fill_waves(ki_columns *c, const ki_raster *r);

/* Every `stride`-th transition of `from`; to->count is that of from over the stride, rounded up, the
 * rest the same. */
void ki_columns_thin(const ki_columns *from, size_t stride, ki_columns *to);

/* Work space of a worker. */
typedef struct ki_tally_space {
    uint8_t *half;  /* [2 bytes, KI_TALLY] states of 4 units */
    uint8_t *index; /* [2, KI_TALLY] */
    ki_v8 *table;   /* [2, 256], or [halves, 16] */
    ki_v8 *piece;   /* [KI_PIECES_AT_ONCE, 1 + N] */
} ki_tally_space;

enum { KI_PIECES_AT_ONCE = 16 };

void ki_tally_take(ki_cursor *memory, const ki_columns *c, ki_tally_space *space);

/* A block of transitions. */
typedef struct ki_tally_block {
    const ki_columns *columns;
    size_t first, count;
    const ki_tally_space *space;
} ki_tally_block;

/* States of 4 units of a block, [halves, KI_TALLY], to the work space. */
void ki_tally_split(const ki_tally_block *b);

/* sum[k] = sum_s x_s s_k for the `bits` bits k of s, each -1 or 1, sum[bits] = sum_s x_s; x [2^bits]
 * is overwritten. */
void ki_walsh_sums(size_t bits, ki_v8 *x, ki_v8 *sum);

/* The other way round: table[s] = sum_k x_k s_k over the `bits` bits k of s, table [2^bits]. */
void ki_state_sums(size_t bits, const ki_v8 *x, ki_v8 *table);

/* Where element (j, k), j <= k, of a packed [n,n] is. */
static inline size_t ki_packed(size_t n, size_t j, size_t k) {
    return j * (2 * n - j + 1) / 2 + (k - j);
}

#endif
