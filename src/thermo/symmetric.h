/* SPDX-License-Identifier: BSD-3-Clause */
/* The likeliest network with J = J^T, and the likelihood ratio [symmetric]. */
#ifndef KI_SRC_THERMO_SYMMETRIC_H
#define KI_SRC_THERMO_SYMMETRIC_H

#include "part.h"

/* A fit; H and J hold a network to begin with, of the rows and columns that change, and the likeliest
 * symmetric one at the end. Couplings of which only one direction can be fitted are free. */
typedef struct ki_symmetric {
    const ki_part *part;
    size_t fitted, n;      /* rows, regressors */
    const size_t *unit;    /* [fitted] units of the rows */
    const size_t *column;  /* [n] units of the regressors, column[0] means nothing */
    double *H, *J;         /* [N], [N,N] */
    double log_likelihood; /* out, nats */
    size_t ties;           /* out: pairs of which both directions are one number */
    int converged;         /* out */
} ki_symmetric;

/* Fits. Returns 0, KI_ERR_NOMEM or KI_ERR_CANCELLED. */
int ki_symmetric_fit(ki_symmetric *fit, const ki_run_options *run);

/* Bytes that it takes. */
uint64_t ki_symmetric_bytes(size_t units, int threads);

#endif
