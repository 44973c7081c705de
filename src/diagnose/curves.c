/* SPDX-License-Identifier: BSD-3-Clause */
/* Each network runs 64 times at once from states of the recording. With th = tanh of the fields h that
 * belong to the state s(t) and s' = s(t-1)
 *     sigma = < sum_i th_i (h_i - H_i) - s'_i (h_i - H_i) >                        [sigma-net-sync]
 *     chi   = x < (M(t) - l M(t-W)) sum_{u = t-W+1..t} sum_i (s_i(u) - th_i(u)) >
 * since the derivative of the log-probability of a course by a field that is on for the last W bins is
 * the second factor, and M(t-W), which it does not change, takes noise out (l: its regression). */
#include "curves.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "fields.h"
#include "num/cholesky.h"
#include "num/draw.h"
#include "num/philox.h"
#include "num/product.h"
#include "num/simd.h"
#include "num/sum.h"
#include "num/vecmath.h"
#include "summary.h"

enum {
    NETWORKS = 12,
    SETTLE = 8,
    MEASURED = 96 /* a multiple of THIN */,
    W = KI_RESPONSE_BINS,
    C = KI_COLUMNS,
    THIN = 4
};

typedef struct job {
    const ki_evidence_state *state;
    const ki_posterior_draws *draws;
    const ki_diagnosis *out;
    size_t units, n;
    float *H, *J;            /* [NETWORKS,units], [NETWORKS,units,units] */
    uint64_t *start;         /* [units] a bit for each run */
    double *sigma, *S, *chi; /* [points,NETWORKS] */
    char *rooms;
    uint64_t bytes; /* of a worker */
} job;

/* A worker's memory. */
typedef struct room {
    float *J, *H;           /* [units,units], [units] times x */
    float *s, *before, *h;  /* [units,C] */
    float *th;              /* [units,C] */
    uint64_t *spin;         /* [units] */
    double *theta, *factor; /* [n], [n,n] */
    double *mean, *noise;   /* [W + 1,C] M, and the sum of s - th up to then */
    double *line;           /* [C] */
} room;

static void take_room(ki_cursor *c, size_t units, size_t n, room *s) {
    s->J = ki_take(c, units * units, sizeof(float));
    s->H = ki_take(c, units, sizeof(float));
    float **const wide[] = {&s->s, &s->before, &s->h, &s->th};
    for (size_t k = 0; k < sizeof wide / sizeof wide[0]; k++)
        *wide[k] = ki_take(c, units * C, sizeof(float));
    s->spin = ki_take(c, units, sizeof(uint64_t));
    s->theta = ki_take(c, n, sizeof(double));
    s->factor = ki_take(c, n * n, sizeof(double));
    s->mean = ki_take(c, (W + 1) * C, sizeof(double));
    s->noise = ki_take(c, (W + 1) * C, sizeof(double));
    s->line = ki_take(c, C, sizeof(double));
}

static void take(ki_cursor *c, int workers, size_t points, job *j) {
    ki_cursor measure = {0};
    room s;

    j->H = ki_take(c, NETWORKS * j->units, sizeof(float));
    j->J = ki_take(c, NETWORKS * j->units * j->units, sizeof(float));
    j->start = ki_take(c, j->units, sizeof(uint64_t));
    j->sigma = ki_take(c, points * NETWORKS, sizeof(double));
    j->S = ki_take(c, points * NETWORKS, sizeof(double));
    j->chi = ki_take(c, points * NETWORKS, sizeof(double));
    take_room(&measure, j->units, j->n, &s);
    j->bytes = measure.used;
    j->rooms = ki_take(c, (uint64_t)workers, j->bytes);
}

static ki_sequence sequence_of(const job *j, size_t k, enum ki_stream stream) {
    const uint64_t key[2] = {j->out->options.seed, UINT64_C(0x637572766573)}; /* "curves" */

    return ki_sequence_of(ki_random_key_of(2, key), k, stream);
}

/* One network of the posterior: rows from their Gaussians under a drawn prior. */
static int draw_network(void *context, ki_work *work, size_t network) {
    const job *j = context;
    const ki_evidence_data *d = &j->state->data;
    const size_t n = j->n, units = j->units;
    const ki_kinds *prior = j->draws->prior + network * j->draws->count / NETWORKS;
    const ki_sequence sequence = sequence_of(j, network, KI_STREAM_COUPLING);
    ki_cursor memory = {.base = j->rooms + (size_t)ki_work_thread(work) * j->bytes};
    room s;

    take_room(&memory, units, n, &s);
    for (size_t i = 0; i < units; i++) {
        memcpy(s.factor, d->precision + i * n * n, n * n * sizeof *s.factor);
        for (size_t k = 0; k < n; k++) {
            const int kind = ki_kind_of(d, i, k);
            s.factor[k * n + k] += 1 / prior->variance[kind];
            s.theta[k] =
                d->weighted[i * n + k] + prior->mean[ki_mean_of(d, i, k)] / prior->variance[kind];
        }
        if (ki_cholesky(n, s.factor, 0))
            return ki_fail(KI_ERR_ARGUMENT,
                           "diagnose : the posterior of unit %zu has no finite covariance : fewer "
                           "units, or more bins",
                           d->unit[i]);
        ki_cholesky_forward(n, s.factor, s.theta);
        for (size_t k = n; k-- > 0;) { /* L^T theta = L^-1 (right side) + z */
            double z, sum;
            ki_random_normals(&sequence, i * n + k, 1, &z);
            sum = s.theta[k] + z;
            for (size_t q = k + 1; q < n; q++)
                sum -= s.factor[q * n + k] * s.theta[q];
            s.theta[k] = sum / s.factor[k * n + k];
        }
        j->H[network * units + i] = (float)s.theta[0];
        for (size_t k = 0; k < units; k++)
            j->J[(network * units + i) * units + k] = (float)s.theta[k + 1];
    }
    return ki_work_spend(work, units * n * n * n / 3)
               ? ki_fail(KI_ERR_CANCELLED, "diagnose : cancelled : run it again")
               : 0;
}

/* States of 64 bins of the recording, evenly apart. */
static void choose_start(job *j) {
    const ki_evidence_data *d = &j->state->data;

    for (size_t k = 0; k < j->units; k++) {
        const uint64_t *row = ki_raster_row(d->raster, d->unit[k]);
        j->start[k] = 0;
        for (uint64_t c = 0; c < C; c++) {
            const size_t t = (size_t)(((double)c + 0.5) / C * (double)d->raster->bins);
            j->start[k] |= (row[t / 64] >> t % 64 & 1) << c;
        }
    }
}

/* s[C i + c] = +1 where bit c of spin[i] is set, else -1. */
KI_CLONES static void expand(size_t units, const uint64_t *spin, float *s) {
    for (size_t i = 0; i < units; i++)
        for (int half = 0; half < 2; half++) {
            const uint32_t down = (uint32_t)(~spin[i] >> (32 * half));
            uint32_t bits[32];
            for (int c = 0; c < 32; c++) /* the sign bit of a float 1 */
                bits[c] = (down >> c) << 31 | 0x3f800000U;
            memcpy(s + C * i + 32 * (size_t)half, bits, sizeof bits);
        }
}

/* Sums over the bins that are measured. */
typedef struct sums {
    double sigma, S;
    double response, control; /* M(t) noise, M(t-W) noise */
    double product, square;   /* M(t) M(t-W), M(t-W)^2 */
    double now, then;         /* M(t), M(t-W) */
} sums;

/* sum_i (th_i - s'_i)(h_i - H_i) of each run. */
KI_CLONES static void add_flow(size_t units, const room *s, float *flow) {
    for (size_t c = 0; c < C; c++)
        flow[c] = 0;
    for (size_t i = 0; i < units; i++)
        for (size_t c = 0; c < C; c++)
            flow[c] += (s->th[i * C + c] - s->before[i * C + c]) * (s->h[i * C + c] - s->H[i]);
}

/* sum_i s_i and sum_i s_i - th_i of each run. */
KI_CLONES static void add_spins(size_t units, const room *s, float *spins, float *noise) {
    for (size_t c = 0; c < C; c++)
        spins[c] = noise[c] = 0;
    for (size_t i = 0; i < units; i++)
        for (size_t c = 0; c < C; c++) {
            spins[c] += s->s[i * C + c];
            noise[c] += s->s[i * C + c] - s->th[i * C + c];
        }
}

/* Entropy flow of the step from s in all runs, and path entropy in every THIN-th step. */
static void measure_step(const job *j, const room *s, size_t step, sums *out) {
    float flow[C];

    add_flow(j->units, s, flow);
    for (size_t c = 0; c < C; c++)
        out->sigma += flow[c];
    for (size_t i = 0; i < j->units && step % THIN == 0; i++) {
        for (size_t c = 0; c < C; c++)
            s->line[c] = s->h[i * C + c];
        ki_vchi(C, s->line, s->line);
        out->S += THIN * ki_sum(C, s->line);
    }
}

/* The new state's mean and what chance did, at place `at` of the rings; sums if W bins are there. */
static void measure_response(const job *j, const room *s, size_t step, int measured, sums *out) {
    const size_t at = step % (W + 1), last = (step + W) % (W + 1), then = (step + 1) % (W + 1);
    double *mean = s->mean + at * C, *noise = s->noise + at * C;
    float spins[C], chance[C];

    add_spins(j->units, s, spins, chance);
    for (size_t c = 0; c < C; c++) {
        mean[c] = spins[c] / (double)j->units;
        noise[c] = s->noise[last * C + c] + chance[c];
    }
    for (size_t c = 0; c < C && measured; c++) {
        const double here = noise[c] - s->noise[then * C + c], old = s->mean[then * C + c];
        out->response += mean[c] * here;
        out->control += old * here;
        out->product += mean[c] * old;
        out->square += old * old;
        out->now += mean[c];
        out->then += old;
    }
}

static int run_network(void *context, ki_work *work, size_t task) {
    const job *j = context;
    const size_t units = j->units, network = task % NETWORKS, point = task / NETWORKS;
    const float x = (float)j->out->curve[point].x;
    const ki_sequence update = sequence_of(j, task, KI_STREAM_UPDATE);
    const ki_sequence rare = sequence_of(j, task, KI_STREAM_RARE);
    ki_cursor memory = {.base = j->rooms + (size_t)ki_work_thread(work) * j->bytes};
    sums sum = {0};
    room s;

    take_room(&memory, units, j->n, &s);
    for (size_t i = 0; i < units; i++)
        s.H[i] = x * j->H[network * units + i];
    for (size_t k = 0; k < units * units; k++)
        s.J[k] = x * j->J[network * units * units + k];
    memcpy(s.spin, j->start, units * sizeof *s.spin);
    memset(s.noise, 0, (W + 1) * C * sizeof *s.noise);
    expand(units, s.spin, s.s);
    for (size_t step = 0; step < SETTLE + W + MEASURED; step++) {
        const int measured = step >= SETTLE + W;
        ki_product64(units, units, s.J, units, s.s, C, KI_PRODUCT_ROW, s.H, s.h, C);
        ki_vtanhf(units * C, s.h, s.th);
        if (measured)
            measure_step(j, &s, step, &sum);
        ki_draw_spins(&update, &rare, step * units, units, s.h, s.spin);
        memcpy(s.before, s.s, units * C * sizeof *s.s);
        expand(units, s.spin, s.s);
        measure_response(j, &s, step, measured, &sum);
        if (ki_work_spend(work, units * C * (units + 30)))
            return ki_fail(KI_ERR_CANCELLED, "diagnose : cancelled : run it again");
    }
    const double count = (double)C * MEASURED, each = count * (double)units;
    const double spread = sum.square - sum.then * sum.then / count;
    const double l = spread > 0 ? (sum.product - sum.now * sum.then / count) / spread : 0;
    j->sigma[task] = sum.sigma / each;
    j->S[task] = sum.S / each;
    j->chi[task] = x * (sum.response - l * sum.control) / count;
    (void)ki_work_tick(work, 1);
    return 0;
}

static ki_band band_of(double *x) {
    ki_sort(NETWORKS, x);
    return (ki_band){ki_sorted_quantile(NETWORKS, x, 0.5), ki_sorted_quantile(NETWORKS, x, 0.025),
                     ki_sorted_quantile(NETWORKS, x, 0.975)};
}

static void finish(const job *j, const double *H, ki_diagnosis *out) {
    for (size_t p = 0; p < out->points; p++) {
        ki_curve_point *c = out->curve + p;
        const ki_fields_state f =
            ki_fields_steady(out->mu.value, out->b.value, j->units, H, c->x, out->rate >= 0.5);
        c->sigma = band_of(j->sigma + p * NETWORKS);
        c->S = band_of(j->S + p * NETWORKS);
        c->chi = band_of(j->chi + p * NETWORKS);
        c->exact_sigma = f.sigma;
        c->exact_S = f.S;
        c->exact_chi = f.chi;
    }
}

uint64_t ki_curves_bytes(size_t units, size_t n, int workers, size_t points, int *overflow) {
    job j = {.units = units, .n = n};
    ki_cursor c = {0};

    take(&c, workers, points, &j);
    *overflow |= c.overflow;
    return c.used;
}

int ki_curves(const ki_evidence_state *state, const ki_posterior_draws *draws, const double *H,
              const ki_run_options *run, ki_diagnosis *out) {
    const ki_run_options quiet = {.threads = run ? run->threads : 0};
    const size_t points = (size_t)out->options.points;
    job j = {.state = state, .draws = draws, .out = out};
    ki_cursor c = {0};
    const int workers = ki_parallel_workers(points * NETWORKS, run);

    if (workers < 0)
        return workers;
    j.units = state->data.units;
    j.n = state->data.n;
    take(&c, workers, points, &j);
    void *memory = c.overflow ? NULL : ki_alloc(1, c.used);
    if (!memory)
        return ki_fail(KI_ERR_NOMEM, "diagnose : %llu bytes are not to be had : fewer units",
                       (unsigned long long)c.used);
    c = (ki_cursor){.base = memory};
    take(&c, workers, points, &j);
    out->points = points;
    for (size_t p = 0; p < points; p++) /* evenly in ln x */
        out->curve[p].x = out->options.x_low * pow(out->options.x_high / out->options.x_low,
                                                   (double)p / (double)(points - 1));
    choose_start(&j);
    int error = ki_parallel_work(NETWORKS, NETWORKS, &quiet, draw_network, &j);
    error = error ? error
                  : ki_parallel_work(points * NETWORKS, points * NETWORKS, run, run_network, &j);
    if (!error)
        finish(&j, H, out);
    ki_free(memory);
    return error;
}
