/* SPDX-License-Identifier: BSD-3-Clause */
#include "tap.h"

#include <float.h>
#include <math.h>
#include <string.h>

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

static inline int is_good(double V, double y) {
    return (fabs(V) <= DBL_MAX) & (fabs(y) <= DBL_MAX);
}

/* f(theta) = theta + V tanh(theta) - x over its slope is the r of a step; near the root the series
 * r = d + bend d^2 + c d^3 + ... is reverted, d = r - bend r^2 + (2 bend^2 - c) r^3 up to r^4;
 * where curvature counts it is Newton's step. third = (t^2 - 1/3) s. */
static inline double correction(double r, double w, double t, double s, double third, int near) {
    const double bend = -w * t * s, c = w * third;
    return near ? r * (1 + r * (r * (2 * bend * bend - c) - bend)) : r;
}

static inline int is_near(double r, double width) {
    return (width * fabs(r) < 0.2) & (fabs(r) < 0.5);
}

/* Takes the equations in, and how steps begin. f is concave for theta > 0 and V > 0, where both
 * x - V and x/(1 + V) lie below the root: Newton's steps from there only grow. For V < 0 it is
 * convex, the one positive root is below x - V, and they only shrink. For 0 <= V <= 4, where it is
 * of use, a first step is made with a fraction for tanh, good to 1e-4. */
KI_CLONES static void begin(block *b) {
    /* A loop of its own: one that begins with a choice is not vectorised. */
#pragma omp simd
    for (int i = 0; i < KI_TAP_BLOCK; i++) {
        const int good = is_good(b->V[i], b->x[i]);
        b->x[i] = good ? fabs(b->x[i]) : 0;
        b->V[i] = good ? b->V[i] : 0;
    }
#pragma omp simd
    for (int i = 0; i < KI_TAP_BLOCK; i++) {
        const double x = b->x[i], v = b->V[i];
        const double far = x - v, near = x / (1 + (v > 0 ? v : 0));
        const double first = ((v >= 0) & (near > far)) ? near : far;
        const double z = first < 4.8 ? first : 4.8, q = z * z;
        const double top = z * (135135 + q * (17325 + q * (378 + q)));
        const double bottom = 135135 + q * (62370 + q * (3150 + q * 28));
        const double t = top / bottom, s = 1 - t * t, inverse = 1 / (1 + fabs(v) * s);
        const double r = (x - first - v * t) * inverse, w = v * inverse;
        const double d = correction(r, w, t, s, (t * t - 1.0 / 3) * s, is_near(r, w * s));
        const double theta = first + (((v >= 0) & (v <= 4)) ? d : 0);
        b->theta[i] = ((x > 0) & (theta > 0)) ? theta : 0;
    }
}

/* One step for all; returns the largest error left: of theta, and of the Taylor series of tanh. */
KI_CLONES static double step(block *b) {
    double worst = 0;
    KI_SIMD(reduction(max : worst))
    for (int i = 0; i < KI_TAP_BLOCK; i++) {
        const double V = b->V[i], x = b->x[i], theta = b->theta[i];
        const double e = exp1(-2 * theta), u = 1 / (1 + e);
        const double t = (1 - e) * u, s = 4 * e * u * u, third = (t * t - 1.0 / 3) * s;
        const double f = x - theta - V * t, slope = 1 + V * s;
        const double inverse = slope > 1e-300 ? 1 / slope : 0;
        const double r = f * inverse, w = V * inverse, width = fabs(w) * s, square = r * r;
        const int near = is_near(r, width);
        const double d = correction(r, w, t, s, third, near);
        const double left =
            near ? width * (0.4 + width * (3.4 + 5 * width)) * square * square : width * t * square;
        const double taylor = 0.4 * (d * d) * (d * d);
        /* Where f is all rounding, steps would go on for ever. */
        const double noise = 4 * DBL_EPSILON * (x + theta + fabs(V));
        const double error = fabs(f) <= noise ? 0 : (left > taylor ? left : taylor);
        const double next = t + d * (s + d * (third * d - t * s));
        b->t[i] = next < 1 ? next : 1;
        b->theta[i] = theta + d;
        b->error[i] = error;
        worst = error > worst ? error : worst;
    }
    return worst;
}

/* Gives the signs back and sums up. */
KI_CLONES static void finish(size_t n, const double *V, const double *y, const block *b, double *t,
                             ki_tap_stat *stat) {
    double residual = 0;
    int unsolved = 0, ambiguous = 0;
    KI_SIMD(reduction(max : residual) reduction(+ : unsolved, ambiguous))
    for (size_t i = 0; i < n; i++) {
        const int good = is_good(V[i], y[i]) && b->error[i] <= DBL_MAX;
        const double error = good ? b->error[i] : 1;
        t[i] = good ? (y[i] < 0 ? -b->t[i] : b->t[i]) : (double)NAN;
        residual = error > residual ? error : residual;
        unsolved += error > 1e-12;
        ambiguous += V[i] < -1;
    }
    stat->residual = residual > stat->residual ? residual : stat->residual;
    stat->unsolved += (uint64_t)unsolved;
    stat->ambiguous += (uint64_t)ambiguous;
}

void ki_tap_block(size_t n, const double *V, const double *y, double *t, ki_tap_stat *stat) {
    block b;

    memset(b.V + n, 0, (KI_TAP_BLOCK - n) * sizeof *V);
    memset(b.x + n, 0, (KI_TAP_BLOCK - n) * sizeof *y);
    memcpy(b.V, V, n * sizeof *V);
    memcpy(b.x, y, n * sizeof *y);
    begin(&b);
    for (int k = 0; k < MOST_STEPS && step(&b) > 1e-16; k++) {
    }
    finish(n, V, y, &b, t, stat);
}

void ki_tap(size_t n, const double *V, const double *y, double *t, ki_tap_stat *stat) {
    for (size_t i = 0; i < n; i += KI_TAP_BLOCK)
        ki_tap_block(n - i < KI_TAP_BLOCK ? n - i : KI_TAP_BLOCK, V + i, y + i, t + i, stat);
}
