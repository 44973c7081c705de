/* SPDX-License-Identifier: BSD-3-Clause */
/* All states of a small network: transition matrix, stationary law and the means of what is
 * simulated, by enumeration, with no formula for the entropy production but its definition. */
#ifndef KI_TEST_CHAIN_H
#define KI_TEST_CHAIN_H

#include <math.h>
#include <string.h>

#include <kinising/simulate.h>

enum { MAX_N = 6, MAX_STATES = 1 << MAX_N };

typedef struct chain {
    size_t n, states;
    double T[MAX_STATES]
            [MAX_STATES]; /* T[a][b]: from a to b, in a step or in one update of a spin */
    double p[MAX_STATES]; /* stationary */
    double m[MAX_N], c[MAX_N * MAX_N], d[MAX_N * MAX_N];
    double own[MAX_N];                  /* part of J_ii in sigma, see ki_ensemble_run() */
    double mean, q, S, sigma, activity; /* per spin; q of the lag asked for */
} chain;

static double spin_of(size_t state, size_t i) {
    return state >> i & 1 ? 1 : -1;
}

static double field_of(const ki_network *w, size_t state, size_t i) {
    double h = w->H[i];
    for (size_t j = 0; j < w->n; j++)
        h += w->J[i * w->n + j] * spin_of(state, j);
    return w->beta * h;
}

static double up(const ki_network *w, size_t state, size_t i) {
    return 1 / (1 + exp(-2 * field_of(w, state, i)));
}

static void transitions(const ki_network *w, int dynamics, chain *k) {
    memset(k->T, 0, sizeof k->T);
    for (size_t a = 0; a < k->states; a++) {
        if (dynamics == KI_SYNC) {
            for (size_t b = 0; b < k->states; b++) {
                double p = 1;
                for (size_t i = 0; i < k->n; i++)
                    p *= b >> i & 1 ? up(w, a, i) : 1 - up(w, a, i);
                k->T[a][b] = p;
            }
            continue;
        }
        for (size_t i = 0; i < k->n; i++) {
            const double p = up(w, a, i) / (double)k->n;
            k->T[a][a | (size_t)1 << i] += p;
            k->T[a][a & ~((size_t)1 << i)] += 1 / (double)k->n - p;
        }
    }
}

/* v = T v or, from the left, p T. */
static void apply(const chain *k, int left, double *v) {
    double out[MAX_STATES] = {0};
    for (size_t a = 0; a < k->states; a++) {
        for (size_t b = 0; b < k->states; b++)
            if (left)
                out[b] += v[a] * k->T[a][b];
            else
                out[a] += k->T[a][b] * v[b];
    }
    memcpy(v, out, sizeof out);
}

/* sum p_a T_ab ln(p_a T_ab / p_b T_ba) a spin. */
static double entropy_production(const chain *k) {
    double sum = 0;
    for (size_t a = 0; a < k->states; a++) {
        for (size_t b = 0; b < k->states; b++) {
            if (a != b && k->T[a][b] > 0) {
                const double forth = k->p[a] * k->T[a][b], back = k->p[b] * k->T[b][a];
                sum += forth * log(forth / back);
            }
        }
    }
    return sum / (double)k->n;
}

/* sum p_a T_ab ln(T_ab / T_ba): what flows to the bath in a step [sigma-t]. */
static inline double flow(const chain *k, const double *p) {
    double sum = 0;
    for (size_t a = 0; a < k->states; a++)
        for (size_t b = 0; b < k->states; b++)
            if (a != b && k->T[a][b] > 0)
                sum += p[a] * k->T[a][b] * log(k->T[a][b] / k->T[b][a]);
    return sum;
}

/* Overlap at a lag of so many applications of T. */
static double overlap(const chain *k, size_t lag) {
    double q = 0;
    for (size_t i = 0; i < k->n; i++) {
        double v[MAX_STATES] = {0};
        for (size_t a = 0; a < k->states; a++)
            v[a] = spin_of(a, i);
        for (size_t t = 0; t < lag; t++)
            apply(k, 0, v);
        for (size_t a = 0; a < k->states; a++)
            q += k->p[a] * spin_of(a, i) * v[a] / (double)k->n;
    }
    return q;
}

/* `lag` of q in steps or units of time. */
static inline void enumerate_chain(const ki_network *w, int dynamics, size_t lag, chain *k) {
    memset(k, 0, sizeof *k);
    k->n = w->n;
    k->states = (size_t)1 << w->n;
    transitions(w, dynamics, k);
    for (size_t a = 0; a < k->states; a++)
        k->p[a] = 1 / (double)k->states;
    for (int t = 0; t < 4000; t++)
        apply(k, 1, k->p);
    for (size_t a = 0; a < k->states; a++) {
        for (size_t i = 0; i < k->n; i++) {
            const double x = field_of(w, a, i), t = tanh(x), s = spin_of(a, i);
            const double after = x - 2 * w->beta * w->J[i * w->n + i] * s;
            k->own[i] -= k->p[a] * (1 - s * t) / 2 * log(cosh(x) / cosh(after));
            k->m[i] += k->p[a] * s;
            k->S += k->p[a] * (log(2 * cosh(x)) - x * t) / (double)k->n;
            k->activity += k->p[a] * (1 - s * t) / 2 / (double)k->n;
            for (size_t j = 0; j < k->n; j++) {
                k->c[i * k->n + j] += k->p[a] * s * spin_of(a, j);
                k->d[i * k->n + j] += k->p[a] * t * spin_of(a, j);
            }
        }
    }
    for (size_t i = 0; i < k->n; i++)
        k->mean += k->m[i] / (double)k->n;
    /* A unit of time is N updates. */
    const size_t per_time = dynamics == KI_ASYNC ? k->n : 1;
    k->sigma = entropy_production(k) * (double)per_time;
    k->q = overlap(k, lag * per_time);
}

#endif
