/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums in a fixed order, the same on every instruction set. */
#ifndef KI_SRC_NUM_SUM_H
#define KI_SRC_NUM_SUM_H

#include <stddef.h>

/* sum of x[i], of x[i] y[i] and of x[i]^2 w[i]: eight interleaved partial sums, added pairwise. */
double ki_sum(size_t n, const double *x);
double ki_dot(size_t n, const double *x, const double *y);
double ki_sum_squares(size_t n, const double *x, const double *w);

#endif
