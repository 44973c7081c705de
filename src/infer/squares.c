/* SPDX-License-Identifier: BSD-3-Clause */
/* Second moments of regressors with a weight for each transition, by digits of the weights. */
#include "rows.h"

#include <math.h>
#include <string.h>

#include "infer/kernels.h"
#include "infer/products.h"
#include "num/cholesky.h"
#include "num/matmul.h"
#include "num/simd.h"
#include "raster/block.h"

#define LOSS 1e-9       /* of the smallest pivot, by rounding to KI_FINE digits */
#define FAIR_LOSS 2e-7  /* ... to KI_FAIR */
#define ROUGH_LOSS 1e-4 /* ... to KI_ROUGH */
enum { FEW = 16384 /* transitions up to which digits are not saved */ };

static const ki_run_options alone = {.threads = 1};

KI_CLONES
static void multiply_rows(const double *a, const double *b, double *c) {
    for (size_t t = 0; t < KI_BLOCK; t++)
        c[t] = a[t] * b[t];
}

size_t ki_rows_make_pairs(const ki_rows *g, ki_pair *p) {
    const size_t n = g->data->n;
    size_t made = 0;

    for (; made < KI_PAIRS && p->j < n; made++, *p = ki_next_pair(*p, n))
        multiply_rows(g->space->x + p->j * KI_ROWS_STRIDE, g->space->x + p->k * KI_ROWS_STRIDE,
                      g->space->pair + made * KI_BLOCK);
    return made;
}

/* Weights in place of the fields of a block. */
static void weigh(const ki_rows *g, int weight) {
    ki_rows_space *s = g->space;

    for (size_t i = 0; i < g->rows; i++)
        if (weight == KI_NEAR)
            ki_mark_near(s->y + i * KI_BLOCK, s->h + i * KI_BLOCK);
        else
            ki_weigh_row(s->y + i * KI_BLOCK, s->h + i * KI_BLOCK, s->w, weight == KI_SCORES);
}

/* One block as products of matrices. */
static int add_block(const ki_rows *g, size_t w, int weight, double *packed, size_t *used) {
    const size_t pairs = ki_pairs(g->data->n);
    ki_rows_space *s = g->space;
    ki_pair p = {0, 0};
    int error = 0;

    if (!ki_rows_prepare(g, w))
        return 0;
    *used += ki_block_count(g->data->use, w);
    weigh(g, weight);
    for (size_t first = 0, made; first < pairs && !error; first += made) {
        made = ki_rows_make_pairs(g, &p);
        (void)ki_matmul(g->rows, made, KI_BLOCK, (ki_matrix){s->h, KI_BLOCK, 1}, NULL,
                        (ki_matrix){s->pair, 1, KI_BLOCK}, s->sum, made, s->multiplier, &alone);
        for (size_t i = 0; i < g->rows; i++)
            for (size_t k = 0; k < made; k++)
                packed[i * pairs + first + k] += s->sum[i * made + k];
        error = ki_rows_spend(g, g->rows * made * KI_BLOCK);
    }
    return error;
}

/* The largest integer of so many digits; weights of 0 and 1 stay these. */
static double largest_integer(int weight, int digits) {
    if (weight == KI_NEAR)
        return 1;
    return digits == KI_EXACT ? 9223372036854774784.0 : ldexp(1, 8 * digits) - 1;
}

KI_CLONES
static double largest_weight(size_t bins, const double *x) {
    double most = 0;

    for (size_t t = 0; t < bins; t++)
        most = x[t] > most ? x[t] : most;
    return most;
}

/* Numbers in [0,1), evenly spread in any run of bins from `first` on: added before integers are cut
 * off, they make rounding errors fair whatever the weights, which may have few values. */
KI_CLONES
static void make_offsets(size_t first, size_t bins, double *offset) {
    for (size_t t = 0; t < bins; t++) {
        const double x = (double)(first + t) * 0.61803398874989485;
        offset[t] = x - floor(x);
    }
}

/* Digit d of the weights x [bins], as integers factor x. */
KI_CLONES
static void take_digit(size_t bins, const double *x, const double *offset, double factor,
                       int digits, int d, uint8_t *plane) {
    if (digits > 4)
        for (size_t t = 0; t < bins; t++)
            plane[t] = (uint8_t)((uint64_t)(x[t] * factor) >> 8 * d);
    else
        for (size_t t = 0; t < bins; t++)
            plane[t] = (uint8_t)((uint32_t)(x[t] * factor + offset[t]) >> 8 * d);
}

/* What planes are: the row, and what turns integers back. */
typedef struct planes {
    size_t count, row[KI_BYTES_PLANES];
    double scale[KI_BYTES_PLANES];
} planes;

/* Adds the sums of all pairs over `words` words of the planes at hand. */
static int add_pairs(const ki_rows *g, size_t w, size_t words, const planes *a, double *packed) {
    const ki_rows_data *d = g->data;
    const size_t pairs = ki_pairs(d->n);
    ki_pair at = {0, 0};

    for (size_t first = 0; first < pairs; first += KI_BYTES_PAIRS) {
        const uint64_t *x[KI_BYTES_PAIRS], *y[KI_BYTES_PAIRS];
        int32_t sum[KI_BYTES_PAIRS][KI_BYTES_PLANES];
        const size_t left = pairs - first < KI_BYTES_PAIRS ? pairs - first : KI_BYTES_PAIRS;
        for (size_t p = 0; p < KI_BYTES_PAIRS; p++) {
            x[p] = at.j ? ki_raster_row(d->raster, d->column[at.j]) + w : g->space->ones;
            y[p] = at.k ? ki_raster_row(d->raster, d->column[at.k]) + w : g->space->ones;
            if (first + p + 1 < pairs)
                at = ki_next_pair(at, d->n);
        }
        ki_bytes_sums(g->space->level, words, g->space->bytes, x, y, sum);
        for (size_t r = 0; r < a->count; r++)
            for (size_t p = 0; p < left; p++)
                packed[a->row[r] * pairs + first + p] += a->scale[r] * sum[p][r];
    }
    return ki_rows_spend(g, pairs * KI_BYTES_PLANES * 8 * words);
}

/* Weights of `words` words from w on; returns the number of transitions. */
static size_t weigh_chunk(const ki_rows *g, size_t w, size_t words, int weight) {
    ki_rows_space *s = g->space;
    size_t used = 0;

    for (size_t first = 0; first < words; first += KI_BLOCK_WORDS) {
        const int any = ki_rows_prepare(g, w + first);
        if (any) {
            used += ki_block_count(g->data->use, w + first);
            weigh(g, weight);
        }
        for (size_t i = 0; i < g->rows; i++) {
            double *to = s->weights + i * KI_CHUNK + 64 * first;
            if (any)
                memcpy(to, s->h + i * KI_BLOCK, KI_BLOCK * sizeof *to);
            else
                memset(to, 0, KI_BLOCK * sizeof *to);
        }
    }
    return used;
}

/* `words` words from w on, as integers. */
static int add_chunk(const ki_rows *g, size_t w, size_t words, int weight, int digits,
                     double *packed, size_t *used) {
    ki_rows_space *s = g->space;
    const size_t here = weigh_chunk(g, w, words, weight);
    const double full = largest_integer(weight, digits);
    planes a = {0};
    int error = 0;

    *used += here;
    make_offsets(64 * w, 64 * words, s->offset);
    for (size_t i = 0; i < g->rows && here && !error; i++) {
        const double *x = s->weights + i * KI_CHUNK;
        const double most = largest_weight(64 * words, x), factor = most > 0 ? full / most : 0;
        for (int d = 0; d < digits && !error; d++) {
            take_digit(64 * words, x, s->offset, factor, digits, d, s->bytes + a.count * KI_CHUNK);
            a.row[a.count] = i;
            a.scale[a.count++] = ldexp(most / full, 8 * d);
            if (a.count == KI_BYTES_PLANES || (i + 1 == g->rows && d + 1 == digits)) {
                error = add_pairs(g, w, words, &a, packed);
                a.count = 0;
            }
        }
    }
    return error;
}

int ki_rows_squares(const ki_rows *g, int weight, int digits, double *packed) {
    const ki_rows_data *d = g->data;
    const size_t pairs = ki_pairs(d->n), all = d->raster->words;
    const size_t stride = d->stride > 1 ? d->stride : 1;
    const size_t chunk = stride > 1 ? KI_BLOCK_WORDS : KI_BYTES_WORDS;
    size_t used = 0;
    int error = 0;

    memset(packed, 0, g->rows * pairs * sizeof *packed);
    if (g->space->level < KI_LEVEL_V4) {
        for (size_t w = 0; w < all && !error; w += KI_BLOCK_WORDS * stride)
            error = add_block(g, w, weight, packed, &used);
    } else {
        memset(g->space->ones, 0xff, KI_BYTES_WORDS * sizeof *g->space->ones);
        memset(g->space->bytes, 0, KI_BYTES_PLANES * KI_CHUNK);
        for (size_t w = 0; w < all && !error; w += chunk * stride)
            error =
                add_chunk(g, w, all - w < chunk ? all - w : chunk, weight, digits, packed, &used);
    }
    if (!error && stride > 1 && used > 0)
        for (size_t k = 0; k < g->rows * pairs; k++)
            packed[k] *= (double)d->count / (double)used;
    return error;
}

/* Whether elements of the inverse lose more than they should by rounding to so many digits: their
 * errors against the smallest pivot. */
static int is_lossy(const ki_rows *g, int digits, const double *packed) {
    const size_t n = g->data->n;
    double *a = g->space->square, least = INFINITY;
    const double error = sqrt((double)g->data->count) / 2 * pow(256, -digits);

    ki_unpack_pairs(n, packed, a);
    if (ki_cholesky(n, a, 0))
        return 1;
    for (size_t k = 0; k < n; k++)
        least = fmin(least, a[k * n + k] * a[k * n + k]);
    const double loss = digits == KI_ROUGH ? ROUGH_LOSS : digits == KI_FAIR ? FAIR_LOSS : LOSS;
    return !(error < loss * least);
}

int ki_rows_information(const ki_rows *g, int digits, double *packed, int *exact) {
    const size_t n = g->data->n, pairs = ki_pairs(n);
    const int all = g->space->level < KI_LEVEL_V4 || g->data->count < FEW;
    int error = ki_rows_squares(g, KI_INFORMATION, all ? KI_EXACT : digits, packed);

    for (size_t i = 0; i < g->rows && !error; i++)
        exact[i] = all || is_lossy(g, digits, packed + i * pairs);
    for (size_t row = 0, end; row < g->rows && !all && !error; row = end + 1) {
        for (end = row; end < g->rows && exact[end];)
            end++;
        if (end == row)
            continue;
        const ki_rows some = {g->data,   g->space,      g->work,
                              end - row, g->unit + row, g->theta + row * n};
        error = ki_rows_squares(&some, KI_INFORMATION, KI_EXACT, packed + row * pairs);
    }
    return error;
}

void ki_unpack_pairs(size_t n, const double *packed, double *a) {
    for (size_t j = 0; j < n; j++)
        for (size_t k = j; k < n; k++)
            a[j * n + k] = a[k * n + j] = *packed++;
}
