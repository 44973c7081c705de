/* SPDX-License-Identifier: BSD-3-Clause */
/* What several methods do to rows. */
#include "meanfield/methods/method.h"
#include "num/simd.h"
#include "num/sum.h"

/* Few enough to balance threads, many enough to be worth a turn. */
int ki_mf_rows(const ki_mf_problem *p, ki_index_fn fn, void *ctx) {
    const size_t chunk = p->n / 64;

    return ki_parallel_for(p->n, chunk < 1 ? 1 : chunk > 32 ? 32 : chunk, p->run, fn, ctx);
}

typedef struct fields {
    const ki_mf_problem *p;
    const double *m;
} fields;

static int field(void *ctx, size_t i) {
    const fields *f = ctx;
    const ki_mf_problem *p = f->p;

    p->g[i] = p->H[i] + ki_dot(p->n, p->J + i * p->n, f->m);
    return 0;
}

int ki_mf_fields(ki_mf_problem *p, const double *m) {
    fields f = {p, m};

    for (size_t i = 0; i < p->n; i++)
        p->a[i] = (1 - m[i]) * (1 + m[i]);
    return ki_mf_rows(p, field, &f);
}

double ki_mf_variance(const ki_mf_problem *p, size_t i) {
    return ki_sum_squares(p->n, p->J + i * p->n, p->a);
}

void ki_mf_set_diagonal(const ki_mf_problem *p, ki_mf_state *after) {
    for (size_t i = 0; i < p->n; i++)
        after->C[i * p->n + i] = (1 - after->m[i]) * (1 + after->m[i]);
}

typedef struct second_order {
    const ki_mf_problem *p;
    const ki_mf_state *before, *after;
    const double *JC;
} second_order;

/* One row; x is of J C'. */
KI_CLONES static void second_order_of(size_t n, const double *J, const double *x, const double *m,
                                      const double *before, double own, double *C, double *D) {
    const double a = (1 - own) * (1 + own);

#pragma omp simd
    for (size_t l = 0; l < n; l++) {
        D[l] = a * x[l] * (1 + 2 * own * J[l] * before[l]);
        C[l] *= a * ((1 - m[l]) * (1 + m[l]));
    }
}

/* x = J diag(a'). */
KI_CLONES static void scaled(size_t n, const double *J, const double *a, double *x) {
    for (size_t l = 0; l < n; l++)
        x[l] = J[l] * a[l];
}

static int second_order_row(void *ctx, size_t i) {
    const second_order *s = ctx;
    const ki_mf_problem *p = s->p;
    const size_t n = p->n;
    const double *J = p->J + i * n, *m = s->after->m;
    double *C = s->after->C + i * n, *D = s->after->D + i * n;

    if (!s->JC)
        scaled(n, J, p->a, D);
    second_order_of(n, J, s->JC ? s->JC + i * n : D, m, s->before->m, m[i], C, D);
    C[i] = (1 - m[i]) * (1 + m[i]);
    return 0;
}

int ki_mf_second_order(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after,
                       const double *JC) {
    second_order s = {p, before, after, JC};
    return ki_mf_rows(p, second_order_row, &s);
}

enum { SQUARE = 32 }; /* rows and columns, so that a block and its mirror image stay in the cache */

typedef struct symmetrization {
    const ki_mf_problem *p;
    double *C;
} symmetrization;

static int symmetrize_rows(void *ctx, size_t task) {
    const symmetrization *s = ctx;
    const size_t n = s->p->n, i0 = task * SQUARE, i1 = i0 + SQUARE < n ? i0 + SQUARE : n;

    for (size_t j0 = 0; j0 < i1; j0 += SQUARE) {
        for (size_t i = i0; i < i1; i++) {
            const size_t j1 = j0 + SQUARE < i ? j0 + SQUARE : i;
            for (size_t j = j0; j < j1; j++) {
                double *x = s->C + i * n + j, *y = s->C + j * n + i;
                *x = *y = 0.5 * (*x + *y);
            }
        }
    }
    return 0;
}

int ki_mf_symmetrize(const ki_mf_problem *p, ki_mf_state *after) {
    symmetrization s = {p, after->C};
    const int error = ki_parallel_for((p->n + SQUARE - 1) / SQUARE, 1, p->run, symmetrize_rows, &s);

    ki_mf_set_diagonal(p, after);
    return error;
}
