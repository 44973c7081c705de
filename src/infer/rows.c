/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over transitions [mle]: expanded blocks of bins and products of matrices. */
#include "rows.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "infer/kernels.h"
#include "infer/products.h"
#include "num/matmul.h"
#include "raster/block.h"

void ki_rows_take(ki_cursor *memory, size_t n, size_t most, ki_rows_space *s) {
    const size_t wide = n > KI_PAIRS ? n : KI_PAIRS;

    s->most = most;
    s->x = ki_take(memory, n * KI_ROWS_STRIDE, sizeof(double));
    s->y = ki_take(memory, most * KI_BLOCK, sizeof(double));
    s->h = ki_take(memory, most * KI_BLOCK, sizeof(double));
    s->w = ki_take(memory, most * KI_BLOCK, sizeof(double));
    s->sum = ki_take(memory, most * (wide > KI_BLOCK ? wide : KI_BLOCK), sizeof(double));
    s->pair = ki_take(memory, KI_PAIRS * KI_BLOCK, sizeof(double));
    /* Shapes of the products: rows x bins, rows x regressors, rows x pairs. */
    s->multiplier =
        ki_take(memory, ki_matmul_space(most, wide > KI_BLOCK ? wide : KI_BLOCK), sizeof(double));
    s->level = n > KI_FORM_COLUMNS ? KI_LEVEL_PLAIN : ki_simd_level();
    s->square = s->weights = s->offset = NULL;
    s->bytes = NULL;
    s->quad = s->spread = s->ones = NULL;
    s->matrix = NULL;
    if (s->level < KI_LEVEL_V4)
        return;
    s->square = ki_take(memory, n * n, sizeof(double));
    s->weights = ki_take(memory, most * KI_CHUNK, sizeof(double));
    s->bytes = ki_take(memory, KI_BYTES_PLANES * KI_CHUNK, 1);
    s->offset = ki_take(memory, KI_CHUNK, sizeof(double));
    s->ones = ki_take(memory, KI_BYTES_WORDS, sizeof(uint64_t));
    s->quad = ki_take(memory, ki_form_quads(n) * (KI_BLOCK / 16), sizeof(uint64_t));
    s->spread = ki_take(memory, n * (KI_BLOCK / 16), sizeof(uint64_t));
    s->matrix = ki_take(memory, most * KI_BYTES_PLANES, ki_form_elements(n));
}

/* y of a row: -1, 1, or 0 where the transition does not count. */
static void targets(const ki_rows *g, size_t row, size_t w) {
    const ki_rows_data *d = g->data;
    const ki_raster *r = d->raster;
    uint64_t use[KI_BLOCK_WORDS];
    double *y = g->space->y + row * KI_BLOCK;

    if (!d->updates) {
        ki_block_states(r, ki_raster_row(r, g->unit[row]), d->use, w, 1, y);
        return;
    }
    const uint64_t *updated = ki_raster_row(d->updates, g->unit[row]);
    const uint64_t *bits = ki_raster_row(r, g->unit[row]);
    uint64_t on[KI_BLOCK_WORDS];
    for (size_t k = 0; k < KI_BLOCK_WORDS; k++) {
        use[k] = d->use[w + k] & ki_raster_next(updated, r->words, w + k);
        on[k] = ki_raster_next(bits, r->words, w + k);
    }
    ki_block_expand(on, use, y);
}

int ki_rows_prepare(const ki_rows *g, size_t w) {
    const ki_rows_data *d = g->data;
    ki_rows_space *s = g->space;

    if (ki_block_count(d->use, w) == 0)
        return 0;
    ki_block_ones(d->use, w, s->x);
    for (size_t k = 1; k < d->n; k++)
        ki_block_states(d->raster, ki_raster_row(d->raster, d->column[k]), d->use, w, 0,
                        s->x + k * KI_ROWS_STRIDE);
    for (size_t i = 0; i < g->rows; i++)
        targets(g, i, w);
    ki_fields(ki_simd_level(), g->rows, d->n, g->theta, s->x, s->h);
    return 1;
}

int ki_rows_spend(const ki_rows *g, size_t operations) {
    return g->work && ki_work_spend(g->work, operations)
               ? ki_fail(KI_ERR_CANCELLED, "fit : cancelled : run it again")
               : 0;
}

void ki_rows_add_products(const ki_rows *g, const double *a, double *gradient) {
    ki_add_moments(ki_simd_level(), g->rows, g->data->n, a, g->space->x, gradient);
}

int ki_rows_score(const ki_rows *g, double *log_likelihood, double *gradient, double *weight) {
    const ki_rows_data *d = g->data;
    const size_t n = d->n;
    const size_t stride = d->stride > 1 ? d->stride : 1;
    double count[KI_ROWS_MOST] = {0};
    size_t used = 0;
    int error = 0;

    for (size_t i = 0; i < g->rows; i++) {
        log_likelihood[i] = weight[i] = 0;
        memset(gradient + i * n, 0, n * sizeof *gradient);
    }
    for (size_t w = 0; w < d->raster->words && !error; w += KI_BLOCK_WORDS * stride) {
        ki_rows_space *s = g->space;
        if (!ki_rows_prepare(g, w))
            continue;
        used += ki_block_count(d->use, w);
        for (size_t i = 0; i < g->rows; i++)
            log_likelihood[i] +=
                ki_score_row(s->y + i * KI_BLOCK, s->h + i * KI_BLOCK, s->w, d->moment != NULL,
                             s->h + i * KI_BLOCK, weight + i, count + i);
        ki_rows_add_products(g, s->h, gradient);
        error = ki_rows_spend(g, 2 * g->rows * n * KI_BLOCK);
    }
    for (size_t i = 0; i < g->rows; i++) {
        weight[i] /= count[i] > 0 ? count[i] : 1;
        for (size_t k = 0; k < n && stride > 1 && used > 0; k++)
            gradient[i * n + k] *= (double)d->count / (double)used;
        if (stride > 1 && used > 0)
            log_likelihood[i] *= (double)d->count / (double)used;
        if (d->moment)
            for (size_t k = 0; k < n; k++) {
                const double b = d->moment[g->unit[i] * n + k];
                gradient[i * n + k] += b;
                log_likelihood[i] += g->theta[i * n + k] * b;
            }
    }
    return error;
}

int ki_rows_margins(const ki_rows *g, double *least, double *most) {
    const ki_rows_data *d = g->data;
    int error = 0;

    for (size_t i = 0; i < g->rows; i++) {
        least[i] = INFINITY;
        most[i] = -INFINITY;
    }
    for (size_t w = 0; w < d->raster->words && !error; w += KI_BLOCK_WORDS) {
        if (!ki_rows_prepare(g, w))
            continue;
        for (size_t i = 0; i < g->rows; i++)
            for (size_t t = 0; t < KI_BLOCK; t++) {
                const double y = g->space->y[i * KI_BLOCK + t];
                const double margin = y * g->space->h[i * KI_BLOCK + t];
                if (y != 0) {
                    least[i] = fmin(least[i], margin);
                    most[i] = fmax(most[i], margin);
                }
            }
        error = ki_rows_spend(g, g->rows * d->n * KI_BLOCK);
    }
    return error;
}
