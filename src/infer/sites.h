/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of a network under a Gaussian prior [evidence]: sites of expectation propagation, row by row.
 *
 * A row has the regressors x_t = (1, s(t) of the kept units, slow cosines) and the parameters
 * theta = (H_i, J_i., ...), each with a prior of one of four kinds. */
#ifndef KI_SRC_INFER_SITES_H
#define KI_SRC_INFER_SITES_H

#include "base/parallel.h"
#include "tally.h"
#include "tilt.h"

/* Kinds of parameters; that of the cosines is after the others, and then that of their means. */
enum {
    KI_KIND_COUPLING,
    KI_KIND_FIELD,
    KI_KIND_SELF,
    KI_KINDS,
    KI_KIND_SLOW = KI_KINDS,
    KI_KIND_SHARED,
    KI_VARIANCES
};
enum { KI_MOST_COSINES = 64 };

/* Means and variances of the kinds. Each cosine has a mean of its own, which is what all units share of
 * a drift; these means are from a Gaussian of mean 0 themselves. */
typedef struct ki_kinds {
    double mean[KI_KINDS + KI_MOST_COSINES], variance[KI_VARIANCES];
} ki_kinds;

/* What rows are made of. */
typedef struct ki_evidence_data {
    const ki_raster *raster;
    size_t units, cosines, n; /* kept units; slow regressors; n = 1 + units + cosines */
    size_t groups;            /* of eight rows */
    size_t *unit;             /* [units] which they are */
    ki_columns columns;       /* regressors */
    ki_columns sample;        /* those of every `stride`-th transition; or all, stride 1 */
    size_t stride;
    ki_f8 *tau, *nu;   /* [groups, transitions] sites exp(nu f - tau f^2/2) */
    double *theta;     /* [units, n] means of the rows */
    double *precision; /* [units, n, n] sum_t tau x x^T */
    double *weighted;  /* [units, n] sum_t nu x */
    double *change;    /* [units] of theta in the last sweep, in standard deviations */
    double *keep;      /* [units] part of the old sites that a sweep keeps */
    double *last;      /* [units, n] how theta moved last */
    ki_kinds prior;
    double gain; /* of the log-evidence when the prior was maximised last */
} ki_evidence_data;

/* The kind of parameter k of kept unit i. */
static inline int ki_kind_of(const ki_evidence_data *d, size_t i, size_t k) {
    if (k == 0)
        return KI_KIND_FIELD;
    if (k > d->units)
        return KI_KIND_SLOW;
    return k == i + 1 ? KI_KIND_SELF : KI_KIND_COUPLING;
}

/* Which mean it has. */
static inline size_t ki_mean_of(const ki_evidence_data *d, size_t i, size_t k) {
    return k > d->units ? KI_KINDS + k - d->units - 1 : (size_t)ki_kind_of(d, i, k);
}

/* Means that there are. */
static inline size_t ki_means(const ki_evidence_data *d) {
    return KI_KINDS + d->cosines;
}

/* Hands out the memory of rows; raster, units, cosines and unit are set. */
void ki_evidence_take(ki_cursor *memory, ki_evidence_data *d);

/* Regressors from raster and d->unit. */
void ki_evidence_fill(ki_evidence_data *d);

/* The same for d->cosines in place of those of `from`, with its units, sites and means: sites are
 * shared, so that those of `from` change with the ones of d, while its sums stay. */
void ki_evidence_take_more(ki_cursor *memory, const ki_evidence_data *from, ki_evidence_data *d);
void ki_evidence_fill_more(const ki_evidence_data *from, ki_evidence_data *d);

/* Steps of Newton's method to the modes of all rows, and sites there (Laplace's method). */
int ki_evidence_laplace(ki_evidence_data *d, const ki_run_options *run);

/* One sweep over the sites of all rows. Returns 0 or KI_ERR_*. */
int ki_evidence_sweep(ki_evidence_data *d, const ki_run_options *run);

/* precision and weighted from the sites that are stored. */
int ki_evidence_collect(ki_evidence_data *d, const ki_run_options *run);

/* Bytes that any of these three takes, and *overflow = 1 if they do not fit. */
uint64_t ki_evidence_sweep_bytes(const ki_evidence_data *d, int threads, int *overflow);

/* ki_parallel_work() over `count` tasks that stand for `rows` rows after `before`; KI_ERR_CANCELLED also
 * if the last report was answered so. */
int ki_evidence_loop(const ki_evidence_data *d, size_t count, ki_work_fn work, void *context,
                     const ki_run_options *run, size_t before, size_t rows);

/* Set the sentence; return KI_ERR_CANCELLED, and KI_ERR_ARGUMENT for kept unit i. */
int ki_evidence_cancelled(void);
int ki_evidence_singular(const ki_evidence_data *d, size_t i);

/* The factor u^T u of precision + prior of the rows of a group, u [p,p] of num/cholesky_lanes.h;
 * returns 0 or KI_ERR_ARGUMENT with the first unit that has none. */
int ki_evidence_factor(const ki_evidence_data *d, const ki_kinds *prior, size_t group, ki_v8 *u);

#endif
