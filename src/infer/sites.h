/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of a network under a Gaussian prior [evidence]: sites of expectation propagation, row by row.
 *
 * A row has the regressors x_t = (1, s(t) of the kept units, slow cosines) and the parameters
 * theta = (H_i, J_i., ...), each with a prior of one of four kinds. */
#ifndef KI_SRC_INFER_SITES_H
#define KI_SRC_INFER_SITES_H

#include "base/memory.h"
#include "raster/raster.h"

/* Kinds of parameters; the last one, of the cosines, has mean 0 and variance 1. */
enum { KI_KIND_COUPLING, KI_KIND_FIELD, KI_KIND_SELF, KI_KINDS, KI_KIND_SLOW = KI_KINDS };

/* Means and variances of the kinds. */
typedef struct ki_kinds {
    double mean[KI_KINDS + 1], variance[KI_KINDS + 1];
} ki_kinds;

/* What rows are made of. */
typedef struct ki_evidence_data {
    const ki_raster *raster;
    size_t units, cosines, n; /* kept units; slow regressors; n = 1 + units + cosines */
    size_t blocks;            /* of KI_BLOCK bins that have a transition */
    size_t *unit;             /* [units] which they are */
    size_t *word;             /* [blocks] first words of the blocks */
    double *x;                /* [blocks, n, KI_BLOCK], 0 where no transition begins */
    double *tau, *nu;         /* [units, blocks, KI_BLOCK] sites exp(nu f - tau f^2/2) */
    double *theta;            /* [units, n] means of the rows */
    double *precision;        /* [units, n, n] sum_t tau x x^T */
    double *weighted;         /* [units, n] sum_t nu x */
    double *change;           /* [units] of theta in the last sweep, in standard deviations */
    ki_kinds prior;
} ki_evidence_data;

/* The kind of parameter k of kept unit i. */
static inline int ki_kind_of(const ki_evidence_data *d, size_t i, size_t k) {
    if (k == 0)
        return KI_KIND_FIELD;
    if (k > d->units)
        return KI_KIND_SLOW;
    return k == i + 1 ? KI_KIND_SELF : KI_KIND_COUPLING;
}

/* Hands out the memory of rows over `blocks` blocks. */
void ki_evidence_take(ki_cursor *memory, ki_evidence_data *d);

/* Regressors of all blocks from raster and d->unit, d->word. */
void ki_evidence_fill(ki_evidence_data *d);

/* Steps of Newton's method to the modes of all rows, and sites there (Laplace's method). */
int ki_evidence_laplace(ki_evidence_data *d, const ki_run_options *run);

/* One sweep over the sites of all rows. Returns 0 or KI_ERR_*. */
int ki_evidence_sweep(ki_evidence_data *d, const ki_run_options *run);

#endif
