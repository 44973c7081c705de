/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over transitions [mle]: expanded blocks of bins and products of matrices. */
#include "rows.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "num/matmul.h"
#include "num/simd.h"
#include "num/vecmath.h"
#include "raster/block.h"

enum { BYTE_BINS = 64 * KI_BYTES_WORDS };

static const ki_run_options alone = {.threads = 1};

void ki_rows_take(ki_cursor *memory, size_t n, size_t most, ki_rows_space *s) {
    const size_t wide = n > KI_PAIRS ? n : KI_PAIRS;

    s->most = most;
    s->x = ki_take(memory, n * KI_BLOCK, sizeof(double));
    s->y = ki_take(memory, most * KI_BLOCK, sizeof(double));
    s->h = ki_take(memory, most * KI_BLOCK, sizeof(double));
    s->w = ki_take(memory, most * KI_BLOCK, sizeof(double));
    s->sum = ki_take(memory, most * (wide > KI_BLOCK ? wide : KI_BLOCK), sizeof(double));
    s->pair = ki_take(memory, KI_PAIRS * KI_BLOCK, sizeof(double));
    /* Shapes of the products: rows x bins, rows x regressors, rows x pairs. */
    s->multiplier =
        ki_take(memory, ki_matmul_space(most, wide > KI_BLOCK ? wide : KI_BLOCK), sizeof(double));
    s->weights = NULL;
    s->bytes = NULL;
    s->tile = NULL;
    s->ones = NULL;
    if (n > KI_EXACT_COLUMNS) {
        s->weights = ki_take(memory, KI_BYTES_ROWS * BYTE_BINS, sizeof(double));
        s->bytes = ki_take(memory, KI_BYTES_ROWS * BYTE_BINS, 1);
        s->tile = ki_take(memory, ki_pairs(n) * KI_BYTES_ROWS, sizeof(double));
        s->ones = ki_take(memory, KI_BYTES_WORDS, sizeof(uint64_t));
    }
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

/* Regressors, targets and fields of a block; 0 if it has no transition. */
static int prepare(const ki_rows *g, size_t w) {
    const ki_rows_data *d = g->data;
    ki_rows_space *s = g->space;

    if (ki_block_count(d->use, w) == 0)
        return 0;
    ki_block_ones(d->use, w, s->x);
    for (size_t k = 1; k < d->n; k++)
        ki_block_states(d->raster, ki_raster_row(d->raster, d->column[k]), d->use, w, 0,
                        s->x + k * KI_BLOCK);
    for (size_t i = 0; i < g->rows; i++)
        targets(g, i, w);
    (void)ki_matmul(g->rows, KI_BLOCK, d->n, (ki_matrix){g->theta, d->n, 1}, NULL,
                    (ki_matrix){s->x, KI_BLOCK, 1}, s->h, KI_BLOCK, s->multiplier, &alone);
    return 1;
}

/* exp(-2|h|) of one row. */
static void decay(const double *h, double *e) {
    for (size_t t = 0; t < KI_BLOCK; t++)
        e[t] = -2 * fabs(h[t]);
    ki_vexp(KI_BLOCK, e, e);
}

/* a where the mask is set, b elsewhere: vectors are neither given to functions nor returned, since
 * their way depends on the instruction set. */
#define CHOOSE(mask, a, b) ((ki_v8)(((ki_i8)(a) & (mask)) | ((ki_i8)(b) & ~(mask))))

/* KI_LANES doubles from x + t on. */
#define LOAD(name, x)                                                                              \
    ki_v8 name;                                                                                    \
    memcpy(&name, (x) + t, sizeof name)

/* What a block adds to the log-likelihood of a row; residuals y - tanh h to `residual` (-tanh h
 * with `moment`), and the sum of sech^2 h and the number of transitions to the two sums. With
 * 1 + exp(-2|h|) multiplied up, there is one logarithm for KI_BLOCK / KI_LANES of them. */
KI_CLONES
static double score_row(const double *y, const double *h, double *e, int moment, double *residual,
                        double *weight, double *count) {
    const ki_v8 zero = {0}, one = zero + 1, two = zero + 2;
    ki_v8 product = one, sum = zero, squares = zero, used = zero;
    double all = 0;

    decay(h, e);
    for (size_t t = 0; t < KI_BLOCK; t += KI_LANES) {
        LOAD(a, y);
        LOAD(b, h);
        LOAD(x, e);
        const ki_v8 on = a * a, half = one / (one + x), size = CHOOSE(b < zero, -b, b);
        /* y - tanh h = 2 y right/(1 + x) */
        const ki_v8 right = CHOOSE(a * b > zero, x, one);
        const ki_v8 th = CHOOSE(b < zero, x - one, one - x) * half * on;
        const ki_v8 rest = moment ? -th : two * a * right * half;
        product *= one + x * on;
        sum += (moment ? zero : a * b) - size * on;
        squares += x * half * half * on;
        used += on;
        memcpy(residual + t, &rest, sizeof rest);
    }
    for (size_t k = 0; k < KI_LANES; k++) {
        all += sum[k] - log(product[k]);
        *weight += 4 * squares[k];
        *count += used[k];
    }
    return all;
}

static int spend(const ki_rows *g, size_t operations) {
    return g->work && ki_work_spend(g->work, operations)
               ? ki_fail(KI_ERR_CANCELLED, "fit : cancelled : run it again")
               : 0;
}

/* Adds sum_t a_t x_t of the block, a [rows, KI_BLOCK], to gradients. */
static void add_products(const ki_rows *g, const double *a, double *gradient) {
    const size_t n = g->data->n;
    ki_rows_space *s = g->space;

    (void)ki_matmul(g->rows, n, KI_BLOCK, (ki_matrix){a, KI_BLOCK, 1}, NULL,
                    (ki_matrix){s->x, 1, KI_BLOCK}, s->sum, n, s->multiplier, &alone);
    for (size_t k = 0; k < g->rows * n; k++)
        gradient[k] += s->sum[k];
}

int ki_rows_score(const ki_rows *g, double *log_likelihood, double *gradient, double *weight) {
    const ki_rows_data *d = g->data;
    const size_t n = d->n;
    double count[KI_ROWS_MOST] = {0};
    int error = 0;

    for (size_t i = 0; i < g->rows; i++) {
        log_likelihood[i] = weight[i] = 0;
        memset(gradient + i * n, 0, n * sizeof *gradient);
    }
    for (size_t w = 0; w < d->raster->words && !error; w += KI_BLOCK_WORDS) {
        ki_rows_space *s = g->space;
        if (!prepare(g, w))
            continue;
        for (size_t i = 0; i < g->rows; i++)
            log_likelihood[i] +=
                score_row(s->y + i * KI_BLOCK, s->h + i * KI_BLOCK, s->w, d->moment != NULL,
                          s->h + i * KI_BLOCK, weight + i, count + i);
        add_products(g, s->h, gradient);
        error = spend(g, 2 * g->rows * n * KI_BLOCK);
    }
    for (size_t i = 0; i < g->rows; i++) {
        weight[i] /= count[i] > 0 ? count[i] : 1;
        if (d->moment)
            for (size_t k = 0; k < n; k++) {
                const double b = d->moment[g->unit[i] * n + k];
                gradient[i * n + k] += b;
                log_likelihood[i] += g->theta[i * n + k] * b;
            }
    }
    return error;
}

/* Weights of one row in place of its fields. */
KI_CLONES
static void weigh_row(const double *y, double *h, double *e, int scores) {
    const ki_v8 zero = {0}, one = zero + 1, four = zero + 4;

    decay(h, e);
    for (size_t t = 0; t < KI_BLOCK; t += KI_LANES) {
        LOAD(a, y);
        LOAD(b, h);
        LOAD(x, e);
        const ki_v8 half = one / (one + x), right = CHOOSE(a * b > zero, x, one) * half;
        const ki_v8 w = four * (scores ? right * right : x * half * half) * a * a;
        memcpy(h + t, &w, sizeof w);
    }
}

static void mark_near(const double *y, double *h) {
    for (size_t t = 0; t < KI_BLOCK; t++)
        h[t] = fabs(h[t]) < 1 ? y[t] * y[t] : 0;
}

/* Where a run of pairs begins; the next ones follow by next_pair(). */
typedef struct pair {
    size_t j, k;
} pair;

static pair next_pair(pair p, size_t n) {
    return p.k + 1 < n ? (pair){p.j, p.k + 1} : (pair){p.j + 1, p.j + 1};
}

KI_CLONES
static void multiply_rows(const double *a, const double *b, double *c) {
    for (size_t t = 0; t < KI_BLOCK; t++)
        c[t] = a[t] * b[t];
}

/* Products x_j x_k of up to KI_PAIRS pairs from *p on; returns how many. */
static size_t make_pairs(const ki_rows *g, pair *p) {
    const size_t n = g->data->n;
    size_t made = 0;

    for (; made < KI_PAIRS && p->j < n; made++, *p = next_pair(*p, n))
        multiply_rows(g->space->x + p->j * KI_BLOCK, g->space->x + p->k * KI_BLOCK,
                      g->space->pair + made * KI_BLOCK);
    return made;
}

static int squares_of_block(const ki_rows *g, double *packed) {
    const size_t pairs = ki_pairs(g->data->n);
    ki_rows_space *s = g->space;
    pair p = {0, 0};
    int error = 0;

    for (size_t first = 0, made; first < pairs && !error; first += made) {
        made = make_pairs(g, &p);
        (void)ki_matmul(g->rows, made, KI_BLOCK, (ki_matrix){s->h, KI_BLOCK, 1}, NULL,
                        (ki_matrix){s->pair, 1, KI_BLOCK}, s->sum, made, s->multiplier, &alone);
        for (size_t i = 0; i < g->rows; i++)
            for (size_t k = 0; k < made; k++)
                packed[i * pairs + first + k] += s->sum[i * made + k];
        error = spend(g, g->rows * made * KI_BLOCK);
    }
    return error;
}

int ki_rows_squares(const ki_rows *g, int weight, size_t stride, double *packed) {
    const ki_rows_data *d = g->data;
    ki_rows_space *s = g->space;
    const size_t pairs = ki_pairs(d->n);
    size_t used = 0;
    int error = 0;

    memset(packed, 0, g->rows * pairs * sizeof *packed);
    for (size_t w = 0; w < d->raster->words && !error; w += KI_BLOCK_WORDS * stride) {
        if (!prepare(g, w))
            continue;
        used += ki_block_count(d->use, w);
        for (size_t i = 0; i < g->rows; i++)
            if (weight == KI_NEAR)
                mark_near(s->y + i * KI_BLOCK, s->h + i * KI_BLOCK);
            else
                weigh_row(s->y + i * KI_BLOCK, s->h + i * KI_BLOCK, s->w, weight == KI_SCORES);
        error = squares_of_block(g, packed);
    }
    if (!error && stride > 1 && used > 0)
        for (size_t k = 0; k < g->rows * pairs; k++)
            packed[k] *= (double)d->count / (double)used;
    return error;
}

/* Weights of up to 4096 bins from word w on as bytes; scale[r] turns them back. */
static void weigh_bytes(const ki_rows *g, size_t w, size_t words, double scale[KI_BYTES_ROWS]) {
    ki_rows_space *s = g->space;

    memset(s->weights, 0, KI_BYTES_ROWS * BYTE_BINS * sizeof *s->weights);
    for (size_t first = 0; first < words; first += KI_BLOCK_WORDS) {
        if (!prepare(g, w + first))
            continue;
        for (size_t i = 0; i < g->rows; i++) {
            weigh_row(s->y + i * KI_BLOCK, s->h + i * KI_BLOCK, s->w, 0);
            memcpy(s->weights + i * BYTE_BINS + 64 * first, s->h + i * KI_BLOCK,
                   KI_BLOCK * sizeof *s->h);
        }
    }
    for (size_t i = 0; i < KI_BYTES_ROWS; i++) {
        const double *x = s->weights + i * BYTE_BINS;
        double most = 0;
        for (size_t t = 0; t < 64 * words; t++)
            most = x[t] > most ? x[t] : most;
        const double factor = most > 0 ? 255 / most : 0;
        scale[i] = most / 255;
        for (size_t t = 0; t < 64 * words; t++)
            s->bytes[i * BYTE_BINS + t] = (uint8_t)(x[t] * factor + 0.5);
    }
}

/* Adds the sums of all pairs over `words` words. */
static int add_bytes(const ki_rows *g, size_t w, size_t words, const double scale[KI_BYTES_ROWS]) {
    const ki_rows_data *d = g->data;
    const int level = ki_simd_level();
    const size_t pairs = ki_pairs(d->n);
    pair at = {0, 0};
    int error = 0;

    for (size_t first = 0; first < pairs && !error; first += KI_BYTES_PAIRS) {
        const uint64_t *x[KI_BYTES_PAIRS], *y[KI_BYTES_PAIRS];
        int32_t sum[KI_BYTES_PAIRS][KI_BYTES_ROWS];
        const size_t left = pairs - first < KI_BYTES_PAIRS ? pairs - first : KI_BYTES_PAIRS;
        for (size_t p = 0; p < KI_BYTES_PAIRS; p++) {
            x[p] = at.j ? ki_raster_row(d->raster, d->column[at.j]) + w : g->space->ones;
            y[p] = at.k ? ki_raster_row(d->raster, d->column[at.k]) + w : g->space->ones;
            if (first + p + 1 < pairs)
                at = next_pair(at, d->n);
        }
        ki_bytes_sums(level, words, g->space->bytes, x, y, sum);
        for (size_t p = 0; p < left; p++)
            for (size_t r = 0; r < KI_BYTES_ROWS; r++)
                g->space->tile[(first + p) * KI_BYTES_ROWS + r] += scale[r] * sum[p][r];
        if (first % 3000 == 0)
            error = spend(g, 3000 * (size_t)KI_BYTES_ROWS * 8 * words);
    }
    return error;
}

int ki_rows_information_bytes(const ki_rows *g, double *packed) {
    const ki_rows_data *d = g->data;
    const size_t pairs = ki_pairs(d->n);
    int error = 0;

    for (size_t k = 0; k < KI_BYTES_WORDS; k++)
        g->space->ones[k] = ~UINT64_C(0);
    for (size_t row = 0; row < g->rows && !error; row += KI_BYTES_ROWS) {
        ki_rows some = *g;
        some.rows = g->rows - row < KI_BYTES_ROWS ? g->rows - row : KI_BYTES_ROWS;
        some.unit += row;
        some.theta += row * d->n;
        memset(g->space->tile, 0, pairs * KI_BYTES_ROWS * sizeof *g->space->tile);
        for (size_t w = 0; w < d->raster->words && !error; w += KI_BYTES_WORDS) {
            const size_t left = d->raster->words - w;
            const size_t words = left < KI_BYTES_WORDS ? left : KI_BYTES_WORDS;
            double scale[KI_BYTES_ROWS];
            weigh_bytes(&some, w, words, scale);
            error = add_bytes(&some, w, words, scale);
        }
        for (size_t i = 0; i < some.rows; i++)
            for (size_t k = 0; k < pairs; k++)
                packed[(row + i) * pairs + k] = g->space->tile[k * KI_BYTES_ROWS + i];
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
        if (!prepare(g, w))
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
        error = spend(g, g->rows * d->n * KI_BLOCK);
    }
    return error;
}

/* -tanh h sech^2 h q in place of the fields. */
KI_CLONES
static void leverage_row(const double *y, double *h, double *e, const double *q) {
    const ki_v8 zero = {0}, one = zero + 1, four = zero + 4;

    decay(h, e);
    for (size_t t = 0; t < KI_BLOCK; t += KI_LANES) {
        LOAD(a, y);
        LOAD(b, h);
        LOAD(x, e);
        LOAD(leverage, q);
        const ki_v8 half = one / (one + x);
        const ki_v8 th = CHOOSE(b < zero, one - x, x - one) * half;
        const ki_v8 value = th * four * x * half * half * a * a * leverage;
        memcpy(h + t, &value, sizeof value);
    }
}

int ki_rows_leverage(const ki_rows *g, const double *m, double *gradient) {
    const ki_rows_data *d = g->data;
    ki_rows_space *s = g->space;
    const size_t pairs = ki_pairs(d->n);
    int error = 0;

    for (size_t w = 0; w < d->raster->words && !error; w += KI_BLOCK_WORDS) {
        pair p = {0, 0};
        if (!prepare(g, w))
            continue;
        memset(s->w, 0, g->rows * KI_BLOCK * sizeof *s->w);
        for (size_t first = 0, made; first < pairs && !error; first += made) {
            made = make_pairs(g, &p);
            (void)ki_matmul(g->rows, KI_BLOCK, made, (ki_matrix){m + first, pairs, 1}, NULL,
                            (ki_matrix){s->pair, KI_BLOCK, 1}, s->sum, KI_BLOCK, s->multiplier,
                            &alone);
            for (size_t k = 0; k < g->rows * KI_BLOCK; k++)
                s->w[k] += s->sum[k];
            error = spend(g, g->rows * made * KI_BLOCK);
        }
        for (size_t i = 0; i < g->rows; i++)
            leverage_row(s->y + i * KI_BLOCK, s->h + i * KI_BLOCK, s->sum, s->w + i * KI_BLOCK);
        add_products(g, s->h, gradient);
    }
    return error;
}

void ki_unpack_pairs(size_t n, const double *packed, double *a) {
    for (size_t j = 0; j < n; j++)
        for (size_t k = j; k < n; k++)
            a[j * n + k] = a[k * n + j] = *packed++;
}
