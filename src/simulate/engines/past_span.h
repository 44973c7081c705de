/* SPDX-License-Identifier: BSD-3-Clause */
/* The fields of a network without its couplings [matrix-free].
 *
 * Rows of J are independent, so that given the states s(0), s(1), ... the noise fields
 *     g_i(t) = sum_j (J_ij - J0/N) s_j(t-1) / dJ
 * are Gaussian, independent over i, with covariance K(t,t') = s(t-1).s(t'-1)/N between times. With
 * K = L L^T, g(t) = sum over k of L_tk z_k, z_k being independent vectors of N normals, one more
 * for each state that is not in the span of those before. The overlaps are integers over N, and
 * counted. */
#ifndef KI_SRC_SIMULATE_ENGINES_PAST_SPAN_H
#define KI_SRC_SIMULATE_ENGINES_PAST_SPAN_H

#include <stddef.h>
#include <stdint.h>

#include "simulate/engines/packed_normals.h"

/* A squared distance from the span below this is taken for rounding. Where it is not (the last
 * dimensions of T >= N, say), a field lacks a part of its variance that is as small. */
#define KI_DEPENDENT 1e-10

/* The states that span the past, their Cholesky factor, and a row under construction. */
typedef struct ki_span {
    uint64_t n;
    size_t words, rank, capacity;
    uint64_t *state; /* [capacity][words] */
    double
        *factor; /* columns of L, each from its diagonal down: column j has capacity - j elements */
    double *inverse; /* [capacity] 1 over the diagonal */
    double *row;     /* [capacity] coefficients of the vector asked for last */
    uint32_t *count; /* [capacity] */
    ki_row split;    /* the same, for products */
} ki_span;

/* An empty span with room for `capacity` vectors. */
void ki_span_take(ki_span *span, uint64_t n, size_t capacity, ki_cursor *c);

/* Coefficients of the field made by `state`. If it is not in the span it becomes a vector of it,
 * its own normals being number rank - 1; returns 1 then, else 0. */
int ki_span_add(ki_span *span, const uint64_t *state);

/* Coefficients of the mean, given all fields so far, of the field along the real vector x[n]. */
void ki_span_project(ki_span *span, const float *x);

#endif
