/* SPDX-License-Identifier: BSD-3-Clause */
#include "tap.h"

#include <float.h>
#include <math.h>

#include "exp1.h"
#include "simd.h"

enum { MOST_STEPS = 200 };

typedef struct block {
    double x[KI_TAP_BLOCK]; /* |y| */
    double V[KI_TAP_BLOCK];
    double theta[KI_TAP_BLOCK];
    double t[KI_TAP_BLOCK];
    double error[KI_TAP_BLOCK];
} block;

/* Where the steps begin, for x >= 0. f(theta) = theta + V tanh(theta) - x is concave for theta > 0
 * and V > 0, where both x - V and x/(1 + V) lie below the root: steps from there only grow. For
 * V < 0 it is convex, the one positive root is below x - V, and steps from there only shrink. */
KI_CLONES static void begin(block *b) {
#pragma omp simd
    for (int i = 0; i < KI_TAP_BLOCK; i++) {
        const double x = b->x[i], V = b->V[i], far = x - V, near = x / (1 + (V > 0 ? V : 0));
        b->theta[i] = V >= 0 && near > far ? near : far;
        b->theta[i] = x > 0 ? b->theta[i] : 0;
    }
}

/* One Newton step for all; returns the largest error left. What a step of size d leaves is
 * |f''/2f'| d^2 in theta, and its t comes from three terms of the Taylor series. */
KI_CLONES static double step(block *b) {
    double worst = 0;
#pragma omp simd reduction(max : worst)
    for (int i = 0; i < KI_TAP_BLOCK; i++) {
        const double V = b->V[i], x = b->x[i], theta = b->theta[i];
        const double e = exp1(-2 * theta), u = 1 / (1 + e);
        const double t = (1 - e) * u, s = 4 * e * u * u;
        const double f = x - theta - V * t, slope = 1 + V * s;
        const double d = slope > 1e-300 ? f / slope : 0;
        const double left = fabs(V * t * s / (slope > 1e-300 ? slope : 1)) * d * d;
        const double taylor = fabs(d * d * d);
        /* Where f is all rounding, steps would go on for ever. */
        const double noise = 4 * DBL_EPSILON * (x + theta + fabs(V));
        const double error = fabs(f) <= noise ? 0 : (left > taylor ? left : taylor);
        const double next = t + s * d * (1 - t * d);
        b->t[i] = next < 1 ? next : 1;
        b->theta[i] = theta + d;
        b->error[i] = error;
        worst = error > worst ? error : worst;
    }
    return worst;
}

void ki_tap_block(size_t n, const double *V, const double *y, double *t, ki_tap_stat *stat) {
    block b = {0};

    for (size_t i = 0; i < n; i++) {
        const int good = fabs(V[i]) <= DBL_MAX && fabs(y[i]) <= DBL_MAX;
        b.x[i] = good ? fabs(y[i]) : 0;
        b.V[i] = good ? V[i] : 0;
    }
    begin(&b);
    for (int k = 0; k < MOST_STEPS && step(&b) > 1e-16; k++) {
    }
    for (size_t i = 0; i < n; i++) {
        const int good = fabs(V[i]) <= DBL_MAX && fabs(y[i]) <= DBL_MAX;
        t[i] = good ? copysign(b.t[i], y[i]) : (double)NAN;
        stat->residual = !(b.error[i] <= stat->residual) ? b.error[i] : stat->residual;
        stat->unsolved += !good || !(b.error[i] <= 1e-12);
        stat->ambiguous += V[i] < -1;
    }
}

void ki_tap(size_t n, const double *V, const double *y, double *t, ki_tap_stat *stat) {
    for (size_t i = 0; i < n; i += KI_TAP_BLOCK) {
        ki_tap_block(n - i < KI_TAP_BLOCK ? n - i : KI_TAP_BLOCK, V + i, y + i, t + i, stat);
    }
}
