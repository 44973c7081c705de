/* SPDX-License-Identifier: BSD-3-Clause */
/* Seconds of fits and of entropy production, as one number on stdout:
 *     bench_fit FILE mle | firth | ms | naive | entropy THREADS
 *                                                the array raster of FILE, -1/+1 [.., time, unit]
 *     bench_fit N BINS moments THREADS           C and D of random bits
 * `naive`: Newton's method on each row by plain loops, as one writes it first; measured on 4 rows
 * and scaled to all. `entropy`: Firth's fit, the corrected estimate, z and flips, of the network, of
 * units and of pairs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kinising/kinising.h>

#include "bench.h"

/* a x = b by Gauss elimination. */
static void solve(size_t n, double *a, double *b) {
    for (size_t p = 0; p < n; p++)
        for (size_t i = p + 1; i < n; i++) {
            const double f = a[i * n + p] / a[p * n + p];
            for (size_t k = p; k < n; k++)
                a[i * n + k] -= f * a[p * n + k];
            b[i] -= f * b[p];
        }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            b[i] -= a[i * n + k] * b[k];
        b[i] /= a[i * n + i];
    }
}

/* Newton's steps on row i until they are below 1e-10, as `kinising fit` has it. */
static void naive_row(size_t n, size_t bins, const int8_t *s, size_t i, double *theta) {
    double *F = malloc((n + 1) * (n + 1) * sizeof *F), *g = malloc((n + 1) * sizeof *g);
    double *x = malloc((n + 1) * sizeof *x), most = 1;

    if (!F || !g || !x)
        exit(1);
    memset(theta, 0, (n + 1) * sizeof *theta);
    for (int step = 0; step < 50 && most > 1e-10; step++) {
        memset(F, 0, (n + 1) * (n + 1) * sizeof *F);
        memset(g, 0, (n + 1) * sizeof *g);
        for (size_t t = 0; t + 1 < bins; t++) {
            double h = theta[0];
            x[0] = 1;
            for (size_t k = 0; k < n; k++) {
                x[k + 1] = s[t * n + k];
                h += theta[k + 1] * x[k + 1];
            }
            const double th = tanh(h), w = 1 - th * th;
            for (size_t p = 0; p <= n; p++) {
                g[p] += (s[(t + 1) * n + i] - th) * x[p];
                for (size_t q = 0; q <= n; q++)
                    F[p * (n + 1) + q] += w * x[p] * x[q];
            }
        }
        solve(n + 1, F, g);
        most = 0;
        for (size_t p = 0; p <= n; p++) {
            theta[p] += g[p];
            most = fmax(most, fabs(g[p]));
        }
    }
    free(F);
    free(g);
    free(x);
}

static double produce(const ki_raster *r, size_t n, const ki_run_options *run) {
    double *x = get(4 * n + 3 * n * n, sizeof *x), begin;
    ki_entropy_result o = {.H = x,
                           .unit = x + n,
                           .unit_error = x + 2 * n,
                           .unit_p = x + 3 * n,
                           .J = x + 4 * n,
                           .pair = x + 4 * n + n * n,
                           .pair_p = x + 4 * n + 2 * n * n};

    begin = now();
    must(ki_entropy_production(r, NULL, run, &o));
    begin = now() - begin;
    free(x);
    return begin;
}

static double fit_file(const char *path, const char *task, const ki_run_options *run) {
    enum { NAIVE_ROWS = 4 };
    ki_array a;
    ki_raster *r = read_raster(path, &a);
    const size_t n = a.shape[a.ndim - 1], bins = a.shape[a.ndim - 2];
    double *room = malloc((3 * n + 2 * n * n) * sizeof *room), seconds;
    if (!room)
        exit(1);
    ki_fit_result o = {.H = room, .J = room + 3 * n};
    const ki_fit_spec spec = {.method = strcmp(task, "ms") == 0 ? KI_FIT_MS : KI_FIT_MLE,
                              .firth = strcmp(task, "firth") == 0 ? KI_FIRTH_ALL : KI_FIRTH_AUTO};
    const double begin = now();
    if (strcmp(task, "naive") == 0) {
        for (size_t i = 0; i < NAIVE_ROWS && i < n; i++)
            naive_row(n, bins, a.data, i, room);
        seconds = (now() - begin) * (double)n / (double)(n < NAIVE_ROWS ? n : NAIVE_ROWS);
    } else if (strcmp(task, "entropy") == 0) {
        seconds = produce(r, n, run);
    } else {
        if (spec.method == KI_FIT_MLE) {
            o.H_err = room + n;
            o.log_likelihood = room + 2 * n;
            o.J_err = room + 3 * n + n * n;
        }
        must(ki_fit(r, &spec, run, &o));
        seconds = now() - begin;
    }
    ki_raster_free(r);
    ki_array_free(&a);
    free(room);
    return seconds;
}

static double moments(size_t n, size_t bins, const ki_run_options *run) {
    enum { CHUNK = 1000 };
    ki_raster *r;
    int8_t *x = malloc(CHUNK * n);
    double *c = malloc(2 * n * n * sizeof *c);
    uint64_t state = 1;

    if (!x || !c)
        exit(1);
    must(ki_raster_create(n, 1, (const uint64_t[]){bins}, NAN, &r));
    for (size_t first = 0; first < bins; first += CHUNK) {
        const size_t count = bins - first < CHUNK ? bins - first : CHUNK;
        const ki_raster_values values = {x, KI_INT8, (ptrdiff_t)n, 1};
        for (size_t k = 0; k < count * n; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            x[k] = state >> 63 ? 1 : -1;
        }
        must(ki_raster_fill(r, first, count, &values));
    }
    const double begin = now();
    must(ki_raster_moments(r, run, NULL, NULL, c, c + n * n));
    const double seconds = now() - begin;
    ki_raster_free(r);
    free(x);
    free(c);
    return seconds;
}

int main(int argc, char **argv) {
    const int counted = argc == 5 && strcmp(argv[3], "moments") == 0;

    if (!counted && argc != 4)
        return 2;
    const ki_run_options run = {.threads = atoi(argv[argc - 1])};
    printf("%.6g\n", counted ? moments((size_t)atof(argv[1]), (size_t)atof(argv[2]), &run)
                             : fit_file(argv[1], argv[2], &run));
    return 0;
}
