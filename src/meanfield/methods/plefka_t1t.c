/* SPDX-License-Identifier: BSD-3-Clause */
/* [plefka-t1t] Plefka[t-1,t] of order 2, the dynamical TAP equations. */
#include <math.h>
#include <string.h>

#include "meanfield/methods/method.h"
#include "num/matmul.h"

typedef struct rows {
    const ki_mf_problem *p;
    const ki_mf_state *after;
} rows;

/* m = tanh(g - m V) is theta + V tanh(theta) = g. */
static int variance(void *ctx, size_t i) {
    const ki_mf_problem *p = ctx;
    p->vector[i] = ki_mf_variance(p, i);
    return 0;
}

static int magnetizations(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after) {
    (void)before;
    const int error = ki_mf_rows(p, variance, p);

    if (!error)
        ki_tap(p->n, p->vector, p->g, after->m, p->stats);
    return error;
}

static int correlations(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after) {
    const size_t n = p->n;
    const int error = ki_matmul_symmetric(n, n, (ki_matrix){p->J, n, 1}, p->a,
                                          (ki_matrix){p->J, 1, n}, after->C, n, p->space, p->run);
    return error ? error : ki_mf_second_order(p, before, after, NULL);
}

/* Adds (a_i a_l/2) sum_k J_ik a_k (J_kl + J_lk), J_ll being 0, to D of order 1 and the third
 * cumulant; C is taken as work space. */
static int add_second_order(void *ctx, size_t i) {
    const rows *r = ctx;
    const ki_mf_problem *p = r->p;
    const double *J = p->J + i * p->n, *m = r->after->m;
    const double *forth = r->after->C + i * p->n, *back = p->matrix + i * p->n;
    double *D = r->after->D + i * p->n;

    for (size_t l = 0; l < p->n; l++) {
        D[l] =
            p->a[i] * p->a[l] * (J[l] * (1 + 2 * m[i] * J[l] * m[l]) + 0.5 * (forth[l] + back[l]));
    }
    return 0;
}

static int asynchronous(ki_mf_problem *p, ki_mf_state *at) {
    const size_t n = p->n;
    const ki_matrix J = {p->J, n, 1}, turned = {p->J, 1, n};
    rows r = {p, at};

    int error = ki_matmul(n, n, n, J, p->a, J, at->C, n, p->space, p->run);
    if (!error)
        error = ki_matmul_symmetric(n, n, J, p->a, turned, p->matrix, n, p->space, p->run);
    if (!error)
        error = ki_mf_rows(p, add_second_order, &r);
    memcpy(at->C, at->D, n * n * sizeof *at->C);
    return error ? error : ki_mf_symmetrize(p, at);
}

const ki_mf_method ki_mf_plefka_t1t = {
    .matrices = 0,
    .vectors = 1,
    .products = 1,
    .m_alone = 1,
    .magnetizations = magnetizations,
    .correlations = correlations,
    .asynchronous = asynchronous,
};
