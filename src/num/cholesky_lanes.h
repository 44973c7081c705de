/* SPDX-License-Identifier: BSD-3-Clause */
/* Eight symmetric positive definite systems at a time, one in each lane. Matrices are [p,p],
 * row-major, p a multiple of 4 (the rest is a unit matrix), and only the upper half is looked at. */
#ifndef KI_SRC_NUM_CHOLESKY_LANES_H
#define KI_SRC_NUM_CHOLESKY_LANES_H

#include <stddef.h>

#include "simd.h"

/* p for systems of n. */
#define KI_LANES_WIDTH(n) (((n) + 3) & ~(size_t)3)

/* a = u^T u: the upper half of a becomes u. Returns 0, or bits of the lanes in which a is not
 * positive definite (other lanes are right). */
unsigned ki_cholesky_lanes(size_t p, ki_v8 *a);

/* w = u^-1, upper; w overlaps nothing. */
void ki_cholesky_lanes_invert(size_t p, const ki_v8 *u, ki_v8 *w);

/* x [p] = (u^T u)^-1 x. */
void ki_cholesky_lanes_solve(size_t p, const ki_v8 *u, ki_v8 *x);

/* x [p] = u^-1 x, the second half of it. */
void ki_cholesky_lanes_backward(size_t p, const ki_v8 *u, ki_v8 *x);

/* The inverse w w^T of u^T u from w = u^-1: element (j, k) of the upper half to s[j p + k]; s overlaps
 * nothing. */
void ki_cholesky_lanes_inverse(size_t p, const ki_v8 *w, ki_v8 *s);

/* Its diagonal alone, [p]. */
void ki_cholesky_lanes_variances(size_t p, const ki_v8 *w, ki_v8 *variance);

#endif
