/* SPDX-License-Identifier: BSD-3-Clause */
/* Every allocation of an ensemble's life fails in turn: the call says so, what was there stays as it was,
 * and doing it again gives what it would have given. */
#include "ki_test.h"

#include <kinising/kinising.h>

#include "fail_alloc.h"

enum { MOST = 1 << 15, REALIZATIONS = 30 };

static ki_ensemble_spec spec_of(int dynamics, int algorithm) {
    return (ki_ensemble_spec){.n = 12,
                              .p = {.beta = 1, .J0 = 1, .dJ = 1, .dH = 0.5},
                              .dynamics = dynamics,
                              .steps = 4,
                              .start = KI_START_THEORY,
                              .algorithm = algorithm,
                              .seed = 3};
}

static size_t packed(const ki_ensemble *e, unsigned char *bytes) {
    const size_t size = ki_ensemble_pack(e, NULL);
    assert_true(size <= MOST);
    return ki_ensemble_pack(e, bytes);
}

/* Two runs that leave ranges apart, a merge, a pack and an unpack; -1 for ordinary success. Returns how
 * many calls failed. */
static int life(const ki_ensemble_spec *spec, int fail_at, unsigned char *end, size_t *size) {
    static unsigned char before[MOST], after[MOST];
    const ki_run_options two = {2, NULL, NULL};
    ki_ensemble *e = NULL, *other = NULL, *again = NULL;
    int failed = 0, error;
    ki_fail_at = fail_at;
#define TRY(call)                                                                                  \
    if ((error = (call)) != 0) {                                                                   \
        assert_int_equal(error, KI_ERR_NOMEM);                                                     \
        assert_true(ki_is_sentence(ki_last_error()));                                              \
        failed++;                                                                                  \
        ki_fail_at = -1;                                                                           \
        if (e) {                                                                                   \
            const size_t n = packed(e, after);                                                     \
            assert_memory_equal(before, after, n);                                                 \
        }                                                                                          \
        assert_int_equal(call, 0);                                                                 \
    }                                                                                              \
    packed(e, before)
    TRY(ki_ensemble_create(spec, &e));
    TRY(ki_ensemble_run(e, 20, REALIZATIONS, &two));
    TRY(ki_ensemble_run(e, 0, 10, NULL));
    TRY(ki_ensemble_create(spec, &other));
    TRY(ki_ensemble_run(other, 12, 18, &two));
    TRY(ki_ensemble_merge(e, other));
    TRY(ki_ensemble_unpack(before, ki_ensemble_pack(e, NULL), &again));
    TRY(ki_ensemble_run(again, 0, REALIZATIONS, &two));
#undef TRY
    ki_fail_at = -1;
    *size = packed(again, end);
    ki_ensemble_free(e);
    ki_ensemble_free(other);
    ki_ensemble_free(again);
    assert_int_equal(ki_live_blocks, 0);
    return failed;
}

static void fails_everywhere(int dynamics, int algorithm) {
    static unsigned char good[MOST], now[MOST];
    size_t size, now_size;
    int k;
    const ki_ensemble_spec spec = spec_of(dynamics, algorithm);
    assert_int_equal(life(&spec, -1, good, &size), 0);
    for (k = 0; life(&spec, k, now, &now_size); k++) {
        assert_int_equal(now_size, size);
        assert_memory_equal(now, good, size);
        assert_true(k < 1000);
    }
    assert_true(k > 0); /* it has seen failures at all */
}

static void sync_dense(void **state) {
    (void)state;
    fails_everywhere(KI_SYNC, KI_ALGORITHM_DENSE);
}

static void sync_matrix_free(void **state) {
    (void)state;
    fails_everywhere(KI_SYNC, KI_ALGORITHM_MATRIX_FREE);
}

static void async_dense(void **state) {
    (void)state;
    fails_everywhere(KI_ASYNC, KI_ALGORITHM_DENSE);
}

static void async_matrix_free(void **state) {
    (void)state;
    fails_everywhere(KI_ASYNC, KI_ALGORITHM_MATRIX_FREE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sync_dense),
        cmocka_unit_test(sync_matrix_free),
        cmocka_unit_test(async_dense),
        cmocka_unit_test(async_matrix_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
