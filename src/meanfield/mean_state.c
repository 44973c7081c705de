/* SPDX-License-Identifier: BSD-3-Clause */
/* [sigma-mf] The entropy production of mean-field moments, and the means of all moments. */
#include <math.h>

#include "base/check.h"
#include "base/error.h"
#include "meanfield/handle.h"
#include "network/moments.h"
#include "num/sum.h"

/* beta is in J already. */
static int fill(const ki_meanfield *mf, double *spin, double *edge) {
    const ki_run_options run = {.threads = mf->threads};

    return ki_edges(mf->p.n, mf->p.J, ki_edge_weight(mf->spec.dynamics, 1), mf->now.D, NULL, &run,
                    spin, edge);
}

int ki_meanfield_sigma(const ki_meanfield *mf, double *spin, double *edge) {
    int error = ki_mf_check(mf);

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
    int error = ki_mf_check(mf);

    error = error ? error : ki_check_pointer("out", out, "a place for the state");
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
