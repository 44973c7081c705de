/* SPDX-License-Identifier: BSD-3-Clause */
/* Raw and connected moments and the entropy production that they make, against plain sums and
 * against enumeration. [sigma-net-sync] [sigma-net-async] [sigma-mf] */
#include "ki_test.h"

#include <kinising/exact.h>
#include <kinising/moments.h>

#include "base/memory.h"
#include "exact_networks.h"
#include "fail_alloc.h"

static void there_and_back(void **state) {
    (void)state;
    static const double m[2] = {0.5, -0.25}, before[2] = {1, 0.125}, raw[4] = {1, 0.5, -0.5, 1};
    double x[4] = {55, 55, 55, 55};
    assert_int_equal(ki_moments_connect(2, m, before, raw, x), 0);
    const double want[4] = {0.5, 0.4375, -0.25, 1.03125};
    assert_memory_equal(x, want, sizeof x);
    assert_int_equal(ki_moments_connect(2, m, before, x, x), 0); /* in place */
    assert_int_equal(ki_moments_disconnect(2, m, before, x, x), 0);
    assert_int_equal(ki_moments_disconnect(2, m, before, x, x), 0);
    assert_memory_equal(x, raw, sizeof x);
    ki_refused(ki_moments_connect(0, m, before, raw, x), "N");
    ki_refused(ki_moments_connect(2, NULL, before, raw, x), "row");
    ki_refused(ki_moments_connect(2, m, NULL, raw, x), "column");
    ki_refused(ki_moments_disconnect(2, m, before, NULL, x), "moments");
    ki_refused(ki_moments_disconnect(2, m, before, raw, NULL), "result");
    assert_memory_equal(x, raw, sizeof x);
}

/* More rows than a block, and any number of threads. */
static void plain_sums(void **state) {
    (void)state;
    enum { n = 75 };
    static double H[n], J[n * n], d[n * n], edge[n * n], other[n * n];
    double own[n], spin[n], again[n], sigma, more, all = 0;
    const ki_network w = {n, H, J, 0.8};
    ki_plain_rng r = {7};
    for (size_t i = 0; i < n * n; i++) {
        J[i] = ki_plain_normal(&r);
        d[i] = ki_plain_normal(&r);
    }
    for (size_t i = 0; i < n; i++)
        own[i] = ki_plain_normal(&r);
    for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
        const double weight = dynamics == KI_ASYNC ? 0.4 : 0.8;
        const ki_run_options four = {.threads = 4}, one = {.threads = 1};
        all = 0;
        assert_int_equal(ki_moments_sigma(&w, dynamics, d, own, &four, &sigma, spin, edge), 0);
        assert_int_equal(ki_moments_sigma(&w, dynamics, d, own, &one, &more, again, other), 0);
        assert_true(sigma == more);
        assert_memory_equal(spin, again, sizeof spin);
        assert_memory_equal(edge, other, sizeof edge);
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t j = 0; j < n; j++) {
                const double x =
                    i == j ? own[i] : weight * (J[i * n + j] - J[j * n + i]) * d[i * n + j];
                assert_close(edge[i * n + j], x, 1e-15, 0);
                sum += x;
            }
            assert_close(spin[i], sum, 0, 1e-12);
            all += sum;
        }
        assert_close(sigma, all / n, 0, 1e-12);
        /* Without its outputs, and without the diagonal. */
        assert_int_equal(ki_moments_sigma(&w, dynamics, d, own, NULL, &more, NULL, NULL), 0);
        assert_true(sigma == more);
        assert_int_equal(ki_moments_sigma(&w, dynamics, d, NULL, NULL, NULL, NULL, edge), 0);
        assert_true(edge[0] == 0 && edge[1] == other[1]);
        ki_fail_at = 0;
        assert_int_equal(ki_moments_sigma(&w, dynamics, d, own, NULL, &more, NULL, NULL),
                         KI_ERR_NOMEM);
        ki_fail_at = -1;
        assert_true(ki_is_sentence(ki_last_error()) && sigma == more);
    }
    ki_refused(ki_moments_sigma(NULL, KI_SYNC, d, own, NULL, &more, NULL, NULL), "network");
    ki_refused(ki_moments_sigma(&w, 3, d, own, NULL, &more, NULL, NULL), "dynamics");
    ki_refused(ki_moments_sigma(&w, KI_SYNC, NULL, own, NULL, &more, NULL, NULL), "d");
    const ki_run_options bad = {.threads = -1};
    ki_refused(ki_moments_sigma(&w, KI_SYNC, d, own, &bad, &more, NULL, NULL), "threads");
}

/* The stationary law: raw and connected moments have one sigma, that of the definition. */
static void of_a_steady_state(void **state) {
    (void)state;
    for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics++) {
        net w;
        double sigma, connected, spin[6], C[36];
        net_draw(&w, 6, 3, 0.4, 1.1, dynamics == KI_ASYNC);
        found *f = find(&w.view, dynamics, NULL);
        assert_int_equal(ki_moments_sigma(&w.view, dynamics, f->d, NULL, NULL, &sigma, spin, NULL),
                         0);
        assert_int_equal(
            ki_moments_sigma(&w.view, dynamics, f->D, NULL, NULL, &connected, NULL, NULL), 0);
        const double want = net_sigma(&w.view, dynamics, f->p);
        assert_close(sigma, want, 1e-11, 0);
        assert_close(connected, want, 1e-11, 0);
        assert_memory_equal(spin, f->spin, sizeof spin);
        assert_int_equal(ki_moments_connect(6, f->m, f->m, f->c, C), 0);
        assert_memory_equal(C, f->C, sizeof C);
        net_make_symmetric(&w);
        assert_int_equal(ki_moments_sigma(&w.view, dynamics, f->d, NULL, NULL, &sigma, NULL, NULL),
                         0);
        assert_true(sigma == 0);
        free(f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(plain_sums),
        cmocka_unit_test(of_a_steady_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
