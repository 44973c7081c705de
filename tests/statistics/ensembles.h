/* SPDX-License-Identifier: BSD-3-Clause */
/* Averages over disorder by the library, and one realization by plain code in double precision
 * that shares nothing with it but the definitions of ki_ensemble_run(). */
#ifndef KI_TEST_ENSEMBLES_H
#define KI_TEST_ENSEMBLES_H

#include <stdlib.h>

#include <kinising/kinising.h>

#include "ki_stat.h"

enum { ESTIMATES = 6 };
static const char *const estimate_name[ESTIMATES] = {"m", "q", "S", "Sr", "sigma", "activity"};

typedef struct averages {
    double mean[ESTIMATES], error[ESTIMATES];
} averages;

/* The library, over realizations 0 to R - 1. */
static inline averages simulate(const ki_ensemble_spec *spec, uint64_t realizations) {
    ki_ensemble *e;
    ki_ensemble_result r;
    const ki_run_options one = {1, NULL, NULL};
    if (ki_ensemble_create(spec, &e) || ki_ensemble_run(e, 0, realizations, &one) ||
        ki_ensemble_result_of(e, &r))
        fail_msg("%s", ki_last_error());
    ki_ensemble_free(e);
    return (averages){
        {r.m, r.q, r.S, r.Sr, r.sigma, r.activity},
        {r.m_err, r.q_err, r.S_err, r.Sr_err, r.sigma_err, r.activity_err},
    };
}

static inline averages averages_of(const ki_stat stat[ESTIMATES]) {
    averages a;
    for (int k = 0; k < ESTIMATES; k++) {
        a.mean[k] = stat[k].mean;
        a.error[k] = ki_stat_error(&stat[k]);
    }
    return a;
}

/* All six agree; fields in single precision may differ by rounding where nothing fluctuates. */
static inline void agree(const ki_ensemble_spec *s, const averages *a, const averages *b) {
    for (int k = 0; k < ESTIMATES; k++) {
        char what[200];
        snprintf(what, sizeof what,
                 "%s, %s, %s, N %d T %d beta %g J0 %g dJ %g dH %g start %d average %d diagonal %d",
                 estimate_name[k], s->dynamics == KI_SYNC ? "sync" : "async",
                 ki_algorithm_name(s->algorithm), (int)s->n, (int)s->steps, s->p.beta, s->p.J0,
                 s->p.dJ, s->p.dH, s->start, s->average, !s->zero_diagonal);
        ki_check_z(what, a->mean[k], b->mean[k], hypot(a->error[k], b->error[k]), 2e-6);
    }
}

/* A network with its past: spin t is s + t N. */
typedef struct plain {
    const ki_ensemble_spec *spec;
    size_t n;
    double *H, *J, *s, *h;
    ki_plain_rng *rng;
} plain;

static inline void plain_fields(const plain *w, const double *s, double *h) {
    for (size_t i = 0; i < w->n; i++) {
        h[i] = w->H[i];
        for (size_t j = 0; j < w->n; j++)
            h[i] += w->J[i * w->n + j] * s[j];
        h[i] *= w->spec->p.beta;
    }
}

static inline void plain_draw(const plain *w, double start_mean) {
    const ki_theory_params *p = &w->spec->p;
    const double n = (double)w->n;
    for (size_t i = 0; i < w->n; i++) {
        w->H[i] = p->dH * (2 * ki_plain_uniform(w->rng) - 1);
        w->s[i] = ki_plain_uniform(w->rng) < (1 + start_mean) / 2 ? 1 : -1;
        for (size_t j = 0; j < w->n; j++) {
            const double J = p->J0 / n + p->dJ / sqrt(n) * ki_plain_normal(w->rng);
            w->J[i * w->n + j] = w->spec->zero_diagonal && i == j ? 0 : J;
        }
    }
}

/* One step or unit of time from s to `next`. */
static inline void plain_step(const plain *w, const double *s, double *next) {
    if (w->spec->dynamics == KI_SYNC) {
        plain_fields(w, s, w->h);
        for (size_t i = 0; i < w->n; i++)
            next[i] = ki_plain_uniform(w->rng) < 1 / (1 + exp(-2 * w->h[i])) ? 1 : -1;
        return;
    }
    memcpy(next, s, w->n * sizeof *next);
    for (size_t u = 0; u < w->n; u++) {
        const size_t i = (size_t)(ki_plain_uniform(w->rng) * (double)w->n);
        double h = w->H[i];
        for (size_t j = 0; j < w->n; j++)
            h += w->J[i * w->n + j] * next[j];
        next[i] = ki_plain_uniform(w->rng) < 1 / (1 + exp(-2 * w->spec->p.beta * h)) ? 1 : -1;
    }
}

/* Sums over spins for one measurement. q of the synchronous dynamics is made here. sigma is the
 * flow [sigma-t]: ln P(next | s)/P(s | next), or the sum over the flips that may come of the rate
 * times the logarithm of its ratio with the one back. */
static inline void plain_measure(const plain *w, const double *s, const double *next,
                                 double out[ESTIMATES]) {
    const int async = w->spec->dynamics == KI_ASYNC;
    plain_fields(w, s, w->h);
    for (size_t i = 0; i < w->n; i++) {
        const double h = w->h[i], t = tanh(h), flip = (1 - s[i] * t) / 2;
        const double self = w->spec->p.beta * w->J[i * w->n + i], back = h - 2 * self * s[i];
        out[4] += async ? flip * (-h * s[i] - log(cosh(h)) - (back * s[i] - log(cosh(back))))
                        : h * next[i] - log(cosh(h));
        out[0] += async ? s[i] : t;
        out[1] += async ? 0 : t * s[i];
        out[2] += log(2 * cosh(h)) - h * t;
        out[5] += flip;
    }
    if (!async)
        plain_fields(w, next, w->h);
    for (size_t i = 0; i < w->n && !async; i++)
        out[4] -= w->h[i] * s[i] - log(cosh(w->h[i]));
}

/* One realization of at most 80 spins and 80 steps, the estimates as documented. */
static inline void plain_realize(const ki_ensemble_spec *spec, double start_mean, ki_plain_rng *rng,
                                 double out[ESTIMATES]) {
    enum { MOST = 80 };
    static double H[MOST], J[MOST * MOST], s[(MOST + 1) * MOST], h[MOST];
    const plain w = {spec, (size_t)spec->n, H, J, s, h, rng};
    const size_t T = (size_t)spec->steps, lag = T < 2 ? 1 : T / 2;
    const size_t first = spec->average ? (size_t)spec->burn_in + 1 : T;
    double count = 0, overlaps = 0, q = 0;
    assert_true(spec->n <= MOST && T <= MOST);
    plain_draw(&w, start_mean);
    memset(out, 0, ESTIMATES * sizeof *out);
    for (size_t t = 1; t <= T; t++) {
        plain_step(&w, s + (t - 1) * w.n, s + t * w.n);
        if (t < first)
            continue;
        count++;
        plain_measure(&w, s + (spec->dynamics == KI_SYNC ? t - 1 : t) * w.n, s + t * w.n, out);
        /* Both states are of the window, if it is long enough. */
        if (t == T || (spec->average && t >= spec->burn_in + lag)) {
            overlaps++;
            for (size_t i = 0; i < w.n; i++)
                q += s[t * w.n + i] * s[(t - lag) * w.n + i];
        }
    }
    out[1] = spec->dynamics == KI_SYNC ? out[1] : q * count / overlaps;
    for (int k = 0; k < ESTIMATES; k++)
        out[k] /= count * (double)w.n;
    out[3] = out[2] + out[4];
}

/* The magnetization that a start has. */
static inline double start_mean_of(const ki_ensemble_spec *spec) {
    ki_theory_result theory = {.m = 0};
    if (spec->start == KI_START_THEORY)
        assert_int_equal(ki_theory(&spec->p, (unsigned)spec->dynamics, &theory), 0);
    return spec->start == KI_START_UP ? 1 : theory.m;
}

#endif
