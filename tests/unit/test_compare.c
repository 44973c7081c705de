/* SPDX-License-Identifier: BSD-3-Clause */
/* Comparisons: references against what they are made of, errors against plain sums, the worst status
 * of a method, arguments, memory, progress. [sigma-mf] */
#include "ki_test.h"

#include <kinising/kinising.h>

#include "base/memory.h"
#include "fail_alloc.h"

enum { N = 6 };

static double H[N], J[N * N];

static ki_network draw(double beta, double dJ) {
    const ki_theory_params p = {.J0 = 1, .dJ = dJ, .dH = 0.4};
    assert_int_equal(ki_network_draw(N, &p, 0, 3, NULL, H, J), 0);
    return (ki_network){N, H, J, beta};
}

static ki_compare_spec exact_steps(uint64_t steps) {
    return (ki_compare_spec){.dynamics = KI_SYNC, .steps = steps, .m0 = 1};
}

static ki_compare *create(const ki_network *w, const ki_compare_spec *spec) {
    ki_compare *c = NULL;
    assert_int_equal(ki_compare_create(w, spec, NULL, &c), 0);
    assert_non_null(c);
    return c;
}

static ki_compare_reference get(const ki_compare *c) {
    ki_compare_reference r;
    assert_int_equal(ki_compare_get(c, &r), 0);
    return r;
}

static double rms(size_t n, const double *a, const double *b) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sqrt(sum / (double)n);
}

static void all_states(void **state) {
    (void)state;
    const ki_network w = draw(0.7, 0.5);
    const double m0[N] = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    for (int steady = 0; steady < 2; steady++) {
        double m[N], C[N * N], D[N * N];
        const ki_exact_out out = {.m = m, .C = C, .D = D};
        const ki_exact_spec how = {.dynamics = KI_SYNC};
        const ki_compare_spec spec = {.dynamics = KI_SYNC, .steady = steady, .steps = 3, .m0 = 0.5};
        ki_exact_result e;
        if (steady)
            assert_int_equal(ki_exact(&w, &how, NULL, &e, &out), 0);
        else
            assert_int_equal(ki_exact_evolve(&w, KI_SYNC, m0, 3, NULL, &e, &out), 0);
        ki_compare *c = create(&w, &spec);
        const ki_compare_reference r = get(c);
        assert_memory_equal(r.m, m, sizeof m);
        assert_memory_equal(r.C, C, sizeof C);
        assert_memory_equal(r.D, D, sizeof D);
        assert_true(r.sigma == e.sigma && r.status == KI_CONVERGED);
        assert_true(r.m_err == 0 && r.C_err == 0 && r.D_err == 0 && r.sigma_err == 0);
        /* Against itself, and against something else. */
        ki_compare_result x;
        assert_int_equal(ki_compare_moments(c, m, C, D, NAN, &x), 0);
        assert_true(x.m_err == 0 && x.C_err == 0 && x.D_err == 0 && x.sigma_ref == r.sigma);
        assert_true(x.status == KI_CONVERGED && fabs(x.sigma - r.sigma) < 1e-12);
        assert_int_equal(ki_compare_moments(c, m0, D, C, 7, &x), 0);
        assert_close(x.m_err, rms(N, m0, m), 1e-15, 0);
        assert_close(x.C_err, rms(N * N, D, C), 1e-15, 0);
        assert_true(x.C_err == x.D_err && x.sigma == 7 && x.sigma_err == fabs(7 - r.sigma));
        C[3] = NAN;
        assert_int_equal(ki_compare_moments(c, m, C, D, 0, &x), 0);
        assert_int_equal(x.status, KI_UNPHYSICAL);
        ki_compare_free(c);
    }
}

/* The handle's own steps give the same bits, and the status of the worst of them. */
static void methods(void **state) {
    (void)state;
    for (int cold = 0; cold < 2; cold++) {
        const ki_network w = draw(cold ? 6 : 0.7, cold ? 1.5 : 0.5);
        const ki_compare_spec spec = exact_steps(9);
        ki_compare *c = create(&w, &spec);
        const ki_compare_reference r = get(c);
        int bad = 0;
        for (int method = 0; method < KI_N_METHODS; method++) {
            const ki_meanfield_spec how = {method, KI_SYNC, 0};
            ki_meanfield *mf = NULL;
            ki_meanfield_info info;
            ki_meanfield_state s;
            ki_compare_result x;
            int worst = 0;
            assert_int_equal(ki_meanfield_create(&w, &how, 1, &mf), 0);
            for (int t = 0; t < 9; t++) {
                assert_int_equal(ki_meanfield_step(mf, NULL, &info), 0);
                worst = info.status > worst ? info.status : worst;
            }
            assert_int_equal(ki_meanfield_get(mf, &s), 0);
            assert_int_equal(ki_compare_method(c, method, NULL, &x), 0);
            assert_true(x.m_err == rms(N, s.m, r.m) && x.D_err == rms(N * N, s.D, r.D));
            assert_true(x.sigma == s.sigma && x.sigma_err == fabs(s.sigma - r.sigma));
            assert_int_equal(x.status, worst);
            bad += x.status != KI_CONVERGED;
            ki_meanfield_free(mf);
        }
        assert_true(cold ? bad > 0 : bad == 0);
        ki_compare_free(c);
    }
}

/* Errors of the reference are those of the simulation; its halves and its neighbours in seed are
 * apart from each other. */
static void simulations(void **state) {
    (void)state;
    const ki_network w = draw(0.7, 0.5);
    ki_compare_spec spec = exact_steps(5);
    ki_compare *exact = create(&w, &spec), *drawn[2];
    spec.against = KI_COMPARE_SIMULATION;
    spec.replicas = 20001;
    for (int k = 0; k < 2; k++) {
        spec.seed = 11 + (uint64_t)k;
        drawn[k] = create(&w, &spec);
    }
    const ki_compare_reference r = get(exact), a = get(drawn[0]), b = get(drawn[1]);
    assert_true(a.m_err > 1e-4 && a.C_err > 1e-4 && a.D_err > 1e-4 && a.sigma_err > 1e-5);
    assert_true(rms(N, a.m, r.m) < 3 * a.m_err && rms(N * N, a.C, r.C) < 3 * a.C_err);
    assert_true(rms(N * N, a.D, r.D) < 3 * a.D_err && fabs(a.sigma - r.sigma) < 6 * a.sigma_err);
    for (size_t i = 0; i < N; i++)
        assert_true(a.m[i] != b.m[i]);
    for (int k = 0; k < 2; k++)
        ki_compare_free(drawn[k]);
    spec = (ki_compare_spec){.against = KI_COMPARE_SIMULATION,
                             .dynamics = KI_ASYNC,
                             .steady = 1,
                             .replicas = 50,
                             .burn_in = 5,
                             .window = 20};
    drawn[0] = create(&w, &spec);
    assert_true(get(drawn[0]).status == KI_CONVERGED && get(drawn[0]).m_err > 0);
    ki_compare_free(drawn[0]);
    ki_compare_free(exact);
}

static void arguments(void **state) {
    (void)state;
    const ki_network w = draw(0.7, 0.5);
    const ki_compare_spec good = exact_steps(2);
    ki_compare_spec spec = good;
    ki_compare *c = (ki_compare *)(uintptr_t)0x55;
    ki_refused(ki_compare_create(NULL, &spec, NULL, &c), "network");
    ki_refused(ki_compare_create(&w, NULL, NULL, &c), "spec");
    ki_refused(ki_compare_create(&w, &spec, NULL, NULL), "out");
    spec.against = 2;
    ki_refused(ki_compare_create(&w, &spec, NULL, &c), "against");
    spec = good;
    spec.dynamics = 3;
    ki_refused(ki_compare_create(&w, &spec, NULL, &c), "dynamics");
    spec = exact_steps(0);
    ki_refused(ki_compare_create(&w, &spec, NULL, &c), "steps");
    spec = good;
    spec.m0 = 1.5;
    ki_refused(ki_compare_create(&w, &spec, NULL, &c), "m0");
    spec.against = KI_COMPARE_SIMULATION;
    spec.m0 = 0.5;
    ki_refused(ki_compare_create(&w, &spec, NULL, &c), "m0");
    spec.m0 = 1;
    ki_refused(ki_compare_create(&w, &spec, NULL, &c), "replicas");
    spec.replicas = 10;
    spec.steady = 1;
    ki_refused(ki_compare_create(&w, &spec, NULL, &c), "window");
    uint64_t kept = 55, work = 55;
    ki_refused(ki_compare_memory(21, &good, 1, &kept, &work), "N");
    ki_refused(ki_compare_memory(0, &good, 1, &kept, &work), "N");
    ki_refused(ki_compare_memory(6, &good, -1, &kept, &work), "threads");
    ki_refused(ki_compare_memory(6, &good, 1, NULL, &work), "kept");
    assert_true(c == (ki_compare *)(uintptr_t)0x55 && kept == 55 && work == 55);
    ki_compare_result x = {.sigma = 55};
    ki_compare_reference r;
    c = create(&w, &good);
    ki_refused(ki_compare_get(NULL, &r), "compare");
    ki_refused(ki_compare_get(c, NULL), "out");
    ki_refused(ki_compare_method(NULL, 0, NULL, &x), "compare");
    ki_refused(ki_compare_method(c, -1, NULL, &x), "method");
    ki_refused(ki_compare_method(c, 0, NULL, NULL), "out");
    ki_refused(ki_compare_moments(c, NULL, J, J, 0, &x), "m");
    ki_refused(ki_compare_moments(c, H, J, NULL, 0, &x), "D");
    assert_true(x.sigma == 55);
    ki_compare_free(c);
    ki_compare_free(NULL);
}

static void memory(void **state) {
    (void)state;
    const ki_network w = draw(0.7, 0.5);
    for (int against = 0; against < 2; against++) {
        ki_compare_spec spec = exact_steps(2);
        ki_compare *c = NULL;
        int k;
        spec.against = against;
        spec.replicas = 10;
        for (k = 0;; k++) { /* every allocation fails in turn */
            ki_fail_at = k;
            const int error = ki_compare_create(&w, &spec, NULL, &c);
            ki_fail_at = -1;
            if (error == 0)
                break;
            assert_int_equal(error, KI_ERR_NOMEM);
            assert_true(ki_is_sentence(ki_last_error()) && ki_live_blocks == 0 && c == NULL);
        }
        assert_true(k > 2);
        const int live = ki_live_blocks;
        ki_compare_result x = {.sigma = 55};
        for (k = 0;; k++) {
            ki_fail_at = k;
            const int error = ki_compare_method(c, KI_NAIVE, NULL, &x);
            ki_fail_at = -1;
            assert_int_equal(ki_live_blocks, live);
            if (error == 0)
                break;
            assert_int_equal(error, KI_ERR_NOMEM);
            assert_true(ki_is_sentence(ki_last_error()) && x.sigma == 55);
        }
        assert_true(k > 1);
        ki_compare_free(c);
        assert_int_equal(ki_live_blocks, 0);
    }
}

typedef struct watch {
    double part;
    int calls, stop_at;
} watch;

static int look(void *user, uint64_t done, uint64_t total) {
    watch *s = user;
    const double part = (double)done / (double)total;
    assert_true(part >= s->part && part <= 1);
    s->part = part;
    return ++s->calls == s->stop_at;
}

/* Progress never goes back, over both halves and all steps; a no ends it. */
static void progress(void **state) {
    (void)state;
    const ki_network w = draw(0.7, 0.5);
    ki_compare_spec spec = exact_steps(20);
    spec.against = KI_COMPARE_SIMULATION;
    spec.replicas = 1000;
    watch s = {.stop_at = -1};
    const ki_run_options run = {1, look, &s};
    ki_compare *c = NULL;
    ki_compare_result x = {.sigma = 55};
    assert_int_equal(ki_compare_create(&w, &spec, &run, &c), 0);
    assert_true(s.calls > 2 && s.part > 0.9);
    s = (watch){.stop_at = -1};
    assert_int_equal(ki_compare_method(c, KI_PLEFKA2_T, &run, &x), 0);
    assert_true(s.calls > 20 && s.part > 0.9);
    s = (watch){.stop_at = 5};
    x.sigma = 55;
    assert_int_equal(ki_compare_method(c, KI_PLEFKA2_T, &run, &x), KI_ERR_CANCELLED);
    assert_true(x.sigma == 55);
    ki_compare_free(c);
    c = NULL;
    s = (watch){.stop_at = 2};
    assert_int_equal(ki_compare_create(&w, &spec, &run, &c), KI_ERR_CANCELLED);
    assert_true(c == NULL && ki_live_blocks == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_states), cmocka_unit_test(methods), cmocka_unit_test(simulations),
        cmocka_unit_test(arguments),  cmocka_unit_test(memory),  cmocka_unit_test(progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
