/* SPDX-License-Identifier: BSD-3-Clause */
/* The stationary law and the slowest mode. [exact] */
#ifndef KI_SRC_EXACT_STATIONARY_H
#define KI_SRC_EXACT_STATIONARY_H

#include "krylov.h"

/* Up to so many spins the law is found by elimination, exactly whatever the gap. */
enum { KI_ELIMINATION_MOST = 9 };

typedef struct ki_stationary {
    ki_krylov krylov;
    double *matrix;      /* [states,states], of small networks */
    double *p;           /* [states] the law */
    double *y, *z;       /* [states] */
    double *partial;     /* [2 blocks] */
    unsigned char *cell; /* [states], see refine() */
} ki_stationary;

void ki_stationary_lay_out(ki_stationary *s, const ki_chain *c, ki_cursor *cursor);

/* Law in s->p, and in `r` gap, relaxation_time, residual, gap_residual, law_error and status. Fails
 * by cancellation alone. */
int ki_stationary_find(ki_chain *c, ki_stationary *s, const ki_exact_spec *spec,
                       ki_exact_result *r);

/* Stationary law of the chain with the transition probabilities (or rates) `matrix` [n,n] off its
 * diagonal, by elimination of one state after the other without a subtraction (Grassmann, Taksar,
 * Heyman 1985): each p_a keeps its relative accuracy. The matrix is used up. Returns -1 if some
 * state never leads to those before it. */
int ki_eliminate(size_t n, double *matrix, double *p);

#endif
