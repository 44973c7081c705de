/* SPDX-License-Identifier: BSD-3-Clause */
/* What the bench programs share: a clock, medians, and an end when something fails. */
#ifndef KINISING_BENCH_H
#define KINISING_BENCH_H

#include <kinising/kinising.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts x. */
static inline double median(double *x, size_t n) {
    qsort(x, n, sizeof *x, ascending);
    return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

static inline void must(int error) {
    if (error) {
        fprintf(stderr, "bench: %s\n", ki_last_error());
        exit(1);
    }
}

/* The array `raster` of a file, -1/+1 [.., time, unit], its first trial; the array to *a. */
static inline ki_raster *read_raster(const char *path, ki_array *a) {
    ki_reader *reader;
    ki_raster *r;

    must(ki_reader_open(path, &reader));
    const ptrdiff_t at = ki_reader_find(reader, "raster");
    if (at < 0)
        exit(2);
    must(ki_reader_read(reader, (size_t)at, a));
    ki_reader_close(reader);
    const size_t n = a->shape[a->ndim - 1], bins = a->shape[a->ndim - 2];
    const ki_raster_values values = {a->data, KI_INT8, (ptrdiff_t)n, 1};
    must(ki_raster_create(n, 1, (const uint64_t[]){bins}, NAN, &r));
    must(ki_raster_fill(r, 0, bins, &values));
    return r;
}

static inline void *get(size_t count, size_t size) {
    void *p = calloc(count, size);
    if (p == NULL) {
        fprintf(stderr, "bench: no memory\n");
        exit(1);
    }
    return p;
}

#endif
