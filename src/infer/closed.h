/* SPDX-License-Identifier: BSD-3-Clause */
/* Fits in closed form, from moments. */
#ifndef KI_SRC_INFER_CLOSED_H
#define KI_SRC_INFER_CLOSED_H

#include <kinising/infer.h>

/* Moments and columns that a fit works with. */
typedef struct ki_fit_moments {
    size_t units, n;        /* n = 1 + active columns */
    double *before, *after; /* [units]; after: over the transitions of the row */
    double *c, *d;          /* [units,units] raw; d may be NULL */
    size_t *column;         /* [n]; column[0] means nothing */
    size_t *counts;         /* [units] transitions of each row */
} ki_fit_moments;

/* nmf, tap and ms: theta [units,n] and statuses of rows that are not constant. */
int ki_fit_closed(const ki_fit_moments *m, int method, double *theta, int *status);

#endif
