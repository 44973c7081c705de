/* SPDX-License-Identifier: BSD-3-Clause */
/* ki_diagnose_memory() is not below what ki_diagnose() has at once, and not far above it. [regime] */
#include "ki_test.h"

#include <malloc.h>

#include "ki_rasters.h"

static size_t live, most;

void *__real_ki_alloc(uint64_t count, uint64_t size);
void *__wrap_ki_alloc(uint64_t count, uint64_t size);
void *__wrap_ki_alloc(uint64_t count, uint64_t size) {
    void *p = __real_ki_alloc(count, size);

    live += p ? malloc_usable_size(p) : 0;
    most = live > most ? live : most;
    return p;
}

void __real_ki_free(void *p);
void __wrap_ki_free(void *p);
void __wrap_ki_free(void *p) {
    live -= p ? malloc_usable_size(p) : 0;
    __real_ki_free(p);
}

static void sizes(void **state) {
    (void)state;
    static const struct {
        size_t units, bins;
        ki_diagnose_options options;
    } cases[] = {
        {6, 300, {.draws = 100, .cosines = -1}},
        {6, 300, {.draws = 100, .points = 5}},
        {40, 1000, {.draws = 100, .points = 2}},
        {8, 40000, {.draws = 100}},
        {5, 200, {.draws = 100000}},
    };
    const ki_run_options run = {1, NULL, NULL};

    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const size_t n = cases[k].units;
        double *H = calloc(n * (n + 1), sizeof *H);
        int8_t *x = ki_test_course(n, H, H + n, 1, cases[k].bins, 3);
        ki_raster *r = ki_test_raster(n, 1, cases[k].bins, x);
        ki_diagnosis d;
        uint64_t bytes;

        const size_t before = most = live;
        assert_int_equal(ki_diagnose(r, &cases[k].options, &run, NULL, &d), 0);
        const size_t taken = most - before;
        assert_int_equal(ki_diagnose_memory(n, cases[k].bins, &cases[k].options, 1, &bytes), 0);
        if (bytes < taken || (double)bytes > 2.5 * (double)taken + 1e6)
            fail_msg("case %zu: %zu bytes taken, %llu said", k, taken, (unsigned long long)bytes);
        ki_raster_free(r);
        free(x);
        free(H);
    }
}

static void bad_input(void **state) {
    (void)state;
    const ki_diagnose_options wrong = {.draws = 3};
    uint64_t bytes = 42, more;

    ki_refused(ki_diagnose_memory(0, 10, NULL, 1, &bytes), "N");
    ki_refused(ki_diagnose_memory(10, 10, NULL, -1, &bytes), "threads");
    ki_refused(ki_diagnose_memory(10, 10, &wrong, 1, &bytes), "draws");
    ki_refused(ki_diagnose_memory(10, 10, NULL, 1, NULL), "bytes");
    assert_true(bytes == 42);
    assert_int_equal(ki_diagnose_memory(UINT64_C(1) << 30, 10, NULL, 1, &bytes), 0);
    assert_true(bytes == UINT64_MAX);
    assert_int_equal(ki_diagnose_memory(10, UINT64_MAX, NULL, 1, &bytes), 0);
    assert_true(bytes == UINT64_MAX);
    assert_int_equal(ki_diagnose_memory(80, 100000, NULL, 1, &bytes), 0);
    assert_int_equal(ki_diagnose_memory(80, 100000, NULL, 4, &more), 0);
    ki_build_info build;
    assert_int_equal(ki_get_build_info(&build), 0);
    assert_true(build.have_threads ? more > bytes : more == bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
