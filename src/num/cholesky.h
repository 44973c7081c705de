/* SPDX-License-Identifier: BSD-3-Clause */
/* Symmetric positive definite systems, row-major, without BLAS. */
#ifndef KI_SRC_NUM_CHOLESKY_H
#define KI_SRC_NUM_CHOLESKY_H

#include <stddef.h>

/* a [n,n] = l l^T: the lower half of a becomes l, the upper half is left. A pivot that has lost all
 * but `small` of its diagonal element ends it: returns 0, or that column + 1. */
size_t ki_cholesky(size_t n, double *a, double small);

/* x = (l l^T)^-1 x. */
void ki_cholesky_solve(size_t n, const double *l, double *x);

/* x = l^-1 x, the first half of it. */
void ki_cholesky_forward(size_t n, const double *l, double *x);

/* inverse [n,n] = (l l^T)^-1, both halves; overlaps nothing. */
void ki_cholesky_inverse(size_t n, const double *l, double *inverse);

/* ln det(l l^T). */
double ki_cholesky_log_det(size_t n, const double *l);

#endif
