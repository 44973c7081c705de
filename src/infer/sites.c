/* SPDX-License-Identifier: BSD-3-Clause */
/* Sites of rows [evidence]: Laplace's method, then expectation propagation. */
#include "sites.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "num/cholesky.h"
#include "num/matmul.h"
#include "num/sum.h"
#include "num/vecmath.h"
#include "raster/block.h"

#define LONGEST 3.0     /* step of a parameter */
#define SMALL_STEP 1e-2 /* where Newton's steps end: sites are swept afterwards */
#define LEAST_TAU                                                                                  \
    1e-12 /* of a site; the likelihood is log-concave, so that only rounding is below */
enum { NEWTON_STEPS = 60 };

static const ki_run_options alone = {.threads = 1};

void ki_evidence_take(ki_cursor *m, ki_evidence_data *d) {
    const size_t n = d->n, wide = d->blocks * KI_BLOCK;

    d->x = ki_take(m, n * wide, sizeof(double));
    d->tau = ki_take(m, d->units * wide, sizeof(double));
    d->nu = ki_take(m, d->units * wide, sizeof(double));
    d->theta = ki_take(m, d->units * n, sizeof(double));
    d->precision = ki_take(m, d->units * n * n, sizeof(double));
    d->weighted = ki_take(m, d->units * n, sizeof(double));
    d->change = ki_take(m, d->units, sizeof(double));
}

void ki_evidence_fill(ki_evidence_data *d) {
    const ki_raster *r = d->raster;

    for (size_t b = 0; b < d->blocks; b++) {
        double *x = d->x + b * d->n * KI_BLOCK;
        ki_block_ones(r->leads, d->word[b], x);
        for (size_t k = 0; k < d->units; k++)
            ki_block_states(r, ki_raster_row(r, d->unit[k]), r->leads, d->word[b], 0,
                            x + (k + 1) * KI_BLOCK);
        for (size_t k = 1; k <= d->cosines; k++)
            for (size_t t = 0; t < KI_BLOCK; t++) {
                const double bin = (double)(64 * d->word[b] + t) + 0.5;
                x[(d->units + k) * KI_BLOCK + t] =
                    x[t] * cos(acos(-1) * (double)k * bin / (double)r->bins);
            }
    }
}

/* Memory of one row at work. */
typedef struct room {
    double *inverse, *factor, *square; /* [n,n] */
    double *goal;                      /* [n] */
    double *product;                   /* [n, KI_BLOCK] */
    double *y, *f, *v;                 /* [KI_BLOCK] */
    double *multiplier;
} room;

static void take_room(ki_cursor *m, size_t n, room *s) {
    s->inverse = ki_take(m, n * n, sizeof(double));
    s->factor = ki_take(m, n * n, sizeof(double));
    s->square = ki_take(m, n * n, sizeof(double));
    s->goal = ki_take(m, n, sizeof(double));
    s->product = ki_take(m, n * KI_BLOCK, sizeof(double));
    s->y = ki_take(m, KI_BLOCK, sizeof(double));
    s->f = ki_take(m, KI_BLOCK, sizeof(double));
    s->v = ki_take(m, KI_BLOCK, sizeof(double));
    s->multiplier = ki_take(m, ki_matmul_space(n, KI_BLOCK > n ? KI_BLOCK : n), sizeof(double));
}

/* Covariance and mean (to `goal`) of row i by its sites. */
static int solve_row(const ki_evidence_data *d, size_t i, room *s) {
    const size_t n = d->n;

    memcpy(s->factor, d->precision + i * n * n, n * n * sizeof *s->factor);
    for (size_t k = 0; k < n; k++) {
        const int kind = ki_kind_of(d, i, k);
        s->factor[k * n + k] += 1 / d->prior.variance[kind];
        s->goal[k] = d->weighted[i * n + k] + d->prior.mean[kind] / d->prior.variance[kind];
    }
    if (ki_cholesky(n, s->factor, 0))
        return ki_fail(KI_ERR_ARGUMENT,
                       "diagnose : the posterior of unit %zu has no finite covariance : fewer "
                       "units, or more bins",
                       d->unit[i]);
    ki_cholesky_inverse(n, s->factor, s->inverse);
    ki_cholesky_solve(n, s->factor, s->goal);
    return 0;
}

/* Fields theta.x and targets of a block of row i. */
static void fields(const ki_evidence_data *d, size_t i, size_t b, room *s) {
    const ki_raster *r = d->raster;
    const double *x = d->x + b * d->n * KI_BLOCK, *theta = d->theta + i * d->n;

    ki_block_states(r, ki_raster_row(r, d->unit[i]), r->leads, d->word[b], 1, s->y);
    memset(s->f, 0, KI_BLOCK * sizeof *s->f);
    for (size_t k = 0; k < d->n; k++)
        for (size_t t = 0; t < KI_BLOCK; t++)
            s->f[t] += theta[k] * x[k * KI_BLOCK + t];
}

/* Variances x^T S x of the fields. */
static void variances(const ki_evidence_data *d, size_t b, room *s) {
    const size_t n = d->n;
    const double *x = d->x + b * n * KI_BLOCK;

    (void)ki_matmul(n, KI_BLOCK, n, (ki_matrix){s->inverse, n, 1}, NULL,
                    (ki_matrix){x, KI_BLOCK, 1}, s->product, KI_BLOCK, s->multiplier, &alone);
    memset(s->v, 0, KI_BLOCK * sizeof *s->v);
    for (size_t k = 0; k < n; k++)
        for (size_t t = 0; t < KI_BLOCK; t++)
            s->v[t] += x[k * KI_BLOCK + t] * s->product[k * KI_BLOCK + t];
}

/* Nodes x > 0 and weights of the Gauss-Hermite rule of 24 nodes for Int f(x) N(x; 0, 1) dx. */
static const double node[12] = {0.31737009662945231, 0.95342192293210903, 1.59348042981642,
                                2.2404678516917524,  2.8977286432233136,  3.5693067640735601,
                                4.2603836050199053,  4.9780413746391208,  5.7327471752512009,
                                6.5416750050986341,  7.437890666021663,   8.5078035191952566};
static const double node_weight[12] = {
    0.24087011554664031,    0.16145951286700008,    0.072069364017178325,   0.021126344408967546,
    0.0039766089291813087,  0.00046471871877939568, 3.2095005652745914e-05, 1.2176597454425813e-06,
    2.2674616734806418e-08, 1.7186649279648582e-10, 3.7149741527623988e-13, 9.390193689041956e-17};

/* Sites by which the tilted distributions sigma(2 y f) N(f; cavity) have the right moments. */
static void match(double *tau, double *nu, room *s) {
    for (size_t t = 0; t < KI_BLOCK; t++) {
        if (s->y[t] == 0) {
            tau[t] = nu[t] = 0;
            continue;
        }
        const double precision = fmax(1 / s->v[t] - tau[t], 1e-12);
        const double first = s->f[t] / s->v[t] - nu[t];
        const double mean = first / precision, width = sqrt(1 / precision);
        double e[24], z = 0, m = 0, square = 0;
        for (size_t k = 0; k < 12; k++) {
            e[k] = -2 * s->y[t] * (mean + width * node[k]);
            e[12 + k] = -2 * s->y[t] * (mean - width * node[k]);
        }
        ki_vexp(24, e, e);
        for (size_t k = 0; k < 12; k++) {
            const double a = node_weight[k] / (1 + e[k]), c = node_weight[k] / (1 + e[12 + k]);
            z += a + c;
            m += (a - c) * node[k];
            square += (a + c) * node[k] * node[k];
        }
        m /= z;
        const double spread = square / z - m * m; /* of the tilted one in units of the cavity's */
        tau[t] = fmax(precision * (1 / spread - 1), LEAST_TAU);
        nu[t] = (mean + width * m) * (precision + tau[t]) - first;
    }
}

/* Sites of second order at the field itself. */
static void expand(double *tau, double *nu, const room *s) {
    for (size_t t = 0; t < KI_BLOCK; t++) {
        const double th = tanh(s->f[t]);
        tau[t] = s->y[t] == 0 ? 0 : fmax(1 - th * th, LEAST_TAU);
        nu[t] = s->y[t] == 0 ? 0 : s->y[t] - th + tau[t] * s->f[t];
    }
}

/* New sites of row i where `theta` is, and their sums. */
static int pass(ki_evidence_data *d, ki_work *work, size_t i, room *s, int laplace) {
    const size_t n = d->n, wide = d->blocks * KI_BLOCK;
    double *precision = d->precision + i * n * n, *weighted = d->weighted + i * n;

    memset(precision, 0, n * n * sizeof *precision);
    memset(weighted, 0, n * sizeof *weighted);
    for (size_t b = 0; b < d->blocks; b++) {
        double *tau = d->tau + i * wide + b * KI_BLOCK, *nu = d->nu + i * wide + b * KI_BLOCK;
        const double *x = d->x + b * n * KI_BLOCK;
        fields(d, i, b, s);
        if (laplace) {
            expand(tau, nu, s);
        } else {
            variances(d, b, s);
            match(tau, nu, s);
        }
        (void)ki_matmul_symmetric(n, KI_BLOCK, (ki_matrix){x, KI_BLOCK, 1}, tau,
                                  (ki_matrix){x, 1, KI_BLOCK}, s->square, n, s->multiplier, &alone);
        for (size_t k = 0; k < n * n; k++)
            precision[k] += s->square[k];
        for (size_t k = 0; k < n; k++)
            weighted[k] += ki_dot(KI_BLOCK, nu, x + k * KI_BLOCK);
        if (ki_work_spend(work, 2 * n * n * KI_BLOCK))
            return ki_fail(KI_ERR_CANCELLED, "diagnose : cancelled : run it again");
    }
    return 0;
}

typedef struct job {
    ki_evidence_data *data;
    char *memory;
    uint64_t bytes; /* of a worker */
    int laplace;
} job;

static int do_row(void *context, ki_work *work, size_t i) {
    const job *j = context;
    ki_evidence_data *d = j->data;
    const size_t n = d->n;
    double *theta = d->theta + i * n;
    ki_cursor memory = {.base = j->memory + (size_t)ki_work_thread(work) * j->bytes};
    room s;
    int error;

    take_room(&memory, n, &s);
    if (j->laplace) {
        memset(theta, 0, n * sizeof *theta);
        error = pass(d, work, i, &s, 1);
    } else {
        error = solve_row(d, i, &s);
        d->change[i] = 0;
        for (size_t k = 0; k < n && !error; k++) {
            const double step = fabs(s.goal[k] - theta[k]) / sqrt(s.inverse[k * n + k]);
            d->change[i] = fmax(d->change[i], step);
            theta[k] = s.goal[k];
        }
        error = error ? error : pass(d, work, i, &s, 0);
    }
    for (int step = 0; j->laplace && !error && step < NEWTON_STEPS; step++) {
        double longest = 0;
        error = solve_row(d, i, &s);
        for (size_t k = 0; k < n && !error; k++)
            longest = fmax(longest, fabs(s.goal[k] - theta[k]));
        const double part = longest > LONGEST ? LONGEST / longest : 1;
        for (size_t k = 0; k < n && !error; k++)
            theta[k] += part * (s.goal[k] - theta[k]);
        error = error ? error : pass(d, work, i, &s, 1);
        if (longest < SMALL_STEP)
            break;
    }
    (void)ki_work_tick(work, 1);
    return error;
}

static int all_rows(ki_evidence_data *d, const ki_run_options *run, int laplace) {
    const int workers = ki_parallel_workers(d->units, run);
    ki_cursor measure = {0};
    room s;
    job j = {.data = d, .laplace = laplace};

    take_room(&measure, d->n, &s);
    j.bytes = (measure.used + 63) / 64 * 64;
    j.memory = workers < 0 ? NULL : ki_alloc((size_t)workers, j.bytes);
    if (!j.memory)
        return ki_fail(KI_ERR_NOMEM,
                       "diagnose : %d times %llu bytes are not to be had : fewer threads", workers,
                       (unsigned long long)j.bytes);
    const int error = ki_parallel_work(d->units, d->units, run, do_row, &j);
    ki_free(j.memory);
    return error;
}

int ki_evidence_laplace(ki_evidence_data *d, const ki_run_options *run) {
    return all_rows(d, run, 1);
}

int ki_evidence_sweep(ki_evidence_data *d, const ki_run_options *run) {
    return all_rows(d, run, 0);
}
