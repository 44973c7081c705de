/* SPDX-License-Identifier: BSD-3-Clause */
/* Weights of sets of states that are hardly ever left. [exact] */
#ifndef KI_SRC_EXACT_REFINE_H
#define KI_SRC_EXACT_REFINE_H

#include "law.h"

/* Where the chain hardly ever moves between some sets of states, rounding leaves their weights
 * against each other uncertain by the residual over the gap. Finds these weights by other means.
 * *cells becomes the number of sets, *error how well the weights are known, 1 for not at all: s->p
 * is then as it was. Fails by cancellation alone. */
int ki_law_refine(ki_chain *c, ki_law *s, size_t *cells, double *residual, double *error);

#endif
