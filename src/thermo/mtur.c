/* SPDX-License-Identifier: BSD-3-Clause */
/* The bound of the multidimensional thermodynamic uncertainty relation [mtur]. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "currents.h"
#include "job.h"
#include "num/cholesky.h"
#include "num/sum.h"

/* A pivot of the covariance that has lost all but so much of its variance is none. */
#define SMALL 1e-10

/* Memory of a bound by all pairs. */
typedef struct arrays {
    double *mean, *pull, *covariance; /* [pairs], [pairs], [pairs,pairs] */
    double *u;                        /* [64 words] */
    double *batch;                    /* [batches,units,N] sums of currents */
    double *lag;                      /* [pairs] */
    uint64_t *bits;
} arrays;

static void take(ki_cursor *c, size_t units, size_t all, size_t words, arrays *a) {
    const size_t pairs = ki_current_pairs(units);

    a->mean = ki_take(c, pairs, sizeof(double));
    a->pull = ki_take(c, pairs, sizeof(double));
    a->lag = ki_take(c, pairs, sizeof(double));
    a->covariance = ki_take(c, pairs * pairs, sizeof(double));
    a->u = ki_take(c, 64 * words, sizeof(double));
    a->batch = ki_take(c, KI_BATCHES * units * all, sizeof(double));
    a->bits = ki_take(c, ki_part_space(all), sizeof(uint64_t));
}

uint64_t ki_entropy_mtur_bytes(size_t units, size_t words, int threads) {
    ki_cursor c = {0};
    arrays a;

    take(&c, units, units, words, &a);
    return c.overflow ? UINT64_MAX : c.used + ki_currents_bytes(units, 1, 1, threads);
}

/* sum over pairs of (l^-1 (mean of a batch - mean of all))^2, summed over the batches: with l l^T the
 * covariance of a current, what the covariance of the mean of all is of it, by their number. */
static double spread(const ki_entropy_job *j, const ki_currents *c, const arrays *a) {
    const ki_pass *p = &j->pass;
    const size_t units = j->raster->units, pairs = ki_current_pairs(c->units);
    double sum = 0;

    ki_part_currents(&j->part, p->batches, p->batch, c->units, c->unit, a->bits, a->batch);
    for (size_t b = 0; b < p->batches; b++) {
        const double *from = a->batch + b * c->units * units;
        const double count = (double)ki_part_size(j->part.count, p->batches, b);
        size_t k = 0;
        for (size_t i = 0; i < c->units; i++)
            for (size_t m = i + 1; m < c->units; m++, k++)
                a->lag[k] = from[i * units + c->unit[m]] / count - a->mean[k];
        ki_cholesky_forward(pairs, a->covariance, a->lag);
        sum += ki_dot(pairs, a->lag, a->lag);
    }
    const double batches = (double)p->batches;
    return sum / (batches * (batches - 1));
}

/* Sums over batches of the influence of each transition: u becomes psi. */
static double influence(const ki_entropy_job *j, double *u, double q) {
    const ki_pass *p = &j->pass;
    double sum[KI_BATCHES];

    for (size_t b = 0; b < p->batches; b++) {
        sum[b] = 0;
        for (size_t t = p->batch[b]; t < p->batch[b + 1]; t++) {
            const double v = u[t] - q;
            if (j->part.lead[0][t / 64] >> t % 64 & 1)
                sum[b] += 2 / (1 + 2 * q) * (2 * v - v * v + q);
        }
    }
    return ki_part_variance(j->part.count, p->batches, sum);
}

static int bound(ki_entropy_job *j, const ki_currents *c, const arrays *a) {
    const ki_run_options run = ki_entropy_stage(j);
    const size_t pairs = ki_current_pairs(c->units);
    ki_entropy_value *out = j->out.value + KI_MTUR;
    int error = ki_currents_covariance(c, a->mean, a->covariance, &run);

    if (error)
        return error;
    if (ki_cholesky(pairs, a->covariance, SMALL)) {
        out->status = KI_NOT_CONVERGED;
        return 0;
    }
    memcpy(a->pull, a->mean, pairs * sizeof *a->pull);
    ki_cholesky_solve(pairs, a->covariance, a->pull);
    const ki_run_options quiet = {.threads = run.threads};
    error = ki_currents_along(c, 1, a->pull, a->u, &quiet);
    if (error)
        return error;
    const double q = ki_dot(pairs, a->mean, a->pull), slope = 2 / (1 + 2 * q);
    const double excess = spread(j, c, a), count = (double)j->part.count;
    const double v = influence(j, a->u, q);
    const double second = 2 * slope * slope * excess * excess / (double)pairs;
    *out = (ki_entropy_value){log1p(2 * q), sqrt(fmax(v - second, second)),
                              slope * (excess + q * (double)(pairs + 1) / count) - v / 2,
                              KI_CONVERGED};
    return 0;
}

int ki_entropy_mtur(ki_entropy_job *j) {
    const size_t n = j->raster->units;
    const ki_currents c = {&j->part, j->n_kept, j->kept};
    ki_cursor at = {0};
    arrays a;

    if (c.units < 2 || j->part.count < 2) {
        j->out.value[KI_MTUR].status = KI_NOT_CONVERGED;
    } else if (ki_current_pairs(c.units) >= j->part.count) {
        j->out.value[KI_MTUR].status = KI_TOO_SHORT;
    } else {
        take(&at, c.units, n, j->raster->words, &a);
        char *base = at.overflow || at.used > SIZE_MAX / 2 ? NULL : ki_alloc((size_t)at.used, 1);
        if (!base)
            return ki_fail(KI_ERR_NOMEM, "mtur : no memory for %zu pairs of units : fewer units",
                           ki_current_pairs(c.units));
        at = (ki_cursor){.base = base};
        take(&at, c.units, n, j->raster->words, &a);
        const int error = bound(j, &c, &a);
        ki_free(base);
        if (error)
            return error;
    }
    j->stage++;
    return 0;
}
