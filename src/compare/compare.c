/* SPDX-License-Identifier: BSD-3-Clause */
/* How far methods are from a network itself. */
#include <math.h>

#include <kinising/meanfield.h>
#include <kinising/moments.h>
#include <kinising/network.h>

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"
#include "compare/reference.h"

static int check_simulation(const ki_compare_spec *s) {
    if (s->m0 != 0 && s->m0 != 1)
        return ki_fail(KI_ERR_ARGUMENT,
                       "m0 : is %g : 0 or 1, simulations start at random or all up", s->m0);
    if (s->replicas < 2)
        return ki_fail(KI_ERR_ARGUMENT, "replicas : %llu make no two halves : at least 2",
                       (unsigned long long)s->replicas);
    if (s->steady && (s->window < 1 || s->window > UINT64_MAX - s->burn_in))
        return ki_fail(KI_ERR_ARGUMENT,
                       "window : %llu after %llu : at least 1, their sum in 64 bits",
                       (unsigned long long)s->window, (unsigned long long)s->burn_in);
    return 0;
}

static int check_spec(const ki_compare_spec *s) {
    int error = ki_check_pointer("spec", s, "what is to be compared");

    if (error)
        return error;
    if (s->against != KI_COMPARE_EXACT && s->against != KI_COMPARE_SIMULATION)
        return ki_fail(KI_ERR_ARGUMENT,
                       "against : %d is unknown : %d (all states) or %d (simulation)", s->against,
                       KI_COMPARE_EXACT, KI_COMPARE_SIMULATION);
    error = ki_check_dynamics(s->dynamics);
    error = error ? error : ki_check_flag("steady", s->steady);
    error = error ? error : ki_check_mean("m0", -1, s->m0);
    if (!error && !s->steady && s->steps < 1)
        error = ki_fail(KI_ERR_ARGUMENT, "steps : is 0 : at least 1");
    return !error && s->against == KI_COMPARE_SIMULATION ? check_simulation(s) : error;
}

int ki_compare_memory(uint64_t n, const ki_compare_spec *spec, int threads, uint64_t *kept,
                      uint64_t *work) {
    uint64_t bytes;
    int error = check_spec(spec);

    error = error ? error : ki_check_pointer("kept", kept, "a place for the bytes");
    error = error ? error : ki_check_pointer("work", work, "a place for the bytes");
    error = error ? error : ki_check_threads(threads);
    error = error ? error : ki_check_spins(n);
    error = error ? error : ki_reference_work(spec, n, threads, &bytes);
    if (error)
        return error;
    const double all = sizeof(double) * ki_reference_numbers(spec, (double)n);
    if (!(all < 0x1p63))
        return ki_fail(KI_ERR_ARGUMENT, "N : %llu spins need more than 2^63 bytes : fewer",
                       (unsigned long long)n);
    *kept = sizeof(ki_compare) + (uint64_t)all;
    *work = bytes;
    return 0;
}

int ki_compare_create(const ki_network *network, const ki_compare_spec *spec,
                      const ki_run_options *run, ki_compare **out) {
    uint64_t kept, work;
    int error = ki_network_check(network);

    error = error ? error : ki_check_pointer("out", out, "a place for the handle");
    error =
        error ? error : ki_compare_memory(network->n, spec, run ? run->threads : 0, &kept, &work);
    if (error)
        return error;
    ki_compare *c = ki_alloc(1, sizeof *c);
    double *arrays = ki_alloc(1, (size_t)(kept - sizeof *c));
    if (!c || !arrays) {
        ki_free(c);
        ki_free(arrays);
        return ki_fail(KI_ERR_NOMEM, "compare : no memory for %llu bytes : a smaller network",
                       (unsigned long long)kept);
    }
    *c = (ki_compare){.network = *network, .spec = *spec, .arrays = arrays};
    error = ki_reference_find(c, run);
    if (error) {
        ki_compare_free(c);
        return error;
    }
    *out = c;
    return 0;
}

void ki_compare_free(ki_compare *compare) {
    if (compare) {
        ki_free(compare->arrays);
        ki_free(compare);
    }
}

int ki_compare_get(const ki_compare *compare, ki_compare_reference *out) {
    int error = ki_check_pointer("compare", compare, "a handle");

    error = error ? error : ki_check_pointer("out", out, "a place for the result");
    if (!error)
        *out = compare->reference;
    return error;
}

int ki_compare_moments(const ki_compare *compare, const double *m, const double *C, const double *D,
                       double sigma, ki_compare_result *out) {
    int error = ki_check_pointer("compare", compare, "a handle");

    error = error ? error : ki_check_pointer("m", m, "N means");
    error = error ? error : ki_check_pointer("C", C, "N x N moments");
    error = error ? error : ki_check_pointer("D", D, "N x N moments");
    error = error ? error : ki_check_pointer("out", out, "a place for the result");
    if (!error && isnan(sigma))
        error = ki_moments_sigma(&compare->network, compare->spec.dynamics, D, NULL, NULL, &sigma,
                                 NULL, NULL);
    if (error)
        return error;
    const ki_compare_reference *r = &compare->reference;
    const size_t n = (size_t)compare->network.n;
    ki_compare_result e = {.m_err = ki_rms(n, m, r->m),
                           .C_err = ki_rms(n * n, C, r->C),
                           .D_err = ki_rms(n * n, D, r->D),
                           .sigma = sigma,
                           .sigma_ref = r->sigma,
                           .sigma_err = fabs(sigma - r->sigma)};
    const int finite = isfinite(e.m_err + e.C_err + e.D_err + e.sigma_err);
    e.status = finite ? KI_CONVERGED : KI_UNPHYSICAL;
    *out = e;
    return 0;
}

/* All steps, or the steady state. The worst status of the way. */
static int run_method(const ki_compare *c, ki_meanfield *mf, const ki_run_options *run,
                      int *status) {
    ki_meanfield_info info = {0};
    int error = 0;

    *status = KI_CONVERGED;
    if (c->spec.steady) {
        error = ki_meanfield_steady(mf, c->spec.tol, c->spec.max_steps, run, &info);
        *status = info.status;
        return error;
    }
    for (uint64_t t = 0; t < c->spec.steps && !error; t++) {
        ki_part part = {run, t, c->spec.steps};
        const ki_run_options here = ki_part_options(&part);

        error = ki_meanfield_step(mf, &here, &info);
        *status = info.status > *status ? info.status : *status;
    }
    return error;
}

int ki_compare_method(const ki_compare *compare, int method, const ki_run_options *run,
                      ki_compare_result *out) {
    int error = ki_check_pointer("compare", compare, "a handle");

    error = error ? error : ki_check_pointer("out", out, "a place for the result");
    if (error)
        return error;
    const size_t n = (size_t)compare->network.n;
    const ki_meanfield_spec spec = {method, compare->spec.dynamics, compare->spec.steady};
    ki_meanfield *mf = NULL;
    ki_compare_result e = {0};
    int status = KI_CONVERGED;
    double *m0 = ki_alloc(n, sizeof *m0);

    if (!m0)
        return ki_fail(KI_ERR_NOMEM, "compare : no memory for %zu numbers : a smaller network", n);
    for (size_t i = 0; i < n; i++)
        m0[i] = compare->spec.m0;
    error = ki_meanfield_create(&compare->network, &spec, run ? run->threads : 0, &mf);
    error = error ? error : ki_meanfield_start(mf, m0, NULL, NULL);
    error = error ? error : run_method(compare, mf, run, &status);
    ki_meanfield_state s;
    error = error ? error : ki_meanfield_get(mf, &s);
    error = error ? error : ki_compare_moments(compare, s.m, s.C, s.D, s.sigma, &e);
    if (!error) {
        e.status = status > e.status ? status : e.status;
        *out = e;
    }
    ki_meanfield_free(mf);
    ki_free(m0);
    return error;
}
