/* SPDX-License-Identifier: BSD-3-Clause */
/* One pass over the data with the inverse information F_i^-1 of each fitted row: everything of the
 * entropy production that needs it [sigma-data]. */
#ifndef KI_SRC_THERMO_PASS_H
#define KI_SRC_THERMO_PASS_H

#include "infer/rows.h"
#include "part.h"

enum { KI_BATCHES = 50, KI_FLIP_BLOCKS = 60 };

/* A fitted network as rows, and what is to be made of it. */
typedef struct ki_pass {
    const ki_part *part;
    size_t fitted, n;      /* rows, regressors */
    const size_t *unit;    /* [fitted] units of the rows */
    const size_t *column;  /* [n] units of the regressors, column[0] means nothing */
    const double *theta;   /* [fitted,n] */
    const int *separated;  /* [fitted] the likelihood has no finite maximum */
    const double *current; /* [N,N] dD */
    int likelihood; /* theta is that of maximum likelihood: biases by Cox and Snell are wanted */
    size_t batches; /* of transitions, at most KI_BATCHES */
    size_t batch[KI_BATCHES + 1];
    size_t blocks; /* 0, or at most KI_FLIP_BLOCKS */
    size_t block[KI_FLIP_BLOCKS + 1];
    size_t folds;       /* 0, or of crossfit by one step */
    const size_t *fold; /* [folds + 1] */
    /* Results, by row. */
    double *leads;     /* [fitted,KI_LEADS] */
    double *cox_snell; /* [fitted] */
    double *psi;       /* [fitted,KI_BATCHES] sums over batches */
    double *
        gram; /* [fitted,KI_FLIP_BLOCKS^2] K^k_i . F_i^-1 K^l_i, [blocks,blocks] of it; with blocks */
    double *crossed;  /* [fitted] J_i.dD_i of crossfit; with folds */
    double *variance; /* NULL, or [N,N] of J: the diagonal of F_i^-1 */
    int *failed;      /* [fitted] F_i is singular */
} ki_pass;

/* Bytes of work space of a worker, `parts` the blocks; *overflow is set if they do not fit. */
uint64_t ki_pass_bytes(size_t units, size_t n, size_t words, size_t parts, int *overflow);

/* Makes it. Returns 0, KI_ERR_NOMEM or KI_ERR_CANCELLED. */
int ki_pass_run(const ki_pass *pass, const ki_run_options *run);

#endif
