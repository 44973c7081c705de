/* SPDX-License-Identifier: BSD-3-Clause */
/* Transients [sigma-t] [C-sync] [C-async]: they end in the steady state, conserve what they must, and
 * the independent network (dJ = 0) has closed forms. */
#include "ki_test.h"

#include <kinising/kinising.h>

enum { MOST = 400 };

static double t[MOST + 1], m[MOST + 1], q[MOST + 1], S[MOST + 1], Sr[MOST + 1], sigma[MOST + 1];
static double C[(MOST + 1) * (MOST + 1)];
static const ki_transient all = {t, m, q, S, Sr, sigma, C};
static const ki_transient columns = {t, m, q, S, Sr, sigma, NULL};

static const ki_theory_params points[] = {{2, 1, 0.5, 0},       {1, 1, 0.5, 0},
                                          {2, 1, 0.5, 0.5},     {3, 1, 1, 0},
                                          {1.5, 0.5, 0.3, 0.8}, {2, -0.3, 0.6, 0.2}};
enum { POINTS = sizeof points / sizeof *points };

static ki_theory_result steady(ki_theory_params p) {
    ki_theory_result r;
    assert_int_equal(ki_theory(&p, KI_SYNC | KI_ASYNC, &r), 0);
    return r;
}

static void sync_ends_in_the_steady_state(void **state) {
    (void)state;
    for (int i = 0; i < POINTS; i++) {
        for (size_t lag = 1; lag <= 3; lag++) {
            assert_int_equal(ki_transient_sync(&points[i], 0.9, MOST, lag, NULL, &columns), 0);
            const ki_theory_result r = steady(points[i]);
            assert_close(m[MOST], r.m, 0, 1e-9);
            assert_close(q[MOST], r.q, 0, 1e-9);
            assert_close(S[MOST], r.S, 0, 1e-9);
            assert_close(sigma[MOST], r.sigma, 0, 1e-9);
            assert_close(Sr[MOST], r.Sr, 0, 1e-9);
            assert_true(isnan(S[0]) && isnan(sigma[0]) && isnan(q[lag - 1]) && !isnan(q[lag]));
        }
    }
}

static void sync_two_cycle(void **state) {
    (void)state;
    for (int field = 0; field < 2; field++) {
        const ki_theory_params p = {2.5, -1, 0.4, 0.4 * field};
        const ki_theory_result r = steady(p);
        const double lags[3] = {1, 2, 3};
        double cycle[3];
        assert_int_equal(r.phase, KI_TWO_CYCLE);
        assert_int_equal(ki_autocorrelation(&p, KI_SYNC, 3, lags, cycle), 0);
        for (size_t lag = 1; lag <= 3; lag++) {
            assert_int_equal(ki_transient_sync(&p, 0.3, MOST, lag, NULL, &columns), 0);
            assert_close(fabs(m[MOST]), r.m, 0, 1e-9);
            assert_close(m[MOST] + m[MOST - 1], 0, 0, 1e-9);
            assert_close(q[MOST], cycle[lag - 1], 0, 1e-9);
            assert_close(sigma[MOST], r.sigma, 0, 1e-9);
        }
        assert_close(cycle[1], r.q, 1e-12, 0);
        assert_true(cycle[0] < 0.5 * r.q);
    }
}

/* C(t, t) = 1, symmetric, |C| <= 1, positive semi-definite (by Cholesky); its diagonals are the q. */
static void check_matrix(size_t n, size_t lag) {
    static double L[(MOST + 1) * (MOST + 1)];
    const size_t side = n + 1;
    for (size_t i = 0; i < side; i++) {
        assert_close(C[i * side + i], 1, 0, 1e-12);
        for (size_t j = 0; j < i; j++) {
            assert_true(C[i * side + j] == C[j * side + i]);
            assert_true(fabs(C[i * side + j]) <= 1 + 1e-9);
        }
        if (i >= lag)
            assert_close(C[i * side + i - lag], q[i], 0, 1e-12);
        for (size_t j = 0; j <= i; j++) {
            double sum = C[i * side + j];
            for (size_t k = 0; k < j; k++)
                sum -= L[i * side + k] * L[j * side + k];
            if (i == j) {
                assert_true(sum > -1e-7);
                L[i * side + i] = sqrt(fmax(sum, 1e-12));
            } else {
                L[i * side + j] = sum / L[j * side + j];
            }
        }
    }
}

static void sync_matrix(void **state) {
    (void)state;
    for (int i = 0; i < POINTS; i++) {
        enum { N = 40 };
        assert_int_equal(ki_transient_sync(&points[i], -0.5, N, 2, NULL, &all), 0);
        check_matrix(N, 2);
        for (size_t k = 1; k <= N; k++) /* [C-sync]: the independent start */
            assert_close(C[k * (N + 1)], m[k] * m[0], 1e-13, 0);
        static double one[(N + 1) * (N + 1)];
        memcpy(one, C, sizeof one);
        const ki_run_options run = {3, NULL, NULL};
        assert_int_equal(ki_transient_sync(&points[i], -0.5, N, 2, &run, &all), 0);
        assert_memory_equal(one, C, sizeof one);
    }
}

static double binary_entropy(double p) {
    return p <= 0 || p >= 1 ? 0 : -p * log(p) - (1 - p) * log(1 - p);
}

/* dJ = 0, dH = 0: spins are independent given m_t, and a step's flow is beta J0 m_{t-1} (m_{t+1} -
 * m_{t-1}) in closed form; together with the change of the binary entropies it is never negative. */
static void second_law_without_disorder(void **state) {
    (void)state;
    const ki_theory_params p = {1.7, 1, 0, 0};
    assert_int_equal(ki_transient_sync(&p, 0.2, 60, 1, NULL, &columns), 0);
    for (size_t k = 1; k < 60; k++) {
        const double a = p.beta * m[k - 1], b = p.beta * m[k];
        assert_close(m[k], tanh(a), 1e-14, 0);
        assert_close(S[k], log(2 * cosh(a)) - a * tanh(a), 1e-13, 1e-15);
        assert_close(Sr[k], log(2 * cosh(b)) - b * m[k - 1], 1e-13, 1e-14);
        const double system =
            binary_entropy(0.5 * (1 + m[k])) - binary_entropy(0.5 * (1 + m[k - 1]));
        assert_true(sigma[k] + system >= -1e-14);
    }
}

static void async_ends_in_the_steady_state(void **state) {
    (void)state;
    for (int i = 0; i < POINTS; i++) {
        ki_transient_info info;
        const ki_theory_result r = steady(points[i]);
        assert_int_equal(ki_transient_async(&points[i], r.m > 0 ? 0.9 : 0, 40, 40, 3, 1e-5, NULL,
                                            &columns, &info),
                         0);
        assert_int_equal(info.status, KI_CONVERGED);
        assert_true(info.error <= 1e-5 && info.steps >= 40);
        /* What is left is the relaxation itself, slower than e^-t only near the transition. */
        assert_close(m[40], r.m, 0, 1e-3);
        assert_close(sigma[40], r.sigma_async, 1e-3, 1e-4);
        const double tau = 3;
        double exact;
        assert_int_equal(ki_autocorrelation(&points[i], KI_ASYNC, 1, &tau, &exact), 0);
        assert_close(q[40], exact, 0, 1e-3);
        assert_close(Sr[40], S[40] + sigma[40], 1e-14, 0);
    }
}

/* From m0 = 0 without field the only relaxation is of C; late rows are the steady C(tau) to 1e-7. */
static void async_matrix(void **state) {
    (void)state;
    const ki_theory_params p = {1.2, 1, 0.8, 0};
    ki_transient_info info;
    enum { N = 60 };
    assert_int_equal(ki_transient_async(&p, 0, 15, N, 4, 1e-8, NULL, &all, &info), 0);
    assert_int_equal(info.status, KI_CONVERGED);
    check_matrix(N, 4);
    double tau[N + 1], exact[N + 1];
    for (int k = 0; k <= N; k++) {
        tau[k] = 0.25 * k;
        assert_close(C[k * (N + 1)], exp(-tau[k]), 0, 1e-8);
        assert_close(m[k], 0, 0, 0);
    }
    assert_int_equal(ki_autocorrelation(&p, KI_ASYNC, N + 1, tau, exact), 0);
    for (int k = 0; k <= 12; k++)
        assert_close(C[N * (N + 1) + N - k], exact[k], 0, 3e-6);
    assert_close(sigma[N], steady(p).sigma_async, 1e-5, 0);
}

/* Two tolerances agree within the larger: the error estimate is honest. */
static void async_error_is_honest(void **state) {
    (void)state;
    const ki_theory_params p = {2, 1, 0.7, 0.4};
    double rough[21], rough_sigma[21];
    const ki_transient keep = {NULL, NULL, rough, NULL, NULL, rough_sigma, NULL};
    ki_transient_info info, fine;
    assert_int_equal(ki_transient_async(&p, 0.4, 5, 20, 2, 1e-4, NULL, &keep, &info), 0);
    assert_int_equal(ki_transient_async(&p, 0.4, 5, 20, 2, 1e-7, NULL, &columns, &fine), 0);
    assert_int_equal(fine.status, KI_CONVERGED);
    assert_true(fine.steps > info.steps && fine.error <= 1e-7);
    for (int k = 0; k <= 20; k++) {
        assert_close(rough_sigma[k], sigma[k], 0, 1e-4);
        if (k >= 2)
            assert_close(rough[k], q[k], 0, 1e-4);
    }
}

typedef struct stop {
    int calls, at;
} stop;

static int count_calls(void *user, uint64_t done, uint64_t total) {
    stop *s = user;
    assert_true(done <= total);
    return ++s->calls == s->at;
}

/* Progress in all of the work, the columns of two times included; the last call still stops it. */
static void sync_can_be_stopped(void **state) {
    (void)state;
    enum { N = 3000 };
    static double long_m[N + 1];
    const ki_theory_params p = {2, 1, 0.5, 0};
    const ki_transient out = {.m = long_m};
    stop s = {0, 0};
    const ki_run_options run = {1, count_calls, &s};
    assert_int_equal(ki_transient_sync(&p, 0.5, N, 1, &run, &out), 0);
    assert_in_range(s.calls, 3 * N / 256 - 1, 3 * N / 256 + 1);
    s = (stop){0, s.calls};
    long_m[0] = 7;
    assert_int_equal(ki_transient_sync(&p, 0.5, N, 1, &run, &out), KI_ERR_CANCELLED);
    assert_true(long_m[0] == 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sync_ends_in_the_steady_state),
        cmocka_unit_test(sync_two_cycle),
        cmocka_unit_test(sync_matrix),
        cmocka_unit_test(sync_can_be_stopped),
        cmocka_unit_test(second_law_without_disorder),
        cmocka_unit_test(async_ends_in_the_steady_state),
        cmocka_unit_test(async_matrix),
        cmocka_unit_test(async_error_is_honest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
