/* SPDX-License-Identifier: BSD-3-Clause */
/* [naive] Plefka[t-1,t] of order 1: independent spins in mean fields. */
#include <math.h>
#include <string.h>

#include "meanfield/methods/method.h"

static int magnetizations(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after) {
    (void)before;
    for (size_t i = 0; i < p->n; i++)
        after->m[i] = tanh(p->g[i]);
    return 0;
}

typedef struct rows {
    const ki_mf_problem *p;
    const ki_mf_state *after;
} rows;

/* D_il = a_i J_il a'_l; C is diagonal. */
static int row(void *ctx, size_t i) {
    const rows *r = ctx;
    const ki_mf_problem *p = r->p;
    const double *J = p->J + i * p->n, m = r->after->m[i], a = (1 - m) * (1 + m);
    double *D = r->after->D + i * p->n;

    for (size_t l = 0; l < p->n; l++)
        D[l] = a * J[l] * p->a[l];
    memset(r->after->C + i * p->n, 0, p->n * sizeof(double));
    r->after->C[i * p->n + i] = a;
    return 0;
}

static int correlations(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after) {
    rows r = {p, after};
    (void)before;
    return ki_mf_rows(p, row, &r);
}

/* Order 1 of Cov(tanh h_i, s_j); C is its symmetric part, which is exact. */
static int asynchronous(ki_mf_problem *p, ki_mf_state *at) {
    rows r = {p, at};
    const int error = ki_mf_rows(p, row, &r);

    memcpy(at->C, at->D, p->n * p->n * sizeof *at->C);
    return error ? error : ki_mf_symmetrize(p, at);
}

const ki_mf_method ki_mf_naive = {
    .m_alone = 1,
    .magnetizations = magnetizations,
    .correlations = correlations,
    .asynchronous = asynchronous,
};
