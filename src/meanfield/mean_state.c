/* SPDX-License-Identifier: BSD-3-Clause */
/* [sigma-mf] The entropy production of mean-field moments, and the means of all moments. */
#include <math.h>

#include "base/error.h"
#include "meanfield/handle.h"
#include "num/sum.h"

enum { SQUARE = 32 }; /* rows and columns, so that J and its transpose stay in the cache */

typedef struct sums {
    const ki_meanfield *mf;
    double factor; /* 1, asynchronously 1/2 */
    double *spin, *edge;
} sums;

static int rows_of_edges(void *ctx, size_t task) {
    const sums *s = ctx;
    const size_t n = s->mf->p.n, i0 = task * SQUARE, i1 = i0 + SQUARE < n ? i0 + SQUARE : n;
    const double *J = s->mf->p.J, *D = s->mf->now.D;
    double sum[SQUARE] = {0};

    for (size_t j0 = 0; j0 < n; j0 += SQUARE) {
        const size_t j1 = j0 + SQUARE < n ? j0 + SQUARE : n;
        for (size_t i = i0; i < i1; i++) {
            double part = 0;

            for (size_t j = j0; j < j1; j++) {
                const double x = s->factor * (J[i * n + j] - J[j * n + i]) * D[i * n + j];

                part += x;
                if (s->edge)
                    s->edge[i * n + j] = x;
            }
            sum[i - i0] += part;
        }
    }
    for (size_t i = i0; i < i1; i++)
        s->spin[i] = sum[i - i0];
    return 0;
}

static int check(const ki_meanfield *mf) {
    if (!mf)
        return ki_fail(KI_ERR_ARGUMENT, "mf : is NULL : a handle");
    return mf->broken
               ? ki_fail(KI_ERR_ARGUMENT, "mf : its last step was cancelled : start it again")
               : 0;
}

static int fill(const ki_meanfield *mf, double *spin, double *edge) {
    const size_t n = mf->p.n;
    const ki_run_options run = {.threads = mf->threads};
    sums s = {mf, mf->spec.dynamics == KI_ASYNC ? 0.5 : 1, spin, edge};

    return ki_parallel_for((n + SQUARE - 1) / SQUARE, 1, &run, rows_of_edges, &s);
}

int ki_meanfield_sigma(const ki_meanfield *mf, double *spin, double *edge) {
    int error = check(mf);

    if (!error && !mf->has_D)
        error = ki_fail(KI_ERR_ARGUMENT, "mf : has no D yet : after a step");
    return error ? error : fill(mf, spin ? spin : mf->row, edge);
}

typedef struct mean {
    const double *x;
    double *row;
    size_t n;
} mean;

static int row_sum(void *ctx, size_t i) {
    const mean *s = ctx;

    s->row[i] = ki_sum(s->n, s->x + i * s->n);
    return 0;
}

static int mean_of(ki_meanfield *mf, const double *x, double *out) {
    const double n = (double)mf->p.n;
    const ki_run_options run = {.threads = mf->threads};
    mean s = {x, mf->row, mf->p.n};
    const int error = ki_parallel_for(mf->p.n, 32, &run, row_sum, &s);

    *out = ki_sum(mf->p.n, mf->row) / (n * n);
    return error;
}

int ki_meanfield_get(ki_meanfield *mf, ki_meanfield_state *out) {
    int error = check(mf);

    if (!error && !out)
        error = ki_fail(KI_ERR_ARGUMENT, "out : is NULL : a place for the state");
    if (error)
        return error;
    const double n = (double)mf->p.n;
    ki_meanfield_state s = {.t = mf->t,
                            .m = mf->now.m,
                            .C = mf->now.C,
                            .D = mf->now.D,
                            .m_mean = ki_sum(mf->p.n, mf->now.m) / n,
                            .D_mean = NAN,
                            .sigma = NAN};
    error = mean_of(mf, mf->now.C, &s.C_mean);
    if (!error && mf->has_D)
        error = mean_of(mf, mf->now.D, &s.D_mean);
    if (!error && mf->has_D) {
        error = fill(mf, mf->row, NULL);
        s.sigma = ki_sum(mf->p.n, mf->row) / n;
    }
    if (!error)
        *out = s;
    return error;
}
