/* SPDX-License-Identifier: BSD-3-Clause */
/* The maximum-entropy bound [maxent]. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "currents.h"
#include "infer/fit.h"
#include "job.h"
#include "num/sum.h"

/* Blocks of transitions that are dealt out to the three parts in turn; directions; steps of
 * conjugate gradients to the second one; least number of transitions of a part, and of those that
 * the tilted average may rest on. */
enum {
    DEALT = 30,
    PARTS = 3,
    DIRECTIONS = 2,
    GRADIENTS = 4,
    LEAST = 100,
    EFFECTIVE = 30,
    LARGEST = 4
};

typedef struct arrays {
    uint64_t *mask[PARTS];
    double *H, *J;                        /* fit of a part */
    int *status;                          /* [N] */
    double *direction;                    /* [DIRECTIONS,pairs] */
    double *mean, *rest, *search, *image; /* [pairs] */
    double *u;                            /* [DIRECTIONS, 64 words] */
    double *psi;                          /* [64 words] */
} arrays;

/* A search that is on its way. */
typedef struct search {
    ki_entropy_job *j;
    const arrays *a;
    ki_run_options run;
    size_t pairs, words;
} search;

static void take(ki_cursor *c, size_t units, size_t all, size_t words, arrays *a) {
    const size_t pairs = ki_current_pairs(units);

    for (int k = 0; k < PARTS; k++)
        a->mask[k] = ki_take(c, words, sizeof(uint64_t));
    a->H = ki_take(c, all, sizeof(double));
    a->J = ki_take(c, all * all, sizeof(double));
    a->status = ki_take(c, all, sizeof(int));
    a->direction = ki_take(c, DIRECTIONS * pairs, sizeof(double));
    a->mean = ki_take(c, pairs, sizeof(double));
    a->rest = ki_take(c, pairs, sizeof(double));
    a->search = ki_take(c, pairs, sizeof(double));
    a->image = ki_take(c, pairs, sizeof(double));
    a->u = ki_take(c, DIRECTIONS * 64 * words, sizeof(double));
    a->psi = ki_take(c, 64 * words, sizeof(double));
}

uint64_t ki_entropy_maxent_bytes(size_t units, size_t words, uint64_t fit, int threads) {
    const uint64_t loop = ki_currents_bytes(units, 0, DIRECTIONS, threads);
    ki_cursor c = {0};
    arrays a;

    take(&c, units, units, words, &a);
    return c.overflow ? UINT64_MAX : c.used + (fit > loop ? fit : loop);
}

static int is_set(const uint64_t *mask, size_t t) {
    return mask[t / 64] >> t % 64 & 1;
}

/* Deals blocks of transitions out. */
static void deal(const ki_part *part, const arrays *a, size_t count[PARTS]) {
    size_t edge[DEALT + 1];

    ki_part_edges(part, DEALT, 0, edge);
    for (int k = 0; k < PARTS; k++) {
        memset(a->mask[k], 0, part->raster->words * sizeof(uint64_t));
        count[k] = 0;
    }
    for (size_t b = 0; b < DEALT; b++)
        for (size_t t = edge[b]; t < edge[b + 1]; t++)
            if (is_set(part->lead[0], t)) {
                a->mask[b % PARTS][t / 64] |= UINT64_C(1) << t % 64;
                count[b % PARTS]++;
            }
}

/* The first direction: J_ij - J_ji of Firth's network of a part. */
static int fit_direction(const search *s, const uint64_t *mask, size_t count) {
    const ki_entropy_job *j = s->j;
    const size_t n = j->raster->units;
    const ki_fit_spec spec = {.firth = KI_FIRTH_ALL};
    ki_fit_result f = {.H = s->a->H, .J = s->a->J, .status = s->a->status};
    const int error = ki_fit_on(j->raster, mask, count, &spec, &s->run, &f, NULL);
    double *d = s->a->direction;

    for (size_t a = 0; a < j->n_kept && !error; a++)
        for (size_t b = a + 1; b < j->n_kept; b++) {
            const size_t i = j->kept[a], k = j->kept[b];
            *d++ = f.J[i * n + k] - f.J[k * n + i];
        }
    return error;
}

/* image = K search of a part, K the covariance of its currents. */
static int multiply(const search *s, const ki_currents *c) {
    const arrays *a = s->a;
    const double count = (double)c->part->count;
    int error = ki_currents_along(c, 1, a->search, a->u, &s->run);

    error = error ? error : ki_currents_sums(c, a->u, a->image, &s->run);
    if (error)
        return error;
    const double along = ki_dot(s->pairs, a->mean, a->search);
    for (size_t p = 0; p < s->pairs; p++)
        a->image[p] = a->image[p] / count - along * a->mean[p];
    return 0;
}

/* The second direction: towards 2 K^-1 c, the maximum for small currents, by so few steps that it
 * does not follow the noise. */
static int gradient_direction(const search *s, const ki_currents *c) {
    const arrays *a = s->a;
    double *x = a->direction + s->pairs;

    for (size_t t = 0; t < 64 * s->words; t++)
        a->u[t] = 1;
    int error = ki_currents_sums(c, a->u, a->mean, &s->run);
    if (error)
        return error;
    for (size_t p = 0; p < s->pairs; p++) {
        x[p] = 0;
        a->mean[p] /= (double)c->part->count;
        a->rest[p] = a->search[p] = 2 * a->mean[p];
    }
    double left = ki_dot(s->pairs, a->rest, a->rest);
    for (int k = 0; k < GRADIENTS && left > 0; k++) {
        error = multiply(s, c);
        const double curvature = ki_dot(s->pairs, a->search, a->image);
        if (error || !(curvature > 0))
            return error;
        const double step = left / curvature, before = left;
        for (size_t p = 0; p < s->pairs; p++) {
            x[p] += step * a->search[p];
            a->rest[p] -= step * a->image[p];
        }
        left = ki_dot(s->pairs, a->rest, a->rest);
        for (size_t p = 0; p < s->pairs; p++)
            a->search[p] = a->rest[p] + left / before * a->search[p];
    }
    return 0;
}

/* The objective <v> - ln <exp(-v)> on a part, v = sum_d x_d u_d, with its first and second
 * derivatives, and the effective number of transitions of the tilted average. */
typedef struct height {
    double value, most, tilted; /* largest logarithm of a weight; mean of the weights over it */
    double largest;             /* |v| of any transition, of other parts too */
    double slope[DIRECTIONS], curvature[DIRECTIONS][DIRECTIONS], effective;
} height;

static double along(const search *s, const double *x, size_t t) {
    return x[0] * s->a->u[t] + x[1] * s->a->u[64 * s->words + t];
}

/* The weights exp(-v) are those of transitions that run backwards. Where a part has none the
 * objective has no maximum; with `unseen` > 0 that share of all transitions is taken to run backwards, unseen:
 * (1 - unseen) exp(-v) + unseen exp(v). */
static height climb_at(const search *s, const uint64_t *mask, size_t count, const double *x,
                       double unseen) {
    const double *u[DIRECTIONS] = {s->a->u, s->a->u + 64 * s->words};
    const double seen = log1p(-unseen), other = log(unseen);
    double mean[DIRECTIONS] = {0}, tilted[DIRECTIONS] = {0}, square = 0, all = 0, squares[3] = {0};
    height h = {.most = -INFINITY};

    for (size_t t = 0; t < 64 * s->words; t++) {
        const double v = along(s, x, t);
        h.largest = fmax(h.largest, fabs(v));
        if (is_set(mask, t))
            h.most = fmax(h.most, fmax(seen - v, other + v));
    }
    for (size_t t = 0; t < 64 * s->words; t++) {
        if (!is_set(mask, t))
            continue;
        const double v = along(s, x, t), down = exp(seen - v - h.most);
        const double up = exp(other + v - h.most), w = down + up;
        all += w;
        square += w * w;
        for (int d = 0; d < DIRECTIONS; d++) {
            mean[d] += u[d][t];
            tilted[d] += (down - up) * u[d][t];
        }
        squares[0] += w * u[0][t] * u[0][t];
        squares[1] += w * u[0][t] * u[1][t];
        squares[2] += w * u[1][t] * u[1][t];
    }
    for (int d = 0; d < DIRECTIONS; d++) {
        mean[d] /= (double)count;
        tilted[d] /= all;
        h.slope[d] = mean[d] + tilted[d];
        for (int e = 0; e <= d; e++)
            h.curvature[d][e] = h.curvature[e][d] = squares[d + e] / all - tilted[d] * tilted[e];
    }
    h.tilted = all / (double)count;
    h.value = x[0] * mean[0] + x[1] * mean[1] - h.most - log(h.tilted);
    h.effective = all * all / square;
    return h;
}

/* Squares below which a direction's curvature is what rounding leaves of a direction that is 0 on a part. */
static void noise_of(const search *s, double noise[DIRECTIONS]) {
    for (int d = 0; d < DIRECTIONS; d++) {
        double largest = 0;
        for (size_t t = 0; t < 64 * s->words; t++)
            largest = fmax(largest, fabs(s->a->u[(size_t)d * 64 * s->words + t]));
        noise[d] = 1e-18 * largest * largest;
    }
}

/* Newton's step. A direction that is not, or not of its own, is left. */
static void newton_step(const height *h, const double noise[DIRECTIONS], double step[DIRECTIONS]) {
    const double a = h->curvature[0][0], b = h->curvature[0][1], c = h->curvature[1][1];
    const double det = a * c - b * b;
    const int first = a > noise[0], second = c > noise[1];

    if (first && second && det > 1e-6 * a * c) {
        step[0] = (c * h->slope[0] - b * h->slope[1]) / det;
        step[1] = (a * h->slope[1] - b * h->slope[0]) / det;
    } else {
        step[0] = first ? h->slope[0] / a : 0;
        step[1] = !first && second ? h->slope[1] / c : 0;
    }
}

/* The couplings x of the two directions: the maximum on a part, or where steps towards it would
 * leave the tilted average to fewer than EFFECTIVE transitions, or make of any transition
 * what so few cannot tell: |v| above LARGEST times the logarithm of their number. */
static void climb(const search *s, const uint64_t *mask, size_t count, double x[DIRECTIONS]) {
    const double unseen = 1 / (double)count, limit = LARGEST * log((double)count);
    double noise[DIRECTIONS];

    noise_of(s, noise);
    x[0] = x[1] = 0;
    height here = climb_at(s, mask, count, x, unseen);

    for (int k = 0; k < 100; k++) {
        double step[DIRECTIONS], next[DIRECTIONS], share = 1;
        newton_step(&here, noise, step);
        const double gain = step[0] * here.slope[0] + step[1] * here.slope[1];
        height there = here;
        if (!(gain > 1e-13))
            return;
        for (; share > 1e-6; share /= 2) {
            for (int d = 0; d < DIRECTIONS; d++)
                next[d] = x[d] + share * step[d];
            there = climb_at(s, mask, count, next, unseen);
            if (there.effective >= EFFECTIVE && there.largest <= limit &&
                there.value > here.value + 1e-4 * share * gain)
                break;
        }
        if (!(share > 1e-6))
            return;
        memcpy(x, next, sizeof next);
        here = there;
    }
}

/* Value of a part, its influences, and the bias of the logarithm of a mean. */
static double value_of(const search *s, const uint64_t *mask, size_t count, const double *x,
                       double *bias) {
    const height h = climb_at(s, mask, count, x, 0);
    const double mean = h.value + h.most + log(h.tilted);
    double square = 0;

    for (size_t t = 0; t < 64 * s->words; t++) {
        if (!is_set(mask, t))
            continue;
        const double v = along(s, x, t), e = exp(-v - h.most) / h.tilted - 1;
        square += e * e;
        s->a->psi[t] = v - mean - e;
    }
    *bias = square / (double)count / (2 * (double)count);
    return fmin(h.value, log((double)count));
}

/* One part for directions, one for couplings, one for the value. */
static int one_turn(const search *s, const size_t *count, int first, double *value, double *bias) {
    const int second = (first + 1) % PARTS, third = (first + 2) % PARTS;
    ki_part part = s->j->part;
    const ki_currents some = {&part, s->j->n_kept, s->j->kept};
    const ki_currents all = {&s->j->part, s->j->n_kept, s->j->kept};
    double x[DIRECTIONS];

    part.lead[0] = s->a->mask[first];
    part.count = count[first];
    int error = fit_direction(s, part.lead[0], part.count);
    error = error ? error : gradient_direction(s, &some);
    error = error ? error : ki_currents_along(&all, DIRECTIONS, s->a->direction, s->a->u, &s->run);
    if (error)
        return error;
    climb(s, s->a->mask[second], count[second], x);
    *value = value_of(s, s->a->mask[third], count[third], x, bias);
    return 0;
}

static int bound(ki_entropy_job *j, const arrays *a, const size_t *count) {
    const ki_pass *p = &j->pass;
    search s = {j,
                a,
                {.threads = j->run ? j->run->threads : 0},
                ki_current_pairs(j->n_kept),
                j->raster->words};
    ki_entropy_value out = {.status = KI_CONVERGED};
    double sum[KI_BATCHES];

    memset(a->psi, 0, 64 * s.words * sizeof *a->psi);
    for (int turn = 0; turn < PARTS; turn++) {
        const double share = (double)count[(turn + 2) % PARTS] / (double)j->part.count;
        double value = 0, bias = 0;
        s.run = ki_entropy_stage(j);
        const int error = one_turn(&s, count, turn, &value, &bias);
        if (error)
            return error;
        out.sigma += share * value;
        out.bias += share * bias;
        j->stage++;
    }
    for (size_t b = 0; b < p->batches; b++) {
        sum[b] = 0;
        for (size_t t = p->batch[b]; t < p->batch[b + 1]; t++)
            sum[b] += a->psi[t];
    }
    out.error = sqrt(ki_part_variance(j->part.count, p->batches, sum));
    j->out.value[KI_MAXENT] = out;
    return 0;
}

int ki_entropy_maxent(ki_entropy_job *j) {
    const size_t n = j->raster->units, words = j->raster->words;
    const double sigma = j->out.value[KI_MODEL].sigma, count = (double)j->part.count;
    size_t counts[PARTS];
    ki_cursor at = {0};
    arrays a;

    if (j->n_kept < 2 || isnan(sigma)) {
        j->out.value[KI_MAXENT].status = KI_NOT_CONVERGED;
        return 0;
    }
    if (sigma > log(count) / 2 || j->part.count < PARTS * LEAST) {
        j->out.value[KI_MAXENT].status = KI_TOO_SHORT;
        return 0;
    }
    take(&at, j->n_kept, n, words, &a);
    char *base = at.overflow || at.used > SIZE_MAX / 2 ? NULL : ki_alloc((size_t)at.used, 1);
    if (!base)
        return ki_fail(KI_ERR_NOMEM, "maxent : no memory for %zu units : fewer units", n);
    at = (ki_cursor){.base = base};
    take(&at, j->n_kept, n, words, &a);
    deal(&j->part, &a, counts);
    const int error = bound(j, &a, counts);
    ki_free(base);
    return error;
}
