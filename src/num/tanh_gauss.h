/* SPDX-License-Identifier: BSD-3-Clause */
/* Averages of tanh(g + s z) over standard normal z, one spin or two, to some 1e-14 absolutely for
 * every finite g and 0 <= s <= 1e300, with a bounded number of nodes. */
#ifndef KI_SRC_NUM_TANH_GAUSS_H
#define KI_SRC_NUM_TANH_GAUSS_H

#include <stddef.h>

/* *mean = < tanh(g + s z) >, in [-1, 1], *slope = < sech^2(g + s z) >, in [0, 1]. */
void ki_tanh_average(double g, double s, double *mean, double *slope);

/* Most Hermite coefficients that can be asked for. */
#define KI_TANH_TERMS 511

/* c_n = < tanh(g + s z) He_n(z) > / sqrt(n!), n = 1..terms, of up to KI_LANES spins at a time: with
 * correlation rho between z and z',
 *     < tanh(g + s z) tanh(g' + s' z') > = sum_{n >= 0} c_n c'_n rho^n            (Mehler).
 * c[(n - 1) lanes + i] is c_n of spin i. */
void ki_tanh_hermite(size_t lanes, const double *g, const double *s, size_t terms, double *c);

/* Upper bound of sum_{n > terms} c_n^2, whatever g is. */
double ki_tanh_tail(double s, size_t terms);

/* < tanh(g1 + s1 z1) tanh(g2 + s2 z2) > at correlation rho in [-1, 1]; some microseconds. */
double ki_tanh_pair(double g1, double s1, double g2, double s2, double rho);

/* Internal to the two files behind this header. T(y) = < tanh(y + s z) > as a function of y:
 * for s >= KI_TANH_WIDE tanh is sign seen through logistic noise, and T a series of derivatives of
 * erf; u = y/s. slope[i] = T'(y), may be NULL. */
#define KI_TANH_WIDE 4.5
void ki_tanh_wide(size_t n, const double *u, double s, double *T, double *slope);

#endif
