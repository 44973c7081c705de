/* SPDX-License-Identifier: BSD-3-Clause */
/* Likelihood ratio of symmetric networks: the tail of chi-squared, ties of rows that are not all there, order of units,
 * trials, cancelling. [symmetric] */
#include "ki_test.h"

#include "ki_rasters.h"
#include "thermo/chi_squared.h"

/* x, degrees of freedom, tail: scipy.stats.chi2.sf. */
static const double tails[][3] = {
    {0.5, 1, 0.47950012218695337},      {46.01932130158821, 45, 0.4298089674741718},
    {10, 45, 0.99999999151322},         {300, 190, 6.139392425262706e-07},
    {1e-3, 3, 0.9999915920809419},      {800, 780, 0.3018979446702926},
    {5200, 4950, 0.006602881263899501}, {150, 45, 3.2229697732166775e-13},
    {1000, 45, 3.330992995990406e-180},
};

static void chi_squared(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof tails / sizeof *tails; k++)
        assert_close(ki_chi_squared_tail(tails[k][0], tails[k][1]), tails[k][2], 1e-10, 0);
    assert_true(ki_chi_squared_tail(0, 3) == 1 && ki_chi_squared_tail(-1e-9, 3) == 1);
    assert_true(isnan(ki_chi_squared_tail(NAN, 3)) && isnan(ki_chi_squared_tail(1, 0)));
}

static ki_entropy_outcome ratio(ki_raster *r) {
    const ki_entropy_spec spec = {.tests = 1u << KI_TEST_SYMMETRIC};
    ki_entropy_result o = {.S = 0};

    assert_int_equal(ki_entropy_production(r, &spec, NULL, &o), 0);
    ki_raster_free(r);
    return o.test[KI_TEST_SYMMETRIC];
}

enum { N = 6, TRIALS = 5, BINS = 200, ALL = TRIALS * BINS };

/* The same for another order of units, and with units that never change among them. */
static void units(void **state) {
    (void)state;
    const size_t order[N] = {4, 2, 5, 0, 3, 1}, wide = N + 2;
    double H[N], J[N * N];

    for (size_t i = 0; i < N; i++)
        H[i] = 0.3 * cos((double)i);
    for (size_t k = 0; k < N * N; k++)
        J[k] = 0.5 * sin((double)(k * k) + 1);
    int8_t *x = ki_test_course(N, H, J, TRIALS, BINS, 5), *other = malloc(ALL * wide);
    const ki_entropy_outcome right = ratio(ki_test_raster(N, TRIALS, BINS, x));
    assert_int_equal(right.status, KI_CONVERGED);
    assert_true(right.statistic > 100 && right.p_value < 1e-10);
    for (size_t t = 0; t < ALL; t++)
        for (size_t i = 0; i < N; i++)
            other[t * N + i] = x[t * N + order[i]];
    assert_close(ratio(ki_test_raster(N, TRIALS, BINS, other)).statistic, right.statistic, 1e-9, 0);
    for (size_t t = 0; t < ALL; t++)
        for (size_t i = 0, k = 0; i < wide; i++)
            other[t * wide + i] = i == 1 ? -1 : i == 4 ? 1 : x[t * N + k++];
    const ki_entropy_outcome found = ratio(ki_test_raster(wide, TRIALS, BINS, other));
    assert_close(found.statistic, right.statistic, 1e-9, 0);
    assert_close(found.p_value, right.p_value, 1e-6, 0);
    free(other);
    free(x);
}

/* A unit that moves in the first bin of a trial alone has a column and no row: its couplings are free. */
static void columns_alone(void **state) {
    (void)state;
    const double H[3] = {0.1, -0.2, -20}, J[9] = {0.2, 0.5, 0.4, -0.4, 0.1, 0.3};
    int8_t *x = ki_test_course(3, H, J, 60, 12, 9);

    for (size_t t = 0; t < 60 * 12; t++)
        if (t % 12)
            x[3 * t + 2] = -1;
    const ki_entropy_outcome found = ratio(ki_test_raster(3, 60, 12, x));
    assert_int_equal(found.status, KI_CONVERGED);
    assert_close(found.p_value, ki_chi_squared_tail(found.statistic, 1), 1e-12, 0);
    assert_true(found.statistic > 0);
    free(x);
}

static void nothing_to_tie(void **state) {
    (void)state;
    const double H[2] = {0.1, -30}, J[4] = {0.5};
    int8_t *x = ki_test_course(2, H, J, 1, 300, 3);

    for (size_t t = 0; t < 300; t++)
        x[2 * t + 1] = -1;
    const ki_entropy_outcome found = ratio(ki_test_raster(2, 1, 300, x));
    assert_int_equal(found.status, KI_NOT_CONVERGED);
    assert_true(isnan(found.p_value) && isnan(found.statistic));
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chi_squared),
        cmocka_unit_test(units),
        cmocka_unit_test(columns_alone),
        cmocka_unit_test(nothing_to_tie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
