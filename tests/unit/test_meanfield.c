/* SPDX-License-Identifier: BSD-3-Clause */
/* The handle of a mean field: arguments, memory, starts, threads, cancelling, and what a steady
 * state is and is not. The values are the oracle's and the properties' business. */
#include "ki_test.h"

#include <kinising/meanfield.h>

#include "base/memory.h"
#include "fail_alloc.h"

enum { N = 100, METHODS = KI_N_METHODS };

static double H[N], J[N * N];
static const ki_run_options one = {.threads = 1};

/* A network of the ensemble J0 = 1 or so, by a generator that is nobody's business. */
static ki_network draw(size_t n, double beta, double J0, double dJ) {
    uint64_t x = 88172645463325252ULL;
    for (size_t i = 0; i < n * (n + 1); i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        const double u = (double)(x >> 11) / (double)(1ULL << 53) - 0.5;
        if (i < n)
            H[i] = 0.2 * u;
        else
            J[i - n] = J0 / (double)n + dJ * u * sqrt(12 / (double)n);
    }
    return (ki_network){n, H, J, beta};
}

static ki_meanfield *create(const ki_network *w, int method, int dynamics, int steady) {
    const ki_meanfield_spec spec = {method, dynamics, steady};
    ki_meanfield *mf = NULL;
    assert_int_equal(ki_meanfield_create(w, &spec, 0, &mf), 0);
    assert_non_null(mf);
    return mf;
}

static ki_meanfield_state get(ki_meanfield *mf) {
    ki_meanfield_state s;
    assert_int_equal(ki_meanfield_get(mf, &s), 0);
    return s;
}

static void arguments(void **state) {
    (void)state;
    ki_network w = draw(5, 1, 1, 0.5);
    ki_meanfield_spec spec = {KI_NAIVE, KI_SYNC, 0};
    ki_meanfield *mf = (ki_meanfield *)(uintptr_t)0x55;
    uint64_t bytes = 55;

    ki_refused(ki_meanfield_create(NULL, &spec, 1, &mf), "network");
    ki_refused(ki_meanfield_create(&w, NULL, 1, &mf), "spec");
    ki_refused(ki_meanfield_create(&w, &spec, 1, NULL), "out");
    ki_refused(ki_meanfield_create(&w, &spec, -1, &mf), "threads");
    spec.method = METHODS;
    ki_refused(ki_meanfield_create(&w, &spec, 1, &mf), "method");
    ki_refused(ki_meanfield_memory(5, &spec, &bytes), "method");
    spec = (ki_meanfield_spec){KI_PLEFKA_T, KI_ASYNC, 1};
    ki_refused(ki_meanfield_create(&w, &spec, 1, &mf),
               "dynamics : plefka-t has no asynchronous form");
    spec = (ki_meanfield_spec){KI_NAIVE, KI_ASYNC, 0};
    ki_refused(ki_meanfield_create(&w, &spec, 1, &mf),
               "dynamics : asynchronous mean fields have no steps");
    spec.steady = 1;
    ki_refused(ki_meanfield_create(&w, &spec, 1, &mf), "J[0,0]");
    spec = (ki_meanfield_spec){KI_NAIVE, KI_SYNC | KI_ASYNC, 1};
    ki_refused(ki_meanfield_create(&w, &spec, 1, &mf), "dynamics");
    spec.dynamics = KI_SYNC;
    ki_refused(ki_meanfield_memory(0, &spec, &bytes), "N");
    ki_refused(ki_meanfield_memory(1ULL << 40, &spec, &bytes), "N");
    ki_refused(ki_meanfield_memory(5, &spec, NULL), "bytes");
    J[7] = NAN;
    ki_refused(ki_meanfield_create(&w, &spec, 1, &mf), "J[1,2]");
    w = draw(5, 1e31, 1, 0.5);
    ki_refused(ki_meanfield_create(&w, &spec, 1, &mf), "J[0,0]");
    assert_true(mf == (ki_meanfield *)(uintptr_t)0x55 && bytes == 55);
    assert_string_equal(ki_method_name(KI_NAIVE), "naive");
    assert_string_equal(ki_method_name(KI_PLEFKA_T1T), "plefka-t1t");
    assert_string_equal(ki_method_name(KI_PLEFKA_T), "plefka-t");
    assert_string_equal(ki_method_name(KI_PLEFKA_T1), "plefka-t1");
    assert_string_equal(ki_method_name(KI_PLEFKA2_T), "plefka2-t");
    assert_string_equal(ki_method_name(-1), "?");
    assert_string_equal(ki_method_name(METHODS), "?");
    ki_meanfield_free(NULL);
}

static void starts(void **state) {
    (void)state;
    const ki_network w = draw(3, 1, 1, 0.5);
    ki_meanfield *mf = create(&w, KI_PLEFKA2_T, KI_SYNC, 0);
    double m[3] = {0.5, -0.5, 0}, C[9] = {0.75, 0.1, 0, 0.1, 0.75, 0.2, 0, 0.2, 1};
    double D[9] = {0.1, 0.2, 0.3}, spin[3];

    /* All up: nothing varies, and there is no step before. */
    assert_true(get(mf).m_mean == 1 && get(mf).C_mean == 0 && isnan(get(mf).D_mean) &&
                isnan(get(mf).sigma) && get(mf).t == 0);
    ki_refused(ki_meanfield_sigma(mf, spin, NULL), "mf : has no D yet");
    assert_int_equal(ki_meanfield_start(mf, m, C, D), 0);
    assert_memory_equal(get(mf).C, C, sizeof C);
    assert_memory_equal(get(mf).D, D, sizeof D);
    assert_close(get(mf).C_mean, (2.5 + 0.6) / 9, 1e-15, 0);
    assert_close(get(mf).D_mean, 0.6 / 9, 1e-15, 0);
    assert_int_equal(ki_meanfield_start(mf, m, NULL, NULL), 0);
    assert_close(get(mf).C_mean, 2.5 / 9, 1e-15, 0);
    assert_true(isnan(get(mf).D_mean) && get(mf).D[1] == 0);
    ki_refused(ki_meanfield_start(NULL, m, C, D), "mf");
    ki_refused(ki_meanfield_start(mf, NULL, C, D), "m");
    m[2] = 1.5;
    ki_refused(ki_meanfield_start(mf, m, NULL, NULL), "m[2]");
    m[2] = NAN;
    ki_refused(ki_meanfield_start(mf, m, NULL, NULL), "m[2]");
    m[2] = 0;
    C[5] = 0.3;
    ki_refused(ki_meanfield_start(mf, m, C, NULL), "C[1,2]");
    C[5] = NAN;
    ki_refused(ki_meanfield_start(mf, m, C, NULL), "C[1,2]");
    C[5] = 0.2;
    C[8] = 0.9;
    ki_refused(ki_meanfield_start(mf, m, C, NULL), "C[2,2]");
    C[8] = 1;
    C[1] = C[3] = 7; /* which a method out of its range may give */
    D[4] = -3;
    assert_int_equal(ki_meanfield_start(mf, m, C, D), 0);
    D[4] = INFINITY;
    ki_refused(ki_meanfield_start(mf, m, C, D), "D[1,1]");
    assert_true(get(mf).m[0] == 0.5 && get(mf).D[4] == -3);
    ki_meanfield_free(mf);
}

/* A run that is taken up from its own m, C and D goes on as it would have. */
static void continuation(void **state) {
    (void)state;
    enum { n = 20 };
    const ki_network w = draw(n, 0.8, 1, 0.5);
    double m[n], C[n * n], D[n * n];

    for (int method = 0; method < METHODS; method++) {
        ki_meanfield *a = create(&w, method, KI_SYNC, 0), *b = create(&w, method, KI_SYNC, 0);
        for (int t = 0; t < 3; t++)
            assert_int_equal(ki_meanfield_step(a, &one, NULL), 0);
        memcpy(m, get(a).m, sizeof m);
        memcpy(C, get(a).C, sizeof C);
        memcpy(D, get(a).D, sizeof D);
        assert_int_equal(ki_meanfield_start(b, m, C, D), 0);
        assert_int_equal(ki_meanfield_step(a, &one, NULL), 0);
        assert_int_equal(ki_meanfield_step(b, &one, NULL), 0);
        assert_memory_equal(get(a).m, get(b).m, sizeof m);
        assert_memory_equal(get(a).C, get(b).C, sizeof C);
        assert_memory_equal(get(a).D, get(b).D, sizeof D);
        assert_int_equal(get(a).t, 4);
        ki_meanfield_free(a);
        ki_meanfield_free(b);
    }
}

/* The same bits on any number of threads; and the state is symmetric, with its diagonal. */
static void threads(void **state) {
    (void)state;
    const ki_network w = draw(N, 0.8, 1, 0.4);
    double m[N], C[N * N], D[N * N];

    for (int method = 0; method < METHODS; method++) {
        for (int count = 1; count <= 3; count++) {
            const ki_run_options run = {.threads = count};
            ki_meanfield *mf = create(&w, method, KI_SYNC, 1);
            ki_meanfield_info info;

            for (int t = 0; t < 4; t++)
                assert_int_equal(ki_meanfield_step(mf, &run, &info), 0);
            assert_int_equal(info.status, KI_CONVERGED);
            assert_int_equal(info.steps, 4);
            assert_int_equal(ki_meanfield_steady(mf, 0, 0, &run, &info), 0);
            assert_int_equal(info.status, KI_CONVERGED);
            const ki_meanfield_state s = get(mf);
            if (count == 1) {
                memcpy(m, s.m, sizeof m);
                memcpy(C, s.C, sizeof C);
                memcpy(D, s.D, sizeof D);
                for (int i = 0; i < N; i++) {
                    assert_close(C[i * N + i], 1 - m[i] * m[i], 0, 1e-15);
                    for (int k = 0; k < N; k++)
                        assert_true(C[i * N + k] == C[k * N + i]);
                }
            }
            assert_memory_equal(s.m, m, sizeof m);
            assert_memory_equal(s.C, C, sizeof C);
            assert_memory_equal(s.D, D, sizeof D);
            ki_meanfield_free(mf);
        }
    }
}

/* What ki_meanfield_steady() calls steady is left where it is by plain steps, to its tolerance. */
static void steady_is_steady(void **state) {
    (void)state;
    const double betas[] = {0.5, 0.7, 0.9, 1.2, 1.5};
    for (int method = 0; method < METHODS; method++) {
        for (int b = 0; b < 5; b++) {
            const ki_network w = draw(N, betas[b], 1, 0.2);
            ki_meanfield *mf = create(&w, method, KI_SYNC, 1);
            ki_meanfield_info info;
            double m[N], C[N * N], D[N * N];

            assert_int_equal(ki_meanfield_steady(mf, 0, 0, &one, &info), 0);
            assert_int_equal(info.status, KI_CONVERGED);
            assert_true(info.change <= 1e-12 && info.steps > 1 && info.unphysical == 0);
            memcpy(m, get(mf).m, sizeof m);
            memcpy(C, get(mf).C, sizeof C);
            memcpy(D, get(mf).D, sizeof D);
            for (int t = 0; t < 100; t++)
                assert_int_equal(ki_meanfield_step(mf, &one, NULL), 0);
            const ki_meanfield_state s = get(mf);
            for (int i = 0; i < N; i++)
                assert_close(s.m[i], m[i], 0, 1e-10);
            for (int i = 0; i < N * N; i++) {
                assert_close(s.C[i], C[i], 0, 1e-10);
                assert_close(s.D[i], D[i], 0, 1e-10);
            }
            ki_meanfield_free(mf);
        }
    }
}

/* A two-cycle, a network that wanders, correlations that explode: said, within the steps allowed.
 */
static void not_steady(void **state) {
    (void)state;
    ki_meanfield_info info;
    ki_network w = draw(N, 3, -1, 0.1);

    for (int method = 0; method < METHODS; method++) {
        ki_meanfield *mf = create(&w, method, KI_SYNC, 1);
        assert_int_equal(ki_meanfield_steady(mf, 0, 0, &one, &info), 0);
        const int bad = info.unphysical || info.unphysical_D;
        assert_int_equal(info.status, bad ? KI_UNPHYSICAL : KI_NOT_STEADY);
        assert_true(info.steps < 200 && info.change > 1); /* the cycle is recognised */
        ki_meanfield_free(mf);
    }
    w = draw(N, 4, 0, 1);
    ki_meanfield *mf = create(&w, KI_NAIVE, KI_SYNC, 1);
    assert_int_equal(ki_meanfield_steady(mf, 0, 300, &one, &info), 0);
    assert_int_equal(info.status, KI_NOT_STEADY);
    assert_int_equal(info.steps, 300);
    ki_meanfield_free(mf);

    mf = create(&w, KI_PLEFKA_T, KI_SYNC, 1);
    assert_int_equal(ki_meanfield_steady(mf, 0, 0, &one, &info), 0);
    assert_int_equal(info.status, KI_UNPHYSICAL);
    assert_true(info.steps < 200 && info.change > 1 && info.unphysical > 0);
    for (int i = 0; i < N * N; i++)
        assert_true(isfinite(get(mf).C[i]));
    ki_refused(ki_meanfield_steady(mf, NAN, 0, &one, &info), "tol");
    ki_meanfield_free(mf);
    mf = create(&w, KI_PLEFKA_T, KI_SYNC, 0);
    ki_refused(ki_meanfield_steady(mf, 0, 0, &one, &info), "mf : has no memory for steady states");
    ki_meanfield_free(mf);
}

/* Moments that no distribution has are not called right: correlations that explode, and a covariance
 * of two times that is larger than both variances. */
static void unphysical(void **state) {
    (void)state;
    const ki_network w = draw(N, 2, 0, 1);
    ki_meanfield_info info;
    ki_meanfield *mf = create(&w, KI_PLEFKA_T, KI_SYNC, 0);
    for (int t = 0; t < 127; t++)
        assert_int_equal(ki_meanfield_step(mf, &one, &info), 0);
    assert_int_equal(info.status, KI_UNPHYSICAL);
    assert_true(info.unphysical > 0 && fabs(get(mf).sigma) > 10);
    ki_meanfield_free(mf);

    /* First order between two spins with J = 0.9, 1.1 and no means: D = J. */
    static const double none[2] = {0}, pair[2][4] = {{0, 0.9, -0.9, 0}, {0, 1.1, -1.1, 0}};
    for (int k = 0; k < 2; k++) {
        const ki_network two = {2, none, pair[k], 1};
        const double m[2] = {0};
        mf = create(&two, KI_NAIVE, KI_SYNC, 0);
        assert_int_equal(ki_meanfield_start(mf, m, NULL, NULL), 0);
        assert_int_equal(ki_meanfield_step(mf, &one, &info), 0);
        assert_true(info.unphysical == 0 && info.unphysical_D == (k ? 2 : 0));
        assert_int_equal(info.status, k ? KI_UNPHYSICAL : KI_CONVERGED);
        ki_meanfield_free(mf);
    }
    /* Infinite correlations. */
    const ki_network hot = draw(N, 30, 0, 1);
    mf = create(&hot, KI_PLEFKA_T, KI_SYNC, 0);
    for (int t = 0; t < 400; t++)
        assert_int_equal(ki_meanfield_step(mf, &one, &info), 0);
    assert_int_equal(info.status, KI_UNPHYSICAL);
    ki_meanfield_free(mf);
}

/* Fixed points from which plain steps lead away are not called steady, whether acceleration or the
 * symmetry of the start has led there. */
static void unstable(void **state) {
    (void)state;
    static const double pair[4] = {1, 0.1, 0.1, 1}, none[5] = {0};
    double all[25], m[5] = {0.5 + 1e-10, -0.5 + 1e-10};
    ki_network w = {2, none, pair, 1};
    ki_meanfield_info info;

    /* The difference of the two dies out, their sum grows from 1e-10: to tanh(1.1 m) = m. */
    ki_meanfield *mf = create(&w, KI_NAIVE, KI_SYNC, 1);
    assert_int_equal(ki_meanfield_start(mf, m, NULL, NULL), 0);
    assert_int_equal(ki_meanfield_steady(mf, 0, 0, &one, &info), 0);
    assert_int_equal(info.status, KI_CONVERGED);
    assert_close(get(mf).m[0], 0.50294057, 0, 1e-7);
    assert_close(get(mf).m[1], 0.50294057, 0, 1e-7);
    ki_meanfield_free(mf);

    for (int i = 0; i < 25; i++)
        all[i] = 0.4;
    for (int method = 0; method < METHODS; method++) {
        for (int hot = 0; hot < 2; hot++) {
            w = (ki_network){5, none, all, hot ? 0.3 : 1};
            mf = create(&w, method, KI_SYNC, 1);
            memset(m, 0, sizeof m);
            assert_int_equal(ki_meanfield_start(mf, m, NULL, NULL), 0);
            assert_int_equal(ki_meanfield_steady(mf, 0, 0, &one, &info), 0);
            if (hot || method == KI_NAIVE || method == KI_PLEFKA_T1T || method == KI_PLEFKA_T1)
                assert_int_equal(info.status, hot ? KI_CONVERGED : KI_UNSTABLE);
            ki_meanfield_free(mf);
        }
    }
}

/* Asynchronously strong inhibition and rotation, where a half of a step would overshoot. */
static void flows(void **state) {
    (void)state;
    ki_network w = draw(20, 1, 0, 1);
    ki_meanfield_info info;

    for (int kind = 0; kind < 2; kind++) {
        for (int i = 0; i < 20; i++) {
            H[i] = kind ? H[i] : 0;
            for (int j = 0; j <= i; j++) {
                const double x = kind ? 3 * (J[i * 20 + j] - J[j * 20 + i]) : -10.0 / 20;
                J[i * 20 + j] = i == j ? 0 : x;
                J[j * 20 + i] = i == j ? 0 : kind ? -x : x;
            }
        }
        ki_meanfield *mf = create(&w, KI_NAIVE, KI_ASYNC, 1);
        assert_int_equal(ki_meanfield_steady(mf, 0, 0, &one, &info), 0);
        assert_int_equal(info.status, KI_CONVERGED);
        const double *m = get(mf).m;
        for (int i = 0; i < 20; i++) {
            double g = H[i];
            for (int j = 0; j < 20; j++)
                g += J[i * 20 + j] * m[j];
            assert_close(m[i], tanh(g), 0, 1e-10);
            assert_true(kind || fabs(m[i]) < 1e-10);
        }
        ki_meanfield_free(mf);
    }
}

/* Sums of edges are spins, sums of spins are sigma; all is 0 for symmetric couplings. */
static void sigma(void **state) {
    (void)state;
    for (int async = 0; async < 2; async++) {
        ki_network w = draw(N, 0.7, 1, 0.4);
        for (int i = 0; async && i < N; i++)
            J[i * N + i] = 0;
        for (int method = 0; method < (async ? 2 : METHODS); method++) {
            ki_meanfield *mf = create(&w, method, async ? KI_ASYNC : KI_SYNC, 1);
            double spin[N], edge[N * N], all = 0;

            assert_int_equal(ki_meanfield_steady(mf, 0, 0, &one, NULL), 0);
            assert_int_equal(ki_meanfield_sigma(mf, spin, edge), 0);
            const ki_meanfield_state s = get(mf);
            for (int i = 0; i < N; i++) {
                double row = 0;
                for (int j = 0; j < N; j++) {
                    const double x = 0.7 * (J[i * N + j] - J[j * N + i]) * s.D[i * N + j];
                    assert_close(edge[i * N + j], async ? 0.5 * x : x, 1e-12, 1e-18);
                    row += edge[i * N + j];
                }
                assert_close(spin[i], row, 1e-12, 1e-16);
                all += spin[i];
            }
            assert_close(s.sigma, all / N, 1e-12, 0);
            assert_true(s.sigma > 0);
            ki_meanfield_free(mf);
        }
        for (int i = 0; i < N; i++)
            for (int j = 0; j < i; j++)
                J[i * N + j] = J[j * N + i];
        for (int method = 0; method < (async ? 2 : METHODS); method++) {
            ki_meanfield *mf = create(&w, method, async ? KI_ASYNC : KI_SYNC, 1);
            assert_int_equal(ki_meanfield_steady(mf, 0, 0, &one, NULL), 0);
            assert_true(get(mf).sigma == 0);
            ki_meanfield_free(mf);
        }
    }
}

static int stop(void *user, uint64_t done, uint64_t total) {
    (void)done;
    (void)total;
    return --*(int *)user < 0;
}

/* A cancelled step leaves pieces, which nobody is given before a new start. */
static void cancelling(void **state) {
    (void)state;
    const ki_network w = draw(N, 1, 1, 0.4);
    for (int method = 0; method < METHODS; method++) {
        ki_meanfield *mf = create(&w, method, KI_SYNC, 1);
        ki_meanfield_state s;
        double m[N] = {0};
        int left = 0;
        const ki_run_options run = {.threads = 1, .progress = stop, .progress_user = &left};

        assert_int_equal(ki_meanfield_step(mf, &run, NULL), KI_ERR_CANCELLED);
        ki_refused(ki_meanfield_step(mf, &one, NULL), "mf : its last step was cancelled");
        ki_refused(ki_meanfield_steady(mf, 0, 0, &one, NULL), "mf : its last step was cancelled");
        ki_refused(ki_meanfield_get(mf, &s), "mf : its last step was cancelled");
        ki_refused(ki_meanfield_sigma(mf, m, NULL), "mf : its last step was cancelled");
        assert_int_equal(ki_meanfield_start(mf, m, NULL, NULL), 0);
        left = 30;
        assert_int_equal(ki_meanfield_steady(mf, 0, 0, &run, NULL), KI_ERR_CANCELLED);
        assert_int_equal(ki_meanfield_start(mf, m, NULL, NULL), 0);
        assert_int_equal(ki_meanfield_step(mf, &one, NULL), 0);
        ki_meanfield_free(mf);
    }
}

/* No memory is an error with a sentence and without a leak; what is said to be taken is taken. */
static void memory(void **state) {
    (void)state;
    const ki_network w = draw(N, 1, 1, 0.4);
    for (int method = 0; method < METHODS; method++) {
        const ki_meanfield_spec spec = {method, KI_SYNC, 1};
        ki_meanfield *mf = NULL;
        uint64_t small, large;

        int failed = 0;
        for (;; failed++) { /* every allocation in turn */
            ki_fail_at = failed;
            const int error = ki_meanfield_create(&w, &spec, 1, &mf);
            ki_fail_at = -1;
            if (error == 0)
                break;
            assert_int_equal(error, KI_ERR_NOMEM);
            assert_true(ki_is_sentence(ki_last_error()) && mf == NULL);
            assert_int_equal(ki_live_blocks, 0);
        }
        assert_true(failed > 0);
        /* Everything is taken at creation: later calls allocate nothing. */
        ki_fail_at = 0;
        assert_int_equal(ki_meanfield_step(mf, &one, NULL), 0);
        assert_int_equal(ki_meanfield_steady(mf, 0, 0, &one, NULL), 0);
        ki_fail_at = -1;
        ki_meanfield_free(mf);
        assert_int_equal(ki_live_blocks, 0);
        assert_int_equal(ki_meanfield_memory(1000, &spec, &small), 0);
        assert_int_equal(ki_meanfield_memory(2000, &spec, &large), 0);
        assert_true(small > 3 * 8000000 && large > 3 * small && large < 5 * small);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments),
        cmocka_unit_test(starts),
        cmocka_unit_test(continuation),
        cmocka_unit_test(threads),
        cmocka_unit_test(steady_is_steady),
        cmocka_unit_test(not_steady),
        cmocka_unit_test(unphysical),
        cmocka_unit_test(unstable),
        cmocka_unit_test(flows),
        cmocka_unit_test(sigma),
        cmocka_unit_test(cancelling),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
