/* SPDX-License-Identifier: BSD-3-Clause */
/* The private noise of one of two correlated fields: at shared part y >= 0,
 *     T(y) = E tanh(y + delta v),  R = (1 - T)/2,  K = T',  v standard normal. */
#ifndef KI_SRC_THEORY_INNER_H
#define KI_SRC_THEORY_INNER_H

#include <stddef.h>

enum { KI_INNER_CHUNK = 256, KI_INNER_NODES = 1024 };

typedef struct ki_inner {
    double delta;
    int form;
    size_t n;
    double x[KI_INNER_NODES];  /* nodes */
    double c2[KI_INNER_NODES]; /* 2 cosh 2x */
    double w[KI_INNER_NODES];  /* weights */
} ki_inner;

/* shift: how far (in standard deviations) the noise that matters lies from its mean; reach: largest y
 * that matters. Both only widen the tables, for relative accuracy far in the tail. rough: 1e-8 will do. */
void ki_inner_init(ki_inner *in, double delta, double shift, double reach, int zero_temperature,
                   int rough);

/* R, T, K at y[i] >= 0, n <= KI_INNER_CHUNK. R has relative accuracy always; T is filled if want_T and
 * then has relative accuracy at small y; K is filled if want_K. */
void ki_inner_evaluate(const ki_inner *in, size_t n, const double *y, int want_T, int want_K,
                       double *R, double *T, double *K);

#endif
