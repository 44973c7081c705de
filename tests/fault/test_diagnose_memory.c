/* SPDX-License-Identifier: BSD-3-Clause */
/* Every allocation of ki_diagnose() and ki_diagnose_compare() fails in turn: they say so, leave their
 * outputs as they were and free what they had. [regime] */
#include "ki_test.h"

#include "fail_alloc.h"
#include "ki_rasters.h"

enum { N = 5, BINS = 90, DRAWS = 100 };

static const ki_diagnose_options options = {.draws = DRAWS, .cosines = 1, .points = 2};

static void allocations(void **state) {
    (void)state;
    double H[N] = {0}, J[N * N] = {0}, g[DRAWS], r[DRAWS], b[DRAWS], sigma[DRAWS];
    int8_t *x = ki_test_course(N, H, J, 1, BINS, 2);
    ki_raster *raster = ki_test_raster(N, 1, BINS, x);
    const ki_run_options run = {1, NULL, NULL};
    const ki_regime_draws draws = {.b = b, .g = g, .r = r, .sigma = sigma};
    ki_diagnosis d;
    int error = KI_ERR_NOMEM, k = 0;

    for (; error == KI_ERR_NOMEM && k < 1000; k++) {
        const int before = ki_live_blocks;
        d.units = 42;
        g[0] = 42;
        ki_fail_at = k;
        error = ki_diagnose(raster, &options, &run, &draws, &d);
        ki_fail_at = -1;
        assert_int_equal(ki_live_blocks, before);
        assert_true(error == 0 || (error == KI_ERR_NOMEM && g[0] == 42 && d.units == 42));
        assert_true(error == 0 || ki_is_sentence(ki_last_error()));
    }
    assert_int_equal(error, 0);
    assert_true(k > 10);

    ki_comparison c = {.rose = 42};
    error = KI_ERR_NOMEM;
    for (k = 0; error == KI_ERR_NOMEM && k < 10; k++) {
        const int before = ki_live_blocks;
        ki_fail_at = k;
        error = ki_diagnose_compare(&d, &draws, &d, &draws, &c);
        ki_fail_at = -1;
        assert_int_equal(ki_live_blocks, before);
        assert_true(error == 0 || (error == KI_ERR_NOMEM && c.rose == 42));
        assert_true(error == 0 || ki_is_sentence(ki_last_error()));
    }
    assert_int_equal(error, 0);
    ki_raster_free(raster);
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(allocations)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
