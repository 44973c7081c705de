/* SPDX-License-Identifier: BSD-3-Clause */
/* The evidence as a function of the prior [evidence], and its maximum. Means, three and one of each
 * cosine, follow from linear equations; variances are iterated (MacKay): the sum of squares over the
 * number of parameters that the data determine. */
#include "prior.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "num/cholesky.h"
#include "num/cholesky_lanes.h"
#include "num/sum.h"

#define GOAL 1e-7       /* of ln variance and mean of the couplings, relative */
#define OTHER_GOAL 1e-5 /* of the other variances */
#define PART 0.02       /* of the first change at which sites are worth more than a better prior */
#define FLATTEST 0.05   /* slope of a secant */
#define LONGEST 2.0     /* step of ln variance */
#define LEAST_VARIANCE 1e-8 /* a kind of parameters without spread */
#define LEAST_SLOW 1e-6     /* cosines of a recording without drift */
enum { MOST_STEPS = 300, MOST_MEANS = KI_KINDS + KI_MOST_COSINES };

/* Rows as functions of the means: mean = base + sum_q m_q lift_q. */
typedef struct rows {
    const ki_evidence_data *data;
    const ki_kinds *prior;
    double *base, *variance; /* [units,n] */
    double *lift;            /* [units,means,n] */
    double *value;           /* [units] log-evidence */
    ki_v8 *square;           /* [workers, work_of(d)] */
} rows;

/* Two matrices, right sides and a diagonal of a group. */
static size_t work_of(const ki_evidence_data *d) {
    const size_t p = KI_LANES_WIDTH(d->n);
    return 2 * p * p + (2 + ki_means(d)) * p;
}

/* Rows of a group, by the inverse w of the factor u. */
static void do_lane(const rows *r, size_t i, size_t lane, const ki_v8 *log_det, const ki_v8 *base,
                    const ki_v8 *variance) {
    const ki_evidence_data *d = r->data;
    const size_t n = d->n, p = KI_LANES_WIDTH(n), means = ki_means(d);
    double value = -(*log_det)[lane] / 2;

    for (size_t k = 0; k < n; k++) {
        const int kind = ki_kind_of(d, i, k);
        const double v = r->prior->variance[kind], m = r->prior->mean[ki_mean_of(d, i, k)];
        double mean = base[k][lane];
        r->base[i * n + k] = base[k][lane];
        r->variance[i * n + k] = variance[k][lane];
        for (size_t other = 0; other < means; other++) {
            const double lift = base[(1 + other) * p + k][lane];
            r->lift[(i * means + other) * n + k] = lift;
            mean += r->prior->mean[other] * lift;
        }
        value += mean / 2 * (d->weighted[i * n + k] + m / v) - (log(v) + m * m / v) / 2;
    }
    r->value[i] = value;
}

static int do_group(void *context, ki_work *work, size_t g) {
    const rows *r = context;
    const ki_evidence_data *d = r->data;
    const size_t n = d->n, p = KI_LANES_WIDTH(n), first = KI_LANES * g, means = ki_means(d);
    const size_t lanes = d->units - first < KI_LANES ? d->units - first : KI_LANES;
    ki_v8 *u = r->square + (size_t)ki_work_thread(work) * work_of(d), *w = u + p * p;
    ki_v8 *base = w + p * p, *variance = base + (1 + means) * p, log_det = {0};

    const int error = ki_evidence_factor(d, r->prior, g, u);
    if (error)
        return error;
    memset(base, 0, (1 + means) * p * sizeof *base);
    for (size_t lane = 0; lane < lanes; lane++)
        for (size_t k = 0; k < n; k++) {
            const int kind = ki_kind_of(d, first + lane, k);
            base[k][lane] = d->weighted[(first + lane) * n + k];
            base[(1 + ki_mean_of(d, first + lane, k)) * p + k][lane] = 1 / r->prior->variance[kind];
        }
    for (size_t k = 0; k <= means; k++)
        ki_cholesky_lanes_solve(p, u, base + k * p);
    ki_cholesky_lanes_invert(p, u, w);
    ki_cholesky_lanes_variances(p, w, variance);
    for (size_t lane = 0; lane < lanes; lane++) {
        for (size_t k = 0; k < n; k++)
            log_det[lane] += 2 * log(u[k * p + k][lane]);
        do_lane(r, first + lane, lane, &log_det, base, variance);
    }
    return ki_work_spend(work, 8 * n * n * n) || ki_work_tick(work, 1) ? ki_evidence_cancelled()
                                                                       : 0;
}

static uint64_t take_rows(rows *r, int workers, ki_cursor *m) {
    const size_t n = r->data->n, units = r->data->units;

    r->base = ki_take(m, units * n, sizeof(double));
    r->variance = ki_take(m, units * n, sizeof(double));
    r->lift = ki_take(m, units * ki_means(r->data) * n, sizeof(double));
    r->value = ki_take(m, units, sizeof(double));
    r->square = ki_take(m, (uint64_t)workers * work_of(r->data), sizeof(ki_v8));
    return m->used;
}

/* Memory of the rows of `d`; NULL, with the sentence set, if there is none. */
static void *make_rows(const ki_evidence_data *d, const ki_run_options *run, rows *r) {
    const int workers = ki_parallel_workers(d->groups, run);
    ki_cursor memory = {0};

    r->data = d;
    const uint64_t bytes = take_rows(r, workers, &memory);
    void *all = memory.overflow ? NULL : ki_alloc(1, bytes);
    memory = (ki_cursor){.base = all};
    if (all)
        (void)take_rows(r, workers, &memory);
    else
        (void)ki_fail(KI_ERR_NOMEM, "diagnose : %llu bytes are not to be had : fewer units",
                      (unsigned long long)bytes);
    return all;
}

uint64_t ki_evidence_rows_bytes(const ki_evidence_data *d, int threads, int *overflow) {
    const ki_run_options run = {.threads = threads};
    ki_cursor memory = {0};
    rows r = {.data = d};

    const uint64_t bytes = take_rows(&r, ki_parallel_workers(d->groups, &run), &memory);
    *overflow |= memory.overflow;
    return bytes;
}

static int evaluate(rows *r, const ki_kinds *prior, const ki_run_options *run) {
    const ki_evidence_data *d = r->data;

    r->prior = prior;
    return ki_evidence_loop(d, d->groups, do_group, r, run, d->units, 0);
}

static double mean_of(const rows *r, const ki_kinds *prior, size_t i, size_t k) {
    const size_t n = r->data->n, means = ki_means(r->data);
    double mean = r->base[i * n + k];

    for (size_t q = 0; q < means; q++)
        mean += prior->mean[q] * r->lift[(i * means + q) * n + k];
    return mean;
}

int ki_evidence_value(const ki_evidence_data *d, const ki_kinds *prior, const ki_run_options *run,
                      double *value, double *mean, double *variance) {
    rows r;
    void *memory = make_rows(d, run, &r);
    int error = memory ? evaluate(&r, prior, run) : KI_ERR_NOMEM;

    if (!error) {
        *value = ki_sum(d->units, r.value);
        for (size_t i = 0; i < d->units && mean; i++)
            for (size_t k = 0; k < d->n; k++)
                mean[i * d->n + k] = mean_of(&r, prior, i, k);
        if (variance)
            memcpy(variance, r.variance, d->units * d->n * sizeof *variance);
    }
    ki_free(memory);
    return error;
}

/* The best means for the variances at hand: of all parameters that share one, the mean of the posterior
 * is that of the prior, but for cosines, whose means have a prior of their own; *shared is the next
 * variance of that one. */
static void best_means(const rows *r, ki_kinds *prior, double *shared) {
    const ki_evidence_data *d = r->data;
    const size_t means = ki_means(d);
    double a[MOST_MEANS * MOST_MEANS] = {0}, c[MOST_MEANS] = {0}, unit[MOST_MEANS];

    for (size_t i = 0; i < d->units; i++)
        for (size_t k = 0; k < d->n; k++) {
            const size_t q = ki_mean_of(d, i, k);
            c[q] += r->base[i * d->n + k];
            a[q * means + q] += 1;
            for (size_t other = 0; other < means; other++)
                a[q * means + other] -= r->lift[(i * means + other) * d->n + k];
        }
    /* Divided by the variances of its rows the matrix is symmetric. */
    for (size_t q = 0; q < means; q++) {
        const double v = prior->variance[q < KI_KINDS ? q : KI_KIND_SLOW];
        c[q] /= v;
        for (size_t other = 0; other < means; other++)
            a[q * means + other] /= v;
    }
    const double V = prior->variance[KI_KIND_SHARED];
    double squares = 0, determined = 0;
    for (size_t q = KI_KINDS; q < means; q++)
        a[q * means + q] += 1 / V;
    *shared = V;
    if (ki_cholesky(means, a, 1e-12))
        return;
    ki_cholesky_solve(means, a, c);
    memcpy(prior->mean, c, means * sizeof *c);
    for (size_t q = KI_KINDS; q < means; q++) {
        squares += c[q] * c[q];
        memset(unit, 0, means * sizeof *unit);
        unit[q] = 1;
        ki_cholesky_forward(means, a, unit);
        determined += 1 - ki_dot(means, unit, unit) / V;
    }
    if (means > KI_KINDS)
        *shared = fmax(squares / fmax(determined, 1e-12), LEAST_SLOW);
}

static double least_variance(int kind) {
    return kind >= KI_KIND_SLOW ? LEAST_SLOW : LEAST_VARIANCE;
}

static void next_variances(const rows *r, const ki_kinds *prior, double *variance) {
    const ki_evidence_data *d = r->data;
    double squares[KI_KINDS + 1] = {0}, determined[KI_KINDS + 1] = {0};

    for (size_t i = 0; i < d->units; i++)
        for (size_t k = 0; k < d->n; k++) {
            const int kind = ki_kind_of(d, i, k);
            const double deviation = mean_of(r, prior, i, k) - prior->mean[ki_mean_of(d, i, k)];
            squares[kind] += deviation * deviation;
            determined[kind] += 1 - r->variance[i * d->n + k] / prior->variance[kind];
        }
    for (int kind = 0; kind <= KI_KINDS; kind++)
        variance[kind] = fmax(squares[kind] / fmax(determined[kind], 1e-12), least_variance(kind));
    if (d->cosines == 0)
        variance[KI_KIND_SLOW] = prior->variance[KI_KIND_SLOW];
}

/* Where ln variance y goes that the map of MacKay moves by r: a secant of r(y), whose slope is -1
 * where the data say all and near 0 where they say little; MacKay's own step where |r| does not fall. */
typedef struct secant {
    double y, r; /* of the step before; r is 0 at first */
} secant;

static double next_log(secant *s, double y, double r) {
    const int falls = fabs(r) < fabs(s->r) && y != s->y;
    const double slope = falls ? (r - s->r) / (y - s->y) : -1;
    const double step = r / fmin(fmax(-slope, FLATTEST), 1);

    *s = (secant){y, r};
    return y + fmin(fmax(step, -LONGEST), LONGEST);
}

int ki_evidence_maximize(ki_evidence_data *d, const ki_run_options *run) {
    ki_kinds prior = d->prior;
    secant last[KI_VARIANCES] = {0};
    rows r;
    void *memory = make_rows(d, run, &r);
    int error = memory ? 0 : KI_ERR_NOMEM, moving = 1;
    double before = 0, first = 0;

    for (int step = 0; !error && moving && step < MOST_STEPS; step++) {
        const ki_kinds old = prior;
        double next[KI_VARIANCES];
        error = evaluate(&r, &old, run);
        if (error)
            break;
        const double value = ki_sum(d->units, r.value);
        d->gain = step ? d->gain + value - before : 0;
        before = value;
        best_means(&r, &prior, next + KI_KIND_SHARED);
        next_variances(&r, &prior, next);
        double moved = fabs(prior.mean[0] - old.mean[0]) / sqrt(old.variance[0]) / GOAL;
        for (int kind = 0; kind < KI_VARIANCES; kind++) {
            const double y = log(old.variance[kind]), change = log(next[kind]) - y;
            moved = fmax(moved, fabs(change) / (kind == KI_KIND_COUPLING ? GOAL : OTHER_GOAL));
            prior.variance[kind] =
                fmax(exp(next_log(last + kind, y, change)), least_variance(kind));
        }
        first = step ? first : moved;
        moving = moved > fmax(1, PART * first);
    }
    if (!error)
        d->prior = prior;
    ki_free(memory);
    return error;
}
