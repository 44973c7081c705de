/* SPDX-License-Identifier: BSD-3-Clause */
#include "posterior.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "infer/reduced.h"
#include "num/cholesky.h"
#include "num/draw.h"
#include "num/philox.h"
#include "num/sum.h"
#include "regime.h"

/* The six numbers: three means and three standard deviations, in which the evidence is regular also
 * where a kind of parameters has no spread. */
enum { SIX = 2 * KI_KINDS, MOST_TRIES = 64 };
#define WIDER 1.2            /* proposals than the Gaussian at the maximum, for the tails */
#define LEAST_VARIANCE 1e-10 /* below, rounding in the evidence shows */

typedef struct job {
    const ki_reduced *reduced;
    ki_posterior_draws *draws;
    uint64_t seed;
    const ki_kinds *prior;               /* the best one */
    double best[SIX], factor[SIX * SIX]; /* Cholesky factor of the precision */
    double *weight;                      /* [count] log, then cumulated */
    double *six;                         /* [count,SIX] */
    size_t *chosen;                      /* [count] */
    double *space;                       /* [workers, room_of()] */
} job;

static ki_kinds kinds_of(const double *six, const ki_kinds *best) {
    ki_kinds k = *best; /* cosines stay as they are */

    for (int kind = 0; kind < KI_KINDS; kind++) {
        const double sd = six[KI_KINDS + kind];
        k.mean[kind] = six[kind];
        k.variance[kind] = fmax(sd * sd, LEAST_VARIANCE);
    }
    return k;
}

static double value_at(const ki_reduced *r, const double *six) {
    const ki_kinds none = {{0}, {0}}; /* cosines are integrated out */
    const ki_kinds k = kinds_of(six, &none);

    return ki_reduced_value(r, &k);
}

/* The evidence at the best place moved by a along one number and by c along another. */
static double moved(const ki_reduced *r, const double *best, int p, double a, int q, double c) {
    double six[SIX];

    memcpy(six, best, sizeof six);
    six[p] += a;
    six[q] += c;
    return value_at(r, six);
}

/* Curvature of the evidence by differences over about a standard deviation. */
static void curvature(job *j) {
    const ki_reduced *r = j->reduced;
    const double *best = j->best, top = value_at(r, best);
    double step[SIX], *P = j->factor;

    for (int p = 0; p < SIX; p++) {
        const double sd = best[KI_KINDS + p % KI_KINDS];
        double h = fmax(0.3 * sd / sqrt((double)r->units), 1e-4), bend = 0;
        for (int turn = 0; turn < 8; turn++) {
            bend = (2 * top - moved(r, best, p, h, p, 0) - moved(r, best, p, -h, p, 0)) / (h * h);
            const double next = bend > 0 ? fmax(fmin(1 / sqrt(bend), 5 * h), h / 5) : 5 * h;
            if (bend > 0 && fabs(next / h - 1) < 0.2)
                break;
            h = next;
        }
        step[p] = h;
        P[p * SIX + p] = bend > 0 ? bend : 1 / (h * h);
    }
    for (int p = 0; p < SIX; p++)
        for (int q = 0; q < p; q++) {
            const double a = step[p] / 2, c = step[q] / 2;
            const double mixed = (moved(r, best, p, a, q, -c) + moved(r, best, p, -a, q, c) -
                                  moved(r, best, p, a, q, c) - moved(r, best, p, -a, q, -c)) /
                                 (4 * a * c);
            P[p * SIX + q] = P[q * SIX + p] = mixed;
        }
    double kept[SIX * SIX];
    memcpy(kept, P, sizeof kept);
    while (ki_cholesky(SIX, P, 1e-9)) { /* not a maximum to within rounding: less correlated */
        for (int k = 0; k < SIX * SIX; k++)
            kept[k] *= k % (SIX + 1) ? 0.7 : 1;
        memcpy(P, kept, sizeof kept);
    }
}

static ki_sequence sequence_of(const job *j, size_t k, enum ki_stream stream) {
    const uint64_t key[2] = {j->seed, UINT64_C(0x726567696d65)}; /* "regime" */

    return ki_sequence_of(ki_random_key_of(2, key), k, stream);
}

/* Six numbers from the Gaussian, with standard deviations above 0, and their log-weight. */
static int propose(void *context, size_t k) {
    const job *j = context;
    const ki_sequence sequence = sequence_of(j, k, KI_STREAM_START);
    double *six = j->six + k * SIX, z[SIX], square = 0;

    for (uint64_t turn = 0; turn < MOST_TRIES; turn++) {
        ki_random_normals(&sequence, turn * SIX, SIX, z);
        square = ki_dot(SIX, z, z);
        for (int p = SIX; p-- > 0;) { /* L^T x = z */
            for (int q = p + 1; q < SIX; q++)
                z[p] -= j->factor[q * SIX + p] * z[q];
            z[p] /= j->factor[p * SIX + p];
        }
        int outside = 0;
        for (int p = 0; p < SIX; p++) {
            six[p] = j->best[p] + WIDER * z[p];
            outside |= p >= KI_KINDS && six[p] < 0;
        }
        if (!outside)
            break;
    }
    j->weight[k] = value_at(j->reduced, six) + square / 2;
    return 0;
}

/* Which proposals are drawn: systematically, in proportion to their weights. */
static void resample(job *j) {
    const size_t count = j->draws->count;
    const ki_sequence sequence = sequence_of(j, 0, KI_STREAM_CHOICE);
    double largest = -INFINITY, sum = 0, squares = 0;

    for (size_t k = 0; k < count; k++)
        largest = fmax(largest, j->weight[k]);
    for (size_t k = 0; k < count; k++) {
        const double weight = exp(j->weight[k] - largest);
        sum += weight;
        squares += weight * weight;
        j->weight[k] = sum;
    }
    j->draws->effective = sum * sum / squares / (double)count;
    const double offset = ki_random_double(&sequence, 0);
    size_t from = 0;
    for (size_t k = 0; k < count; k++) {
        const double at = ((double)k + offset) / (double)count * sum;
        while (from + 1 < count && j->weight[from] < at)
            from++;
        j->chosen[k] = from;
    }
}

/* Groups of random words for a network of N rows of N + 1 normals each. */
static size_t groups_of(size_t units) {
    return (units * (units + 1) + KI_GROUP - 1) / KI_GROUP;
}

/* Doubles of a worker: a row's normals, work space of two rows, fields; the normals as integers. */
static size_t room_of(size_t units) {
    return (4 * units + 8) / 8 * 8 + groups_of(units) * KI_GROUP / 2;
}

/* The network of a draw, as far as mu, b and g need it. */
static int draw(void *context, ki_work *work, size_t k) {
    const job *j = context;
    const ki_reduced *r = j->reduced;
    const size_t units = r->units;
    double *z = j->space + (size_t)ki_work_thread(work) * room_of(units), *space = z + units + 1,
           *H = space + 2 * units, sum = 0, squares = 0;
    int32_t *normal = (int32_t *)(z + (4 * units + 8) / 8 * 8);
    const ki_kinds prior = kinds_of(j->six + j->chosen[k] * SIX, j->prior);
    const ki_sequence sequence = sequence_of(j, k, KI_STREAM_COUPLING),
                      tail = sequence_of(j, k, KI_STREAM_TAIL);

    ki_normals16(&sequence, &tail, 0, groups_of(units), normal);
    for (size_t i = 0; i < units; i++) {
        for (size_t q = 0; q <= units; q++)
            z[q] = KI_NORMAL_UNIT * normal[i * (units + 1) + q];
        const ki_reduced_row row = ki_reduced_draw(r, &prior, i, z, space);
        H[i] = row.field;
        sum += row.sum;
        squares += row.squares;
    }
    const double N = (double)units, pairs = N * (N - 1), mean = sum / pairs;
    const double variance = (squares - pairs * mean * mean) / (pairs - 1);
    j->draws->mu[k] = N * mean;
    j->draws->b[k] = sqrt(N * fmax(variance, 0));
    j->draws->g[k] = ki_regime_index(j->draws->mu[k], j->draws->b[k], units, H);
    j->draws->prior[k] = prior;
    return ki_work_tick(work, 1) ? ki_fail(KI_ERR_CANCELLED, "diagnose : cancelled : run it again")
                                 : 0;
}

void ki_posterior_take(ki_cursor *c, size_t count, ki_posterior_draws *d) {
    d->count = count;
    d->mu = ki_take(c, count, sizeof(double));
    d->b = ki_take(c, count, sizeof(double));
    d->g = ki_take(c, count, sizeof(double));
    d->prior = ki_take(c, count, sizeof(ki_kinds));
}

static void take(ki_cursor *c, size_t units, size_t count, int workers, ki_reduced *r, job *j) {
    ki_reduced_take(c, units, r);
    j->weight = ki_take(c, count, sizeof(double));
    j->six = ki_take(c, count * SIX, sizeof(double));
    j->chosen = ki_take(c, count, sizeof(size_t));
    j->space = ki_take(c, (uint64_t)workers * room_of(units), sizeof(double));
}

uint64_t ki_posterior_bytes(size_t units, size_t count, int workers, int *overflow) {
    ki_cursor c = {0};
    ki_reduced r;
    job j;

    take(&c, units, count, workers, &r, &j);
    *overflow |= c.overflow;
    return c.used;
}

int ki_posterior_draw(const ki_evidence_state *state, uint64_t seed, const ki_run_options *run,
                      ki_posterior_draws *draws) {
    const ki_evidence_data *d = &state->data;
    const ki_run_options quiet = {.threads = run ? run->threads : 0};
    const int workers = ki_parallel_workers(draws->count, run);
    ki_reduced r;
    job j = {.reduced = &r, .draws = draws, .seed = seed, .prior = &d->prior};
    ki_cursor c = {0};

    if (workers < 0)
        return workers;
    take(&c, d->units, draws->count, workers, &r, &j);
    void *memory = c.overflow ? NULL : ki_alloc(1, c.used);
    if (!memory)
        return ki_fail(KI_ERR_NOMEM, "diagnose : %llu bytes are not to be had : fewer draws",
                       (unsigned long long)c.used);
    c = (ki_cursor){.base = memory};
    take(&c, d->units, draws->count, workers, &r, &j);
    int error = ki_reduced_make(d, &quiet, &r);
    if (!error) {
        for (int kind = 0; kind < KI_KINDS; kind++) {
            j.best[kind] = d->prior.mean[kind];
            j.best[KI_KINDS + kind] = sqrt(d->prior.variance[kind]);
        }
        curvature(&j);
        error = ki_parallel_for(draws->count, 16, &quiet, propose, &j);
    }
    if (!error) {
        resample(&j);
        error = ki_parallel_work(draws->count, draws->count, run, draw, &j);
    }
    ki_free(memory);
    return error;
}
