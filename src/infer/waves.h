/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of slow regressors in the sums of tally.h [evidence]. Blocks must have been split
 * (columns.h) for squares and forms. */
#ifndef KI_SRC_INFER_WAVES_H
#define KI_SRC_INFER_WAVES_H

#include "columns.h"

/* f_t += sum_k theta_k z_k, theta [K]. */
void ki_waves_fields(const ki_tally_block *b, const ki_v8 *theta, ki_v8 *f);

/* sum [K] += sum_t w_t z_k. */
void ki_waves_moments(const ki_tally_block *b, const ki_v8 *w, ki_v8 *sum);

/* The elements of packed with a slow regressor. */
void ki_waves_squares(const ki_tally_block *b, const ki_v8 *w, ki_v8 *packed);

/* What they add to the quadratic form. */
void ki_waves_quadratic(const ki_tally_block *b, const ki_v8 *m, ki_v8 *q);

#endif
