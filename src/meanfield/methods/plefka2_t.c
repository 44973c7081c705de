/* SPDX-License-Identifier: BSD-3-Clause */
/* [plefka2-t] Plefka2[t] of order 2: each pair of a spin and one of the past is treated together,
 * 4 N^2 scalar equations a step. */
#include "meanfield/methods/method.h"
#include "num/matmul.h"
#include "num/simd.h"
#include "num/sum.h"

typedef struct rows {
    const ki_mf_problem *p;
    const ki_mf_state *before;
    ki_mf_state *after;
} rows;

/* A row's equations with up to KI_TAP_BLOCK spins s of the time before: means and variances 1 - m^2
 * of those, and their part in the field. */
typedef struct pairs {
    size_t n;
    double g;
    const double *m, *a;
    double V[KI_TAP_BLOCK], delta[KI_TAP_BLOCK];
} pairs;

/* g + delta (s - m), s = 1 or -1. */
KI_CLONES static void fields(const pairs *b, double s, double *y) {
    for (size_t l = 0; l < b->n; l++)
        y[l] = b->g + b->delta[l] * (s - b->m[l]);
}

/* <tanh theta> and Cov(s, tanh theta) of each, from both values of s. */
KI_CLONES static void averages(const pairs *b, const double *up, const double *down, double *mean,
                               double *covariance) {
    for (size_t l = 0; l < b->n; l++) {
        mean[l] = 0.5 * ((1 + b->m[l]) * up[l] + (1 - b->m[l]) * down[l]);
        covariance[l] = 0.5 * b->a[l] * (up[l] - down[l]);
    }
}

/* Solves theta + V tanh(theta) = g + delta (s - m_s) for s = +-1; returns the sum of the means. */
static double solve(const pairs *b, double *covariance, ki_tap_stat *stat) {
    double y[KI_TAP_BLOCK], up[KI_TAP_BLOCK], down[KI_TAP_BLOCK];

    fields(b, 1, y);
    ki_tap_block(b->n, b->V, y, up, stat);
    fields(b, -1, y);
    ki_tap_block(b->n, b->V, y, down, stat);
    averages(b, up, down, y, covariance);
    return ki_sum(b->n, y);
}

/* V_il = V_i - 2 J_il (J C')_il + J_il^2 C'_ll, Delta_il = J_il + W_il - J_il sum_n J_ln D'_ln. */
KI_CLONES static void delayed_pairs(pairs *b, double variance, const double *J, const double *JC,
                                    const double *W, const double *own) {
    for (size_t l = 0; l < b->n; l++) {
        b->V[l] = variance - 2 * J[l] * JC[l] + J[l] * J[l] * b->a[l];
        b->delta[l] = J[l] + W[l] - J[l] * own[l];
    }
}

static pairs pairs_from(const rows *r, size_t i, size_t l) {
    const ki_mf_problem *p = r->p;
    const size_t left = p->n - l;

    return (pairs){.n = left < KI_TAP_BLOCK ? left : KI_TAP_BLOCK,
                   .g = p->g[i],
                   .m = r->before->m + l,
                   .a = p->a + l};
}

/* Pairs (i at t, l at t-1): D holds W and becomes D. */
static int delayed_row(void *ctx, size_t i) {
    const rows *r = ctx;
    const ki_mf_problem *p = r->p;
    const size_t n = p->n;
    double *D = r->after->D + i * n, total = 0;

    for (size_t l = 0; l < n; l += KI_TAP_BLOCK) {
        pairs b = pairs_from(r, i, l);

        delayed_pairs(&b, p->vector[n + i], p->J + i * n + l, p->matrix + i * n + l, D + l,
                      p->vector + l);
        total += solve(&b, D + l, &p->stats[i]);
    }
    r->after->m[i] = total / (double)n;
    return 0;
}

/* Pairs (i, k) of one time: C holds J C' J^T and becomes what is then symmetrised. */
static int equal_time_row(void *ctx, size_t i) {
    const rows *r = ctx;
    const ki_mf_problem *p = r->p;
    const size_t n = p->n;
    double *C = r->after->C + i * n;

    for (size_t k = 0; k < n; k += KI_TAP_BLOCK) {
        pairs b = pairs_from(r, i, k);

        for (size_t l = 0; l < b.n; l++) {
            b.V[l] = p->vector[n + i];
            b.delta[l] = C[k + l];
        }
        solve(&b, C + k, &p->stats[i]);
    }
    return 0;
}

/* sum_n J_ln D'_ln, and V_i = (J C' J^T)_ii. */
static int row_sums(void *ctx, size_t i) {
    const rows *r = ctx;
    const ki_mf_problem *p = r->p;
    const size_t n = p->n;

    p->vector[i] = ki_dot(n, p->J + i * n, r->before->D + i * n);
    p->vector[n + i] = ki_dot(n, p->matrix + i * n, p->J + i * n);
    return 0;
}

static int magnetizations(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after) {
    const size_t n = p->n;
    const ki_matrix J = {p->J, n, 1}, turned = {p->J, 1, n};
    double *JC = p->matrix, *JD = p->matrix + n * n;
    rows r = {p, before, after};

    int error = ki_matmul(n, n, n, J, NULL, (ki_matrix){before->C, n, 1}, JC, n, p->space, p->run);
    if (!error)
        error = ki_matmul(n, n, n, J, NULL, (ki_matrix){before->D, n, 1}, JD, n, p->space, p->run);
    if (!error) {
        error =
            ki_matmul(n, n, n, (ki_matrix){JD, n, 1}, NULL, turned, after->D, n, p->space, p->run);
    }
    if (!error)
        error = ki_mf_rows(p, row_sums, &r);
    return error ? error : ki_mf_rows(p, delayed_row, &r);
}

static int correlations(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after) {
    const size_t n = p->n;
    rows r = {p, before, after};

    int error = ki_matmul_symmetric(n, n, (ki_matrix){p->matrix, n, 1}, NULL,
                                    (ki_matrix){p->J, 1, n}, after->C, n, p->space, p->run);
    if (!error)
        error = ki_mf_rows(p, equal_time_row, &r);
    return error ? error : ki_mf_symmetrize(p, after);
}

const ki_mf_method ki_mf_plefka2_t = {
    .matrices = 2,
    .vectors = 2,
    .products = 1,
    .reads_C = 1,
    .reads_D = 1,
    .magnetizations = magnetizations,
    .correlations = correlations,
};
