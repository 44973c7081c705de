/* SPDX-License-Identifier: BSD-3-Clause */
/* [regime] Lines of equal g in the plane of mu and b: known points, a sum over a grid, bad input. */
#include "ki_test.h"

#include <math.h>

#include <kinising/kinising.h>

/* < sech^2(h + s z) > by a sum over z. */
static double slope(double h, double s) {
    double sum = 0, weights = 0;

    for (int k = -4000; k <= 4000; k++) {
        const double z = k * 0.0025, weight = exp(-z * z / 2), c = cosh(h + s * z);
        sum += weight / (c * c);
        weights += weight;
    }
    return sum / weights;
}

static void lines(void **state) {
    const double b[] = {0, 0.5, 1, 4};
    const ki_prior none = {.field = 0}, some = {.field = -0.7, .field_sd = 0.4};
    double mu[4];

    (void)state;
    assert_int_equal(ki_regime_border(&none, 1.1, 4, b, mu), 0);
    assert_close(mu[0], 1.1, 1e-14, 0);
    for (int k = 0; k < 4; k++)
        assert_close(mu[k] * slope(0, b[k]), 1.1, 1e-9, 0);
    assert_int_equal(ki_regime_border(&some, -0.3, 4, b, mu), 0);
    for (int k = 0; k < 4; k++)
        assert_close(mu[k] * slope(-0.7, hypot(b[k], 0.4)), -0.3, 1e-9, 0);
    assert_int_equal(ki_regime_border(&some, 1, 0, NULL, NULL), 0);
}

static void bad_input(void **state) {
    const double good[] = {1, 2}, bad[] = {1, -2};
    const ki_prior prior = {.field = 0}, wrong = {.field_sd = -1}, odd = {.field = NAN};
    double mu[2] = {7, 7};

    (void)state;
    ki_refused(ki_regime_border(NULL, 1, 2, good, mu), "prior");
    ki_refused(ki_regime_border(&odd, 1, 2, good, mu), "field");
    ki_refused(ki_regime_border(&wrong, 1, 2, good, mu), "field_sd");
    ki_refused(ki_regime_border(&prior, INFINITY, 2, good, mu), "g");
    ki_refused(ki_regime_border(&prior, 1, 2, NULL, mu), "b");
    ki_refused(ki_regime_border(&prior, 1, 2, good, NULL), "mu");
    ki_refused(ki_regime_border(&prior, 1, 2, bad, mu), "b");
    assert_true(mu[0] == 7 && mu[1] == 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),
        cmocka_unit_test(bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
