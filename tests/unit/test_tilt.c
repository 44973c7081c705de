/* SPDX-License-Identifier: BSD-3-Clause */
/* Tilted moments [evidence] against sums over fine steps, for cavities of every rule, and at the ends. */
#include "ki_test.h"

#include <math.h>

#include "infer/tilt.h"

enum { COUNT = 37 }; /* two runs and a part */

/* Mean and variance of N(f; mean, variance)/(1 + exp(-2 y f)). */
static void by_steps(double y, double mean, double variance, double *m, double *v) {
    const double sd = sqrt(variance);
    double z = 0, first = 0, second = 0;

    for (int k = -5000; k <= 5000; k++) {
        const double x = k * 2e-3, e = -2 * y * (mean + sd * x);
        const double log_factor = e > 0 ? -e - log1p(exp(-e)) : -log1p(exp(e));
        const double p = exp(-x * x / 2 + log_factor - fmin(0, 2 * y * mean));
        z += p;
        first += p * x;
        second += p * x * x;
    }
    *m = mean + sd * first / z;
    *v = variance * (second / z - first / z * (first / z));
}

/* Sites that make (mean, variance) of the cavity a marginal with an old site of 0.3, 0.2. */
static void moments(void **state) {
    (void)state;
    const double variance[] = {1e-6, 1e-3, 0.029, 0.031, 0.099, 0.12, 0.4};
    static ki_v8 y[COUNT], f[COUNT], v[COUNT];
    static ki_f8 tau[COUNT], nu[COUNT];
    const ki_v8 none = {0};

    for (size_t rule = 0; rule < sizeof variance / sizeof variance[0]; rule++) {
        const double c = variance[rule], old_tau = 0.25, old_nu = 0.5;
        const double marginal = 1 / (1 / c + old_tau);
        for (size_t t = 0; t < COUNT; t++)
            for (size_t lane = 0; lane < KI_LANES; lane++) {
                const double mean = ((double)(t * KI_LANES + lane) - 148) / 30;
                y[t][lane] = lane % 2 ? 1 : -1;
                v[t][lane] = marginal;
                f[t][lane] = marginal * (mean / c + old_nu);
                tau[t][lane] = (float)old_tau;
                nu[t][lane] = (float)old_nu;
            }
        ki_tilt(COUNT, y, &none, f, v, tau, nu);
        for (size_t t = 0; t < COUNT; t++)
            for (size_t lane = 0; lane < KI_LANES; lane++) {
                const double mean = ((double)(t * KI_LANES + lane) - 148) / 30;
                const double sum = 1 / c + v[t][lane];
                double m, s;
                by_steps(y[t][lane], mean, c, &m, &s);
                assert_true(v[t][lane] == tau[t][lane] && f[t][lane] == nu[t][lane]);
                assert_close_at("tau", v[t][lane], 1 / s - 1 / c, 1e-7, 4e-7 + 1e-10 / c);
                assert_close_at("mean", (mean / c + f[t][lane]) / sum, m, 0, 4e-7 * fmin(1, c));
            }
    }
}

/* Sites at the fields themselves, and what is stored. */
static void expansion(void **state) {
    (void)state;
    static ki_v8 y[COUNT], f[COUNT], v[COUNT], f2[COUNT], v2[COUNT];
    static ki_f8 tau[COUNT], nu[COUNT];

    for (size_t t = 0; t < COUNT; t++)
        for (size_t lane = 0; lane < KI_LANES; lane++) {
            y[t][lane] = t % 2 ? 1 : -1;
            f[t][lane] = ((double)(t * KI_LANES + lane) - 148) / 20;
        }
    ki_expand(COUNT, y, f, v, tau, nu);
    ki_stored_sites(COUNT, tau, nu, f2, v2);
    for (size_t t = 0; t < COUNT; t++)
        for (size_t lane = 0; lane < KI_LANES; lane++) {
            const double field = ((double)(t * KI_LANES + lane) - 148) / 20, c = cosh(field);
            assert_close(v[t][lane], 1 / (c * c), 1e-7, 0);
            assert_close(f[t][lane], y[t][lane] - tanh(field) + field / (c * c), 1e-7, 1e-7);
            assert_true(v[t][lane] == v2[t][lane] && f[t][lane] == f2[t][lane]);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(moments), cmocka_unit_test(expansion)};

    return cmocka_run_group_tests_name("tilt", tests, NULL, NULL);
}
