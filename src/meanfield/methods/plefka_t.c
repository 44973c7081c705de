/* SPDX-License-Identifier: BSD-3-Clause */
/* [plefka-t] Plefka[t] of order 2: independent spins at t, correlated ones before. */
#include "meanfield/methods/method.h"
#include "num/matmul.h"
#include "num/sum.h"

/* V_i = (J C' J^T)_ii, J C' being in the work space. */
static int variance(void *ctx, size_t i) {
    const ki_mf_problem *p = ctx;

    p->vector[i] = ki_dot(p->n, p->matrix + i * p->n, p->J + i * p->n);
    return 0;
}

static int magnetizations(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after) {
    const size_t n = p->n;
    int error = ki_matmul(n, n, n, (ki_matrix){p->J, n, 1}, NULL, (ki_matrix){before->C, n, 1},
                          p->matrix, n, p->space, p->run);
    if (!error)
        error = ki_mf_rows(p, variance, p);
    if (!error)
        ki_tap(n, p->vector, p->g, after->m, p->stats);
    return error;
}

static int correlations(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after) {
    const size_t n = p->n;
    const int error = ki_matmul_symmetric(n, n, (ki_matrix){p->matrix, n, 1}, NULL,
                                          (ki_matrix){p->J, 1, n}, after->C, n, p->space, p->run);
    return error ? error : ki_mf_second_order(p, before, after, p->matrix);
}

const ki_mf_method ki_mf_plefka_t = {
    .matrices = 1,
    .vectors = 1,
    .products = 1,
    .reads_C = 1,
    .magnetizations = magnetizations,
    .correlations = correlations,
};
