/* SPDX-License-Identifier: BSD-3-Clause */
/* Verdicts on simulated recordings of networks well inside a regime: intervals of the ensemble's
 * numbers hold what is true of the very network, and no verdict is wrong. [regime] [evidence]
 *
 * Three counts, each beyond 5 deviations by chance about one in 1e6; bench/calibration.py has the same
 * for larger networks, longer recordings and random parameters. */
#include "ki_stat.h"

#include "ki_rasters.h"

enum { N = 20, BINS = 1000, BURN_IN = 200, RUNS = 64 };

static const struct {
    double mu, b;
    int regime;
} inside[] = {{0.4, 0.35, KI_WEAK},
              {0.6, 1.1, KI_MODERATE},
              {0.7, 4, KI_QUASI_DETERMINISTIC},
              {1.4, 0.7, KI_NEAR_CRITICAL}};

/* Couplings J_ij, j != i, with exactly the mean mu/N and the deviation b/sqrt(N). */
static void draw(double mu, double b, ki_plain_rng *rng, double *H, double *J) {
    double mean = 0, square = 0;

    for (size_t i = 0; i < N; i++) {
        H[i] = 0.2 * ki_plain_normal(rng);
        for (size_t j = 0; j < N; j++) {
            const double x = J[i * N + j] = ki_plain_normal(rng);
            mean += i == j ? 0 : x / (N * (N - 1));
            square += i == j ? 0 : x * x / (N * (N - 1));
        }
    }
    for (size_t k = 0; k < (size_t)N * N; k++)
        J[k] = mu / N + b / sqrt(N) * (J[k] - mean) / sqrt(square - mean * mean);
}

/* mu <sech^2(b z + H)> by the midpoint rule. */
static double index_of(double mu, double b, const double *H) {
    double sum = 0, weight = 0;

    for (double z = -8; z <= 8; z += 0.01)
        for (size_t i = 0; i < N; i++) {
            const double t = tanh(b * z + H[i]), w = exp(-z * z / 2);
            sum += w * (1 - t * t);
            weight += w;
        }
    return mu * sum / weight;
}

static int holds(const ki_interval *interval, double truth) {
    return interval->low <= truth && truth <= interval->high;
}

static void intervals_and_verdicts(void **state) {
    ki_plain_rng rng = {31};
    double mu = 0, b = 0, g = 0, H[N], J[N * N];
    int told = 0;
    (void)state;

    if (KI_SANITIZED)
        skip();
    for (int run = 0; run < RUNS; run++) {
        const int k = run % 4;
        const ki_diagnose_options options = {.draws = 500};
        ki_diagnosis d;
        draw(inside[k].mu, inside[k].b, &rng, H, J);
        int8_t *x = ki_test_course(N, H, J, 1, BURN_IN + BINS, ki_plain_word(&rng));
        ki_raster *r = ki_test_raster(N, 1, BINS, x + BURN_IN * N);
        assert_int_equal(ki_diagnose(r, &options, NULL, NULL, &d), 0);
        mu += holds(&d.mu, inside[k].mu);
        b += holds(&d.b, inside[k].b);
        g += holds(&d.g, index_of(inside[k].mu, inside[k].b, H));
        assert_true(d.verdict == inside[k].regime || d.verdict == KI_CANNOT_TELL);
        assert_int_equal(d.regime, inside[k].regime);
        told += d.verdict == inside[k].regime;
        ki_raster_free(r);
        free(x);
    }
    printf("# of %d: mu %g, b %g, g %g in their intervals, %d verdicts\n", RUNS, mu, b, g, told);
    ki_check_count("mu outside", RUNS - mu, RUNS, 0.05);
    ki_check_count("b outside", RUNS - b, RUNS, 0.05);
    ki_check_count("g outside", RUNS - g, RUNS, 0.05);
    assert_true(told >= 0.9 * RUNS);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(intervals_and_verdicts)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
