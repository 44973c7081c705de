/* SPDX-License-Identifier: BSD-3-Clause */
/* ki_theory(): the thermodynamics of the steady state of the [model], put together from its order
 * parameters. */
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "autocorrelation.h"
#include "order_parameters.h"

#define LN2 0.69314718055994530942

/* Free spins, no field whatever the temperature: the only point where beta = inf is not a limit of
 * frozen spins. */
static int is_free(const ki_theory_params *p) {
    return p->J0 == 0 && p->dJ == 0 && p->dH == 0;
}

/* k, S and chi of a state; chi belongs to the signed J0. [chi] */
static void fill_static(const ki_theory_params *p, const ki_state *st, ki_theory_result *r) {
    r->m = st->m;
    r->q = st->q;
    r->k = st->k;
    r->S = st->S;
    double response = p->beta * st->k; /* beta k, which stays finite at zero temperature */
    if (st->map.zero_temperature) {
        response = st->k;
        r->k = st->k / p->beta;
        r->S = st->S / p->beta;
    }
    if (is_free(p)) {
        r->k = 1;
        r->S = LN2;
        r->q = 0;
        response = p->beta;
    }
    const double denominator = 1 - p->J0 * response;
    r->chi = denominator > 0 ? response / denominator : INFINITY;
}

/* [Sr-sync] S^r = S + sigma; sigma/beta = beta dJ^2 k times `loss`: 1 - q [sigma-sync] or 1 - I [sigma-async]. */
static double production_over_beta(const ki_theory_params *p, const ki_state *st, double loss) {
    if (p->dJ == 0 || loss == 0 || p->beta == 0)
        return 0;
    const double response = st->map.zero_temperature ? st->k : p->beta * st->k;
    return (p->dJ * loss) * (p->dJ * response);
}

static double times_beta(double beta, double ratio) {
    return ratio == 0 ? 0 : beta * ratio;
}

/* [sigma-async] [Sr-async]; `S` is that of the asynchronous state. */
static void solve_async(const ki_theory_params *p, const ki_state *st, double S,
                        ki_theory_result *r) {
    double loss = 0.5 * st->defect; /* without coupling noise C - q decays as exp(-tau) */
    if (ki_decays(st)) {
        ki_decay decay;
        ki_decay_solve(st, &decay);
        loss = decay.laplace * decay.defect;
    }
    r->sigma_async_over_beta = production_over_beta(p, st, loss);
    r->sigma_async = times_beta(p->beta, r->sigma_async_over_beta);
    r->Sr_async = S + r->sigma_async;
}

/* A number that should be there and is not must not pass for an answer. */
static int is_whole(const ki_theory_result *r, int sync, int async) {
    return !isnan(r->m) && !isnan(r->q) && !isnan(r->k) && !isnan(r->S) && !isnan(r->chi) &&
           (!sync || !isnan(r->sigma)) && (!async || !isnan(r->sigma_async));
}

static void solve_point(const ki_theory_params *p, unsigned dynamics, ki_theory_result *r) {
    ki_state st, disordered;
    const int sync = (dynamics & KI_SYNC) != 0, async = (dynamics & KI_ASYNC) != 0;
    const int cycle = p->J0 < 0 && sync;
    memset(r, 0, sizeof *r);
    ki_solve_state(p, cycle ? -p->J0 : p->J0, &st);
    fill_static(p, &st, r);
    r->phase = st.m == 0 ? KI_PARAMAGNETIC : (cycle ? KI_TWO_CYCLE : KI_FERROMAGNETIC);
    r->iterations = st.evaluations;
    r->status = st.converged ? KI_CONVERGED : KI_NOT_CONVERGED;
    r->sigma = r->Sr = r->sigma_over_beta = NAN;
    r->sigma_async = r->Sr_async = r->sigma_async_over_beta = NAN;
    if (sync) {
        r->sigma_over_beta = production_over_beta(p, &st, st.defect);
        r->sigma = times_beta(p->beta, r->sigma_over_beta);
        r->Sr = r->S + r->sigma;
    }
    if (async) {
        if (cycle && st.m > 0) { /* [two-cycle]: spins one at a time do not cycle */
            ki_solve_state(p, 0, &disordered);
            r->iterations += disordered.evaluations;
            ki_theory_result its = {0};
            fill_static(p, &disordered, &its);
            solve_async(p, &disordered, its.S, r);
        } else {
            solve_async(p, &st, r->S, r);
        }
    }
    r->status = is_whole(r, sync, async) ? r->status : KI_NOT_CONVERGED;
}

static int check_dynamics(unsigned dynamics) {
    if (dynamics == 0 || dynamics & ~(unsigned)(KI_SYNC | KI_ASYNC)) {
        return ki_fail(
            KI_ERR_ARGUMENT,
            "dynamics : %u is unknown : synchronous (%d), asynchronous (%d) or both (%d)", dynamics,
            KI_SYNC, KI_ASYNC, KI_SYNC | KI_ASYNC);
    }
    return 0;
}

int ki_theory(const ki_theory_params *p, unsigned dynamics, ki_theory_result *out) {
    ki_theory_result result;
    if (p == NULL || out == NULL)
        return ki_fail(KI_ERR_ARGUMENT, "ki_theory : NULL pointer : pass a point and a result");
    int error = check_dynamics(dynamics);
    error = error ? error : ki_check_point(p, 0);
    if (error == 0) {
        solve_point(p, dynamics, &result);
        *out = result;
    }
    return error;
}

typedef struct map_job {
    const ki_theory_params *p;
    unsigned dynamics;
    ki_theory_result *out;
} map_job;

static int map_point(void *ctx, size_t i) {
    const map_job *job = ctx;
    solve_point(&job->p[i], job->dynamics, &job->out[i]);
    return 0;
}

int ki_theory_map(size_t n, const ki_theory_params *p, unsigned dynamics, const ki_run_options *run,
                  ki_theory_result *out) {
    int error = check_dynamics(dynamics);
    if (error == 0 && n > 0 && (p == NULL || out == NULL))
        error = ki_fail(KI_ERR_ARGUMENT, "ki_theory_map : NULL pointer : pass points and results");
    /* All points are checked first, so that a bad one costs nothing and leaves `out` alone. */
    for (size_t i = 0; i < n && error == 0; i++) {
        error = ki_check_point(&p[i], 0);
        if (error && n > 1) {
            char sentence[256];
            strncpy(sentence, ki_last_error(), sizeof sentence - 1);
            sentence[sizeof sentence - 1] = 0;
            error = ki_fail(KI_ERR_ARGUMENT, "point %zu: %s", i, sentence);
        }
    }
    /* Into a buffer of our own: on a failure `out` stays as it was. */
    ki_theory_result *results = error ? NULL : ki_alloc(n, sizeof *results);
    if (error == 0 && results == NULL)
        error = ki_fail(KI_ERR_NOMEM, "ki_theory_map : no memory for %zu results : use fewer", n);
    map_job job = {p, dynamics, results};
    if (error == 0)
        error = ki_parallel_for(n, dynamics & KI_ASYNC ? 8 : 64, run, map_point, &job);
    if (error == 0 && n > 0)
        memcpy(out, results, n * sizeof *out);
    ki_free(results);
    return error;
}
