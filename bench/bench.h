/* SPDX-License-Identifier: BSD-3-Clause */
/* What the bench programs share: a clock, medians, and an end when something fails. */
#ifndef KINISING_BENCH_H
#define KINISING_BENCH_H

#include <kinising/kinising.h>

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

static inline void *get(size_t count, size_t size) {
    void *p = calloc(count, size);
    if (p == NULL) {
        fprintf(stderr, "bench: no memory\n");
        exit(1);
    }
    return p;
}

#endif
