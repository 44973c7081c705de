/* SPDX-License-Identifier: BSD-3-Clause */
/* [plefka-t1t] Plefka[t-1,t] of order 2, the dynamical TAP equations. */
#include <math.h>
#include <string.h>

#include "method.h"
#include "num/matmul.h"

typedef struct rows {
    const mf_problem *p;
    mf_state *after;
    const double *before_m;
} rows;

/* m = tanh(g - m V) is theta + V tanh(theta) = g. */
static int variance(void *ctx, size_t i) {
    const rows *r = ctx;
    const mf_problem *p = r->p;
    const double *J = p->J + i * p->n;
    double s[8] = {0};
    size_t j = 0;

    for (; j + 8 <= p->n; j += 8) {
        for (size_t l = 0; l < 8; l++) {
            s[l] += J[j + l] * J[j + l] * p->a[j + l];
        }
    }
    for (size_t l = 0; j + l < p->n; l++) {
        s[l] += J[j + l] * J[j + l] * p->a[j + l];
    }
    p->vector[i] = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    return 0;
}

static int magnetizations(mf_problem *p, const mf_state *before, mf_state *after) {
    rows r = {p, after, before->m};
    const int error = mf_rows(p, variance, &r);

    if (!error) {
        ki_tap(p->n, p->vector, p->g, after->m, p->stats);
    }
    return error;
}

/* D_il = a_i J_il a'_l (1 + 2 m_i J_il m'_l), and C_ik times a_i a_k. */
static int row(void *ctx, size_t i) {
    const rows *r = ctx;
    const mf_problem *p = r->p;
    const double *J = p->J + i * p->n, *m = r->after->m, a = (1 - m[i]) * (1 + m[i]);
    double *C = r->after->C + i * p->n, *D = r->after->D + i * p->n;

    for (size_t l = 0; l < p->n; l++) {
        D[l] = a * J[l] * p->a[l] * (1 + 2 * m[i] * J[l] * r->before_m[l]);
        C[l] *= a * ((1 - m[l]) * (1 + m[l]));
    }
    C[i] = a;
    return 0;
}

static int correlations(mf_problem *p, const mf_state *before, mf_state *after) {
    const size_t n = p->n;
    rows r = {p, after, before->m};
    const int error = ki_matmul_symmetric(n, n, (ki_matrix){p->J, n, 1}, p->a,
                                          (ki_matrix){p->J, 1, n}, after->C, n, p->space, p->run);
    return error ? error : mf_rows(p, row, &r);
}

/* Adds (a_i a_l/2) sum_k J_ik a_k (J_kl + J_lk), J_ll being 0, to D of order 1 and the third
 * cumulant; C is taken as work space. */
static int add_second_order(void *ctx, size_t i) {
    const rows *r = ctx;
    const mf_problem *p = r->p;
    const double *J = p->J + i * p->n, *m = r->after->m;
    const double *forth = r->after->C + i * p->n, *back = p->matrix + i * p->n;
    double *D = r->after->D + i * p->n;

    for (size_t l = 0; l < p->n; l++) {
        D[l] =
            p->a[i] * p->a[l] * (J[l] * (1 + 2 * m[i] * J[l] * m[l]) + 0.5 * (forth[l] + back[l]));
    }
    return 0;
}

static int asynchronous(mf_problem *p, mf_state *at) {
    const size_t n = p->n;
    const ki_matrix J = {p->J, n, 1}, turned = {p->J, 1, n};
    rows r = {p, at, at->m};

    int error = ki_matmul(n, n, n, J, p->a, J, at->C, n, p->space, p->run);
    if (!error) {
        error = ki_matmul_symmetric(n, n, J, p->a, turned, p->matrix, n, p->space, p->run);
    }
    if (!error) {
        error = mf_rows(p, add_second_order, &r);
    }
    memcpy(at->C, at->D, n * n * sizeof *at->C);
    return error ? error : mf_symmetrize(p, at);
}

const mf_method ki_mf_plefka_t1t = {
    .name = "plefka-t1t",
    .matrices = 0,
    .vectors = 1,
    .products = 1,
    .m_alone = 1,
    .magnetizations = magnetizations,
    .correlations = correlations,
    .asynchronous = asynchronous,
};
