/* SPDX-License-Identifier: BSD-3-Clause */
/* Every allocation of ki_entropy_production() fails in turn: it says so, leaves its outputs as they were and frees what
 * it had; ki_entropy_memory() is not below what is taken, and says what does not fit; numbers of folds beyond all memory. [sigma-data] [mtur] [maxent] [symmetric] [surrogates] */
#include "ki_test.h"

#include "fail_alloc.h"
#include "ki_rasters.h"

enum { N = 7, TRIALS = 2, BINS = 200 };

static void allocations(void **state) {
    (void)state;
    const ki_run_options run = {1, NULL, NULL};
    const ki_entropy_spec spec = {.estimators = (1u << KI_N_ESTIMATORS) - 1,
                                  .tests = (1u << KI_N_TESTS) - 1,
                                  .surrogates = 2,
                                  .refit = 1,
                                  .folds = 2};
    double H[N] = {0}, J[N * N] = {0}, unit[N], pair[N * N];
    int8_t *x = ki_test_course(N, H, J, TRIALS, BINS, 2);
    ki_raster *r = ki_test_raster(N, TRIALS, BINS, x);
    ki_entropy_result o = {.unit = unit, .pair_error = pair};
    int error = KI_ERR_NOMEM, k = 0;

    for (; error == KI_ERR_NOMEM && k < 2000; k++) {
        const int before = ki_live_blocks;
        o.S = unit[0] = pair[1] = 42;
        ki_fail_at = k;
        error = ki_entropy_production(r, &spec, &run, &o);
        ki_fail_at = -1;
        assert_int_equal(ki_live_blocks, before);
        assert_true(error == 0 ||
                    (error == KI_ERR_NOMEM && o.S == 42 && unit[0] == 42 && pair[1] == 42));
        assert_true(error == 0 || ki_is_sentence(ki_last_error()));
    }
    assert_int_equal(error, 0);
    assert_true(k > 40);
    uint64_t bytes;
    ki_most_bytes = 0;
    assert_int_equal(ki_entropy_production(r, &spec, &run, &o), 0);
    assert_int_equal(ki_entropy_memory(N, TRIALS * BINS, &spec, 1, &bytes), 0);
    assert_true(bytes >= ki_most_bytes);
    ki_raster_free(r);
    free(x);
}

/* More than a number of bytes can say is UINT64_MAX, not what is left of it. */
static void beyond_counting(void **state) {
    (void)state;
    const ki_entropy_spec all = {.estimators = (1u << KI_N_ESTIMATORS) - 1,
                                 .tests = (1u << KI_N_TESTS) - 1};
    const uint64_t many[][2] = {{2, UINT64_MAX}, {2, UINT64_C(1) << 60}, {1 << 20, UINT64_C(1) << 40}};
    uint64_t bytes = 0, few = 0;

    for (size_t k = 0; k < sizeof many / sizeof many[0]; k++) {
        assert_int_equal(ki_entropy_memory(many[k][0], many[k][1], &all, 2, &bytes), 0);
        assert_true(bytes == UINT64_MAX);
    }
    assert_int_equal(ki_entropy_memory(2, 1 << 20, &all, 2, &few), 0);
    assert_int_equal(ki_entropy_memory(2, 1 << 30, &all, 2, &bytes), 0);
    assert_true(bytes > few && bytes < UINT64_MAX);
}

/* Folds are as many as transitions at most, however many are asked for. */
static void folds(void **state) {
    (void)state;
    const uint64_t many[] = {2 * BINS, UINT64_C(1) << 40, UINT64_C(1) << 59, UINT64_MAX};
    double H[N] = {0}, J[N * N] = {0};
    int8_t *x = ki_test_course(N, H, J, 1, BINS, 2);
    ki_raster *r = ki_test_raster(N, 1, BINS, x);
    ki_entropy_result o = {.S = 42};

    for (size_t k = 0; k < sizeof many / sizeof many[0]; k++) {
        ki_entropy_spec spec = {.estimators = 1u << KI_CROSSFIT, .folds = many[k]};
        assert_int_equal(ki_entropy_production(r, &spec, NULL, &o), KI_ERR_ARGUMENT);
        assert_true(strncmp(ki_last_error(), "folds : ", 8) == 0 && o.S == 42);
        spec.estimators = 1u << KI_MODEL; /* they are not looked at */
        assert_int_equal(ki_entropy_production(r, &spec, NULL, &o), 0);
        o.S = 42;
    }
    ki_raster_free(r);
    free(x);
}

static int stop(void *user, uint64_t done, uint64_t total) {
    (void)user;
    return total > 0 && done > 0;
}

static void cancelled(void **state) {
    (void)state;
    const ki_run_options run = {1, stop, NULL};
    enum { MANY = 80, LONG = 4000 };
    static double H[MANY], J[MANY * MANY];
    int8_t *x = ki_test_course(MANY, H, J, 1, LONG, 2);
    ki_raster *r = ki_test_raster(MANY, 1, LONG, x);
    ki_entropy_result o = {.S = 42};

    assert_int_equal(ki_entropy_production(r, NULL, &run, &o), KI_ERR_CANCELLED);
    assert_true(o.S == 42);
    ki_raster_free(r);
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations),
        cmocka_unit_test(beyond_counting),
        cmocka_unit_test(folds),
        cmocka_unit_test(cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
