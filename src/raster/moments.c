/* SPDX-License-Identifier: BSD-3-Clause */
/* Raw moments over transitions, by counting bits [moments-data]. */
#include "raster.h"

#include "base/check.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "count.h"
#include "num/simd.h"

enum {
    CHUNK = 256, /* words of a row at a time: a block of rows stays in the cache */
    BLOCK = 32,  /* target rows of a task */
    TILE = 64    /* rows that all of these are held against, in the second cache meanwhile */
};

typedef struct job {
    const ki_raster *r;
    const uint64_t *use; /* bins that a transition which counts leaves */
    size_t count;        /* of them */
    int level;
    double *c, *d;
} job;

/* Rows of a chunk with the bits that lead nowhere taken out, so that both states of a pair are equal
 * there: `width` words each. */
static void mask_rows(const job *j, size_t first, size_t count, size_t w0, size_t width, int after,
                      uint64_t *out) {
    const ki_raster *r = j->r;

    for (size_t i = 0; i < count; i++) {
        const uint64_t *row = ki_raster_row(r, first + i);
        for (size_t w = 0; w < width; w++) {
            const uint64_t x = after ? ki_raster_next(row, r->words, w0 + w) : row[w0 + w];
            out[i * CHUNK + w] = x & j->use[w0 + w];
        }
    }
}

/* Adds the differences of `count` rows at x with those of the units from `from` on at s. */
static void count_rows(const job *j, size_t count, size_t width, const uint64_t *x, size_t from,
                       const uint64_t *s, uint64_t *sum) {
    const size_t n = j->r->units;

    for (size_t tile = from; tile < n; tile += TILE)
        for (size_t i = 0; i < count; i++)
            for (size_t k = tile; k < n && k < tile + TILE; k += KI_COUNT_ROWS) {
                const uint64_t *rows[KI_COUNT_ROWS];
                uint64_t found[KI_COUNT_ROWS] = {0};
                for (size_t q = 0; q < KI_COUNT_ROWS; q++)
                    rows[q] = s + (k + q < n ? k + q : n - 1) * CHUNK;
                ki_count_differences(j->level, width, x + i * CHUNK, rows, found);
                for (size_t q = 0; q < KI_COUNT_ROWS && k + q < n; q++)
                    sum[i * n + k + q] += found[q];
            }
}

/* 1 - 2 differences / T, for the units from `from` on. */
static void finish_rows(const job *j, size_t first, size_t count, size_t from, const uint64_t *sum,
                        double *out) {
    const size_t n = j->r->units;
    const double all = (double)j->count;

    for (size_t i = 0; i < count; i++)
        for (size_t k = from; k < n; k++)
            out[(first + i) * n + k] = (all - 2 * (double)sum[i * n + k]) / all;
}

static int some_rows(void *ctx, size_t task) {
    const job *j = ctx;
    const ki_raster *r = j->r;
    const size_t n = r->units, first = task * BLOCK, count = n - first < BLOCK ? n - first : BLOCK;
    uint64_t *s = ki_alloc(n * CHUNK, sizeof *s), *x = ki_alloc(BLOCK * CHUNK, sizeof *x);
    uint64_t *equal = ki_alloc(count * n, sizeof *equal), *next = ki_alloc(count * n, sizeof *next);
    int error = s && x && equal && next ? 0 : KI_ERR_NOMEM;

    if (error)
        (void)ki_fail(error, "moments : no memory for %zu units : fewer threads or units", n);
    for (size_t e = 0; !error && e < count * n; e++)
        equal[e] = next[e] = 0;
    for (size_t w0 = 0; !error && w0 < r->words; w0 += CHUNK) {
        const size_t width = r->words - w0 < CHUNK ? r->words - w0 : CHUNK;
        mask_rows(j, 0, n, w0, width, 0, s);
        if (j->c)
            count_rows(j, count, width, s + first * CHUNK, first, s, equal);
        if (j->d) {
            mask_rows(j, first, count, w0, width, 1, x);
            count_rows(j, count, width, x, 0, s, next);
        }
    }
    if (!error && j->c)
        finish_rows(j, first, count, first, equal, j->c);
    if (!error && j->d)
        finish_rows(j, first, count, 0, next, j->d);
    ki_free(s);
    ki_free(x);
    ki_free(equal);
    ki_free(next);
    return error;
}

/* Means of the states before or after the transitions. */
static void means(const job *j, int after, double *out) {
    const ki_raster *r = j->r;

    for (size_t i = 0; i < r->units; i++) {
        const uint64_t *row = ki_raster_row(r, i);
        uint64_t active = 0;
        for (size_t w = 0; w < r->words; w++)
            active += (uint64_t)__builtin_popcountll(
                (after ? ki_raster_next(row, r->words, w) : row[w]) & j->use[w]);
        out[i] = (2 * (double)active - (double)j->count) / (double)j->count;
    }
}

int ki_raster_moments_on(const ki_raster *raster, const uint64_t *use, size_t count,
                         const ki_run_options *run, double *before, double *after, double *c,
                         double *d) {
    job j = {raster, use, count, ki_simd_level(), c, d};
    const int error =
        c || d ? ki_parallel_for((raster->units + BLOCK - 1) / BLOCK, 1, run, some_rows, &j) : 0;

    for (size_t i = 0; i < raster->units && !error && c; i++)
        for (size_t k = 0; k < i / BLOCK * BLOCK; k++)
            c[i * raster->units + k] = c[k * raster->units + i];
    if (!error && before)
        means(&j, 0, before);
    if (!error && after)
        means(&j, 1, after);
    return error;
}

int ki_raster_moments(const ki_raster *raster, const ki_run_options *run, double *before,
                      double *after, double *c, double *d) {
    const int error = ki_check_pointer("raster", raster, "a recording");

    if (error)
        return error;
    if (raster->transitions == 0)
        return ki_fail(KI_ERR_ARGUMENT, "raster : no trial has two bins : at least one transition");
    return ki_raster_moments_on(raster, raster->leads, raster->transitions, run, before, after, c,
                                d);
}
