/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings: packing, refusals, counts; moments [moments-data] against plain loops. */
#include "ki_test.h"

#include <math.h>

#include <kinising/kinising.h>

#include "num/simd.h"
#include "raster/count.h"

/* A spin of a fixed pseudo-random pattern. */
static int8_t spin(size_t t, size_t i) {
    uint64_t x = (t * 0x9E3779B97F4A7C15u) ^ (i * 0xC2B2AE3D27D4EB4Fu);
    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9u;
    return x >> 40 & 1 ? 1 : -1;
}

static void refused(int error, int expected, const char *words) {
    assert_int_equal(error, expected);
    if (!strstr(ki_last_error(), words))
        fail_msg("\"%s\" lacks \"%s\"", ki_last_error(), words);
}

/* Moments by their definition. */
static void check_moments(size_t n, size_t trials, const uint64_t *bins) {
    size_t all = 0;
    for (size_t k = 0; k < trials; k++)
        all += bins[k];
    int8_t *x = malloc(all * n), *back = malloc(all * n);
    double *before = malloc(n * sizeof *before), *after = malloc(n * sizeof *after);
    double *c = malloc(n * n * sizeof *c), *d = malloc(n * n * sizeof *d);
    for (size_t t = 0; t < all; t++)
        for (size_t i = 0; i < n; i++)
            x[t * n + i] = spin(t, i);
    ki_raster *r;
    assert_int_equal(ki_raster_create(n, trials, bins, NAN, &r), 0);
    /* In two parts, the second one first. */
    const size_t half = all / 2 + 1 < all ? all / 2 + 1 : all;
    const ki_raster_values late = {x + half * n, KI_INT8, (ptrdiff_t)n, 1};
    const ki_raster_values early = {x, KI_INT8, (ptrdiff_t)n, 1};
    assert_int_equal(ki_raster_fill(r, half, all - half, &late), 0);
    assert_int_equal(ki_raster_fill(r, 0, half, &early), 0);
    assert_int_equal(ki_raster_unpack(r, 0, all, back), 0);
    assert_memory_equal(x, back, all * n);
    const ki_run_options run = {2, NULL, NULL};
    assert_int_equal(ki_raster_moments(r, &run, before, after, c, d), 0);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sums[4] = {0};
            size_t first = 0, count = 0;
            for (size_t k = 0; k < trials; first += bins[k++])
                for (size_t t = first; t + 1 < first + bins[k]; t++, count++) {
                    sums[0] += x[t * n + i];
                    sums[1] += x[(t + 1) * n + i];
                    sums[2] += x[t * n + i] * x[t * n + j];
                    sums[3] += x[(t + 1) * n + i] * x[t * n + j];
                }
            assert_true(before[i] == sums[0] / (double)count);
            assert_true(after[i] == sums[1] / (double)count);
            assert_true(c[i * n + j] == sums[2] / (double)count);
            assert_true(d[i * n + j] == sums[3] / (double)count);
        }
    ki_raster_free(r);
    free(x);
    free(back);
    free(before);
    free(after);
    free(c);
    free(d);
}

static void moments(void **state) {
    (void)state;
    check_moments(1, 1, (const uint64_t[]){2});
    check_moments(3, 1, (const uint64_t[]){64});
    check_moments(5, 1, (const uint64_t[]){65});
    check_moments(37, 1, (const uint64_t[]){1000});
    check_moments(9, 4, (const uint64_t[]){1, 64, 63, 130});
    check_moments(6, 3, (const uint64_t[]){17000, 1, 700});
}

static void levels(void **state) {
    (void)state;
    uint64_t x[40], y[4][40];
    const uint64_t *rows[KI_COUNT_ROWS] = {y[0], y[1], y[2], y[3]};
    for (size_t w = 0; w < 40; w++) {
        x[w] = 0x9E3779B97F4A7C15u * (w + 1);
        for (size_t k = 0; k < 4; k++)
            y[k][w] = w % 5 == k ? ~x[w] : (k + 3) * 0xC2B2AE3D27D4EB4Fu * (w + 7);
    }
    for (int level = 0; level <= ki_simd_level(); level++)
        for (size_t words = 0; words <= 40; words += 8) {
            uint64_t sum[KI_COUNT_ROWS] = {1, 2, 3, 4};
            ki_count_differences(level, words, x, rows, sum);
            for (size_t k = 0; k < 4; k++) {
                uint64_t expected = k + 1;
                for (size_t w = 0; w < words; w++)
                    for (int b = 0; b < 64; b++)
                        expected += (x[w] >> b & 1) != (y[k][w] >> b & 1);
                assert_int_equal(sum[k], expected);
            }
        }
}

static void codings(void **state) {
    (void)state;
    const double real[6] = {0, 1, 1, 0, 0, 1};
    const int64_t whole[6] = {-1, 1, 1, -1, -1, 1};
    const uint64_t bins = 3;
    ki_raster *a, *b;
    int8_t x[6], y[6];
    assert_int_equal(ki_raster_create(2, 1, &bins, 0.02, &a), 0);
    assert_int_equal(ki_raster_create(2, 1, &bins, 0.02, &b), 0);
    /* One of them transposed: unit by unit, backwards in time. */
    const ki_raster_values by_bin = {real, KI_FLOAT64, 16, 8};
    assert_int_equal(ki_raster_fill(a, 0, 3, &by_bin), 0);
    const ki_raster_values backwards = {whole + 4, KI_INT64, -16, 8};
    assert_int_equal(ki_raster_fill(b, 0, 3, &backwards), 0);
    assert_int_equal(ki_raster_unpack(a, 0, 3, x) | ki_raster_unpack(b, 0, 3, y), 0);
    for (size_t t = 0; t < 3; t++)
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(x[2 * t + i], real[2 * t + i] > 0 ? 1 : -1);
            assert_int_equal(y[2 * t + i], whole[2 * (2 - t) + i]);
        }
    ki_raster_summary s, u;
    uint64_t active[2];
    assert_int_equal(ki_raster_summarize(a, &s, active), 0);
    assert_int_equal(ki_raster_summarize(b, &u, NULL), 0);
    assert_true(s.zero_one && !u.zero_one && s.width == 0.02);
    assert_int_equal(s.spikes, 3);
    assert_int_equal(active[0], 1);
    assert_int_equal(active[1], 2);
    assert_int_equal(s.transitions, 2);
    ki_raster_free(a);
    ki_raster_free(b);
}

static void values_refused(void **state) {
    (void)state;
    const uint64_t bins = 4;
    const struct {
        double x[4];
        const char *words;
    } bad[] = {{{0, 1, 2, 0}, "unit 0 is 2 in bin 2"},
               {{0, 1, NAN, 0}, "unit 0 is nan in bin 2"},
               {{1, -1, 0, 1}, "unit 0 is 0 in bin 2, and -1 was"},
               {{0, 0, -1, 1}, "unit 0 is -1 in bin 2, and 0 was"},
               {{0.5, 0, 0, 0}, "unit 0 is 0.5 in bin 0"}};
    ki_raster *r;
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
        const ki_raster_values v = {bad[k].x, KI_FLOAT64, 8, 8};
        assert_int_equal(ki_raster_create(1, 1, &bins, NAN, &r), 0);
        refused(ki_raster_fill(r, 0, 4, &v), KI_ERR_FORMAT, bad[k].words);
        ki_raster_free(r);
    }
}

static void arguments_refused(void **state) {
    (void)state;
    ki_raster *r, *untouched = (ki_raster *)state;
    const uint64_t one = 1, none = 0, huge[] = {UINT64_C(1) << 40, 1};
    refused(ki_raster_create(0, 1, &one, NAN, &r), KI_ERR_ARGUMENT, "N : 0");
    refused(ki_raster_create(1, 0, &one, NAN, &r), KI_ERR_ARGUMENT, "trials : 0");
    refused(ki_raster_create(1, 1, &none, NAN, &r), KI_ERR_ARGUMENT, "trial 0 : 0 bins");
    refused(ki_raster_create(1, 2, huge, NAN, &r), KI_ERR_ARGUMENT, "trial 1 : 1 bins");
    refused(ki_raster_create(1, 1, &one, 0, &r), KI_ERR_ARGUMENT, "bin : 0 seconds");
    refused(ki_raster_create(1, 1, &one, -INFINITY, &r), KI_ERR_ARGUMENT, "bin : -inf seconds");
    refused(ki_raster_create(1, 1, NULL, NAN, &r), KI_ERR_ARGUMENT, "bins : is NULL");
    refused(ki_raster_create(1, 1, &one, NAN, NULL), KI_ERR_ARGUMENT, "out : is NULL");
    r = untouched;
    refused(ki_raster_create(2147483647, 1, huge, NAN, &r), KI_ERR_NOMEM, "no memory");
    assert_ptr_equal(r, untouched);
    assert_int_equal(ki_raster_create(1, 1, &one, NAN, &r), 0);
    const double x[2] = {1, 1};
    ki_raster_values v = {x, KI_FLOAT64, 8, 8};
    refused(ki_raster_fill(r, 0, 2, &v), KI_ERR_ARGUMENT, "the recording has 1");
    refused(ki_raster_fill(r, 2, 0, &v), KI_ERR_ARGUMENT, "the recording has 1");
    v.type = KI_STRING;
    refused(ki_raster_fill(r, 0, 1, &v), KI_ERR_ARGUMENT, "type : 3");
    refused(ki_raster_moments(r, NULL, NULL, NULL, NULL, NULL), KI_ERR_ARGUMENT,
            "at least one transition");
    ki_raster_free(r);
    ki_raster_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments),           cmocka_unit_test(levels),
        cmocka_unit_test(codings),           cmocka_unit_test(values_refused),
        cmocka_unit_test(arguments_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
