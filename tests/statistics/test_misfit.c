/* SPDX-License-Identifier: BSD-3-Clause */
/* [misfit] Recordings that violate the model are withheld, each for the right reason, and those that do
 * not are not. Fixed seeds; of scores of the right model the largest of 12 is asked to be below 4.5:
 * a false alarm for another seed once in 2e4. */
#include "ki_test.h"

#include "ki_rasters.h"

enum { N = 20, BINS = 3000, MOST = 2 * N };

/* Couplings J_ij, j != i, with exactly the mean mu/n and the variance b^2/n. */
static void draw(size_t n, double mu, double b, int symmetric, uint64_t *seed, double *J) {
    const double count = (double)(n * n - n);
    double mean = 0, square = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const double u = ki_test_uniform(seed) - 0.5;
            J[i * n + j] = symmetric && j < i ? J[j * n + i] : u;
            mean += i == j ? 0 : J[i * n + j] / count;
            square += i == j ? 0 : J[i * n + j] * J[i * n + j] / count;
        }
    const double sd = sqrt(square - mean * mean);
    for (size_t k = 0; k < n * n; k++)
        J[k] = mu / (double)n + b / sqrt((double)n) * (J[k] - mean) / sd;
}

/* Synchronous states [bins,n]. */
static int8_t *synchronous(size_t n, double mu, double b, size_t bins, int symmetric,
                           uint64_t seed) {
    double H[MOST] = {0}, J[MOST * MOST];

    draw(n, mu, b, symmetric, &seed, J);
    int8_t *x = ki_test_course(n, H, J, 1, bins, seed);
    return x;
}

/* Units are drawn one at a time, n of them a unit of time. */
static int8_t *asynchronous(double mu, double b, double width, uint64_t seed) {
    double J[N * N], due = 0;
    int8_t *x = malloc(BINS * N), s[N];

    assert_non_null(x);
    draw(N, mu, b, 0, &seed, J);
    for (size_t i = 0; i < N; i++)
        s[i] = ki_test_uniform(&seed) < 0.5 ? 1 : -1;
    for (size_t t = 0; t < BINS; t++) {
        for (due += width; due > 0; due += log(ki_test_uniform(&seed)) / N) {
            const size_t i = (size_t)(ki_test_uniform(&seed) * N);
            double h = 0;
            for (size_t j = 0; j < N; j++)
                h += J[i * N + j] * s[j];
            s[i] = ki_test_uniform(&seed) < 1 / (1 + exp(-2 * h)) ? 1 : -1;
        }
        memcpy(x + t * N, s, N);
    }
    return x;
}

/* The diagnosis of N units of every `skip`-th of `repeat` copies of rows of `n` values; frees x. */
static ki_diagnosis diagnose(int8_t *x, size_t n, size_t skip, size_t repeat) {
    int8_t *kept = malloc(BINS * N);
    const ki_diagnose_options o = {.draws = 400};
    ki_diagnosis d;

    assert_non_null(kept);
    for (size_t t = 0; t < BINS; t++)
        memcpy(kept + t * N, x + t * skip / repeat * n, N);
    ki_raster *r = ki_test_raster(N, 1, BINS, kept);
    assert_int_equal(ki_diagnose(r, &o, NULL, NULL, &d), 0);
    printf("# %s (%s):", ki_regime_name(d.verdict), ki_regime_name(d.regime));
    for (int k = 0; k < KI_N_DOUBTS; k++)
        printf("%s%s", d.doubts >> k & 1 ? " " : "", d.doubts >> k & 1 ? ki_doubt_name(k) : "");
    for (int k = 0; k < KI_N_MISFITS; k++)
        printf(", %s %.1f %.4f", ki_misfit_name(k), d.misfit[k].z, d.misfit[k].fraction);
    printf(", kappa %.2f self %.2f; %d sweeps, effective %.2f\n", d.kappa.value, d.prior.self,
           (int)d.prior.sweeps, d.effective);
    ki_raster_free(r);
    free(kept);
    free(x);
    return d;
}

/* mu, b of networks well inside four regimes. */
static const struct {
    double mu, b;
    int regime;
} inside[] = {{1.9, 0.9, KI_ORDERED},
              {1.4, 0.7, KI_NEAR_CRITICAL},
              {2.0, 3.0, KI_QUASI_DETERMINISTIC},
              {0.5, 0.35, KI_WEAK}};

static void right_models(void **state) {
    (void)state;

    for (size_t k = 1; k < 4; k++) { /* ordered: tests/oracle */
        const ki_diagnosis d =
            diagnose(synchronous(N, inside[k].mu, inside[k].b, BINS, 0, 100 + k), N, 1, 1);
        for (int test = 0; test < KI_N_MISFITS; test++)
            assert_true(fabs(d.misfit[test].z) < 4.5);
        assert_int_equal(d.regime, inside[k].regime);
        assert_int_equal(d.verdict, inside[k].regime);
    }
}

static unsigned bit(int doubt) {
    return 1u << doubt;
}

static void withheld(int8_t *x, size_t n, size_t skip, size_t repeat, unsigned reasons) {
    const ki_diagnosis d = diagnose(x, n, skip, repeat);

    assert_int_equal(d.verdict, KI_CANNOT_TELL);
    assert_int_equal(d.doubts & reasons, reasons);
}

static void unseen_units(void **state) {
    (void)state;
    for (size_t k = 1; k < 3; k++)
        withheld(synchronous(2 * N, inside[k].mu, inside[k].b, BINS, 0, 200 + k), 2 * N, 1, 1,
                 bit(KI_DOUBT_LAG2) | bit(KI_DOUBT_SAME_BIN));
}

static void wide_bins(void **state) {
    (void)state;
    for (size_t k = 1; k < 3; k++)
        withheld(synchronous(N, inside[k].mu, inside[k].b, 2 * BINS, 0, 300 + k), N, 2, 1,
                 bit(KI_DOUBT_SAME_BIN));
}

static void repeated_frames(void **state) {
    (void)state;
    for (size_t k = 1; k < 4; k++)
        withheld(synchronous(N, inside[k].mu, inside[k].b, BINS, 0, 400 + k), N, 1, 2,
                 bit(KI_DOUBT_LAG2) | bit(KI_DOUBT_SELF));
}

static void units_one_at_a_time(void **state) {
    (void)state;
    for (size_t k = 0; k < 4; k++)
        withheld(asynchronous(inside[k].mu, inside[k].b, 0.5, 500 + k), N, 1, 1,
                 bit(KI_DOUBT_SELF));
    for (size_t k = 0; k < 4; k += 2)
        withheld(asynchronous(inside[k].mu, inside[k].b, 1.5, 600 + k), N, 1, 1,
                 bit(KI_DOUBT_SAME_BIN));
}

static void symmetric_couplings(void **state) {
    (void)state;
    for (size_t k = 1; k < 4; k += 2)
        withheld(synchronous(N, inside[k].mu, inside[k].b, BINS, 1, 700 + k), N, 1, 1,
                 bit(KI_DOUBT_SYMMETRY));
}

/* A network in a field that drifts for all. */
static int8_t *drifting(double mu, double b, double strength, double cycles, uint64_t seed) {
    double J[N * N];
    int8_t *x = malloc(BINS * N), s[N] = {0};

    assert_non_null(x);
    draw(N, mu, b, 0, &seed, J);
    for (size_t t = 0; t < BINS; t++) {
        for (size_t i = 0; i < N; i++) {
            double h = strength * sin(6.2832 * cycles * (double)t / BINS);
            for (size_t j = 0; j < N; j++)
                h += J[i * N + j] * s[j];
            x[t * N + i] = ki_test_uniform(&seed) < 1 / (1 + exp(-2 * h)) ? 1 : -1;
        }
        memcpy(s, x + t * N, N);
    }
    return x;
}

/* With cosines g stays where it is, without them it is pulled towards order; r is too small, and where
 * that decides the verdict is withheld. */
static void drift(void **state) {
    (void)state;
    int8_t *x = drifting(0.6, 1.5, 0.7, 1.4324, 801);
    ki_raster *r = ki_test_raster(N, 1, BINS, x);
    const ki_diagnose_options with = {.draws = 400}, without = {.draws = 400, .cosines = -1};
    ki_diagnosis d, e;
    assert_int_equal(ki_diagnose(r, &with, NULL, NULL, &d), 0);
    assert_int_equal(ki_diagnose(r, &without, NULL, NULL, &e), 0);
    printf("# mu %.3f b %.3f; with cosines %.3f %.3f, g %.3f, %.3f with more; without %.3f %.3f, g "
           "%.3f\n",
           0.6, 1.5, d.mu.value, d.b.value, d.g.value, d.g_more, e.mu.value, e.b.value, e.g.value);
    assert_true(fabs(d.mu.value - 0.6) < 4 * d.mu.sd);
    assert_true(e.mu.value - 0.6 > 5 * e.mu.sd);
    assert_true(isnan(e.g_more) && fabs(d.g_more - d.g.value) < 0.1);
    ki_raster_free(r);
    free(x);
    withheld(drifting(inside[3].mu, inside[3].b, 0.7, 1.4324, 802), N, 1, 1, bit(KI_DOUBT_DRIFT));
    /* Faster than the cosines: g of 0.75 reads as near-critical. */
    withheld(drifting(1.0, 0.7, 0.4, 17, 803), N, 1, 1, bit(KI_DOUBT_DRIFT));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(right_models),
                                       cmocka_unit_test(unseen_units),
                                       cmocka_unit_test(wide_bins),
                                       cmocka_unit_test(repeated_frames),
                                       cmocka_unit_test(units_one_at_a_time),
                                       cmocka_unit_test(symmetric_couplings),
                                       cmocka_unit_test(drift)};

    return cmocka_run_group_tests_name("misfit", tests, NULL, NULL);
}
