/* SPDX-License-Identifier: BSD-3-Clause */
/* Every allocation of ki_evidence() fails in turn: it says so, leaves its outputs as they were and
 * frees what it had; ki_evidence_memory() is not below what is taken. [evidence] */
#include "ki_test.h"

#include "fail_alloc.h"
#include "ki_rasters.h"

enum { N = 4, BINS = 80 };

static void allocations(void **state) {
    (void)state;
    double H[N] = {0}, J[N * N] = {0}, found[N];
    int8_t *x = ki_test_course(N, H, J, 1, BINS, 2);
    ki_raster *r = ki_test_raster(N, 1, BINS, x);
    const ki_run_options run = {1, NULL, NULL};
    const ki_posterior network = {.H = found};
    int error = KI_ERR_NOMEM, k = 0;

    for (; error == KI_ERR_NOMEM && k < 1000; k++) {
        ki_prior p = {.mu = 42};
        const int before = ki_live_blocks;
        found[0] = 42;
        ki_fail_at = k;
        error = ki_evidence(r, 10, &run, &p, &network);
        ki_fail_at = -1;
        assert_int_equal(ki_live_blocks, before);
        assert_true(error == 0 || (error == KI_ERR_NOMEM && found[0] == 42 && p.mu == 42));
        assert_true(error == 0 || ki_is_sentence(ki_last_error()));
    }
    assert_int_equal(error, 0);
    assert_true(k > 4);
    uint64_t bytes;
    ki_prior p;
    ki_most_bytes = 0;
    assert_int_equal(ki_evidence(r, 10, &run, &p, &network), 0);
    assert_int_equal(ki_evidence_memory(N, BINS, 10, 1, &bytes), 0);
    assert_true(bytes >= ki_most_bytes && bytes < 2 * ki_most_bytes);
    ki_raster_free(r);
    free(x);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(allocations)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
