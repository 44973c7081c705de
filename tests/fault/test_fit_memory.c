/* SPDX-License-Identifier: BSD-3-Clause */
/* Every allocation of the fits of infer.h fails in turn: they say so, leave their outputs as they
 * were and free what they had; ki_fit_memory() is not below what is taken. [mle] */
#include "ki_test.h"

#include "fail_alloc.h"
#include "ki_rasters.h"

enum { N = 7, BINS = 60 };

static int call(int function, const ki_raster *r, ki_fit_result *o) {
    const ki_run_options run = {1, NULL, NULL};
    const ki_fit_spec ms = {.method = KI_FIT_MS}, lasso = {.l1 = 2};
    ki_held_out held = {.bits_per_spike = o->H};

    switch (function) {
    case 0:
        return ki_fit(r, NULL, &run, o);
    case 1:
        return ki_fit(r, &ms, &run, o);
    case 2:
        return ki_fit(r, &lasso, &run, o);
    default:
        return ki_fit_holdout(r, NULL, 0, 3, &run, &held);
    }
}

static void allocations(void **state) {
    (void)state;
    double H[N] = {0}, J[N * N] = {0};
    int8_t *x = ki_test_course(N, H, J, 1, BINS, 2);
    ki_raster *r = ki_test_raster(N, 1, BINS, x);
    ki_fit_result o = ki_test_result(N);

    for (int function = 0; function < 4; function++) {
        int error = KI_ERR_NOMEM, k = 0;
        for (; error == KI_ERR_NOMEM && k < 100; k++) {
            const int before = ki_live_blocks;
            o.H[0] = 42;
            ki_fail_at = k;
            error = call(function, r, &o);
            ki_fail_at = -1;
            assert_int_equal(ki_live_blocks, before);
            assert_true(error == 0 || (error == KI_ERR_NOMEM && o.H[0] == 42));
            assert_true(error == 0 || ki_is_sentence(ki_last_error()));
        }
        assert_int_equal(error, 0);
        assert_true(k > 1);
    }
    uint64_t bytes;
    ki_most_bytes = 0;
    assert_int_equal(call(0, r, &o), 0);
    assert_int_equal(ki_fit_memory(N, NULL, 1, &bytes), 0);
    assert_true(bytes >= ki_most_bytes);
    ki_test_free_result(&o);
    ki_raster_free(r);
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
