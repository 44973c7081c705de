/* SPDX-License-Identifier: BSD-3-Clause */
/* Moments of tilted distributions [evidence]. */
#include "tilt.h"

#include <math.h>
#include <string.h>

#include "num/vecmath.h"

#define LEAST_TAU                                                                                  \
    1e-12 /* of a site; the likelihood is log-concave, so that only rounding is below */
#define LEAST_PRECISION 1e-12 /* of a cavity */
#define FARTHEST 200.0        /* of an exponent; ratios do not change beyond */

/* Transitions of a run, numbers in it, pairs of nodes of the largest rule. */
enum { RUN = 16, NUMBERS = RUN * KI_LANES, MOST_PAIRS = 12 };

/* Nodes x > 0 and weights of the Gauss-Hermite rules for Int f(x) N(x; 0, 1) dx. */
typedef struct rule {
    double widest; /* variance of a cavity */
    size_t pairs;
    double node[MOST_PAIRS], weight[MOST_PAIRS];
} rule;
static const rule rules[] = {
    {0.03,
     4,
     {0.5390798113513751, 1.636519042435108, 2.8024858612875416, 4.1445471861258945},
     {0.3730122576790773, 0.11723990766175904, 0.009635220120788256, 0.00011261453837536762}},
    {0.1,
     6,
     {0.44440300194413895, 1.3403751971516167, 2.259464451000799, 3.2237098287700974,
      4.2718258479322815, 5.500901704467748},
     {0.32166436151282995, 0.14696704804532995, 0.029116687912364173, 0.0022033806875332,
      4.837184922590644e-05, 1.4999271676371623e-07}},
    {INFINITY,
     12,
     {0.31737009662945231, 0.95342192293210903, 1.59348042981642, 2.2404678516917524,
      2.8977286432233136, 3.5693067640735601, 4.2603836050199053, 4.9780413746391208,
      5.7327471752512009, 6.5416750050986341, 7.437890666021663, 8.5078035191952566},
     {0.24087011554664031, 0.16145951286700008, 0.072069364017178325, 0.021126344408967546,
      0.0039766089291813087, 0.00046471871877939568, 3.2095005652745914e-05, 1.2176597454425813e-06,
      2.2674616734806418e-08, 1.7186649279648582e-10, 3.7149741527623988e-13,
      9.390193689041956e-17}}};

/* Numbers of a run. */
typedef struct run {
    double y[NUMBERS], f[NUMBERS], v[NUMBERS]; /* sides, and nu and tau in the end */
    double tau[NUMBERS], nu[NUMBERS];          /* the old sites */
    double keep[NUMBERS];                      /* of which so much is kept */
    double precision[NUMBERS], mean[NUMBERS], width[NUMBERS];
    double away[NUMBERS], ratio[MOST_PAIRS][NUMBERS]; /* exp(-2 y mean), exp(2 width node) */
} run;

static double clamp(double x) {
    return x > FARTHEST ? FARTHEST : x < -FARTHEST ? -FARTHEST : x;
}

/* The cavities; returns the largest variance. */
KI_CLONES
static double cavities(run *r) {
    double most = 0;

    KI_SIMD(reduction(max : most))
    for (size_t k = 0; k < NUMBERS; k++) {
        const double precision = 1 / r->v[k] - r->tau[k];
        r->precision[k] = precision > LEAST_PRECISION ? precision : LEAST_PRECISION;
        const double variance = 1 / r->precision[k];
        r->mean[k] = (r->f[k] / r->v[k] - r->nu[k]) * variance;
        r->width[k] = sqrt(variance);
        r->away[k] = clamp(-2 * r->y[k] * r->mean[k]);
        most = variance > most ? variance : most;
    }
    return most;
}

KI_CLONES
static void spread_nodes(run *r, const rule *q) {
    for (size_t p = 0; p < q->pairs; p++) {
#pragma omp simd
        for (size_t k = 0; k < NUMBERS; k++) {
            const double x = 2 * r->width[k] * q->node[p];
            r->ratio[p][k] = x < FARTHEST ? x : FARTHEST;
        }
    }
}

/* With a = exp(-2 y mean), e = exp(2 width x) the factor is 1/(1 + a/e) at one node of a pair and
 * 1/(1 + a e) at the other. */
KI_CLONES
static void moments(run *r, const rule *q) {
    KI_SIMD()
    for (size_t k = 0; k < NUMBERS; k++) {
        const double a = r->away[k];
        double z = 0, first = 0, second = 0;
        for (size_t p = 0; p < q->pairs; p++) {
            const double e = r->ratio[p][k], x = q->node[p];
            const double near = e + a, far = 1 + a * e, part = q->weight[p] / (near * far);
            const double sum = (e * far + near) * part, difference = a * (e * e - 1) * part;
            z += sum;
            first += difference * x;
            second += sum * x * x;
        }
        const double m = first / z, spread = second / z - m * m;
        const double least = r->precision[k] * (1 / spread - 1);
        const double tau = least > LEAST_TAU ? least : LEAST_TAU;
        const double mean = r->mean[k] + r->width[k] * m * r->y[k];
        const double nu = mean * (r->precision[k] + tau) - r->mean[k] * r->precision[k];
        r->f[k] = nu + r->keep[k] * (r->nu[k] - nu);
        r->v[k] = tau + r->keep[k] * (r->tau[k] - tau);
    }
}

KI_CLONES
static void load(size_t count, const ki_f8 *from, double *to) {
    for (size_t t = 0; t < count; t++) {
        const ki_v8 x = __builtin_convertvector(from[t], ki_v8);
        memcpy(to + t * KI_LANES, &x, sizeof x);
    }
}

/* Numbers of nu and tau to single precision; f and v are what is stored. */
KI_CLONES
static void store(size_t count, ki_v8 *x, ki_f8 *to) {
    for (size_t t = 0; t < count; t++) {
        to[t] = __builtin_convertvector(x[t], ki_f8);
        x[t] = __builtin_convertvector(to[t], ki_v8);
    }
}

void ki_stored_sites(size_t count, const ki_f8 *tau, const ki_f8 *nu, ki_v8 *f, ki_v8 *v) {
    load(count, nu, (double *)f);
    load(count, tau, (double *)v);
}

void ki_tilt(size_t count, const ki_v8 *y, const ki_v8 *keep, ki_v8 *f, ki_v8 *v, ki_f8 *tau,
             ki_f8 *nu) {
    run r;

    for (size_t t = 0; t < RUN; t++)
        memcpy(r.keep + t * KI_LANES, keep, sizeof *keep);
    for (size_t k = 0; k < NUMBERS; k++) { /* beyond a last run that is short */
        r.y[k] = r.v[k] = 1;
        r.f[k] = r.tau[k] = r.nu[k] = 0;
    }
    for (size_t t = 0; t < count; t += RUN) {
        const size_t some = count - t < RUN ? count - t : RUN, bytes = some * sizeof *f;
        memcpy(r.y, y + t, bytes);
        memcpy(r.f, f + t, bytes);
        memcpy(r.v, v + t, bytes);
        load(some, tau + t, r.tau);
        load(some, nu + t, r.nu);
        const double widest = cavities(&r);
        const rule *q = rules;
        while (widest > q->widest)
            q++;
        spread_nodes(&r, q);
        ki_vexp(NUMBERS, r.away, r.away);
        ki_vexp(q->pairs * NUMBERS, r.ratio[0], r.ratio[0]);
        moments(&r, q);
        memcpy(f + t, r.f, bytes);
        memcpy(v + t, r.v, bytes);
        store(some, f + t, nu + t);
        store(some, v + t, tau + t);
    }
}

/* tanh f = sign (1 - e)/(1 + e) and sech^2 f = 4 e/(1 + e)^2, e = exp(-2|f|). */
KI_CLONES
static void second_order(run *r) {
#pragma omp simd
    for (size_t k = 0; k < NUMBERS; k++) {
        const double e = r->away[k], half = 1 / (1 + e);
        const double tanh_f = copysign((1 - e) * half, r->f[k]);
        const double curvature = 4 * e * half * half;
        r->v[k] = curvature > LEAST_TAU ? curvature : LEAST_TAU;
        r->f[k] = r->y[k] - tanh_f + r->v[k] * r->f[k];
    }
}

void ki_expand(size_t count, const ki_v8 *y, ki_v8 *f, ki_v8 *v, ki_f8 *tau, ki_f8 *nu) {
    run r;

    memset(r.f, 0, sizeof r.f);
    memset(r.y, 0, sizeof r.y);
    for (size_t t = 0; t < count; t += RUN) {
        const size_t some = count - t < RUN ? count - t : RUN, bytes = some * sizeof *f;
        memcpy(r.y, y + t, bytes);
        memcpy(r.f, f + t, bytes);
        for (size_t k = 0; k < NUMBERS; k++)
            r.away[k] = -2 * fabs(r.f[k]);
        ki_vexp(NUMBERS, r.away, r.away);
        second_order(&r);
        memcpy(f + t, r.f, bytes);
        memcpy(v + t, r.v, bytes);
        store(some, f + t, nu + t);
        store(some, v + t, tau + t);
    }
}
