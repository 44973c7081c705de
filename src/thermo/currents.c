/* SPDX-License-Identifier: BSD-3-Clause */
#include "currents.h"

#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "num/matmul.h"
#include "num/simd.h"
#include "raster/block.h"
#include "raster/count.h"

/* Pairs whose products with all later ones are made by one worker at a time, words of bins of them; blocks
 * of bins of an index of ki_currents_along(); units of one of ki_currents_sums(). */
enum { TILE = 64, CHUNK = 64, BLOCKS = 16, ROWS = 32 };

static const ki_run_options alone = {.threads = 1};

typedef struct job {
    const ki_currents *c;
    double *covariance, *u;
    const double
        *weight; /* of ki_currents_sums(), whose sums w y_i s_j go to covariance [units,units] */
    const double *matrix; /* [directions,units,units] antisymmetric */
    size_t directions, pairs, blocks;
    char *memory;
    uint64_t each;
} job;

/* Work space of a worker. */
typedef struct space {
    double *s, *y;      /* [units,KI_BLOCK] */
    double *product;    /* [units, KI_BLOCK or units] */
    double *multiplier; /* of ki_matmul() */
    /* Of ki_currents_covariance() instead, bits: */
    uint64_t *before, *after; /* [units,CHUNK] */
    uint64_t *half;           /* [pairs,2,CHUNK] bits of y_i s_j and of y_j s_i */
} space;

static void take(ki_cursor *c, const job *j, space *s) {
    const size_t m = j->c->units, pairs = j->pairs, n = pairs ? 0 : m;
    const size_t wide = m > KI_BLOCK ? m : KI_BLOCK;

    s->s = ki_take(c, n * KI_BLOCK, sizeof(double));
    s->y = ki_take(c, n * KI_BLOCK, sizeof(double));
    s->product = ki_take(c, n * wide, sizeof(double));
    s->multiplier = ki_take(c, n ? ki_matmul_space(n, wide) : 0, sizeof(double));
    s->before = ki_take(c, pairs ? m * CHUNK : 0, sizeof(uint64_t));
    s->after = ki_take(c, pairs ? m * CHUNK : 0, sizeof(uint64_t));
    s->half = ki_take(c, 2 * pairs * CHUNK, sizeof(uint64_t));
}

uint64_t ki_currents_bytes(size_t units, int covariance, size_t directions, int threads) {
    const ki_run_options run = {.threads = threads};
    const ki_currents c = {.units = units};
    const job with = {.c = &c, .pairs = covariance ? ki_current_pairs(units) : 0};
    const job along = {.c = &c};
    ki_cursor a = {0}, b = {0};
    space s;

    take(&a, &with, &s);
    take(&b, &along, &s);
    const uint64_t workers = (uint64_t)ki_parallel_workers(SIZE_MAX, &run);
    const uint64_t matrices =
        (directions > 1 ? directions : 1) * units * units * sizeof(double) + 64;
    return workers * (a.used > b.used ? a.used : b.used) + matrices;
}

/* States before and after the transitions of a block; 0 if it has none. */
static int expand(const ki_currents *c, size_t w, space *s) {
    const ki_raster *r = c->part->raster;

    if (ki_block_count(c->part->lead[0], w) == 0)
        return 0;
    for (size_t i = 0; i < c->units; i++)
        for (int after = 0; after < 2; after++)
            ki_block_states(r, ki_raster_row(r, c->unit[i]), c->part->lead[0], w, after,
                            (after ? s->y : s->s) + i * KI_BLOCK);
    return 1;
}

static space space_of(const job *j, ki_work *work) {
    ki_cursor c = {.base = j->memory + (uint64_t)ki_work_thread(work) * j->each};
    space s;

    take(&c, j, &s);
    return s;
}

static int cancelled(void) {
    return ki_fail(KI_ERR_CANCELLED, "entropy : cancelled : run it again");
}

/* Bits of a chunk of bins: states, and both halves of the currents of the pairs from number `first`
 * on, 0 where there is no transition. Returns the number of words. */
static size_t make_halves(const ki_currents *c, size_t w0, size_t first, space *s) {
    const ki_raster *r = c->part->raster;
    const uint64_t *use = c->part->lead[0] + w0;
    const size_t width = r->words - w0 < CHUNK ? r->words - w0 : CHUNK;
    size_t p = 0;

    for (size_t i = 0; i < c->units; i++) {
        const uint64_t *row = ki_raster_row(r, c->unit[i]);
        for (size_t w = 0; w < width; w++) {
            s->before[i * CHUNK + w] = row[w0 + w];
            s->after[i * CHUNK + w] = ki_raster_next(row, r->words, w0 + w);
        }
    }
    for (size_t i = 0; i < c->units; i++)
        for (size_t j = i + 1; j < c->units; j++, p++) {
            if (p < first)
                continue;
            uint64_t *half = s->half + 2 * (p - first) * CHUNK;
            for (size_t w = 0; w < width; w++) {
                half[w] = ~(s->after[i * CHUNK + w] ^ s->before[j * CHUNK + w]) & use[w];
                half[CHUNK + w] = ~(s->after[j * CHUNK + w] ^ s->before[i * CHUNK + w]) & use[w];
            }
        }
    return width;
}

/* Adds sums of products of currents, as numbers of bits in which their halves a - b and a' - b'
 * differ: that of (a - b) (a' - b') is -2 (#aa' - #ab' - #ba' + #bb'). Of pair p of the tile with pairs
 * q and q + 1. */
static void add_counts(const job *j, int level, size_t width, const space *s, size_t first,
                       size_t p, size_t q) {
    const size_t left = j->pairs - first, more = q + 1 < left;
    const uint64_t *a = s->half + 2 * p * CHUNK, *to = s->half + 2 * q * CHUNK;
    const uint64_t *const y[KI_COUNT_ROWS] = {to, to + CHUNK, to + (more ? 2 : 0) * CHUNK,
                                              to + (more ? 3 : 1) * CHUNK};
    uint64_t one[KI_COUNT_ROWS] = {0}, two[KI_COUNT_ROWS] = {0};

    ki_count_differences(level, width, a, y, one);
    ki_count_differences(level, width, a + CHUNK, y, two);
    for (size_t k = 0; k <= more; k++)
        j->covariance[(first + q + k) * j->pairs + first + p] -=
            2 * ((double)one[2 * k] - (double)one[2 * k + 1] - (double)two[2 * k] +
                 (double)two[2 * k + 1]);
}

/* Second moments of a tile of pairs with those from its first one on: whole numbers, the same in
 * any order. */
static int one_tile(void *ctx, ki_work *work, size_t index) {
    const job *j = ctx;
    const size_t first = index * TILE, left = j->pairs - first;
    const size_t rows = left < TILE ? left : TILE;
    const int level = ki_simd_level();
    space s = space_of(j, work);

    for (size_t w = 0; w < j->c->part->raster->words; w += CHUNK) {
        const size_t width = make_halves(j->c, w, first, &s);
        for (size_t q = 0; q < left; q += 2)
            for (size_t p = 0; p < rows; p++)
                add_counts(j, level, width, &s, first, p, q);
        if (ki_work_spend(work, left * rows * 8 * width))
            return cancelled();
    }
    (void)ki_work_tick(work, rows);
    return 0;
}

static int some_blocks(void *ctx, ki_work *work, size_t index) {
    const job *j = ctx;
    const size_t m = j->c->units, words = j->c->part->raster->words;
    space s = space_of(j, work);

    for (size_t b = index * BLOCKS; b < (index + 1) * BLOCKS && b < j->blocks; b++) {
        if (!expand(j->c, b * KI_BLOCK_WORDS, &s))
            continue;
        for (size_t d = 0; d < j->directions; d++) {
            double *u = j->u + d * words * 64 + b * KI_BLOCK;
            (void)ki_matmul(m, KI_BLOCK, m, (ki_matrix){j->matrix + d * m * m, m, 1}, NULL,
                            (ki_matrix){s.s, KI_BLOCK, 1}, s.product, KI_BLOCK, s.multiplier,
                            &alone);
            for (size_t i = 0; i < m; i++)
                for (size_t t = 0; t < KI_BLOCK; t++)
                    u[t] += s.y[i * KI_BLOCK + t] * s.product[i * KI_BLOCK + t];
        }
        if (ki_work_spend(work, j->directions * m * m * KI_BLOCK))
            return cancelled();
    }
    (void)ki_work_tick(work, 1);
    return 0;
}

/* Sums of w y_i s_j of some rows i. */
static int some_rows(void *ctx, ki_work *work, size_t index) {
    const job *j = ctx;
    const size_t m = j->c->units, first = index * ROWS;
    const size_t rows = m - first < ROWS ? m - first : ROWS;
    double *sum = j->covariance + first * m;
    space s = space_of(j, work);

    memset(sum, 0, rows * m * sizeof *sum);
    for (size_t w = 0; w < j->c->part->raster->words; w += KI_BLOCK_WORDS) {
        if (!expand(j->c, w, &s))
            continue;
        const double *y = s.y + first * KI_BLOCK;
        (void)ki_matmul(rows, m, KI_BLOCK, (ki_matrix){y, KI_BLOCK, 1}, j->weight + 64 * w,
                        (ki_matrix){s.s, 1, KI_BLOCK}, s.product, m, s.multiplier, &alone);
        for (size_t k = 0; k < rows * m; k++)
            sum[k] += s.product[k];
        if (ki_work_spend(work, rows * m * KI_BLOCK))
            return cancelled();
    }
    (void)ki_work_tick(work, rows);
    return 0;
}

static int run_loop(job *j, size_t n, uint64_t total, const ki_run_options *run, ki_work_fn fn) {
    const size_t workers = (size_t)ki_parallel_workers(n, run);
    ki_cursor c = {0};
    space s;

    take(&c, j, &s);
    j->each = c.used;
    j->memory = c.overflow ? NULL : ki_alloc(workers, c.used);
    if (!j->memory)
        return ki_fail(KI_ERR_NOMEM,
                       "entropy : no memory for %zu pairs of units : fewer threads or units",
                       ki_current_pairs(j->c->units));
    const int error = ki_parallel_work(n, total, run, fn, j);
    ki_free(j->memory);
    return error;
}

/* Means of the currents, whole numbers over T. */
static void means(const ki_currents *c, const double *current, double *mean) {
    size_t p = 0;

    for (size_t i = 0; i < c->units; i++)
        for (size_t j = i + 1; j < c->units; j++)
            mean[p++] = current[i * c->part->raster->units + c->unit[j]] / (double)c->part->count;
}

int ki_currents_covariance(const ki_currents *c, double *mean, double *covariance,
                           const ki_run_options *run) {
    const size_t units = c->part->raster->units, pairs = ki_current_pairs(c->units);
    const size_t all[2] = {0, c->part->raster->bins};
    const double count = (double)c->part->count;
    job j = {.c = c, .pairs = pairs, .covariance = covariance};
    double *current = ki_alloc(c->units * units + ki_part_space(units), sizeof *current);

    if (!current)
        return ki_fail(KI_ERR_NOMEM, "entropy : no memory for %zu units : fewer units", units);
    ki_part_currents(c->part, 1, all, c->units, c->unit, (uint64_t *)(current + c->units * units),
                     current);
    means(c, current, mean);
    ki_free(current);
    memset(covariance, 0, pairs * pairs * sizeof *covariance);
    const int error = run_loop(&j, (pairs + TILE - 1) / TILE, pairs, run, one_tile);
    for (size_t p = 0; p < pairs && !error; p++)
        for (size_t q = 0; q <= p; q++) {
            double *k = covariance + p * pairs + q;
            *k = (*k - count * mean[p] * mean[q]) / (count - 1);
        }
    return error;
}

int ki_currents_along(const ki_currents *c, size_t directions, const double *a, double *u,
                      const ki_run_options *run) {
    const size_t m = c->units, pairs = ki_current_pairs(m), words = c->part->raster->words;
    double *matrix = ki_alloc(directions * m * m, sizeof *matrix);
    job j = {.c = c,
             .directions = directions,
             .matrix = matrix,
             .u = u,
             .blocks = words / KI_BLOCK_WORDS};

    if (!matrix)
        return ki_fail(KI_ERR_NOMEM, "entropy : no memory for %zu units : fewer units", m);
    for (size_t d = 0; d < directions; d++) {
        double *to = matrix + d * m * m;
        const double *from = a + d * pairs;
        for (size_t i = 0; i < m; i++) {
            to[i * m + i] = 0;
            for (size_t k = i + 1; k < m; k++) {
                to[i * m + k] = *from;
                to[k * m + i] = -*from++;
            }
        }
    }
    memset(u, 0, directions * words * 64 * sizeof *u);
    const size_t n = (j.blocks + BLOCKS - 1) / BLOCKS;
    const int error = run_loop(&j, n, n, run, some_blocks);
    ki_free(matrix);
    return error;
}

int ki_currents_sums(const ki_currents *c, const double *weight, double *sum,
                     const ki_run_options *run) {
    const size_t m = c->units;
    double *all = ki_alloc(m * m, sizeof *all);
    job j = {.c = c, .weight = weight, .covariance = all};

    if (!all)
        return ki_fail(KI_ERR_NOMEM, "entropy : no memory for %zu units : fewer units", m);
    const int error = run_loop(&j, (m + ROWS - 1) / ROWS, m, run, some_rows);
    for (size_t i = 0; i < m && !error; i++)
        for (size_t k = i + 1; k < m; k++)
            *sum++ = all[i * m + k] - all[k * m + i];
    ki_free(all);
    return error;
}
