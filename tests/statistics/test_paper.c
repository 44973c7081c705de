/* SPDX-License-Identifier: BSD-3-Clause */
/* Ensembles against the stored runs of the published study, and against the theory for N ->
 * infinity. [model] [matrix-free] [sigma-net-sync] [sigma-net-async] [sigma-sync] [sigma-async]
 * [m-sync] [q-sync] [S-sync]
 *
 * At most MOST z-scores, each above 5 by chance one in 2e6: another seed would raise a false alarm
 * in one of 10000 runs. */
#include "ensembles.h"

#include "oracle_tables.h"

enum { MOST = 180, SIZES = 4 };

/* Errors of the stored value: 1e-3 of it as stated, and what 4e5 networks leave if each says half
 * as much as one here. */
static void stored(const char *what, double got, double error, double R, double value) {
    const double spread = error * sqrt(R) * sqrt(2 / 4e5);
    ki_check_z(what, got, value, hypot(error, hypot(spread, 1e-3 * value)), 0);
}

static void stored_runs(int dynamics) {
    const size_t n = sizeof paper_simulation / sizeof *paper_simulation;
    int points = 0;
    for (size_t i = 0; i < n; i++) {
        const double N = paper_simulation[i].N;
        const int async = strcmp(paper_simulation[i].phase, "async") == 0;
        if (async != (dynamics == KI_ASYNC))
            continue;
        const ki_ensemble_spec s = {.n = (uint64_t)N,
                                    .p = {paper_simulation[i].beta, 1, 0.5, 0},
                                    .dynamics = dynamics,
                                    .steps = async ? 128 : 127,
                                    .seed = 2023};
        const uint64_t most = N < 100 ? 10000 : N < 500 ? 3000 : async ? 400 : 1500;
        const uint64_t R = s.p.beta > 2 ? most / 2 : most;
        const averages a = simulate(&s, R);
        char what[100];
        snprintf(what, sizeof what, "%s, N %d, beta %g", paper_simulation[i].phase, (int)N,
                 paper_simulation[i].beta);
        stored(what, a.mean[0], a.error[0], (double)R, paper_simulation[i].m);
        stored(what, a.mean[4], a.error[4], (double)R, paper_simulation[i].sigma);
        if (!async)
            stored(what, a.mean[1], a.error[1], (double)R, paper_simulation[i].q);
        /* Cold networks hardly move: few of them make all of sigma. */
        assert_true(s.p.beta > 1.5 || a.error[4] < (async ? 0.02 : 0.01) * a.mean[4]);
        points++;
    }
    assert_int_equal(points, 24);
}

static void synchronous(void **state) {
    (void)state;
    stored_runs(KI_SYNC);
}

static void asynchronous(void **state) {
    (void)state;
    stored_runs(KI_ASYNC);
}

/* The value at 1/N = 0 of the line through values with errors, and its error. */
static void extrapolate(const double *x, const double *y, const double *error, double *value,
                        double *its_error, double *chi2) {
    double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
    for (int i = 0; i < SIZES; i++) {
        const double g = 1 / (error[i] * error[i]);
        w += g;
        wx += g * x[i];
        wy += g * y[i];
        wxx += g * x[i] * x[i];
        wxy += g * x[i] * y[i];
    }
    const double D = w * wxx - wx * wx, slope = (w * wxy - wx * wy) / D;
    *value = (wxx * wy - wx * wxy) / D;
    *its_error = sqrt(wxx / D);
    *chi2 = 0;
    for (int i = 0; i < SIZES; i++)
        *chi2 += pow((y[i] - *value - slope * x[i]) / error[i], 2);
}

/* Away from the transition and from networks that lose their order, where 1/N is all there is. */
static void infinite_network(void **state) {
    (void)state;
    static const ki_theory_params point[] = {{0.8, 0.5, 1, 0.5}, {1.5, 0, 1, 0}, {1.5, 2, 1, 0.3}};
    static const uint64_t size[SIZES] = {128, 256, 512, 1024}, R[SIZES] = {4800, 2400, 1200, 600};
    for (size_t k = 0; k < sizeof point / sizeof *point; k++) {
        for (int dynamics = KI_SYNC; dynamics <= KI_ASYNC; dynamics += KI_ASYNC - KI_SYNC) {
            ki_theory_result t;
            averages a[SIZES];
            assert_int_equal(ki_theory(&point[k], KI_SYNC | KI_ASYNC, &t), 0);
            const double sigma = dynamics == KI_SYNC ? t.sigma : t.sigma_async;
            const double limit[ESTIMATES] = {t.m, t.q, t.S, t.S + sigma, sigma, NAN};
            for (int i = 0; i < SIZES; i++) {
                const ki_ensemble_spec s = {.n = size[i],
                                            .p = point[k],
                                            .dynamics = dynamics,
                                            .steps = dynamics == KI_SYNC ? 40 : 20,
                                            .start = KI_START_THEORY,
                                            .seed = 1 + k};
                a[i] = simulate(&s, R[i]);
            }
            for (int e = 0; e < ESTIMATES - 1; e++) {
                double x[SIZES], y[SIZES], error[SIZES], value, its_error, chi2;
                for (int i = 0; i < SIZES; i++) {
                    x[i] = 1 / (double)size[i];
                    y[i] = a[i].mean[e];
                    error[i] = a[i].error[e];
                }
                if (e == 1 && dynamics == KI_ASYNC) /* its lag is not infinite */
                    continue;
                extrapolate(x, y, error, &value, &its_error, &chi2);
                ki_check_z(estimate_name[e], value, limit[e], its_error, 0);
                ki_check_z("a straight line in 1/N", ki_chi2_z(chi2, SIZES - 2), 0, 1, 0);
                if (e == 4) {
                    print_message("# sigma %.5f, error %.5f, exact %.5f\n", value, its_error,
                                  sigma);
                    assert_true(its_error < 0.02 * sigma);
                }
            }
        }
    }
}

static void no_more_than_stated(void **state) {
    (void)state;
    print_message("# %d z-scores, the largest %.2f\n", ki_z_count, ki_z_largest);
    assert_in_range(ki_z_count, MOST / 2, MOST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synchronous),
        cmocka_unit_test(asynchronous),
        cmocka_unit_test(infinite_network),
        cmocka_unit_test(no_more_than_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
