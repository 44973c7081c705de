/* SPDX-License-Identifier: BSD-3-Clause */
/* One root in a bracket. */
#ifndef KI_SRC_NUM_ROOT_H
#define KI_SRC_NUM_ROOT_H

typedef double (*ki_scalar_fn)(void *ctx, double x);

/* Root of f in [a, b], given fa = f(a) and fb = f(b) of opposite sign (or one of them 0). Inverse
 * quadratic interpolation guarded by bisection (Chandrupatla 1997); stops when the bracket is
 * narrower than rtol |x|, f vanishes, or after 200 evaluations, of which there are 6 to 12 for a
 * smooth f. Adds the number of evaluations to *evaluations. */
double ki_root_bracketed(ki_scalar_fn f, void *ctx, double a, double fa, double b, double fb,
                         double rtol, int *evaluations);

#endif
