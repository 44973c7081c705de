/* SPDX-License-Identifier: BSD-3-Clause */
/* Elementary functions on arrays, vectorised, and the smoothed densities made of them. Relative
 * errors are a few 1e-16, growing to 1e-13 where exp(-700) is the value. */
#ifndef KI_SRC_NUM_VECMATH_H
#define KI_SRC_NUM_VECMATH_H

#include <stddef.h>

/* y[i] = exp(x[i]); arguments below -708 give 0, above 709 are clamped there. x == y is allowed. */
void ki_vexp(size_t n, const double *x, double *y);

/* y[i] = erfc(x[i]) with relative accuracy in the upper tail. x == y is allowed. */
void ki_verfc(size_t n, const double *x, double *y);

/* y[i] = erf(x[i]) with relative accuracy at 0. x == y is allowed. */
void ki_verf(size_t n, const double *x, double *y);

/* y[i] = ln 2cosh x - x tanh x = log1p(e) + 2|x| e/(1 + e), e = exp(-2|x|): the entropy of a spin
 * in the field x. */
void ki_vchi(size_t n, const double *x, double *y);

/* y[i] = sech^2 x = 4 e/(1 + e)^2, e = exp(-2|x|). */
void ki_vsech2(size_t n, const double *x, double *y);

/* Density at v[i] of w z + u with z standard normal and u uniform on (-D, D), w > 0, D >= 0:
 *     [Phi((v + D)/w) - Phi((v - D)/w)] / (2 D),   phi(v/w)/w at D = 0,
 * with relative accuracy for every D, small ones and far tails included. out != v. */
void ki_box_density(size_t n, const double *v, double w, double D, double *out);

/* Density at v[i] of w z + u + u', uniform on (-a, a) and (-D, D); symmetric in a and D. Relative
 * accuracy near the maximum, absolute in the tails. out != v. */
void ki_double_box_density(size_t n, const double *v, double w, double a, double D, double *out);

/* Integral of chi from x to infinity, x >= 0: -Li2(-e) + x log1p(e), e = exp(-2x). */
double ki_chi_tail(double x);

#endif
