/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replicas of one network beside the rate of SGEMM, on one thread, as JSON on stdout; rates in 1e9
 * operations a second, 2 N^2 of them an update of all spins of a replica.
 *
 *   - sgemm: the product [N,N] by [N,256] alone; sgemm_64: the same in pieces of 64 columns
 *   - replicas: ki_replicas() from start to end, measured at the end; its ratio to sgemm
 *   - window: the same with m, q, S and sigma measured at every step, and with c and d too
 *   - parts: nanoseconds a spin and step: the product by ki_product64(), drawing by
 * ki_draw_spins(), and the rest by difference, which is making numbers of bits
 *   - async: updates a second
 *
 * Each is the median of several taken in turn, so that a busy machine slows all of them.
 *
 *     bench_replicas [N [R [T]]]
 */

#include "bench.h"

#include <cblas.h>
#include <math.h>

#include "num/draw.h"
#include "num/product.h"

enum { REPEATS = 9 };

/* OpenBLAS only; another BLAS is told by its own means to take one thread. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));

/* `count` floats where vectors do not straddle cache lines, as in the library. */
static float *get_floats(size_t count) {
    float *p = aligned_alloc(64, (count + 15) / 16 * 64);
    if (p == NULL) {
        fprintf(stderr, "bench: no memory\n");
        exit(1);
    }
    return p;
}

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
    uint64_t *spin;
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

/* From here on pieces may be wider than what is left of the replicas. */
static double seconds_product64(const arrays *x) {
    const double start = now();
    for (size_t step = 0; step < x->t; step++) {
        for (size_t first = 0; first < x->r; first += KI_COLUMNS) {
            ki_product64(x->n, x->n, x->a, x->n, x->b + first * x->n, KI_COLUMNS, KI_PRODUCT_ALONE,
                         NULL, x->c + first * x->n, KI_COLUMNS);
        }
    }
    return now() - start;
}

/* From the fields that the products have left. */
static double seconds_draw(const arrays *x) {
    const ki_random_key key = {{1, 2}};
    const ki_sequence update = ki_sequence_of(key, 0, KI_STREAM_UPDATE);
    const ki_sequence rare = ki_sequence_of(key, 0, KI_STREAM_RARE);
    const double start = now();
    for (size_t step = 0; step < x->t; step++)
        for (size_t first = 0; first < x->r; first += KI_COLUMNS)
            ki_draw_spins(&update, &rare, step * x->n, x->n, x->c + first * x->n, x->spin);
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
    const size_t padded = (x.r + KI_COLUMNS - 1) / KI_COLUMNS * KI_COLUMNS;
    x.H = get(x.n, sizeof *x.H);
    x.J = get(x.n * x.n, sizeof *x.J);
    x.moments = get(2 * x.n * x.n, sizeof *x.moments);
    x.a = get_floats(x.n * x.n);
    x.b = get_floats(x.n * padded);
    x.c = get_floats(x.n * padded);
    x.spin = get(x.n, sizeof *x.spin);
    for (size_t i = 0; i < x.n * x.n; i++) {
        x.J[i] = 1 / (double)x.n + 1.7 * noise() / sqrt((double)x.n);
        x.a[i] = (float)x.J[i];
    }
    for (size_t i = 0; i < x.n * padded; i++)
        x.b[i] = noise() < 0 ? -1 : 1;
    if (openblas_set_num_threads)
        openblas_set_num_threads(1);
    enum { SGEMM, SGEMM_64, PRODUCT, DRAW, SYNC, WINDOW, MOMENTS, ASYNC, CASES };
    double seconds[CASES][REPEATS], s[CASES];
    for (int k = 0; k < REPEATS; k++) {
        seconds[SGEMM][k] = seconds_product(&x, 256);
        seconds[SGEMM_64][k] = seconds_product(&x, 64);
        seconds[PRODUCT][k] = seconds_product64(&x);
        seconds[DRAW][k] = seconds_draw(&x);
        seconds[SYNC][k] = seconds_replicas(&x, KI_SYNC, 0, 0);
        seconds[WINDOW][k] = seconds_replicas(&x, KI_SYNC, 1, 0);
        seconds[MOMENTS][k] = seconds_replicas(&x, KI_SYNC, 1, 1);
        seconds[ASYNC][k] = seconds_replicas(&x, KI_ASYNC, 0, 0);
    }
    for (int i = 0; i < CASES; i++)
        s[i] = median(seconds[i], REPEATS);
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
    printf("  \"parts\": {\"product_ns\": %.4g, \"draw_ns\": %.4g, \"rest_ns\": %.4g},\n",
           1e9 * s[PRODUCT] / updates, 1e9 * s[DRAW] / updates,
           1e9 * (s[SYNC] - s[PRODUCT] - s[DRAW]) / updates);
    printf("  \"async_updates_per_second\": %.4g\n}\n", updates / s[ASYNC]);
    free(x.H);
    free(x.J);
    free(x.moments);
    free(x.a);
    free(x.b);
    free(x.c);
    free(x.spin);
    return 0;
}
