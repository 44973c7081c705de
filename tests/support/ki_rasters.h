/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings for tests: of given networks, and of files. Include ki_test.h first. */
#ifndef KI_RASTERS_H
#define KI_RASTERS_H

#include <math.h>
#include <stdlib.h>

#include <kinising/kinising.h>

/* A uniform number in (0, 1) from a counter (splitmix64). */
static inline double ki_test_uniform(uint64_t *state) {
    uint64_t x = *state += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return ((double)((x ^ x >> 31) >> 11) + 0.5) * 0x1p-53;
}

/* `trials` trials of `bins` bins of int8 +-1, [trials * bins, n], synchronous, from random starts. */
static inline int8_t *ki_test_course(size_t n, const double *H, const double *J, size_t trials,
                                     size_t bins, uint64_t seed) {
    int8_t *x = malloc(trials * bins * n);

    assert_non_null(x);
    for (size_t t = 0; t < trials * bins; t++)
        for (size_t i = 0; i < n; i++) {
            double h = 0;
            for (size_t j = 0; j < n && t % bins; j++)
                h += J[i * n + j] * x[(t - 1) * n + j];
            h += t % bins ? H[i] : 0;
            x[t * n + i] = ki_test_uniform(&seed) < 1 / (1 + exp(-2 * h)) ? 1 : -1;
        }
    return x;
}

/* The raster of such values. */
static inline ki_raster *ki_test_raster(size_t n, size_t trials, size_t bins, const int8_t *x) {
    uint64_t *each = malloc(trials * sizeof *each);
    ki_raster *r = NULL;

    assert_non_null(each);
    for (size_t k = 0; k < trials; k++)
        each[k] = bins;
    assert_int_equal(ki_raster_create(n, trials, each, NAN, &r), 0);
    const ki_raster_values values = {x, KI_INT8, (ptrdiff_t)n, 1};
    assert_int_equal(ki_raster_fill(r, 0, trials * bins, &values), 0);
    free(each);
    return r;
}

/* The array "raster" of a file, [time, unit] or [trial, time, unit]. */
static inline ki_raster *ki_test_read_raster(ki_reader *reader) {
    const ptrdiff_t at = ki_reader_find(reader, "raster");
    ki_array a;

    assert_true(at >= 0);
    assert_int_equal(ki_reader_read(reader, (size_t)at, &a), 0);
    const size_t trials = a.ndim == 3 ? a.shape[0] : 1;
    ki_raster *r = ki_test_raster(a.shape[a.ndim - 1], trials, a.shape[a.ndim - 2], a.data);
    ki_array_free(&a);
    return r;
}

static inline ki_raster *ki_test_open_raster(const char *path) {
    ki_reader *reader;

    assert_int_equal(ki_reader_open(path, &reader), 0);
    ki_raster *r = ki_test_read_raster(reader);
    ki_reader_close(reader);
    return r;
}

/* A result with room for everything; ki_test_free_result() it. */
static inline ki_fit_result ki_test_result(size_t n) {
    double *a = malloc((4 * n + 3 * n * n) * sizeof *a);
    int *status = malloc(n * sizeof *status);
    int8_t *column = malloc(n);

    assert_true(a && status && column);
    return (ki_fit_result){.H = a,
                           .J = a + 4 * n,
                           .H_err = a + n,
                           .J_err = a + 4 * n + n * n,
                           .H_robust = a + 2 * n,
                           .J_robust = a + 4 * n + 2 * n * n,
                           .log_likelihood = a + 3 * n,
                           .status = status,
                           .column = column};
}

static inline void ki_test_free_result(ki_fit_result *r) {
    free(r->H);
    free(r->status);
    free(r->column);
}

#endif
