/* SPDX-License-Identifier: BSD-3-Clause */
/* [plefka2-t] Plefka2[t] of order 2: each pair of a spin and one of the past is treated together,
 * 4 N^2 scalar equations a step. */
#include "method.h"
#include "num/matmul.h"
#include "num/sum.h"

typedef struct rows {
    const mf_problem *p;
    const mf_state *before;
    mf_state *after;
} rows;

/* What a pair gives, for both values of the other spin s with mean m_s: sum = <tanh theta>,
 * difference = Cov(s, tanh theta), theta + V tanh(theta) = g + delta (s - m_s). */
static void pair_block(size_t n, double g, const double *V, const double *delta, const double *m_s,
                       double *sum, double *difference, ki_tap_stat *stat) {
    double y[KI_TAP_BLOCK], up[KI_TAP_BLOCK], down[KI_TAP_BLOCK];

    for (size_t l = 0; l < n; l++) {
        y[l] = g + delta[l] * (1 - m_s[l]);
    }
    ki_tap_block(n, V, y, up, stat);
    for (size_t l = 0; l < n; l++) {
        y[l] = g - delta[l] * (1 + m_s[l]);
    }
    ki_tap_block(n, V, y, down, stat);
    for (size_t l = 0; l < n; l++) {
        sum[l] = 0.5 * ((1 + m_s[l]) * up[l] + (1 - m_s[l]) * down[l]);
        difference[l] = 0.5 * (1 - m_s[l]) * (1 + m_s[l]) * (up[l] - down[l]);
    }
}

/* Pairs (i at t, l at t-1): D holds J D' J^T and becomes D. */
static int delayed_row(void *ctx, size_t i) {
    const rows *r = ctx;
    const mf_problem *p = r->p;
    const size_t n = p->n;
    const double *J = p->J + i * n, *JC = p->matrix + i * n, *own = p->vector;
    const double *C = r->before->C, *m = r->before->m, variance = p->vector[n + i];
    double *D = r->after->D + i * n, V[KI_TAP_BLOCK], delta[KI_TAP_BLOCK], mean[KI_TAP_BLOCK];
    double total = 0;

    for (size_t l0 = 0; l0 < n; l0 += KI_TAP_BLOCK) {
        const size_t count = n - l0 < KI_TAP_BLOCK ? n - l0 : KI_TAP_BLOCK;

        for (size_t b = 0; b < count; b++) {
            const size_t l = l0 + b;
            V[b] = variance - 2 * J[l] * JC[l] + J[l] * J[l] * C[l * n + l];
            delta[b] = J[l] + D[l] - J[l] * own[l];
        }
        pair_block(count, p->g[i], V, delta, m + l0, mean, D + l0, &p->stats[i]);
        total += ki_sum(count, mean);
    }
    r->after->m[i] = total / (double)n;
    return 0;
}

/* Pairs (i, k) of one time: C holds J C' J^T, not to be changed while other rows read it. */
static int equal_time_row(void *ctx, size_t i) {
    const rows *r = ctx;
    const mf_problem *p = r->p;
    const size_t n = p->n;
    const double *m = r->before->m;
    double *C = r->after->C + i * n, V[KI_TAP_BLOCK], mean[KI_TAP_BLOCK];

    for (size_t b = 0; b < KI_TAP_BLOCK; b++) {
        V[b] = p->vector[n + i];
    }
    for (size_t k = 0; k < n; k += KI_TAP_BLOCK) {
        const size_t count = n - k < KI_TAP_BLOCK ? n - k : KI_TAP_BLOCK;
        double delta[KI_TAP_BLOCK];

        for (size_t b = 0; b < count; b++) {
            delta[b] = C[k + b];
        }
        pair_block(count, p->g[i], V, delta, m + k, mean, C + k, &p->stats[i]);
    }
    return 0;
}

/* sum_n J_ln D'_ln, and V_i = (J C' J^T)_ii. */
static int row_sums(void *ctx, size_t i) {
    const rows *r = ctx;
    const mf_problem *p = r->p;
    const size_t n = p->n;

    p->vector[i] = ki_dot(n, p->J + i * n, r->before->D + i * n);
    p->vector[n + i] = ki_dot(n, p->matrix + i * n, p->J + i * n);
    return 0;
}

static int magnetizations(mf_problem *p, const mf_state *before, mf_state *after) {
    const size_t n = p->n;
    const ki_matrix J = {p->J, n, 1}, turned = {p->J, 1, n};
    double *JC = p->matrix, *JD = p->matrix + n * n;
    rows r = {p, before, after};

    int error = ki_matmul(n, n, n, J, NULL, (ki_matrix){before->C, n, 1}, JC, n, p->space, p->run);
    if (!error) {
        error = ki_matmul(n, n, n, J, NULL, (ki_matrix){before->D, n, 1}, JD, n, p->space, p->run);
    }
    if (!error) {
        error =
            ki_matmul(n, n, n, (ki_matrix){JD, n, 1}, NULL, turned, after->D, n, p->space, p->run);
    }
    if (!error) {
        error = mf_rows(p, row_sums, &r);
    }
    return error ? error : mf_rows(p, delayed_row, &r);
}

static int correlations(mf_problem *p, const mf_state *before, mf_state *after) {
    const size_t n = p->n;
    rows r = {p, before, after};

    int error = ki_matmul_symmetric(n, n, (ki_matrix){p->matrix, n, 1}, NULL,
                                    (ki_matrix){p->J, 1, n}, after->C, n, p->space, p->run);
    if (!error) {
        error = mf_rows(p, equal_time_row, &r);
    }
    return error ? error : mf_symmetrize(p, after);
}

const mf_method ki_mf_plefka2_t = {
    .name = "plefka2-t",
    .matrices = 2,
    .vectors = 2,
    .products = 1,
    .reads_C = 1,
    .reads_D = 1,
    .magnetizations = magnetizations,
    .correlations = correlations,
};
