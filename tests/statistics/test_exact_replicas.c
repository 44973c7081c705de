/* SPDX-License-Identifier: BSD-3-Clause */
/* Enumeration against simulation of the same network, N = 8. [exact] [sigma-net-sync]
 * [sigma-net-async]
 *
 * Moments of one long window of many replicas; each mean is taken BATCHES times with seeds of its
 * own, (mean - exact)/error is then Student's t with 29 degrees of freedom, and |t| > LIMIT = 7.5
 * has probability 3e-8. 280 are looked at: were the seeds not fixed, a false alarm in 1e-5 of
 * the runs. Fields of the simulation are in single precision, hence 3e-6 besides. */
#include "ki_test.h"

#include <kinising/simulate.h>

#include "exact_networks.h"

enum { N = 8, BATCHES = 30, QUANTITIES = 4 + N + 2 * N * N };
#define LIMIT 7.5

static void batch(const ki_network *w, int dynamics, uint64_t seed, double *x) {
    const ki_replicas_spec spec = {.dynamics = dynamics,
                                   .replicas = 128,
                                   .steps = 150,
                                   .average = 1,
                                   .burn_in = 50,
                                   .start = KI_START_RANDOM,
                                   .seed = seed};
    ki_ensemble_result e;
    const ki_replicas_out out = {.m = x + 4, .c = x + 4 + N, .d = x + 4 + N + N * N};
    assert_int_equal(ki_replicas(w, &spec, NULL, &e, &out), 0);
    x[0] = e.m;
    x[1] = e.S;
    x[2] = e.sigma;
    x[3] = e.activity;
}

static void against_replicas(void **state) {
    (void)state;
    for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
        net w;
        net_draw(&w, N, 42, 0.5, 0.9, dynamics == KI_SYNC ? 0 : 1);
        found *f = find(&w.view, dynamics, NULL);
        double x[BATCHES][QUANTITIES];
        for (uint64_t b = 0; b < BATCHES; b++)
            batch(&w.view, dynamics, b + 1, x[b]);
        double exact[QUANTITIES] = {f->r.m_mean, f->r.S, f->r.sigma, f->r.activity};
        memcpy(exact + 4, f->m, N * sizeof *exact);
        memcpy(exact + 4 + N, f->c, sizeof(double) * N * N);
        memcpy(exact + 4 + N + N * N, f->d, sizeof(double) * N * N);
        for (size_t q = 0; q < QUANTITIES; q++) {
            ki_stat s = {0, 0, 0};
            for (size_t b = 0; b < BATCHES; b++)
                ki_stat_add(&s, x[b][q]);
            if (fabs(s.mean - exact[q]) > LIMIT * ki_stat_error(&s) + 3e-6) {
                fail_msg("dynamics %d, quantity %zu: %.8g is not %.8g: t = %.3g", dynamics, q,
                         s.mean, exact[q], (s.mean - exact[q]) / ki_stat_error(&s));
            }
            assert_true(ki_stat_error(&s) < 0.005); /* the test can see something */
        }
        assert_true(exact[2] > 0.1);
        free(f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(against_replicas)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
