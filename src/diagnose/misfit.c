/* SPDX-License-Identifier: BSD-3-Clause */
/* [misfit]: one pass over blocks of bins, in slices of the recording that are added up in order. */
#include "misfit.h"

#include <math.h>
#include <string.h>

#include <kinising/infer.h>

#include "base/error.h"
#include "base/parallel.h"
#include "history.h"
#include "num/cholesky.h"
#include "num/matmul.h"
#include "num/sum.h"
#include "num/vecmath.h"
#include "raster/block.h"
#include "regime.h"
#include "thermo/part.h"

#define RIDGE 0.3
#define LEAST_CELL 5.0 /* variance of a cell that is tested */
enum { SLICES = 8, BATCHES = 50, PARTS = 10, MOST_WAVES = 20 };

static const ki_run_options alone = {.threads = 1};

/* Sums of a slice. */
typedef struct sums {
    double *lag, *lag_variance;               /* [rows,columns] */
    double *same, *same_variance;             /* [rows,rows] */
    double *drift, *drift_variance;           /* [rows,BATCHES] */
    double surprise[BATCHES], rates[BATCHES]; /* -log-likelihood; sum_i -atanh(m_i) y_i */
    double width;                             /* sum of w */
    double history, history_variance;
} sums;

typedef struct job {
    const ki_raster *raster;
    ki_part part;
    uint64_t *second, *first; /* [words] bins with a transition to and from them; those before */
    double *before, *after, *c, *d, *H, *J; /* moments and the fit, all units */
    int *status;
    int8_t *column;
    size_t *row, *of; /* units of the rows and of the columns but the constant */
    size_t rows, columns;
    double *theta;      /* [rows,columns + 1] */
    double *regression; /* [columns,columns + 1] of the state two bins before on x */
    double *gram;       /* [columns + 1,columns + 1] */
    int regressed;      /* 0: too few bins */
    size_t cosines;     /* that the tests of drift and history leave out */
    double *history;    /* [64 words] the regressor of history ... */
    int is_history;     /* ... if there is one */
    size_t batches, edge[BATCHES + 1];
    sums slice[SLICES];
    char *rooms;
    uint64_t bytes; /* of a worker */
} job;

/* A block at work. */
typedef struct room {
    double *x;                                 /* [columns + 1,KI_BLOCK] */
    double *z, *squares;                       /* [columns,KI_BLOCK] */
    double *h, *eps, *w, *chi;                 /* [rows,KI_BLOCK] */
    double *mask, *line, *rate, *all, *spread; /* [KI_BLOCK] */
    double *product;                           /* [units,units] */
    double *multiplier;
} room;

static void take_room(ki_cursor *c, size_t units, room *s) {
    const size_t n = units + 1;

    s->x = ki_take(c, n * KI_BLOCK, sizeof(double));
    double **const wide[] = {&s->z, &s->squares, &s->h, &s->eps, &s->w, &s->chi};
    for (size_t k = 0; k < sizeof wide / sizeof wide[0]; k++)
        *wide[k] = ki_take(c, units * KI_BLOCK, sizeof(double));
    double **const lines[] = {&s->mask, &s->line, &s->rate, &s->all, &s->spread};
    for (size_t k = 0; k < sizeof lines / sizeof lines[0]; k++)
        *lines[k] = ki_take(c, KI_BLOCK, sizeof(double));
    s->product = ki_take(c, units * units, sizeof(double));
    s->multiplier = ki_take(c, ki_matmul_space(n, n > KI_BLOCK ? n : KI_BLOCK), sizeof(double));
}

static void take(ki_cursor *c, int workers, job *j) {
    const size_t units = j->raster->units, n = units + 1;
    room s;
    ki_cursor measure = {0};

    ki_part_take(c, j->raster, &j->part);
    j->second = ki_take(c, j->raster->words, sizeof(uint64_t));
    j->first = ki_take(c, j->raster->words, sizeof(uint64_t));
    double **const vectors[] = {&j->before, &j->after, &j->H};
    for (size_t k = 0; k < sizeof vectors / sizeof vectors[0]; k++)
        *vectors[k] = ki_take(c, units, sizeof(double));
    double **const squares[] = {&j->c, &j->d, &j->J, &j->theta, &j->regression, &j->gram};
    for (size_t k = 0; k < sizeof squares / sizeof squares[0]; k++)
        *squares[k] = ki_take(c, n * n, sizeof(double));
    j->status = ki_take(c, units, sizeof(int));
    j->column = ki_take(c, units, sizeof(int8_t));
    j->history = ki_take(c, 64 * j->raster->words, sizeof(double));
    j->row = ki_take(c, units, sizeof(size_t));
    j->of = ki_take(c, units, sizeof(size_t));
    for (size_t k = 0; k < SLICES; k++) {
        double **const cells[] = {&j->slice[k].lag, &j->slice[k].lag_variance, &j->slice[k].same,
                                  &j->slice[k].same_variance};
        for (size_t q = 0; q < sizeof cells / sizeof cells[0]; q++)
            *cells[q] = ki_take(c, units * units, sizeof(double));
        j->slice[k].drift = ki_take(c, units * BATCHES, sizeof(double));
        j->slice[k].drift_variance = ki_take(c, units * BATCHES, sizeof(double));
    }
    take_room(&measure, units, &s);
    j->bytes = measure.used;
    j->rooms = ki_take(c, (uint64_t)workers, j->bytes);
}

uint64_t ki_misfit_bytes(size_t units, size_t words, int workers, int *overflow) {
    const ki_raster shape = {.units = units, .words = words};
    job j = {.raster = &shape};
    ki_cursor c = {0};

    take(&c, workers, &j);
    *overflow |= c.overflow;
    return c.used + ki_history_bytes(&shape, MOST_WAVES, overflow);
}

/* The fit, as rows of units that change. */
static int fit(job *j, const ki_run_options *run) {
    const size_t units = j->raster->units;
    const ki_fit_spec spec = {.ridge = RIDGE};
    ki_fit_result f = {.H = j->H, .J = j->J, .status = j->status, .column = j->column};
    const int error = ki_fit(j->raster, &spec, run, &f);

    if (error)
        return error;
    for (size_t i = 0; i < units; i++) {
        if (j->column[i])
            j->of[j->columns++] = i;
        if (j->status[i] != KI_SILENT && j->status[i] != KI_SATURATED)
            j->row[j->rows++] = i;
    }
    const size_t n = j->columns + 1;
    for (size_t r = 0; r < j->rows; r++) {
        j->theta[r * n] = j->H[j->row[r]];
        for (size_t k = 1; k < n; k++)
            j->theta[r * n + k] = j->J[j->row[r] * units + j->of[k - 1]];
    }
    return 0;
}

/* Regression of the states two bins before a transition's end on those one bin before it. */
static int regress(job *j, const ki_run_options *run) {
    const ki_raster *r = j->raster;
    const size_t units = r->units, n = j->columns + 1;
    size_t count = 0;

    for (size_t w = 0; w < r->words; w++) {
        j->first[w] = j->part.lead[1][w];
        j->second[w] = r->leads[w] & (r->leads[w] << 1 | (w ? r->leads[w - 1] >> 63 : 0));
        count += (size_t)__builtin_popcountll(j->second[w]);
    }
    if (count < 2 * n)
        return 0;
    int error = ki_raster_moments_on(r, j->second, count, run, j->before, NULL, j->c, NULL);
    j->gram[0] = 1;
    for (size_t a = 1; a < n && !error; a++) {
        j->gram[a * n] = j->gram[a] = j->before[j->of[a - 1]];
        for (size_t b = 1; b < n; b++)
            j->gram[a * n + b] = j->c[j->of[a - 1] * units + j->of[b - 1]];
    }
    if (error || ki_cholesky(n, j->gram, 1e-10))
        return error;
    error = ki_raster_moments_on(r, j->first, count, run, j->before, NULL, NULL, j->d);
    for (size_t k = 0; k < j->columns && !error; k++) {
        double *row = j->regression + k * n;
        row[0] = j->before[j->of[k]];
        for (size_t b = 1; b < n; b++)
            row[b] = j->d[j->of[b - 1] * units + j->of[k]];
        ki_cholesky_solve(n, j->gram, row);
    }
    j->regressed = !error;
    return error;
}

/* Regressors, residuals and their variances of the block at word w. */
static void residuals(const job *j, size_t w, room *s) {
    const ki_raster *r = j->raster;
    const size_t n = j->columns + 1;

    ki_block_ones(r->leads, w, s->x);
    for (size_t k = 1; k < n; k++)
        ki_block_states(r, ki_raster_row(r, j->of[k - 1]), r->leads, w, 0, s->x + k * KI_BLOCK);
    (void)ki_matmul(j->rows, KI_BLOCK, n, (ki_matrix){j->theta, n, 1}, NULL,
                    (ki_matrix){s->x, KI_BLOCK, 1}, s->h, KI_BLOCK, s->multiplier, &alone);
    ki_vchi(j->rows * KI_BLOCK, s->h, s->chi);
    ki_vsech2(j->rows * KI_BLOCK, s->h, s->w);
    memset(s->line, 0, KI_BLOCK * sizeof *s->line);
    memset(s->rate, 0, KI_BLOCK * sizeof *s->rate);
    memset(s->all, 0, KI_BLOCK * sizeof *s->all);
    memset(s->spread, 0, KI_BLOCK * sizeof *s->spread);
    for (size_t i = 0; i < j->rows; i++) {
        double *eps = s->eps + i * KI_BLOCK, *weight = s->w + i * KI_BLOCK;
        const double *h = s->h + i * KI_BLOCK, *chi = s->chi + i * KI_BLOCK;
        const double force = -atanh(j->after[j->row[i]]);
        ki_block_states(r, ki_raster_row(r, j->row[i]), r->leads, w, 1, eps);
        for (size_t t = 0; t < KI_BLOCK; t++) {
            const double th = copysign(sqrt(fmax(1 - weight[t], 0)), h[t]);
            s->rate[t] += force * eps[t];
            eps[t] = s->x[t] * (eps[t] - th);
            weight[t] *= s->x[t];
            s->line[t] += s->x[t] * chi[t] - h[t] * eps[t];
            s->all[t] += eps[t];
            s->spread[t] += weight[t];
        }
    }
}

/* c += a [m,KI_BLOCK] b [n,KI_BLOCK]^T. */
static void add_product(size_t m, size_t n, const double *a, const double *b, double *c, room *s) {
    (void)ki_matmul(m, n, KI_BLOCK, (ki_matrix){a, KI_BLOCK, 1}, NULL, (ki_matrix){b, 1, KI_BLOCK},
                    s->product, n, s->multiplier, &alone);
    for (size_t k = 0; k < m * n; k++)
        c[k] += s->product[k];
}

static void add_symmetric(size_t n, const double *a, double *c, room *s) {
    (void)ki_matmul_symmetric(n, KI_BLOCK, (ki_matrix){a, KI_BLOCK, 1}, NULL,
                              (ki_matrix){a, 1, KI_BLOCK}, s->product, n, s->multiplier, &alone);
    for (size_t k = 0; k < n * n; k++)
        c[k] += s->product[k];
}

/* What of the state two bins before is not explained by the last one. */
static void earlier(const job *j, size_t w, room *s) {
    const ki_raster *r = j->raster;
    const size_t n = j->columns + 1;

    ki_block_ones(j->second, w, s->mask);
    (void)ki_matmul(j->columns, KI_BLOCK, n, (ki_matrix){j->regression, n, 1}, NULL,
                    (ki_matrix){s->x, KI_BLOCK, 1}, s->z, KI_BLOCK, s->multiplier, &alone);
    for (size_t k = 0; k < j->columns; k++) {
        const uint64_t *bits = ki_raster_row(r, j->of[k]);
        double *z = s->z + k * KI_BLOCK, *state = s->squares + k * KI_BLOCK;
        uint64_t on[KI_BLOCK_WORDS];
        for (size_t q = 0; q < KI_BLOCK_WORDS; q++)
            on[q] = bits[w + q] << 1 | (w + q ? bits[w + q - 1] >> 63 : 0);
        ki_block_expand(on, j->second + w, state);
        for (size_t t = 0; t < KI_BLOCK; t++) {
            z[t] = state[t] - s->mask[t] * z[t];
            state[t] = z[t] * z[t];
        }
    }
}

/* Sums over batches of what each bin has. */
static void by_batches(const job *j, size_t w, const room *s, sums *out) {
    for (size_t k = 0; k < j->batches; k++) {
        const size_t low = j->edge[k] > 64 * w ? j->edge[k] - 64 * w : 0;
        const size_t end = j->edge[k + 1] > 64 * w ? j->edge[k + 1] - 64 * w : 0;
        const size_t high = end < KI_BLOCK ? end : KI_BLOCK;
        if (low >= high)
            continue;
        out->surprise[k] += ki_sum(high - low, s->line + low);
        out->rates[k] += ki_sum(high - low, s->rate + low);
        for (size_t i = 0; i < j->rows; i++) {
            out->drift[i * BATCHES + k] += ki_sum(high - low, s->eps + i * KI_BLOCK + low);
            out->drift_variance[i * BATCHES + k] += ki_sum(high - low, s->w + i * KI_BLOCK + low);
        }
    }
}

static int do_slice(void *context, ki_work *work, size_t slice) {
    job *j = context;
    const size_t units = j->raster->units, blocks = j->raster->words / KI_BLOCK_WORDS;
    const size_t first = slice * blocks / SLICES, end = (slice + 1) * blocks / SLICES;
    sums *out = j->slice + slice;
    ki_cursor memory = {.base = j->rooms + (size_t)ki_work_thread(work) * j->bytes};
    room s;

    take_room(&memory, units, &s);
    double *const cells[] = {out->lag, out->lag_variance, out->same, out->same_variance};
    for (size_t q = 0; q < sizeof cells / sizeof cells[0]; q++)
        memset(cells[q], 0, units * units * sizeof(double));
    memset(out->drift, 0, units * BATCHES * sizeof(double));
    memset(out->drift_variance, 0, units * BATCHES * sizeof(double));
    for (size_t b = first; b < end; b++) {
        const size_t w = b * KI_BLOCK_WORDS;
        if (ki_block_count(j->raster->leads, w) == 0)
            continue;
        residuals(j, w, &s);
        by_batches(j, w, &s, out);
        out->width += ki_sum(j->rows * KI_BLOCK, s.w);
        if (j->is_history) {
            out->history += ki_dot(KI_BLOCK, s.all, j->history + 64 * w);
            out->history_variance += ki_sum_squares(KI_BLOCK, j->history + 64 * w, s.spread);
        }
        add_symmetric(j->rows, s.eps, out->same, &s);
        add_symmetric(j->rows, s.w, out->same_variance, &s);
        if (j->regressed) {
            earlier(j, w, &s);
            add_product(j->rows, j->columns, s.eps, s.z, out->lag, &s);
            add_product(j->rows, j->columns, s.w, s.squares, out->lag_variance, &s);
        }
        if (ki_work_spend(work, 5 * units * units * KI_BLOCK))
            return ki_fail(KI_ERR_CANCELLED, "diagnose : cancelled : run it again");
    }
    (void)ki_work_tick(work, 1);
    return 0;
}

/* Slice 0 becomes the sum of all. */
static void add_slices(job *j) {
    sums *all = j->slice;
    const size_t units = j->raster->units;

    for (size_t k = 1; k < SLICES; k++) {
        const sums *s = j->slice + k;
        for (size_t q = 0; q < units * units; q++) {
            all->lag[q] += s->lag[q];
            all->lag_variance[q] += s->lag_variance[q];
            all->same[q] += s->same[q];
            all->same_variance[q] += s->same_variance[q];
        }
        for (size_t q = 0; q < units * BATCHES; q++) {
            all->drift[q] += s->drift[q];
            all->drift_variance[q] += s->drift_variance[q];
        }
        for (size_t q = 0; q < BATCHES; q++) {
            all->surprise[q] += s->surprise[q];
            all->rates[q] += s->rates[q];
        }
        all->width += s->width;
        all->history += s->history;
        all->history_variance += s->history_variance;
    }
}

/* One cell of a test. */
static void cell(double score, double variance, double *excess, ki_misfit *test) {
    if (variance < LEAST_CELL)
        return;
    *excess += score * score / variance - 1;
    test->dof++;
}

/* The parts of a unit, less what slow cosines can take of them. */
static void drift_cells(const job *j, const double *score, const double *variance, double *excess,
                        ki_misfit *test) {
    const size_t n = j->cosines;
    double a[MOST_WAVES * MOST_WAVES] = {0}, c[MOST_WAVES] = {0}, wave[MOST_WAVES], all = 0;
    size_t cells = 0;

    for (size_t k = 0; k < j->batches; k++) {
        if (variance[k] < LEAST_CELL)
            continue;
        cells++;
        all += score[k] * score[k] / variance[k];
        for (size_t p = 0; p < n; p++) {
            wave[p] = cos(acos(-1) * (double)(p + 1) * ((double)k + 0.5) / (double)j->batches);
            c[p] += wave[p] * score[k];
            for (size_t q = 0; q <= p; q++)
                a[p * n + q] += variance[k] * wave[p] * wave[q];
        }
    }
    if (cells <= 2 * n || ki_cholesky(n, a, 1e-10))
        return;
    ki_cholesky_forward(n, a, c);
    *excess += all - ki_dot(n, c, c) - (double)(cells - n);
    test->dof += cells - n;
}

static void finish_test(double excess, double gain, ki_misfit *test) {
    const double dof = (double)test->dof;

    test->z = test->dof ? excess / sqrt(2 * dof) : NAN;
    test->fraction = test->dof ? excess / 2 / fmax(gain, 1) : NAN;
}

static void test_all(const job *j, double gain, ki_misfit *test) {
    const sums *s = j->slice;
    double excess[KI_N_MISFITS] = {0};

    memset(test, 0, KI_N_MISFITS * sizeof *test);
    for (size_t k = 0; k < j->rows * j->columns && j->regressed; k++)
        cell(s->lag[k], s->lag_variance[k], excess + KI_MISFIT_LAG2, test + KI_MISFIT_LAG2);
    for (size_t a = 0; a < j->rows; a++) {
        for (size_t b = 0; b < a; b++)
            cell(s->same[a * j->rows + b], s->same_variance[a * j->rows + b],
                 excess + KI_MISFIT_SAME_BIN, test + KI_MISFIT_SAME_BIN);
        drift_cells(j, s->drift + a * BATCHES, s->drift_variance + a * BATCHES,
                    excess + KI_MISFIT_DRIFT, test + KI_MISFIT_DRIFT);
    }
    for (int k = 0; k < KI_MISFIT_HISTORY; k++)
        finish_test(excess[k], gain, test + k);
    /* One cell: z is its own sign and size. */
    ki_misfit *history = test + KI_MISFIT_HISTORY;
    history->dof = j->is_history && s->history_variance > 0;
    history->z = history->dof ? s->history / sqrt(s->history_variance) : NAN;
    history->fraction = history->dof ? (history->z * history->z - 1) / 2 / fmax(gain, 1) : NAN;
}

/* Standard error of the mean over transitions of a - factor b by the batches. */
static double batch_error(const job *j, const double *a, const double *b, double factor) {
    double sum[BATCHES];

    for (size_t k = 0; k < j->batches; k++)
        sum[k] = a[k] - factor * b[k];
    return sqrt(ki_part_variance(j->part.count, j->batches, sum));
}

/* Entropy of independent units with a rate in each part. That of few transitions is low by half a
 * parameter each; less that of one rate for all. */
static double drifting_entropy(const job *j) {
    const ki_raster *r = j->raster;
    const size_t parts = j->part.count < PARTS ? j->part.count : PARTS;
    const double count = (double)j->part.count;
    size_t edge[PARTS + 1];
    double sum = 0;

    ki_part_edges(&j->part, parts, 1, edge);
    for (size_t k = 0; k < parts; k++) {
        const double here = (double)ki_part_between(&j->part, edge[k], edge[k + 1], j->second);
        for (size_t i = 0; i < j->rows; i++) {
            const uint64_t *bits = ki_raster_row(r, j->row[i]);
            uint64_t active = 0;
            for (size_t w = 0; w < r->words; w++)
                active += (uint64_t)__builtin_popcountll(ki_raster_next(bits, r->words, w) &
                                                         j->second[w]);
            sum += here / count * ki_regime_spin_entropy(2 * (double)active / here - 1);
        }
    }
    return sum + (double)(j->rows * (parts - 1)) / (2 * count);
}

static int prepare(job *j, const ki_run_options *quiet) {
    ki_part_set(&j->part, 0, j->raster->bins);
    j->batches = j->part.count < BATCHES ? j->part.count : BATCHES;
    ki_part_edges(&j->part, j->batches, 1, j->edge);
    int error = regress(j, quiet);
    error = error ? error
                  : ki_history(j->raster, j->columns, j->of, j->cosines, quiet, j->history,
                               &j->is_history);
    return error ? error : ki_raster_moments(j->raster, quiet, NULL, j->after, NULL, NULL);
}

static void finish(job *j, ki_misfit_scores *out) {
    const double count = (double)j->part.count;
    double path = 0;

    add_slices(j);
    for (size_t k = 0; k < j->batches; k++)
        path += j->slice[0].surprise[k];
    out->independent = 0;
    for (size_t i = 0; i < j->raster->units; i++)
        out->independent += ki_regime_spin_entropy(j->after[i]);
    out->drifting = drifting_entropy(j); /* bins with two before are not needed any more */
    test_all(j, count * out->independent - path, out->test);
    out->kbar = j->slice[0].width / (count * (double)j->rows);
    const double *surprise = j->slice[0].surprise, *rates = j->slice[0].rates;
    const double r = path / count / out->independent;
    out->S_error = batch_error(j, surprise, rates, 0);
    out->independent_error = batch_error(j, rates, surprise, 0);
    out->r_error = batch_error(j, surprise, rates, r) / out->independent;
}

int ki_misfit_run(const ki_raster *raster, size_t cosines, const ki_run_options *fit_run,
                  const ki_run_options *run, ki_misfit_scores *out) {
    const ki_run_options quiet = {.threads = run ? run->threads : 0};
    const int workers = ki_parallel_workers(SLICES, run);
    job j = {.raster = raster, .cosines = cosines < MOST_WAVES ? cosines : MOST_WAVES};
    ki_cursor c = {0};

    if (workers < 0)
        return workers;
    take(&c, workers, &j);
    void *memory = c.overflow ? NULL : ki_alloc(1, c.used);
    if (!memory)
        return ki_fail(KI_ERR_NOMEM,
                       "diagnose : %llu bytes are not to be had : fewer units or bins",
                       (unsigned long long)c.used);
    c = (ki_cursor){.base = memory};
    take(&c, workers, &j);
    int error = fit(&j, fit_run);
    error = error ? error : prepare(&j, &quiet);
    error = error ? error : ki_parallel_work(SLICES, SLICES, run, do_slice, &j);
    if (!error)
        finish(&j, out);
    ki_free(memory);
    return error;
}
