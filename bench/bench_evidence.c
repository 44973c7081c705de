/* SPDX-License-Identifier: BSD-3-Clause */
/* Seconds of the evidence of ensembles and of diagnoses, on stdout:
 *     bench_evidence FILE evidence | diagnose COSINES THREADS   the array raster of FILE, -1/+1 [.., time, unit]
 *     bench_evidence N BINS parts COSINES    a line each, "name seconds": one pass over all rows and bins */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kinising/kinising.h>

#include "bench.h"
#include "infer/tally.h"
#include "infer/tilt.h"

static double of_file(const char *path, const char *task, int cosines, const ki_run_options *run) {
    ki_array a;
    ki_raster *r = read_raster(path, &a);
    static ki_diagnosis diagnosis;
    ki_prior prior;

    double begin = now();
    if (strcmp(task, "diagnose") == 0) {
        const ki_diagnose_options options = {.cosines = cosines ? cosines : -1};
        must(ki_diagnose(r, &options, run, NULL, &diagnosis));
    } else {
        must(ki_evidence(r, cosines, run, &prior, NULL));
    }
    begin = now() - begin;
    ki_raster_free(r);
    ki_array_free(&a);
    return begin;
}

/* A block of random states, and arrays of it. */
typedef struct block {
    ki_columns columns;
    ki_tally_space space;
    ki_v8 *x, *f, *v, *y; /* [n (n + 1) / 2], [KI_TALLY] each */
    ki_f8 *tau, *nu;
} block;

static void take(ki_cursor *c, block *b) {
    const size_t n = ki_columns_width(&b->columns);

    ki_columns_take(c, &b->columns);
    ki_tally_take(c, &b->columns, &b->space);
    b->x = ki_take(c, n * (n + 1) / 2, sizeof *b->x);
    b->f = ki_take(c, KI_TALLY, sizeof *b->f);
    b->v = ki_take(c, KI_TALLY, sizeof *b->v);
    b->y = ki_take(c, KI_TALLY, sizeof *b->y);
    b->tau = ki_take(c, KI_TALLY, sizeof *b->tau);
    b->nu = ki_take(c, KI_TALLY, sizeof *b->nu);
}

/* Cavities of variance 0.01 or so. */
static void reset(block *b) {
    for (size_t t = 0; t < KI_TALLY; t++)
        for (size_t lane = 0; lane < KI_LANES; lane++) {
            b->y[t][lane] = 1;
            b->f[t][lane] = 0.1;
            b->v[t][lane] = 0.01;
            b->tau[t][lane] = b->nu[t][lane] = 0.5;
        }
}

enum { FIELDS, MOMENTS, SQUARES, FORMS, SITES, PARTS };
static const char *const names[PARTS] = {"fields", "moments", "squares", "forms", "sites"};

static void work(block *b, int part) {
    const ki_tally_block all = {&b->columns, 0, KI_TALLY, &b->space};
    const ki_v8 none = {0};

    if (part == FIELDS)
        ki_tally_fields(&all, b->x, b->f);
    else if (part == MOMENTS)
        ki_tally_moments(&all, b->f, b->x);
    else if (part == SQUARES)
        ki_tally_squares(&all, b->v, b->x);
    else if (part == FORMS)
        ki_tally_quadratic(&all, b->x, b->v);
    else
        ki_tilt(KI_TALLY, b->y, &none, b->f, b->v, b->tau, b->nu);
}

/* One block, as a part of so many bins. */
static void parts(size_t n, size_t bins, size_t cosines) {
    block b = {.columns = {.units = n, .slow = cosines, .count = KI_TALLY, .bins = bins}};
    ki_cursor c = {0};
    const double rows = (double)((n + KI_LANES - 1) / KI_LANES);
    const double blocks = (double)bins / KI_TALLY;

    take(&c, &b);
    void *memory = aligned_alloc(64, c.used); /* as ki_alloc() gives it */
    if (!memory)
        exit(1);
    memset(memory, 0, c.used);
    c = (ki_cursor){.base = memory};
    take(&c, &b);
    for (size_t p = 0; p <= b.columns.pieces; p++)
        b.columns.start[p] = p * bins / b.columns.pieces;
    for (size_t k = 0; k < b.columns.bytes * b.columns.stride; k++)
        b.columns.before[k] = (uint8_t)(rand() >> 8);
    for (int part = 0; part < PARTS; part++) {
        double least = INFINITY;
        for (int repeat = 0; repeat < 9; repeat++) {
            reset(&b);
            const double begin = now();
            work(&b, part);
            least = fmin(least, now() - begin);
        }
        printf("%s %.6g\n", names[part], least * rows * blocks);
    }
    free(memory);
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    if (strcmp(argv[3], "parts") == 0) {
        parts((size_t)atol(argv[1]), (size_t)atof(argv[2]), (size_t)atol(argv[4]));
        return 0;
    }
    const ki_run_options run = {.threads = atoi(argv[4])};
    printf("%.6g\n", of_file(argv[1], argv[2], atoi(argv[3]), &run));
    return 0;
}
