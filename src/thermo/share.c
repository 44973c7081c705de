/* SPDX-License-Identifier: BSD-3-Clause */
/* Shares of units and pairs in the entropy production, with errors and p-values. */
#include <math.h>

#include "base/parallel.h"
#include "flips.h"
#include "job.h"
#include "num/sum.h"

/* Whether two units have a row and a column each. */
static int is_pair(const ki_entropy_job *j, size_t a, size_t b) {
    const size_t unit[2] = {a, b};

    for (int k = 0; k < 2; k++)
        if (!j->column[unit[k]] || j->status[unit[k]] == KI_SILENT ||
            j->status[unit[k]] == KI_SATURATED)
            return 0;
    return a != b;
}

static double force_of(const ki_entropy_job *j, size_t a, size_t b) {
    const size_t n = j->raster->units;

    return j->J[a * n + b] - j->J[b * n + a];
}

/* Variance of J_ab - J_ba. */
static double force_variance(const ki_entropy_job *j, size_t a, size_t b) {
    const size_t n = j->raster->units;

    return j->pass.variance[a * n + b] + j->pass.variance[b * n + a];
}

/* Standard errors of the pairs with some units: of the product of two numbers with the variances
 * v and w and the covariance 2/T, w by batches. */
static void pair_errors(const ki_entropy_job *j, size_t first, size_t rows) {
    const ki_pass *p = &j->pass;
    const size_t n = j->raster->units;
    const double both = 2 / (double)j->part.count;
    size_t unit[KI_PAIR_ROWS] = {0};
    double sum[KI_BATCHES];

    for (size_t r = 0; r < rows; r++)
        unit[r] = first + r;
    ki_part_currents(&j->part, p->batches, p->batch, rows, unit, j->pair_bits, j->pair_room);
    for (size_t r = 0; r < rows; r++)
        for (size_t b = 0; b < n; b++) {
            const size_t a = first + r;
            for (size_t k = 0; k < p->batches; k++)
                sum[k] = j->pair_room[(k * rows + r) * n + b];
            const double force = force_of(j, a, b), current = j->current[a * n + b];
            const double v = force_variance(j, a, b);
            const double w = ki_part_variance(j->part.count, p->batches, sum);
            j->out.pair_error[a * n + b] =
                a == b             ? NAN
                : is_pair(j, a, b) ? sqrt(fmax(0, current * current * v + force * force * w +
                                                      2 * force * current * both) +
                                          v * w + both * both)
                                   : 0;
        }
}

static void share_pairs(const ki_entropy_job *j) {
    const size_t n = j->raster->units;
    const ki_entropy_result *o = &j->out;
    const double count = (double)j->part.count;

    for (size_t a = 0; a < n && (o->pair || o->pair_p); a++)
        for (size_t b = 0; b < n; b++) {
            const int both = is_pair(j, a, b);
            const double force = force_of(j, a, b);
            if (o->pair)
                o->pair[a * n + b] = a == b ? NAN
                                     : both ? force * j->current[a * n + b] - 2 / count
                                            : 0;
            if (o->pair_p)
                o->pair_p[a * n + b] =
                    both ? erfc(fabs(force) / sqrt(2 * force_variance(j, a, b))) : NAN;
        }
    for (size_t a = 0; a < n && o->pair_error; a += KI_PAIR_ROWS)
        pair_errors(j, a, n - a < KI_PAIR_ROWS ? n - a : KI_PAIR_ROWS);
}

/* The test by flips of one row. */
static int test_row(void *ctx, size_t r) {
    const ki_entropy_job *j = ctx;
    const ki_pass *p = &j->pass;
    double statistic;

    j->out.unit_p[p->unit[r]] =
        ki_flip_test(p->blocks, p->gram + r * KI_FLIP_BLOCKS * KI_FLIP_BLOCKS, j->spec.seed,
                     j->spec.flips, &statistic);
    return 0;
}

int ki_entropy_shares(const ki_entropy_job *j) {
    const ki_pass *p = &j->pass;
    const size_t n = j->raster->units;
    const ki_run_options run = {.threads = j->run ? j->run->threads : 0};
    const double count = (double)j->part.count;
    const ki_entropy_result *o = &j->out;

    for (size_t i = 0; i < n; i++) {
        if (o->unit)
            o->unit[i] = 0;
        if (o->unit_error)
            o->unit_error[i] = 0;
        if (o->unit_p)
            o->unit_p[i] = NAN;
    }
    for (size_t r = 0; r < p->fitted; r++) {
        const size_t i = p->unit[r];
        const double others = (double)(p->n - 1) - j->column[i];
        if (o->unit)
            o->unit[i] = ki_entropy_row_sigma(j, r) - others / count -
                         ki_sum(KI_LEADS, p->leads + r * KI_LEADS) -
                         (p->likelihood ? p->cox_snell[r] : 0);
        if (o->unit_error)
            o->unit_error[i] = ki_entropy_error(
                ki_part_variance(j->part.count, p->batches, p->psi + r * KI_BATCHES),
                3 * others / (count * count));
    }
    share_pairs(j);
    return o->unit_p && p->blocks ? ki_parallel_for(p->fitted, 1, &run, test_row, (void *)j) : 0;
}
