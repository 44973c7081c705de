/* SPDX-License-Identifier: BSD-3-Clause */
/* Sites of expectation propagation from marginals of the fields [evidence]. Arrays are blocks of
 * transitions with a row in each lane. */
#ifndef KI_SRC_INFER_TILT_H
#define KI_SRC_INFER_TILT_H

#include <stddef.h>

#include "num/simd.h"

/* Eight numbers in single precision. */
typedef float ki_f8 __attribute__((vector_size(32)));

/* Sites exp(nu f - tau f^2/2) by which the tilted distributions sigma(2 y f) N(f; cavity) have the
 * right mean and variance: Gauss-Hermite rules of 8, 12 or 24 nodes, as the widest cavity of 16
 * transitions needs (variances up to 0.03, 0.1, more; errors of tau are below 1e-7 up to 0.4).
 *
 * f and v are means and variances of the fields under the old sites; they become nu and tau. Of the old
 * sites the part keep in 0..1, another one for each row, is kept. */
void ki_tilt(size_t count, const ki_v8 *y, const ki_v8 *keep, ki_v8 *f, ki_v8 *v, ki_f8 *tau,
             ki_f8 *nu);

/* Sites of second order at the fields f (Laplace's method); f becomes nu, v becomes tau. */
void ki_expand(size_t count, const ki_v8 *y, ki_v8 *f, ki_v8 *v, ki_f8 *tau, ki_f8 *nu);

/* Sites that are stored to f and v. */
void ki_stored_sites(size_t count, const ki_f8 *tau, const ki_f8 *nu, ki_v8 *f, ki_v8 *v);

#endif
