/* SPDX-License-Identifier: BSD-3-Clause */
#include "history.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "num/cholesky.h"
#include "num/sum.h"
#include "raster/block.h"

typedef struct job {
    const ki_raster *raster;
    size_t columns, cosines, n, bins; /* n regressors; bins of whole words */
    const size_t *of;
    uint64_t *use;  /* [words] bins that count */
    double *before; /* [N] means of states */
    double *c;      /* [N,N] and of their products */
    double *gram;   /* [n,n] */
    double *right;  /* [n] becomes the coefficients */
    double *wave;   /* [cosines,bins], 0 where nothing counts */
    double *z;      /* [bins] */
} job;

static void take(ki_cursor *c, job *j) {
    const size_t units = j->raster->units;

    j->use = ki_take(c, j->raster->words, sizeof(uint64_t));
    j->before = ki_take(c, units, sizeof(double));
    j->c = ki_take(c, units * units, sizeof(double));
    j->gram = ki_take(c, j->n * j->n, sizeof(double));
    j->right = ki_take(c, j->n, sizeof(double));
    j->wave = ki_take(c, j->cosines * j->bins, sizeof(double));
}

uint64_t ki_history_bytes(const ki_raster *shape, size_t cosines, int *overflow) {
    job j = {.raster = shape,
             .cosines = cosines,
             .n = 1 + shape->units + cosines,
             .bins = 64 * shape->words};
    ki_cursor c = {0};

    take(&c, &j);
    *overflow |= c.overflow;
    return c.used;
}

/* Mean state of each bin, then that of the bins before it; returns how many transitions count. */
static size_t look_back(job *j) {
    const ki_raster *r = j->raster;
    size_t count = 0;

    for (size_t t = 0; t < j->bins; t++)
        j->z[t] = -1;
    for (size_t k = 0; k < j->columns; k++) {
        const uint64_t *row = ki_raster_row(r, j->of[k]);
        for (size_t w = 0; w < r->words; w++)
            for (uint64_t bits = row[w]; bits; bits &= bits - 1)
                j->z[64 * w + (size_t)__builtin_ctzll(bits)] += 2 / (double)j->columns;
    }
    memset(j->use, 0, r->words * sizeof *j->use);
    for (size_t trial = 0; trial < r->trials; trial++) {
        double ring[KI_HISTORY_BINS], sum = 0;
        for (size_t t = r->starts[trial], k = 0; t < r->starts[trial + 1]; t++, k++) {
            const double here = j->z[t], old = k < KI_HISTORY_BINS ? 0 : ring[k % KI_HISTORY_BINS];
            const double bins = k < KI_HISTORY_BINS ? (double)k : KI_HISTORY_BINS;
            const int counts = k >= KI_HISTORY_LEAST && r->leads[t / 64] >> t % 64 & 1;
            j->z[t] = counts ? sum / bins : 0;
            j->use[t / 64] |= (uint64_t)counts << t % 64;
            count += (size_t)counts;
            ring[k % KI_HISTORY_BINS] = here;
            sum += here - old;
        }
    }
    for (size_t t = r->bins; t < j->bins; t++)
        j->z[t] = 0;
    return count;
}

/* A cosine, and its sums with those before it, with 1 and with z. */
static int do_wave(void *context, size_t p) {
    job *j = context;
    double *wave = j->wave + p * j->bins;

    for (size_t t = 0; t < j->bins; t++)
        wave[t] =
            j->use[t / 64] >> t % 64 & 1
                ? cos(acos(-1) * (double)(p + 1) * ((double)t + 0.5) / (double)j->raster->bins)
                : 0;
    return 0;
}

static void sum_waves(job *j) {
    const size_t n = j->n, first = 1 + j->columns;

    for (size_t p = 0; p < j->cosines; p++) {
        const double *wave = j->wave + p * j->bins;
        j->gram[(first + p) * n] = ki_sum(j->bins, wave);
        j->right[first + p] = ki_dot(j->bins, wave, j->z);
        for (size_t q = 0; q <= p; q++)
            j->gram[(first + p) * n + first + q] = ki_dot(j->bins, wave, j->wave + q * j->bins);
    }
}

/* Sums of a unit's states with z and the cosines. */
static int do_column(void *context, size_t k) {
    job *j = context;
    const ki_raster *r = j->raster;
    const size_t first = 1 + j->columns;
    double x[KI_BLOCK];

    for (size_t w = 0; w < r->words; w += KI_BLOCK_WORDS) {
        ki_block_states(r, ki_raster_row(r, j->of[k]), j->use, w, 0, x);
        j->right[1 + k] += ki_dot(KI_BLOCK, x, j->z + 64 * w);
        for (size_t p = 0; p < j->cosines; p++)
            j->gram[(first + p) * j->n + 1 + k] +=
                ki_dot(KI_BLOCK, x, j->wave + p * j->bins + 64 * w);
    }
    return 0;
}

/* z less what the regressors take of a block. */
static int do_block(void *context, size_t block) {
    const job *j = context;
    const ki_raster *r = j->raster;
    const size_t w = block * KI_BLOCK_WORDS;
    double x[KI_BLOCK], *z = j->z + 64 * w;

    ki_block_ones(j->use, w, x);
    for (size_t t = 0; t < KI_BLOCK; t++)
        z[t] -= j->right[0] * x[t];
    for (size_t k = 0; k < j->columns; k++) {
        ki_block_states(r, ki_raster_row(r, j->of[k]), j->use, w, 0, x);
        for (size_t t = 0; t < KI_BLOCK; t++)
            z[t] -= j->right[1 + k] * x[t];
    }
    for (size_t p = 0; p < j->cosines; p++)
        for (size_t t = 0; t < KI_BLOCK; t++)
            z[t] -= j->right[1 + j->columns + p] * j->wave[p * j->bins + 64 * w + t];
    return 0;
}

static int regress(job *j, size_t count, const ki_run_options *run, int *made) {
    const size_t units = j->raster->units, n = j->n;
    int error = ki_raster_moments_on(j->raster, j->use, count, run, j->before, NULL, j->c, NULL);

    memset(j->gram, 0, n * n * sizeof *j->gram);
    memset(j->right, 0, n * sizeof *j->right);
    error = error ? error : ki_parallel_for(j->cosines, 1, run, do_wave, j);
    if (error)
        return error;
    sum_waves(j);
    j->gram[0] = (double)count;
    j->right[0] = ki_sum(j->bins, j->z);
    for (size_t a = 0; a < j->columns; a++) {
        j->gram[(1 + a) * n] = (double)count * j->before[j->of[a]];
        for (size_t b = 0; b <= a; b++)
            j->gram[(1 + a) * n + 1 + b] = (double)count * j->c[j->of[a] * units + j->of[b]];
    }
    error = ki_parallel_for(j->columns, 1, run, do_column, j);
    if (error || ki_cholesky(n, j->gram, 1e-10))
        return error;
    ki_cholesky_solve(n, j->gram, j->right);
    error = ki_parallel_for(j->raster->words / KI_BLOCK_WORDS, 1, run, do_block, j);
    *made = !error;
    return error;
}

int ki_history(const ki_raster *raster, size_t columns, const size_t *of, size_t cosines,
               const ki_run_options *run, double *z, int *made) {
    job j = {.raster = raster,
             .columns = columns,
             .cosines = cosines,
             .n = 1 + columns + cosines,
             .bins = 64 * raster->words,
             .of = of,
             .z = z};
    ki_cursor c = {0};

    *made = 0;
    take(&c, &j);
    void *memory = c.overflow ? NULL : ki_alloc(1, c.used);
    if (!memory)
        return ki_fail(KI_ERR_NOMEM,
                       "diagnose : %llu bytes are not to be had : fewer units or bins",
                       (unsigned long long)c.used);
    c = (ki_cursor){.base = memory};
    take(&c, &j);
    const size_t count = look_back(&j);
    const int error = count >= 2 * j.n ? regress(&j, count, run, made) : 0;
    ki_free(memory);
    return error;
}
