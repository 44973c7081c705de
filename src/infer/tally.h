/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over transitions for eight rows at a time, by tables of states [evidence].
 *
 * The regressors of a transition are x = (1, s_1 ... s_N, z_1 ... z_K): states of units and slow
 * numbers. The states of 8 units are a byte: a sum over them is one of 256 numbers, and weights of
 * transitions that have the same byte are summed before the states are looked at. Rows are lanes:
 * arrays of ki_v8 hold a number of each of the eight rows. */
#ifndef KI_SRC_INFER_TALLY_H
#define KI_SRC_INFER_TALLY_H

#include "columns.h"

/* f_t = theta.x_t, theta [n]. */
void ki_tally_fields(const ki_tally_block *b, const ki_v8 *theta, ki_v8 *f);

/* sum [n] += sum_t w_t x_t. */
void ki_tally_moments(const ki_tally_block *b, const ki_v8 *w, ki_v8 *sum);

/* packed [n (n + 1) / 2] += sum_t w_t x_t x_t^T: (0,0), (0,1) ... (1,1) ... */
void ki_tally_squares(const ki_tally_block *b, const ki_v8 *w, ki_v8 *packed);

/* q_t = sum_(j <= k) m_jk x_j x_k, m packed: elements off the diagonal of a matrix are doubled. */
void ki_tally_quadratic(const ki_tally_block *b, const ki_v8 *m, ki_v8 *q);

/* y_t of rows 8 group ... 8 group + 7: states after, -1 or 1. */
void ki_tally_targets(const ki_tally_block *b, size_t group, ki_v8 *y);

#endif
