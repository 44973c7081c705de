/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Given z1 = z, the second field is g2 + s2 rho z + delta w, delta = s2 sqrt(1 - rho^2):
 *     < tanh x1 tanh x2 > = Int Dz tanh(g1 + s1 z) T(g2 + s2 rho z),  T(y) = < tanh(y + delta w) >.
 * The first factor bends within some 1/s1 of z = -g1/s1, the second one within some
 * (1 + delta)/(s2 rho) of z = -g2/(s2 rho). Panels of 16 Gauss-Legendre nodes end at fixed
 * multiples of these widths from the two places, out to where the factors are +-1 to the last
 * digit; the Gaussian itself asks for four. There are never more than 20 panels.
 *
 * T for delta < KI_TANH_WIDE: noise nodes +-v in pairs, with e = exp(-2y), c2 = 2 cosh(2 delta v),
 *     (tanh(y + delta v) + tanh(y - delta v))/2 = (1 - e^2) / (1 + e (c2 + e)).
 */
#include "tanh_gauss.h"

#include <math.h>

#include "gauss.h"
#include "simd.h"
#include "vecmath.h"

#define INV_SQRT_2PI 0.39894228040143267794
#define RANGE 8.2   /* erfc(8.2/sqrt2) = 2e-16 */
#define STRETCH 1.1 /* of steps that are meant for relative accuracy */
#define NOTHING 1e-14

/* Where tanh bends: panels end here, in units of its width. The rule's error in
 * one is like r^-32, r > 3.4 by the distance of the poles +-i pi/2; averages over noise are
 * smoother.
 */
static const double ends[] = {1.0, 4.0, 8.5, 19.2};

enum { CUTS = 5 + 2 * 8, NODES = (CUTS - 1) * 16, NOISE = 144 };

static int add_cut(double *cuts, int n, double at) {
    if (!(fabs(at) < RANGE))
        return n;
    int j = n;
    for (; j > 0 && cuts[j - 1] > at; j--)
        cuts[j] = cuts[j - 1];
    cuts[j] = at;
    return n + 1;
}

static int add_bend(double *cuts, int n, double centre, double width) {
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        n = add_cut(cuts, n, centre - width * ends[i]);
        n = add_cut(cuts, n, centre + width * ends[i]);
    }
    return n;
}

/* Nodes z and weights without the Gaussian. */
static size_t outer_nodes(const double *cuts, int n_cuts, double *z, double *w) {
    size_t n = 0;
    for (int i = 1; i < n_cuts; i++) {
        const double half = 0.5 * (cuts[i] - cuts[i - 1]), middle = 0.5 * (cuts[i] + cuts[i - 1]);
        if (half > 0) {
            for (int j = 0; j < 16; j++) {
                z[n] = middle + half * ki_gl16_x[j];
                w[n++] = half * ki_gl16_w[j];
            }
        }
    }
    return n;
}

/* sum[i] = sum_k w_k / (1 + e_i (c2_k + e_i)); n a multiple of two vectors. */
KI_CLONES static void noise_sums(size_t n, const double *e, size_t nodes, const double *c2,
                                 const double *w, double *sum) {
    for (size_t i = 0; i < n; i += 2 * KI_LANES) {
        const ki_v8 ea = *(const ki_v8 *)(e + i), eb = *(const ki_v8 *)(e + i + KI_LANES);
        ki_v8 a = {0}, b = {0};
        for (size_t k = 0; k < nodes; k++) {
            a += w[k] / (1 + ea * (c2[k] + ea));
            b += w[k] / (1 + eb * (c2[k] + eb));
        }
        *(ki_v8 *)(sum + i) = a;
        *(ki_v8 *)(sum + i + KI_LANES) = b;
    }
}

KI_CLONES static void scale(size_t n, double *y, double factor, double most) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = factor * (y[i] > most ? most : y[i] < -most ? -most : y[i]);
}

/* T of y[0..n-1], n a multiple of 16; y is lost. */
static void smooth_tanh(size_t n, double *y, double delta, double *T) {
    if (delta >= KI_TANH_WIDE) {
        scale(n, y, 1 / delta, INFINITY);
        ki_tanh_wide(n, y, delta, T, NULL);
        return;
    }
    double c2[NOISE], w[NOISE];
    const double step = delta > 0 ? STRETCH * ki_strip_step(delta) / delta : 1;
    const size_t nodes = delta > 0 ? (size_t)ceil(RANGE / step) + 1 : 1;
    for (size_t k = 0; k < nodes; k++) {
        const double v = (double)k * step;
        c2[k] = -2 * v * delta;
        w[k] = -0.5 * v * v;
    }
    ki_vexp(nodes, c2, c2);
    ki_vexp(nodes, w, w);
    double total = -0.5;
    for (size_t k = 0; k < nodes; k++) {
        c2[k] += 1 / c2[k];
        total += w[k];
    }
    for (size_t k = 0; k < nodes; k++)
        w[k] *= (k ? 1 : 0.5) / total;
    scale(n, y, -2, 20 + 8.5 * delta); /* T is +-1 beyond */
    ki_vexp(n, y, y);
    noise_sums(n, y, nodes, c2, w, T);
    for (size_t i = 0; i < n; i++)
        T[i] *= 1 - y[i] * y[i];
}

KI_CLONES static void arguments(size_t n, const double *z, double g1, double s1, double g2,
                                double slope, double *phi, double *x, double *e, double *y) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const double field = g1 + s1 * z[i];
        phi[i] = -0.5 * z[i] * z[i];
        x[i] = field;
        e[i] = -2 * fabs(field);
        y[i] = g2 + slope * z[i];
    }
}

KI_CLONES static double weighted_sum(size_t n, const double *w, const double *phi, const double *x,
                                     const double *e, const double *T) {
    ki_v8 sum = {0};
    for (size_t i = 0; i < n; i += KI_LANES) {
        ki_v8 t;
        for (size_t k = 0; k < KI_LANES; k++) {
            const double a = (1 - e[i + k]) / (1 + e[i + k]) * T[i + k];
            t[k] = w[i + k] * phi[i + k] * (x[i + k] < 0 ? -a : a);
        }
        sum += t;
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* rho >= 0, s1 >= s2 > 0. */
static double pair(double g1, double s1, double g2, double s2, double rho) {
    const double delta = s2 * sqrt((1 - rho) * (1 + rho)), slope = s2 * rho;
    double cuts[CUTS] = {-RANGE, -4, 0, 4, RANGE};
    int n_cuts = add_bend(cuts, 5, -g1 / s1, 1 / s1);
    n_cuts = add_bend(cuts, n_cuts, -g2 / slope, (1 + delta) / slope);

    _Alignas(64) double z[NODES], w[NODES], phi[NODES] = {0}, x[NODES], e[NODES];
    _Alignas(64) double y[NODES], T[NODES];
    const size_t n = outer_nodes(cuts, n_cuts, z, w);
    arguments(n, z, g1, s1, g2, slope, phi, x, e, y);
    ki_vexp(n, phi, phi);
    ki_vexp(n, e, e);
    smooth_tanh(n, y, delta, T);
    return INV_SQRT_2PI * weighted_sum(n, w, phi, x, e, T);
}

double ki_tanh_pair(double g1, double s1, double g2, double s2, double rho) {
    if (s1 < s2)
        return ki_tanh_pair(g2, s2, g1, s1, rho);
    const double sign = rho < 0 ? -1 : 1; /* tanh is odd: the second field is turned around */
    rho = fmin(fabs(rho), 1);
    /* What rho adds is at most rho s1 s2 < sech^2 > of the wider; and what it lacks. */
    const double most = s2 * (s1 > 1 ? 1 : s1);
    if (!(rho * most > NOTHING)) {
        double m1, m2, k;
        ki_tanh_average(g1, s1, &m1, &k);
        ki_tanh_average(g2, s2, &m2, &k);
        return m1 * m2;
    }
    if ((1 - rho) * most < NOTHING)
        rho = 1;
    return sign * pair(g1, s1, sign * g2, s2, rho);
}
