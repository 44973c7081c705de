/* SPDX-License-Identifier: BSD-3-Clause */
/* A law of the chain, the room to find it, and steps of the chain that make it better. [exact] */
#ifndef KI_SRC_EXACT_LAW_H
#define KI_SRC_EXACT_LAW_H

#include "krylov.h"

enum { KI_ELIMINATION_MOST = 11 }; /* spins of which the whole matrix fits */

typedef struct ki_law {
    ki_krylov krylov;
    double *matrix;      /* [states,states], of up to KI_ELIMINATION_MOST spins */
    double *p;           /* [states] the law */
    double *y, *z;       /* [states] */
    double *partial;     /* [2 blocks] */
    uint32_t *jump;      /* [states], and */
    unsigned char *cell; /* [states], see refine.c */
} ki_law;

void ki_law_lay_out(ki_law *s, const ki_chain *c, ki_cursor *cursor);

/* p to sum 1; what rounding has made negative becomes 0. */
void ki_law_normalise(const ki_chain *c, double *p, double *partial);

/* sum |y - p| of a step from s->p to s->y, and the largest relative change. */
double ki_law_change(const ki_chain *c, const ki_law *s, double *relative);

/* Steps of the chain itself, whose terms are all positive: rare states get their relative accuracy.
 * `sweeping`: noise in states into which nothing flows is taken out. Ends with the residual of the
 * law in s->p. Fails by cancellation alone. */
int ki_law_polish(ki_chain *c, ki_law *s, int sweeping, double *residual);

#endif
