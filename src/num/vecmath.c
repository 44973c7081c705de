/* SPDX-License-Identifier: BSD-3-Clause */
#include "vecmath.h"

#include <math.h>
#include <string.h>

#include "exp1.h"
#include "gauss.h"
#include "simd.h"

/* Polynomials were fitted at Chebyshev points with 40-digit arithmetic; truncation is below 1e-16.
 */

#define SQRT1_2 0.70710678118654752440
#define INV_SQRT_2PI 0.39894228040143267794

/* exp(x^2) erfc(x) for x >= 0: (1 + 2x) times it is a polynomial in t = (x - 3.75)/(x + 3.75). */
static inline double erfcx1(double x) {
    const double t = (x - 3.75) / (x + 3.75);
    double p = -3.7531582363067915584e-11;
    p = p * t + 4.2514514467712376905e-10;
    p = p * t + 5.4571572795932802793e-10;
    p = p * t - 5.1739902151539847491e-9;
    p = p * t - 4.3892841533382359631e-9;
    p = p * t + 3.8675334245108723024e-8;
    p = p * t + 2.4289762915328131313e-8;
    p = p * t - 2.5866850716573737622e-7;
    p = p * t - 5.8262810778095114048e-8;
    p = p * t + 1.7516376488528885143e-6;
    p = p * t - 9.7284958221756680683e-7;
    p = p * t - 0.000011444146237702831261;
    p = p * t + 0.000022383912036553509207;
    p = p * t + 0.000051649098892683329203;
    p = p * t - 0.00029015397928986849244;
    p = p * t + 0.0002937136655913445763;
    p = p * t + 0.0017556258324217529693;
    p = p * t - 0.0097465795580292754932;
    p = p * t + 0.028362277421515597086;
    p = p * t - 0.058693398589636774065;
    p = p * t + 0.092304321160198334264;
    p = p * t - 0.10880393014174885723;
    p = p * t + 0.08227673849015102403;
    p = p * t + 0.003585415485464429369;
    p = p * t - 0.14024059858554701837;
    p = p * t + 1.2375126308378275796;
    return p / (1 + 2 * x);
}

static inline double erfc1(double x) {
    const double y = fabs(x) < 40 ? fabs(x) : 40;
    const double tail = erfcx1(y) * exp1(-y * y);
    return x < 0 ? 2 - tail : tail;
}

static inline double erf1(double x) {
    const double v = x * x < 1 ? x * x : 1;
    double p = -4.2320376764874592264e-12;
    p = p * v + 8.709755232851789716e-11;
    p = p * v - 1.2164764337224505578e-9;
    p = p * v + 1.4792435426962471013e-8;
    p = p * v - 1.6364645854816387701e-7;
    p = p * v + 1.6462045711013025157e-6;
    p = p * v - 0.000014925647581008592978;
    p = p * v + 0.00012055332903350668265;
    p = p * v - 0.00085483270219454273153;
    p = p * v + 0.0052239776254234543525;
    p = p * v - 0.026866170645129854479;
    p = p * v + 0.11283791670955120298;
    p = p * v - 0.3761263890318375238;
    p = p * v + 1.1283791670955125739;
    const double y = fabs(x) < 40 ? fabs(x) : 40;
    const double far = 1 - erfcx1(y) * exp1(-y * y);
    return y < 1 ? x * p : (x < 0 ? -far : far);
}

/* log(1 + e), 0 <= e <= 1: 2 atanh(r), r = e/(2 + e), a polynomial in r^2 <= 1/9. */
static inline double log1p1(double e) {
    const double r = e / (2 + e), v = r * r;
    double p = 0.085282872514735145895;
    p = p * v + 0.041588104702145766133;
    p = p * v + 0.060558960079100007869;
    p = p * v + 0.066500811002826971597;
    p = p * v + 0.076933153716245864888;
    p = p * v + 0.09090870008906126792;
    p = p * v + 0.11111112052466517511;
    p = p * v + 0.1428571427252095383;
    p = p * v + 0.20000000000094656622;
    p = p * v + 0.33333333333333068819;
    return 2 * r + 2 * r * (v * p); /* log1p(1) = ln 2 to the last bit */
}

KI_CLONES void ki_vexp(size_t n, const double *x, double *y) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = exp1(x[i]);
}

KI_CLONES void ki_verfc(size_t n, const double *x, double *y) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = erfc1(x[i]);
}

KI_CLONES void ki_verf(size_t n, const double *x, double *y) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        y[i] = erf1(x[i]);
}

KI_CLONES void ki_vchi(size_t n, const double *x, double *y) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const double e = exp1(-2 * fabs(x[i]));
        y[i] = log1p1(e) + 2 * fabs(x[i]) * e / (1 + e);
    }
}

KI_CLONES void ki_vsech2(size_t n, const double *x, double *y) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const double e = exp1(-2 * fabs(x[i]));
        y[i] = 4 * e / ((1 + e) * (1 + e));
    }
}

KI_CLONES static void gauss_density(size_t n, const double *v, double w, double *out) {
    const double scale = INV_SQRT_2PI / w, inverse = SQRT1_2 / w;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const double x = v[i] * inverse;
        out[i] = scale * exp1(-x * x);
    }
}

/* D < w/4: where the two Phi nearly cancel (their ratio is exp(-2 D |v|/w^2)) the Gaussian is
 * averaged over the box by Gauss-Legendre instead. */
KI_CLONES static void narrow_box(size_t n, const double *v, double w, double D, double *out) {
    const double inverse = SQRT1_2 / w, d = D * inverse;
    const double scale = INV_SQRT_2PI / w, edge = 0.25 / D;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const double x = fabs(v[i]) * inverse;
        double mean = 0;
#pragma GCC unroll 3
        for (int j = 3; j < 6; j++) {
            const double s = ki_gl6_x[j] * d;
            mean += 0.5 * ki_gl6_w[j] * (exp1(-(x - s) * (x - s)) + exp1(-(x + s) * (x + s)));
        }
        const double difference = edge * (erfc1(x - d) - erfc1(x + d));
        out[i] = 4 * d * x < 1 ? scale * mean : difference;
    }
}

KI_CLONES static void wide_box(size_t n, const double *v, double w, double D, double *out) {
    const double inverse = SQRT1_2 / w, d = D * inverse, edge = 0.25 / D;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const double x = fabs(v[i]) * inverse;
        out[i] = edge * (erfc1(x - d) - erfc1(x + d));
    }
}

void ki_box_density(size_t n, const double *v, double w, double D, double *out) {
    if (D <= 1e-9 * w)
        gauss_density(n, v, w, out);
    else if (D < 0.25 * w)
        narrow_box(n, v, w, D, out);
    else
        wide_box(n, v, w, D, out);
}

/* Int_x^inf Q(t) dt = phi(x) - x Q(x) of the standard normal, for x >= 0; by symmetry the second
 * antiderivative of phi is J(x) = max(x, 0) + this at |x|. */
static inline double second_tail(double x) {
    const double y = x * SQRT1_2 < 40 ? x * SQRT1_2 : 40;
    const double g = exp1(-y * y);
    return INV_SQRT_2PI * g - 0.5 * x * erfcx1(y) * g;
}

KI_CLONES static void double_wide_box(size_t n, const double *v, double w, double a, double D,
                                      double *out) {
    const double inverse = 1 / w, scale = w / (4 * a * D);
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        /* The piecewise linear part of the second difference is the convolution of two boxes. */
        const double x = fabs(v[i]);
        const double x1 = (x + a + D) * inverse, x2 = (x + a - D) * inverse;
        const double x3 = (x - a + D) * inverse, x4 = (x - a - D) * inverse;
        const double linear =
            (x1 > 0 ? x1 : 0) - (x2 > 0 ? x2 : 0) - (x3 > 0 ? x3 : 0) + (x4 > 0 ? x4 : 0);
        const double tails = second_tail(fabs(x1)) - second_tail(fabs(x2)) - second_tail(fabs(x3)) +
                             second_tail(fabs(x4));
        out[i] = scale * (linear + tails);
    }
}

void ki_double_box_density(size_t n, const double *v, double w, double a, double D, double *out) {
    const double narrow = a < D ? a : D, wide = a < D ? D : a;
    if (narrow <= 1e-9 * w) {
        ki_box_density(n, v, w, wide, out);
    } else if (narrow < 0.25 * w) {
        for (size_t i = 0; i < n; i++) {
            double x[6], y[6], sum = 0;
            for (int j = 0; j < 6; j++)
                x[j] = v[i] + narrow * ki_gl6_x[j];
            ki_box_density(6, x, w, wide, y);
            for (int j = 0; j < 6; j++)
                sum += 0.5 * ki_gl6_w[j] * y[j];
            out[i] = sum;
        }
    } else {
        double_wide_box(n, v, w, a, D, out);
    }
}

double ki_chi_tail(double x) {
    /* -Li2(-e)/e, a polynomial in t = 2e - 1. */
    const double e = exp(-2 * x), t = 2 * e - 1;
    double p = 1.5379469125274475015e-13;
    p = p * t - 4.8888425899832216209e-13;
    p = p * t + 7.14368027141072269e-13;
    p = p * t - 2.4344085949104896834e-12;
    p = p * t + 1.0314445239202045193e-11;
    p = p * t - 3.4169046876456877e-11;
    p = p * t + 1.1124096991198031165e-10;
    p = p * t - 3.7538937528182103595e-10;
    p = p * t + 1.2781613731981055725e-9;
    p = p * t - 4.3780335278264660886e-9;
    p = p * t + 1.513827983415315266e-8;
    p = p * t - 5.2930122331025779493e-8;
    p = p * t + 1.87464174527938894e-7;
    p = p * t - 6.7415317848579805147e-7;
    p = p * t + 2.4693696124101070168e-6;
    p = p * t - 9.2519816008636280538e-6;
    p = p * t + 0.000035666696162555969326;
    p = p * t - 0.00014269175828058552862;
    p = p * t + 0.00060033993981733219753;
    p = p * t - 0.0027156100432822408616;
    p = p * t + 0.013766422856132592798;
    p = p * t - 0.085898197630963641189;
    p = p * t + 0.89682841384729240488;
    return e * p + x * log1p(e);
}
