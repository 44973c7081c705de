/* SPDX-License-Identifier: BSD-3-Clause */
#include "pass.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "infer/kernels.h"
#include "num/cholesky.h"
#include "num/matmul.h"
#include "num/product.h"
#include "num/simd.h"
#include "num/sum.h"
#include "raster/block.h"

/* Rows of a group, at most; bins of a block with those that leads reach. */
enum { MOST = 32, WIDE = KI_BLOCK + 8 };
#define GROUP_BYTES (UINT64_C(64) << 20)

static const ki_run_options alone = {.threads = 1};

/* Work space of one worker, and the rows that it is at. */
typedef struct group {
    const ki_pass *p;
    ki_work *work;
    size_t first, rows, most;
    ki_rows_space space;
    ki_rows_data data;
    double *packed, *part_packed; /* [most, pairs] */
    double *inverse;              /* [most,n,n] */
    double *pull;                 /* [most,n] T F^-1 (0, dD_i) */
    float *narrow;                /* [most,n,n] the same */
    double *gradient;             /* [most,n] */
    double *s;                    /* [n,WIDE] regressors, -1 or 1, whatever bins they are of */
    float *states;                /* the same */
    double *own;                  /* [WIDE] state of a row's unit */
    double *h, *drive;            /* [most,WIDE], [most,KI_BLOCK] */
    float *w;                     /* [n,KI_COLUMNS] F^-1 x */
    double *eps, *mask;           /* [KI_BLOCK], [KI_LEADS + 1,KI_BLOCK] */
    double *y, *e, *psi;          /* [KI_BLOCK] */
    double *current;              /* [blocks or folds, most, N] */
    double *half, *square, *row;  /* [blocks,n], [n,n], [blocks,n] */
    uint64_t *bits, *use;
    double *multiplier;
} group;

static size_t most_rows(size_t n) {
    const uint64_t fit = GROUP_BYTES / (16 * (uint64_t)n * n);

    return (size_t)(fit < 1 ? 1 : fit > MOST ? MOST : fit);
}

static void take(ki_cursor *c, size_t units, size_t n, size_t words, size_t parts, group *g) {
    const size_t most = most_rows(n), pairs = ki_pairs(n), tall = n > parts ? n : parts;
    const size_t high = tall > most ? tall : most, wide = n > WIDE ? n : WIDE;

    g->most = most;
    ki_rows_take(c, n, most, &g->space);
    g->packed = ki_take(c, most * pairs, sizeof(double));
    g->part_packed = ki_take(c, most * pairs, sizeof(double));
    g->inverse = ki_take(c, most * n * n, sizeof(double));
    g->pull = ki_take(c, most * n, sizeof(double));
    g->gradient = ki_take(c, most * n, sizeof(double));
    g->narrow = ki_take(c, most * n * n, sizeof(float));
    g->states = ki_take(c, n * WIDE, sizeof(float));
    g->s = ki_take(c, n * WIDE, sizeof(double));
    g->own = ki_take(c, WIDE, sizeof(double));
    g->h = ki_take(c, most * WIDE, sizeof(double));
    g->drive = ki_take(c, most * KI_BLOCK, sizeof(double));
    g->w = ki_take(c, n * KI_COLUMNS, sizeof(float));
    g->eps = ki_take(c, KI_BLOCK, sizeof(double));
    g->mask = ki_take(c, (KI_LEADS + 1) * KI_BLOCK, sizeof(double));
    g->y = ki_take(c, KI_BLOCK, sizeof(double));
    g->e = ki_take(c, KI_BLOCK, sizeof(double));
    g->psi = ki_take(c, KI_BLOCK, sizeof(double));
    g->current = ki_take(c, (parts ? parts : 1) * most * units, sizeof(double));
    g->half = ki_take(c, tall * n, sizeof(double));
    g->row = ki_take(c, tall * n, sizeof(double));
    g->square = ki_take(c, n * n, sizeof(double));
    g->bits = ki_take(c, ki_part_space(units), sizeof(uint64_t));
    g->use = ki_take(c, words, sizeof(uint64_t));
    g->multiplier = ki_take(c, ki_matmul_space(high, wide), sizeof(double));
}

uint64_t ki_pass_bytes(size_t units, size_t n, size_t words, size_t parts, int *overflow) {
    ki_cursor c = {0};
    group g;

    take(&c, units, n, words, parts, &g);
    *overflow |= c.overflow;
    return c.used;
}

static ki_rows view(const group *g, const ki_rows_data *data, const double *theta) {
    return (ki_rows){data,    (ki_rows_space *)&g->space, g->work,
                     g->rows, g->p->unit + g->first,      theta};
}

/* Inverse information and T F^-1 (0, dD_i) of the rows. */
static int invert(group *g) {
    const ki_pass *p = g->p;
    const size_t n = p->n, units = p->part->raster->units;
    const ki_rows at = view(g, &g->data, p->theta + g->first * n);
    int exact[MOST];
    const int error = ki_rows_information(&at, KI_FAIR, g->packed, exact);

    for (size_t i = 0; i < g->rows && !error; i++) {
        double *inverse = g->inverse + i * n * n, *pull = g->pull + i * n;
        ki_unpack_pairs(n, g->packed + i * ki_pairs(n), g->square);
        p->failed[g->first + i] = ki_cholesky(n, g->square, 0) != 0;
        memset(inverse, 0, n * n * sizeof *inverse);
        memset(pull, 0, n * sizeof *pull);
        if (!p->failed[g->first + i]) {
            ki_cholesky_inverse(n, g->square, inverse);
            for (size_t k = 1; k < n; k++)
                pull[k] = (double)p->part->count *
                          p->current[p->unit[g->first + i] * units + p->column[k]];
            ki_cholesky_solve(n, g->square, pull);
        }
        for (size_t k = 0; k < n * n; k++)
            g->narrow[i * n * n + k] = (float)inverse[k];
    }
    return error;
}

/* The bias of the curvature: sum over the transitions of tanh sech^2 (x.F^-1 x) x, along `pull`. */
static int add_cox_snell(group *g) {
    const ki_pass *p = g->p;
    const size_t n = p->n;
    double *m = g->part_packed;

    memset(g->gradient, 0, g->rows * n * sizeof *g->gradient);
    for (size_t i = 0; i < g->rows; i++)
        for (size_t a = 0; a < n; a++)
            for (size_t b = a; b < n; b++)
                *m++ = (a == b ? 1 : 2) * g->inverse[(i * n + a) * n + b];
    const ki_rows at = view(g, &g->data, p->theta + g->first * n);
    const int error = ki_rows_leverage(&at, g->part_packed, KI_EXACT, g->gradient);
    for (size_t i = 0; i < g->rows && !error; i++)
        p->cox_snell[g->first + i] =
            p->separated[g->first + i]
                ? 0
                : -ki_dot(n, g->gradient + i * n, g->pull + i * n) / (double)p->part->count;
    return error;
}

/* States of a block and the bins after it, as far as leads reach. */
static void expand(const ki_raster *r, const uint64_t *row, size_t w, double *x) {
    uint64_t all[KI_BLOCK_WORDS];

    memset(all, 0xff, sizeof all);
    ki_block_expand(row + w, all, x);
    for (size_t t = KI_BLOCK; t < WIDE; t++) {
        const size_t word = w + KI_BLOCK_WORDS;
        x[t] = word < r->words && row[word] >> (t - KI_BLOCK) & 1 ? 1 : -1;
    }
}

static void prepare(group *g, size_t w) {
    const ki_pass *p = g->p;
    const ki_raster *r = p->part->raster;
    const size_t n = p->n;

    for (size_t t = 0; t < WIDE; t++)
        g->s[t] = 1;
    for (size_t k = 1; k < n; k++)
        expand(r, ki_raster_row(r, p->column[k]), w, g->s + k * WIDE);
    for (size_t k = 0; k < n * WIDE; k++)
        g->states[k] = (float)g->s[k];
    for (size_t l = 0; l <= KI_LEADS; l++)
        ki_block_ones(p->part->lead[l], w, g->mask + l * KI_BLOCK);
    (void)ki_matmul(g->rows, WIDE, n, (ki_matrix){p->theta + g->first * n, n, 1}, NULL,
                    (ki_matrix){g->s, WIDE, 1}, g->h, WIDE, g->multiplier, &alone);
    (void)ki_matmul(g->rows, KI_BLOCK, n, (ki_matrix){g->pull, n, 1}, NULL,
                    (ki_matrix){g->s, WIDE, 1}, g->drive, KI_BLOCK, g->multiplier, &alone);
}

enum { FLOATS = 16 };
typedef float vector __attribute__((vector_size(4 * FLOATS)));

/* reach[l][t] = sum_k>0 w_k(t) s_k(t + l), l = 1..KI_LEADS + 1, times what a lead has of it:
 * eps(t) [y(t + l) reach_l - s(t + l) reach_(l+1)], summed where the lead is allowed. In single
 * precision: a bias is wanted to 1e-6. */
KI_CLONES
static void add_leads(size_t n, const float *w, const float *s, const double *own,
                      const double *eps, const double *mask, double *leads) {
    float all[KI_LEADS][KI_COLUMNS];

    for (size_t t = 0; t < KI_COLUMNS; t += FLOATS) {
        vector reach[KI_LEADS + 1] = {{0}};
        for (size_t k = 1; k < n; k++) {
            vector a;
            memcpy(&a, w + k * KI_COLUMNS + t, sizeof a);
            for (size_t l = 0; l <= KI_LEADS; l++) {
                vector b;
                memcpy(&b, s + k * WIDE + t + l + 1, sizeof b);
                reach[l] += a * b;
            }
        }
        for (size_t l = 0; l < KI_LEADS; l++)
            for (size_t q = t; q < t + FLOATS; q++) {
                const float on = (float)(eps[q] * mask[(l + 1) * KI_BLOCK + q]);
                all[l][q] = on * ((float)own[q + l + 2] * reach[l][q - t] -
                                  (float)own[q + l + 1] * reach[l + 1][q - t]);
            }
    }
    for (size_t l = 0; l < KI_LEADS; l++) {
        double sum = 0;
        for (size_t t = 0; t < KI_COLUMNS; t++)
            sum += (double)all[l][t];
        leads[l] += sum;
    }
}

/* Sums of psi over the batches that the block has transitions of. */
static void add_psi(const group *g, size_t w, const double *psi, double *out) {
    const ki_pass *p = g->p;
    const size_t low = 64 * w, high = low + KI_BLOCK;

    for (size_t b = 0; b < p->batches; b++) {
        const size_t from = p->batch[b] > low ? p->batch[b] - low : 0;
        const size_t to = p->batch[b + 1] < high ? p->batch[b + 1] - low : KI_BLOCK;
        if (p->batch[b] >= high || p->batch[b + 1] <= low)
            continue;
        for (size_t t = from; t < to; t++)
            out[b] += psi[t];
    }
}

/* What transitions add to sigma beyond its mean, to first order; y 0 where there is none. */
KI_CLONES
static void make_psi(double field, const double *y, const double *h, const double *own,
                     const double *eps, const double *drive, double *psi) {
    for (size_t t = 0; t < KI_BLOCK; t++)
        psi[t] =
            eps[t] * drive[t] + y[t] * (h[t] - field) - y[t] * y[t] * own[t] * (h[t + 1] - field);
}

static void one_row(group *g, size_t w, size_t i) {
    const ki_pass *p = g->p;
    const ki_raster *r = p->part->raster;
    const size_t n = p->n, row = g->first + i;
    const double *h = g->h + i * WIDE;
    double unused = 0;

    expand(r, ki_raster_row(r, p->unit[row]), w, g->own);
    for (size_t t = 0; t < KI_BLOCK; t++)
        g->y[t] = g->own[t + 1] * g->mask[t];
    (void)ki_score_row(g->y, h, g->e, 0, g->eps, &unused, &unused);
    make_psi(p->theta[row * n], g->y, h, g->own, g->eps, g->drive + i * KI_BLOCK, g->psi);
    add_psi(g, w, g->psi, p->psi + row * KI_BATCHES);
    for (size_t t = 0; t < KI_BLOCK; t += KI_COLUMNS) {
        ki_product64(n, n, g->narrow + i * n * n, n, g->states + t, WIDE, KI_PRODUCT_ALONE, NULL,
                     g->w, KI_COLUMNS);
        add_leads(n, g->w, g->states + t, g->own + t, g->eps + t, g->mask + t,
                  p->leads + row * KI_LEADS);
    }
}

/* Everything that goes over the bins. */
static int sweep(group *g) {
    const ki_pass *p = g->p;
    const ki_raster *r = p->part->raster;
    const size_t n = p->n;

    memset(p->leads + g->first * KI_LEADS, 0, g->rows * KI_LEADS * sizeof(double));
    memset(p->psi + g->first * KI_BATCHES, 0, g->rows * KI_BATCHES * sizeof(double));
    for (size_t w = 0; w < r->words; w += KI_BLOCK_WORDS) {
        if (ki_block_count(p->part->lead[0], w) == 0)
            continue;
        prepare(g, w);
        for (size_t i = 0; i < g->rows; i++)
            one_row(g, w, i);
        if (ki_work_spend(g->work, g->rows * n * n * KI_BLOCK))
            return ki_fail(KI_ERR_CANCELLED, "entropy : cancelled : run it again");
    }
    for (size_t i = 0; i < g->rows; i++) {
        const size_t row = g->first + i;
        for (size_t l = 0; l < KI_LEADS; l++)
            p->leads[row * KI_LEADS + l] /= (double)p->part->count;
    }
    return 0;
}

/* K^k_i . F_i^-1 K^l_i of the blocks. */
static void fill_gram(group *g) {
    const ki_pass *p = g->p;
    const size_t n = p->n, units = p->part->raster->units, blocks = p->blocks;

    ki_part_currents(p->part, blocks, p->block, g->rows, p->unit + g->first, g->bits, g->current);
    for (size_t i = 0; i < g->rows; i++) {
        for (size_t b = 0; b < blocks; b++) {
            const double *from = g->current + (b * g->rows + i) * units;
            g->row[b * n] = 0;
            for (size_t k = 1; k < n; k++)
                g->row[b * n + k] = from[p->column[k]];
        }
        (void)ki_matmul(blocks, n, n, (ki_matrix){g->row, n, 1}, NULL,
                        (ki_matrix){g->inverse + i * n * n, n, 1}, g->half, n, g->multiplier,
                        &alone);
        (void)ki_matmul(blocks, blocks, n, (ki_matrix){g->half, n, 1}, NULL,
                        (ki_matrix){g->row, 1, n},
                        p->gram + (g->first + i) * KI_FLIP_BLOCKS * KI_FLIP_BLOCKS, blocks,
                        g->multiplier, &alone);
    }
}

/* Crossfit by one Newton step from the fit to all: theta without a fold is theta - (F - F_k)^-1 g_k. */
static int cross(group *g) {
    const ki_pass *p = g->p;
    const size_t n = p->n, units = p->part->raster->units, pairs = ki_pairs(n);
    double value[MOST], weight[MOST];
    int exact[MOST], error = 0;

    for (size_t i = 0; i < g->rows; i++)
        p->crossed[g->first + i] = 0;
    for (size_t f = 0; f < p->folds && !error; f++) {
        ki_rows_data data = g->data;
        data.use = g->use;
        data.count = ki_part_between(p->part, p->fold[f], p->fold[f + 1], g->use);
        const ki_rows at = view(g, &data, p->theta + g->first * n);
        error = ki_rows_score(&at, value, g->gradient, weight);
        error = error ? error : ki_rows_information(&at, KI_FAIR, g->part_packed, exact);
        ki_part_currents(p->part, 1, p->fold + f, g->rows, p->unit + g->first, g->bits, g->current);
        for (size_t i = 0; i < g->rows && !error; i++) {
            double *all = g->packed + i * pairs, *part = g->part_packed + i * pairs;
            double *move = g->gradient + i * n, sum = 0;
            for (size_t k = 0; k < pairs; k++)
                part[k] = all[k] - part[k];
            ki_unpack_pairs(n, part, g->square);
            if (ki_cholesky(n, g->square, 0)) {
                p->crossed[g->first + i] = NAN;
                continue;
            }
            ki_cholesky_solve(n, g->square, move);
            for (size_t k = 1; k < n; k++)
                sum += (p->theta[(g->first + i) * n + k] - move[k]) *
                       g->current[i * units + p->column[k]];
            p->crossed[g->first + i] += sum / (double)p->part->count;
        }
    }
    return error;
}

typedef struct job {
    const ki_pass *p;
    char *memory;
    uint64_t each;
    size_t most, parts;
} job;

static int some_rows(void *ctx, ki_work *work, size_t index) {
    const job *j = ctx;
    const ki_pass *p = j->p;
    const ki_raster *r = p->part->raster;
    ki_cursor c = {.base = j->memory + (uint64_t)ki_work_thread(work) * j->each};
    group g = {.p = p, .work = work, .first = index * j->most};

    take(&c, r->units, p->n, r->words, j->parts, &g);
    g.rows = p->fitted - g.first < j->most ? p->fitted - g.first : j->most;
    g.data = (ki_rows_data){r, NULL, p->part->lead[0], p->part->count, p->n, p->column, NULL, 0};
    int error = invert(&g);
    if (!error && p->likelihood)
        error = add_cox_snell(&g);
    error = error ? error : sweep(&g);
    if (!error && p->blocks)
        fill_gram(&g);
    if (!error && p->folds)
        error = cross(&g);
    for (size_t i = 0; i < g.rows && !error && p->variance; i++)
        for (size_t k = 1; k < p->n; k++)
            p->variance[p->unit[g.first + i] * r->units + p->column[k]] =
                g.inverse[i * p->n * p->n + k * (p->n + 1)];
    if (!error)
        (void)ki_work_tick(work, g.rows);
    return error;
}

int ki_pass_run(const ki_pass *p, const ki_run_options *run) {
    const ki_raster *r = p->part->raster;
    int overflow = 0;
    job j = {.p = p, .most = most_rows(p->n), .parts = p->blocks};
    const size_t workers = (size_t)ki_parallel_workers(p->fitted, run);
    size_t groups = (p->fitted + j.most - 1) / j.most;

    /* As many rows for each worker. */
    groups = (groups + workers - 1) / workers * workers;
    j.most = groups ? (p->fitted + groups - 1) / groups : 1;
    groups = (p->fitted + j.most - 1) / j.most;
    if (groups == 0)
        return 0;
    j.each = ki_pass_bytes(r->units, p->n, r->words, j.parts, &overflow);
    j.memory = overflow || j.each > SIZE_MAX ? NULL : ki_alloc(workers, (size_t)j.each);
    if (!j.memory)
        return ki_fail(KI_ERR_NOMEM, "entropy : no memory for %zu units : fewer threads or units",
                       r->units);
    const int error = ki_parallel_work(groups, p->fitted, run, some_rows, &j);
    ki_free(j.memory);
    return error;
}
