/* SPDX-License-Identifier: BSD-3-Clause */
/* Leverages x^T m x of all rows at once, by digits of the matrices. */
#include "rows.h"

#include <math.h>
#include <string.h>

#include "infer/kernels.h"
#include "num/matmul.h"
#include "num/simd.h"
#include "raster/block.h"

enum { TURNS = KI_BLOCK / KI_FORM_BINS };

static const ki_run_options alone = {.threads = 1};

/* Leverages of a block as products of matrices. */
static int by_products(const ki_rows *g, const double *m) {
    ki_rows_space *s = g->space;
    const size_t pairs = ki_pairs(g->data->n);
    ki_pair p = {0, 0};
    int error = 0;

    memset(s->w, 0, g->rows * KI_BLOCK * sizeof *s->w);
    for (size_t first = 0, made; first < pairs && !error; first += made) {
        made = ki_rows_make_pairs(g, &p);
        (void)ki_matmul(g->rows, KI_BLOCK, made, (ki_matrix){m + first, pairs, 1}, NULL,
                        (ki_matrix){s->pair, KI_BLOCK, 1}, s->sum, KI_BLOCK, s->multiplier, &alone);
        for (size_t k = 0; k < g->rows * KI_BLOCK; k++)
            s->w[k] += s->sum[k];
        error = ki_rows_spend(g, g->rows * made * KI_BLOCK);
    }
    return error;
}

/* What is known of the matrix of a row as integers. */
typedef struct form {
    double scale, whole; /* what turns them back; x^T m x of equal states */
} form;

/* The matrix of a row as integers of `digits` digits between -128 and 127, in the order of
 * ki_bytes_forms(), in the planes from `plane` on. Elements on the diagonal never differ. */
static form split(size_t n, const double *m, int digits, size_t plane, int8_t *matrix) {
    const size_t elements = ki_form_elements(n);
    double most = 0, full = 127, off = 0, diagonal = 0;

    for (size_t j = 0, at = 0; j < n; j++)
        for (size_t k = j; k < n; k++, at++)
            if (k > j)
                most = fabs(m[at]) > most ? fabs(m[at]) : most;
            else
                diagonal += m[at];
    for (int d = 1; d < digits; d++)
        full *= 256;
    const double factor = most > 0 ? full / most : 0;
    for (size_t j = 0, at = 0; j < n; j++)
        for (size_t k = j / 4 * 4; k < 4 * ki_form_quads(n); k++, at++) {
            int64_t value = k <= j || k >= n ? 0 : llround(m[k - j] * factor);
            off += (double)value;
            for (size_t d = 0; d < (size_t)digits; d++) {
                const int64_t digit = ((value + 128) & 255) - 128;
                const size_t p = plane + d;
                matrix[p / KI_BYTES_PLANES * KI_BYTES_PLANES * elements +
                       at / 4 * 4 * KI_BYTES_PLANES + 4 * (p % KI_BYTES_PLANES) + k % 4] =
                    (int8_t)digit;
                value = (value - digit) / 256;
            }
            if (k + 1 == 4 * ki_form_quads(n))
                m += n - j;
        }
    return (form){most / full, diagonal + most / full * off};
}

/* Bits 0..15 of x, four apart. */
static uint64_t apart(uint64_t x) {
    x &= 0xffff;
    x = (x | x << 24) & UINT64_C(0x000000ff000000ff);
    x = (x | x << 12) & UINT64_C(0x000f000f000f000f);
    x = (x | x << 6) & UINT64_C(0x0303030303030303);
    return (x | x << 3) & UINT64_C(0x1111111111111111);
}

/* States of a block as ki_bytes_forms() has them. */
static void lay_out(const ki_rows *g, size_t w) {
    const ki_rows_data *d = g->data;
    ki_rows_space *s = g->space;
    const size_t n = d->n, quads = ki_form_quads(n);

    memset(s->quad, 0, quads * (KI_BLOCK / 16) * sizeof *s->quad);
    for (size_t k = 0; k < n; k++) {
        const uint64_t *bits = k ? ki_raster_row(d->raster, d->column[k]) + w : s->ones;
        for (size_t t = 0; t < KI_BLOCK / 16; t++) {
            const uint64_t x = apart(bits[t / 4] >> 16 * (t % 4));
            s->spread[(t / 2 * n + k) * 2 + t % 2] = 15 * x;
            s->quad[(t / 2 * quads + k / 4) * 2 + t % 2] |= x << k % 4;
        }
    }
}

/* Leverages of a block by planes of integers. */
static int by_digits(const ki_rows *g, size_t w, int digits, const form *forms) {
    ki_rows_space *s = g->space;
    const size_t n = g->data->n, elements = ki_form_elements(n), quads = ki_form_quads(n);
    const size_t all = g->rows * (size_t)digits;

    lay_out(g, w);
    for (size_t i = 0; i < g->rows; i++)
        for (size_t t = 0; t < KI_BLOCK; t++)
            s->w[i * KI_BLOCK + t] = forms[i].whole;
    for (size_t first = 0; first < all; first += KI_BYTES_PLANES)
        for (size_t turn = 0; turn < TURNS; turn++) {
            int32_t out[KI_BYTES_PLANES][KI_FORM_BINS];
            ki_bytes_forms(s->level, n, s->matrix + first * elements, s->quad + turn * quads * 2,
                           s->spread + turn * n * 2, out);
            for (size_t p = first; p < all && p < first + KI_BYTES_PLANES; p++) {
                const size_t i = p / (size_t)digits;
                const double scale = ldexp(2 * forms[i].scale, 8 * (int)(p % (size_t)digits));
                double *q = s->w + i * KI_BLOCK + turn * KI_FORM_BINS;
                for (size_t t = 0; t < KI_FORM_BINS; t++)
                    q[t] -= scale * out[p - first][t];
            }
        }
    return ki_rows_spend(g, (all / KI_BYTES_PLANES + 1) * elements * KI_BLOCK);
}

int ki_rows_leverage(const ki_rows *g, const double *m, int digits, double *gradient) {
    const ki_rows_data *d = g->data;
    ki_rows_space *s = g->space;
    const size_t pairs = ki_pairs(d->n);
    const int whole = s->level >= KI_LEVEL_V4;
    form forms[KI_ROWS_MOST];
    int error = 0;

    if (whole) {
        memset(s->ones, 0xff, KI_BYTES_WORDS * sizeof *s->ones);
        memset(s->matrix, 0,
               (g->rows * (size_t)digits + KI_BYTES_PLANES - 1) / KI_BYTES_PLANES *
                   KI_BYTES_PLANES * ki_form_elements(d->n));
        for (size_t i = 0; i < g->rows; i++)
            forms[i] = split(d->n, m + i * pairs, digits, i * (size_t)digits, s->matrix);
    }
    for (size_t w = 0; w < d->raster->words && !error; w += KI_BLOCK_WORDS) {
        if (!ki_rows_prepare(g, w))
            continue;
        error = whole ? by_digits(g, w, digits, forms) : by_products(g, m);
        for (size_t i = 0; i < g->rows; i++)
            ki_leverage_row(s->y + i * KI_BLOCK, s->h + i * KI_BLOCK, s->sum, s->w + i * KI_BLOCK);
        ki_rows_add_products(g, s->h, gradient);
    }
    return error;
}
