/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over the transitions of a recording for groups of rows: the loops over blocks of bins that
 * all fits, and what is made of them, have in common.
 *
 * A row is a unit i with its parameters theta = (H_i, J_ij of the active columns j), regressors
 * x_t = (1, s_j(t)), targets y_t = s_i(t+1), fields h_t = theta.x_t. Sums of a row are the same to
 * the last bit in any group. */
#ifndef KI_SRC_INFER_ROWS_H
#define KI_SRC_INFER_ROWS_H

#include "base/memory.h"
#include "base/parallel.h"
#include "infer/bytes.h"
#include "num/simd.h"
#include "raster/raster.h"

/* What rows are fitted to; all borrowed. */
typedef struct ki_rows_data {
    const ki_raster *raster;
    const ki_raster *updates; /* NULL, or: y_t of unit i counts if its bit is set in the bin of y */
    const uint64_t *use;      /* [words] bins from which a transition counts */
    size_t count;             /* bits of `use` */
    size_t n;                 /* regressors: the field and the active columns */
    const size_t *column;     /* [n] their units; column[0] means nothing */
    const double *moment;     /* NULL, or [units,n]: sum_t y_t x_t is replaced by these numbers */
    size_t stride;            /* above 1: of the blocks of KI_BLOCK bins only each of so many, and
                               * sums scaled to all */
} ki_rows_data;

/* Work space for groups of up to `most` rows. */
typedef struct ki_rows_space {
    size_t most;
    double *x;          /* [n, KI_ROWS_STRIDE] */
    double *y, *h, *w;  /* [most, KI_BLOCK] */
    double *sum;        /* [most, the larger of n and KI_PAIRS] */
    double *pair;       /* [KI_PAIRS, KI_BLOCK] */
    double *multiplier; /* of ki_matmul() */
    /* Of sums by digits, which need instructions by name; NULL below. */
    int level;        /* of num/simd.h */
    double *square;   /* [n,n] */
    double *weights;  /* [most, KI_CHUNK] */
    uint8_t *bytes;   /* [KI_BYTES_PLANES, KI_CHUNK] */
    double *offset;   /* [KI_CHUNK] of rounding */
    uint64_t *ones;   /* [KI_BYTES_WORDS] */
    uint64_t *quad;   /* [KI_BLOCK / KI_FORM_BINS, fours of columns, 2] */
    uint64_t *spread; /* [KI_BLOCK / KI_FORM_BINS, n, 2] */
    int8_t *matrix;   /* [most, KI_BYTES_PLANES ki_form_elements(n)] */
} ki_rows_space;

/* Bins of which weights are made at a time; pairs of regressors whose products are; most rows of a
 * group. */
enum { KI_CHUNK = 64 * KI_BYTES_WORDS, KI_PAIRS = 128, KI_ROWS_MOST = 64 };

/* Digits of 8 bits by which weights and matrices may be given: what a step needs, what one of Firth
 * needs that another follows, what a result needs where the matrix is well conditioned, and as in
 * double precision. */
enum { KI_ROUGH = 1, KI_FAIR = 2, KI_FINE = 3, KI_EXACT = 8 };

/* Elements of the upper half of an [n,n] matrix, row by row: (0,0), (0,1) ... (1,1) ... */
static inline size_t ki_pairs(size_t n) {
    return n * (n + 1) / 2;
}

/* Hands out the work space. */
void ki_rows_take(ki_cursor *memory, size_t n, size_t most, ki_rows_space *space);

/* A group at work: `theta` [rows,n] of the units unit[rows]. */
typedef struct ki_rows {
    const ki_rows_data *data;
    ki_rows_space *space;
    ki_work *work; /* NULL, or is told of the operations */
    size_t rows;
    const size_t *unit;
    const double *theta;
} ki_rows;

/* Log-likelihoods sum_t y h - ln 2cosh h, gradients g [rows,n] = sum_t (y - tanh h) x and mean
 * weights (of sech^2 h, over the transitions of the row). Each returns 0 or KI_ERR_CANCELLED. */
int ki_rows_score(const ki_rows *g, double *log_likelihood, double *gradient, double *weight);

/* Weights of second moments. */
enum ki_weight {
    KI_INFORMATION, /* sech^2 h: Fisher's information F */
    KI_SCORES,      /* (y - tanh h)^2: the sum of squared scores */
    KI_NEAR         /* 1 where |h| < 1, else 0 */
};

/* sum_t weight x x^T in packed form [rows, ki_pairs(n)]. Weights are rounded to `digits` digits of 8
 * bits (1 to 4, or 8) of the largest one of 4096 bins: the errors of a sum over T bins are some
 * 256^-digits sqrt(T)/2, where its elements are of the order of T, and the time is proportional to
 * digits. Without the instructions for it weights are not rounded. */
int ki_rows_squares(const ki_rows *g, int weight, int digits, double *packed);

/* The same for Fisher's information of each row with `digits` digits if by these the elements of its
 * inverse are right to some 1e-9 of their size (2e-7 by KI_FAIR, 1e-4 by KI_ROUGH), else with KI_EXACT:
 * exact [rows] says which. */
int ki_rows_information(const ki_rows *g, int digits, double *packed, int *exact);

/* Smallest and largest y h of each row. */
int ki_rows_margins(const ki_rows *g, double *least, double *most);

/* gradient += sum_t -tanh h sech^2 h q x with q_t = x_t^T m x_t, m symmetric in packed form
 * [rows, ki_pairs(n)] with elements off the diagonal doubled, rounded to `digits` digits like weights. */
int ki_rows_leverage(const ki_rows *g, const double *m, int digits, double *gradient);

/* a [n,n], both halves, of a packed one. */
void ki_unpack_pairs(size_t n, const double *packed, double *a);

/* Parts of these. Regressors, targets and fields of a block; 0 if it has no transition. */
int ki_rows_prepare(const ki_rows *g, size_t w);

/* Adds sum_t a_t x_t of the block, a [rows, KI_BLOCK], to gradients. */
void ki_rows_add_products(const ki_rows *g, const double *a, double *gradient);

/* Products x_j x_k of up to KI_PAIRS pairs from *p on; returns how many. */
typedef struct ki_pair {
    size_t j, k;
} ki_pair;

static inline ki_pair ki_next_pair(ki_pair p, size_t n) {
    return p.k + 1 < n ? (ki_pair){p.j, p.k + 1} : (ki_pair){p.j + 1, p.j + 1};
}

size_t ki_rows_make_pairs(const ki_rows *g, ki_pair *p);

/* Tells the worker of so many operations. Returns 0 or KI_ERR_CANCELLED. */
int ki_rows_spend(const ki_rows *g, size_t operations);

#endif
