/* SPDX-License-Identifier: BSD-3-Clause */
/* [plefka-t] Plefka[t] of order 2: independent spins at t, correlated ones before. */
#include "method.h"
#include "num/matmul.h"
#include "num/sum.h"

typedef struct rows {
    const mf_problem *p;
    mf_state *after;
    const double *before_m;
} rows;

/* V_i = (J C' J^T)_ii, J C' being in the work space. */
static int variance(void *ctx, size_t i) {
    const mf_problem *p = ctx;

    p->vector[i] = ki_dot(p->n, p->matrix + i * p->n, p->J + i * p->n);
    return 0;
}

static int magnetizations(mf_problem *p, const mf_state *before, mf_state *after) {
    const size_t n = p->n;
    int error = ki_matmul(n, n, n, (ki_matrix){p->J, n, 1}, NULL, (ki_matrix){before->C, n, 1},
                          p->matrix, n, p->space, p->run);
    if (!error) {
        error = mf_rows(p, variance, p);
    }
    if (!error) {
        ki_tap(n, p->vector, p->g, after->m, p->stats);
    }
    return error;
}

/* D = diag(a) J C' + 2 diag(m a) (J o (J C')) diag(m'), and C_ik times a_i a_k. */
static int row(void *ctx, size_t i) {
    const rows *r = ctx;
    const mf_problem *p = r->p;
    const double *J = p->J + i * p->n, *JC = p->matrix + i * p->n, *m = r->after->m;
    const double a = (1 - m[i]) * (1 + m[i]);
    double *C = r->after->C + i * p->n, *D = r->after->D + i * p->n;

    for (size_t l = 0; l < p->n; l++) {
        D[l] = a * JC[l] * (1 + 2 * m[i] * J[l] * r->before_m[l]);
        C[l] *= a * ((1 - m[l]) * (1 + m[l]));
    }
    C[i] = a;
    return 0;
}

static int correlations(mf_problem *p, const mf_state *before, mf_state *after) {
    const size_t n = p->n;
    rows r = {p, after, before->m};
    const int error = ki_matmul_symmetric(n, n, (ki_matrix){p->matrix, n, 1}, NULL,
                                          (ki_matrix){p->J, 1, n}, after->C, n, p->space, p->run);
    return error ? error : mf_rows(p, row, &r);
}

const mf_method ki_mf_plefka_t = {
    .name = "plefka-t",
    .matrices = 1,
    .vectors = 1,
    .products = 1,
    .reads_C = 1,
    .magnetizations = magnetizations,
    .correlations = correlations,
};
