/* SPDX-License-Identifier: BSD-3-Clause */
/* The stationary law and the slowest mode. [exact] */
#ifndef KI_SRC_EXACT_STATIONARY_H
#define KI_SRC_EXACT_STATIONARY_H

#include "krylov.h"

/* Up to so many spins the law is found by elimination, exactly whatever the gap; up to some more
 * where iteration has not found it. */
enum { KI_ELIMINATION_FIRST = 9, KI_ELIMINATION_MOST = 11 };

typedef struct ki_stationary {
    ki_krylov krylov;
    double *matrix;      /* [states,states], of up to KI_ELIMINATION_MOST spins */
    double *p;           /* [states] the law */
    double *y, *z;       /* [states] */
    double *partial;     /* [2 blocks] */
    uint32_t *jump;      /* [states], and */
    unsigned char *cell; /* [states], see refine.c */
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

/* p to sum 1; what rounding has made negative becomes 0. */
void ki_normalise(const ki_chain *c, double *p, double *partial);

/* Steps of the chain itself, whose terms are all positive: rare states get their relative accuracy.
 * `sweeping`: noise in states into which nothing flows is taken out. Ends with the residual of the
 * law in s->p. Fails by cancellation alone. */
int ki_polish(ki_chain *c, ki_stationary *s, int sweeping, double *residual);

/* Where the chain hardly ever moves between some sets of states, rounding leaves their weights
 * against each other uncertain by the residual over the gap. Finds these weights by other means.
 * *cells becomes the number of sets, *error how well the weights are known, 1 for not at all: s->p
 * is then as it was. Fails by cancellation alone. */
int ki_refine(ki_chain *c, ki_stationary *s, size_t *cells, double *residual, double *error);

#endif
