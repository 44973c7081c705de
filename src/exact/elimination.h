/* SPDX-License-Identifier: BSD-3-Clause */
/* Stationary law without a subtraction. [exact] */
#ifndef KI_SRC_EXACT_ELIMINATION_H
#define KI_SRC_EXACT_ELIMINATION_H

#include <stddef.h>

/* Stationary law of the chain with the transition probabilities (or rates) `matrix` [n,n] off its
 * diagonal, by elimination of one state after the other without a subtraction (Grassmann, Taksar,
 * Heyman 1985): each p_a keeps its relative accuracy. The matrix is used up. Returns -1 if some
 * state never leads to those before it. */
int ki_eliminate(size_t n, double *matrix, double *p);

#endif
