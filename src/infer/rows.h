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
} ki_rows_data;

/* Work space for groups of up to `most` rows. */
typedef struct ki_rows_space {
    size_t most;
    double *x;          /* [n, KI_BLOCK] */
    double *y, *h, *w;  /* [most, KI_BLOCK] */
    double *sum;        /* [most, the larger of n and KI_PAIRS] */
    double *pair;       /* [KI_PAIRS, KI_BLOCK] */
    double *multiplier; /* of ki_matmul() */
    /* Of ki_rows_information_bytes(), above KI_EXACT_COLUMNS: */
    double *weights; /* [KI_BYTES_ROWS, 64 KI_BYTES_WORDS] */
    uint8_t *bytes;  /* the same */
    double *tile;    /* [ki_pairs(n), KI_BYTES_ROWS] */
    uint64_t *ones;  /* [KI_BYTES_WORDS] */
} ki_rows_space;

/* Pairs of regressors whose products are made at a time; most rows of a group. */
enum { KI_PAIRS = 128, KI_ROWS_MOST = 64 };

/* Regressors up to which second moments for errors are made in double precision. */
enum { KI_EXACT_COLUMNS = 129 };

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

/* sum_t weight x x^T in packed form [rows, ki_pairs(n)]. Of the blocks of bins only every
 * `stride`-th is used, and the sums are scaled to all. */
int ki_rows_squares(const ki_rows *g, int weight, size_t stride, double *packed);

/* sum_t sech^2(h) x x^T with weights rounded to 1/255 of the largest one of 4096 bins: errors of F
 * are some 1e-3 sqrt(T), not the T of its elements, and it takes an eighth of the time. Needs n >
 * KI_EXACT_COLUMNS. */
int ki_rows_information_bytes(const ki_rows *g, double *packed);

/* Smallest and largest y h of each row. */
int ki_rows_margins(const ki_rows *g, double *least, double *most);

/* gradient += sum_t -tanh h sech^2 h q x with q_t = x_t^T m x_t, m symmetric in packed form
 * [rows, ki_pairs(n)] with elements off the diagonal doubled. */
int ki_rows_leverage(const ki_rows *g, const double *m, double *gradient);

/* a [n,n], both halves, of a packed one. */
void ki_unpack_pairs(size_t n, const double *packed, double *a);

#endif
