/* SPDX-License-Identifier: BSD-3-Clause */
/* The steady state of one small network. [exact] [sigma-net-sync] [sigma-net-async] */
#include <math.h>
#include <string.h>

#include "blas/blas.h"
#include "base/check.h"
#include "base/error.h"
#include "job.h"
#include "stationary.h"

#define MOST_SIGMA_ERROR 1e-6

typedef struct steady {
    ki_chain chain;
    ki_law law;
    ki_law_moments moments;
} steady;

void ki_exact_lay_out(void *job, size_t n, int dynamics, ki_cursor *cursor) {
    steady only_measured, *s = job ? job : &only_measured;

    ki_chain_size(&s->chain, n, dynamics);
    ki_chain_lay_out(&s->chain, 1, cursor);
    ki_law_lay_out(&s->law, &s->chain, cursor);
    ki_law_moments_lay_out(&s->moments, &s->chain, cursor);
}

static int check(const ki_network *network, const ki_exact_spec *spec, const ki_run_options *run) {
    if (ki_check_pointer("spec", spec, "dynamics, and how exact"))
        return KI_ERR_ARGUMENT;
    const int error = ki_chain_check(network, spec->dynamics, run);
    if (error)
        return error;
    if (!(spec->tol >= 0 && spec->tol < 1))
        return ki_fail(KI_ERR_ARGUMENT, "tol : is %g : 0 (for 1e-14) to 1", spec->tol);
    return 0;
}

static int solve(steady *s, const ki_network *network, const ki_exact_spec *spec,
                 ki_exact_result *r) {
    int error = ki_chain_fill(&s->chain, network, 1);

    if (!error)
        error = ki_stationary_find(&s->chain, &s->law, spec, r);
    if (!error)
        error = ki_chain_report(&s->chain, 0.97);
    if (!error) {
        ki_law_moments_take(&s->chain, &s->moments, s->law.p);
        ki_exact_summarize(&s->chain, &s->moments, &s->moments, r);
    }
    return error;
}

int ki_exact(const ki_network *network, const ki_exact_spec *spec, const ki_run_options *run,
             ki_exact_result *result, const ki_exact_out *out) {
    steady s = {0};
    ki_exact_result r = {0};
    int error = check(network, spec, run);

    if (error)
        return error;
    char *memory = ki_exact_allocate(ki_exact_lay_out, &s, (size_t)network->n, spec->dynamics);
    if (!memory)
        return KI_ERR_NOMEM;
    ki_chain_begin(&s.chain, run);
    ki_blas_begin();
    error = solve(&s, network, spec, &r);
    ki_blas_end();
    if (!error) {
        r.sigma = ki_exact_write(&s.chain, &s.moments, &s.moments, KI_OF_RAW, out);
        r.Sr = r.S + r.sigma;
        r.sigma_error = 2 * r.law_error * ki_chain_largest_field(&s.chain);
        if (!(r.sigma_error <= MOST_SIGMA_ERROR * (1 + fabs(r.sigma))))
            r.status = KI_NOT_CONVERGED;
        if (out && out->p)
            memcpy(out->p, s.law.p, s.chain.states * sizeof *out->p);
        if (result)
            *result = r;
    }
    ki_free(memory);
    return error;
}
