/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replicas of one network beside the rate of SGEMM, on one thread, as JSON on stdout; rates in 1e9
 * operations a second, 2 N^2 of them an update of all spins of a replica.
 *
 *   - sgemm: the product [N,N] by [N,256] alone; sgemm_64: the same in pieces of 64 columns
 *   - replicas: ki_replicas() from start to end, measured at the end; its ratio to sgemm
 *   - window: the same with m, q, S and sigma measured at every step, and with c and d too
 *   - parts: nanoseconds a spin and step, product and the rest (by difference)
 *   - async: updates a second
 *
 * Each is the median of several taken in turn, so that a busy machine slows all of them.
 *
 *     bench_replicas [N [R [T]]]
 */

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

enum { REPEATS = 9 };

/* OpenBLAS only; another BLAS is told by its own means to take one thread. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));

/* Some numbers of zero mean; their quality does not matter here. */
static double noise(void) {
    static uint64_t state = 88172645463325252U;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(int64_t)state * 0x1p-63;
}

typedef struct {
    size_t n, r, t;
    double *H, *J, *moments;
    float *a, *b, *c;
} arrays;

static double seconds_product(const arrays *x, size_t columns) {
    const double start = now();
    for (size_t step = 0; step < x->t; step++) {
        for (size_t first = 0; first < x->r; first += columns) {
            const size_t width = x->r - first < columns ? x->r - first : columns;
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)x->n, (int)width, (int)x->n,
                        1, x->a, (int)x->n, x->b + first * x->n, (int)width, 0, x->c + first * x->n,
                        (int)width);
        }
    }
    return now() - start;
}

static double seconds_replicas(const arrays *x, int dynamics, int average, int moments) {
    const ki_network network = {x->n, x->H, x->J, 1};
    const ki_replicas_spec spec = {
        .dynamics = dynamics, .replicas = x->r, .steps = x->t, .seed = 1, .average = average};
    const ki_run_options run = {1, NULL, NULL};
    const ki_replicas_out out = {.c = x->moments, .d = x->moments + x->n * x->n};
    ki_ensemble_result summary;
    const double start = now();
    must(ki_replicas(&network, &spec, &run, &summary, moments ? &out : NULL));
    return now() - start;
}

int main(int argc, char **argv) {
    arrays x = {.n = argc > 1 ? strtoull(argv[1], NULL, 10) : 512,
                .r = argc > 2 ? strtoull(argv[2], NULL, 10) : 256,
                .t = argc > 3 ? strtoull(argv[3], NULL, 10) : 100};
    x.H = get(x.n, sizeof *x.H);
    x.J = get(x.n * x.n, sizeof *x.J);
    x.moments = get(2 * x.n * x.n, sizeof *x.moments);
    x.a = get(x.n * x.n, sizeof *x.a);
    x.b = get(x.n * x.r, sizeof *x.b);
    x.c = get(x.n * x.r, sizeof *x.c);
    for (size_t i = 0; i < x.n * x.n; i++) {
        x.J[i] = 1 / (double)x.n + 1.7 * noise() / sqrt((double)x.n);
        x.a[i] = (float)x.J[i];
    }
    for (size_t i = 0; i < x.n * x.r; i++) {
        x.b[i] = noise() < 0 ? -1 : 1;
    }
    if (openblas_set_num_threads) {
        openblas_set_num_threads(1);
    }
    /* Four times the steps: as many updates of spins. */
    arrays quarter = x;
    quarter.n = x.n / 4;
    quarter.t = 4 * x.t;
    enum { SGEMM, SGEMM_64, SYNC, QUARTER, WINDOW, MOMENTS, ASYNC, CASES };
    double seconds[CASES][REPEATS], s[CASES];
    for (int k = 0; k < REPEATS; k++) {
        seconds[SGEMM][k] = seconds_product(&x, 256);
        seconds[SGEMM_64][k] = seconds_product(&x, 64);
        seconds[SYNC][k] = seconds_replicas(&x, KI_SYNC, 0, 0);
        seconds[QUARTER][k] = seconds_replicas(&quarter, KI_SYNC, 0, 0);
        seconds[WINDOW][k] = seconds_replicas(&x, KI_SYNC, 1, 0);
        seconds[MOMENTS][k] = seconds_replicas(&x, KI_SYNC, 1, 1);
        seconds[ASYNC][k] = seconds_replicas(&x, KI_ASYNC, 0, 0);
    }
    for (int i = 0; i < CASES; i++) {
        s[i] = median(seconds[i], REPEATS);
    }
    ki_build_info info;
    must(ki_get_build_info(&info));
    const double updates = (double)x.n * (double)x.r * (double)x.t;
    const double operations = 2e-9 * (double)x.n * updates;
    printf("{\n  \"version\": \"%s\", \"blas\": \"%s\", \"N\": %zu, \"R\": %zu, \"T\": %zu,\n",
           ki_version(), info.blas, x.n, x.r, x.t);
    printf("  \"sgemm\": %.4g, \"sgemm_64\": %.4g, \"replicas\": %.4g, \"ratio\": %.3g,\n",
           operations / s[SGEMM], operations / s[SGEMM_64], operations / s[SYNC],
           s[SGEMM] / s[SYNC]);
    printf("  \"window\": {\"summary\": %.4g, \"moments\": %.4g},\n", operations / s[WINDOW],
           operations / s[MOMENTS]);
    /* A spin and step take product N + rest. */
    const double whole = 1e9 * s[SYNC] / updates, fourth = 1e9 * s[QUARTER] / updates;
    printf("  \"parts\": {\"product_ns\": %.4g, \"rest_ns\": %.4g},\n", (whole - fourth) * 4 / 3,
           whole - (whole - fourth) * 4 / 3);
    printf("  \"async_updates_per_second\": %.4g\n}\n", updates / s[ASYNC]);
    free(x.H);
    free(x.J);
    free(x.moments);
    free(x.a);
    free(x.b);
    free(x.c);
    return 0;
}
