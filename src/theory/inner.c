/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PAIR   delta <= 4: noise nodes +-x in pairs; with e = exp(-2y), c2 = 2 cosh 2x, d = 1 + e (c2 + e)
 *            R = e (c2/2 + e)/d,  T = (1 - e^2)/d,  K = 4 e (2 e + (1 + e^2) c2/2)/d^2,
 *        so that four sums over nodes of 1/d and 1/d^2 give everything: one division a node.
 * ERFC   delta > 4: tanh is sign seen through logistic noise x, integrated over |x| < 20 against
 *            R = erfc((y + x)/(sqrt2 delta))/2.
 * ZERO   zero temperature: R = erfc(y/(sqrt2 delta))/2 itself.
 */
#include "inner.h"

#include <math.h>

#include "num/gauss.h"
#include "num/simd.h"
#include "num/vecmath.h"

enum { FORM_PAIR, FORM_ERFC, FORM_ZERO };

#define RANGE 8.7 /* as in correlation_map.c, which says what the numbers leave out */
#define ROUGH_RANGE 6.2
#define ROUGH_STEP 1.45
#define WIDE 4.0
#define SQRT1_2 0.70710678118654752440
#define INV_SQRT_2PI 0.39894228040143267794

void ki_inner_init(ki_inner *in, double delta, double shift, double reach, int zero_temperature,
                   int rough) {
    in->delta = delta;
    in->n = 0;
    if (zero_temperature) {
        in->form = FORM_ZERO;
        return;
    }
    if (delta <= WIDE) {
        in->form = FORM_PAIR;
        const double range = (rough ? ROUGH_RANGE : RANGE) + shift;
        const double stretch = rough ? ROUGH_STEP : 1;
        const double step = delta > 0 ? stretch * ki_strip_step(delta) / delta : 1;
        const size_t last = delta > 0 ? (size_t)ceil(range / step) : 0;
        for (size_t k = 0; k <= last; k++) {
            const double v = (double)k * step;
            in->x[k] = delta * v;
            in->c2[k] = -2 * v * delta;
            in->w[k] = -0.5 * v * v;
        }
        in->n = last + 1;
        ki_vexp(in->n, in->w, in->w);
        ki_vexp(in->n, in->c2, in->c2);
        for (size_t k = 0; k <= last; k++) {
            in->w[k] *= delta > 0 ? (k ? 2 : 1) * step * INV_SQRT_2PI : 1;
            in->c2[k] += 1 / in->c2[k];
        }
        return;
    }
    in->form = FORM_ERFC;
    const double far = (rough ? 12 : 20) + fmax(reach - 2 * delta * delta, 0);
    const double step = fmax(rough ? 0.35 : 0.24, far / (KI_INNER_NODES - 1));
    in->n = (size_t)ceil(far / step);
    for (size_t k = 0; k < in->n; k++)
        in->x[k] = (double)k * step;
    ki_vsech2(in->n, in->x, in->w);
    for (size_t k = 0; k < in->n; k++)
        in->w[k] *= k ? step : 0.5 * step;
}

KI_CLONES static void pair_sums(const ki_inner *in, size_t n, const double *e, double *s0,
                                double *s1) {
    for (size_t i = 0; i < n; i += 2 * KI_LANES) {
        const ki_v8 ea = *(const ki_v8 *)(e + i), eb = *(const ki_v8 *)(e + i + KI_LANES);
        ki_v8 a0 = {0}, a1 = {0}, b0 = {0}, b1 = {0};
        for (size_t k = 0; k < in->n; k++) {
            const double c = in->c2[k], w = in->w[k];
            const ki_v8 ta = w / (1 + ea * (c + ea)), tb = w / (1 + eb * (c + eb));
            a0 += ta;
            b0 += tb;
            a1 += c * ta;
            b1 += c * tb;
        }
        *(ki_v8 *)(s0 + i) = a0;
        *(ki_v8 *)(s0 + i + KI_LANES) = b0;
        *(ki_v8 *)(s1 + i) = a1;
        *(ki_v8 *)(s1 + i + KI_LANES) = b1;
    }
}

KI_CLONES static void pair_sums_slope(const ki_inner *in, size_t n, const double *e, double *s0,
                                      double *s1, double *s2, double *s3) {
    for (size_t i = 0; i < n; i += KI_LANES) {
        const ki_v8 ea = *(const ki_v8 *)(e + i);
        ki_v8 a0 = {0}, a1 = {0}, a2 = {0}, a3 = {0};
        for (size_t k = 0; k < in->n; k++) {
            const double c = in->c2[k];
            const ki_v8 inverse = 1 / (1 + ea * (c + ea)), t = in->w[k] * inverse;
            const ki_v8 t2 = t * inverse;
            a0 += t;
            a1 += c * t;
            a2 += t2;
            a3 += c * t2;
        }
        *(ki_v8 *)(s0 + i) = a0;
        *(ki_v8 *)(s1 + i) = a1;
        *(ki_v8 *)(s2 + i) = a2;
        *(ki_v8 *)(s3 + i) = a3;
    }
}

static void evaluate_pair(const ki_inner *in, size_t n, const double *y, int want_T, int want_K,
                          double *R, double *T, double *K) {
    _Alignas(64) double e[KI_INNER_CHUNK] = {0}, s0[KI_INNER_CHUNK], s1[KI_INNER_CHUNK];
    _Alignas(64) double s2[KI_INNER_CHUNK], s3[KI_INNER_CHUNK];
    for (size_t i = 0; i < n; i++)
        e[i] = -2 * y[i];
    ki_vexp(n, e, e);
    const size_t padded = (n + 2 * KI_LANES - 1) & ~(size_t)(2 * KI_LANES - 1);
    if (want_K)
        pair_sums_slope(in, padded, e, s0, s1, s2, s3);
    else
        pair_sums(in, padded, e, s0, s1);
    for (size_t i = 0; i < n; i++) {
        R[i] = e[i] * (0.5 * s1[i] + e[i] * s0[i]);
        if (want_T)
            T[i] = (y[i] < 0.1 ? -expm1(-4 * y[i]) : 1 - e[i] * e[i]) * s0[i];
        if (want_K)
            K[i] = 4 * e[i] * (2 * e[i] * s2[i] + 0.5 * (1 + e[i] * e[i]) * s3[i]);
    }
}

/* E sech^2(y + delta v) with the logistic nodes: sum of w [phi_d(y + x) + phi_d(y - x)]. */
static void erfc_slope(const ki_inner *in, size_t n, const double *y, double *K) {
    const double inverse = SQRT1_2 / in->delta, scale = INV_SQRT_2PI / in->delta;
    double g[2 * KI_INNER_CHUNK];
    for (size_t i = 0; i < n; i++)
        K[i] = 0;
    for (size_t k = 0; k < in->n; k++) {
        for (size_t i = 0; i < n; i++) {
            const double up = (y[i] + in->x[k]) * inverse, down = (y[i] - in->x[k]) * inverse;
            g[i] = -up * up;
            g[n + i] = -down * down;
        }
        ki_vexp(2 * n, g, g);
        for (size_t i = 0; i < n; i++)
            K[i] += scale * in->w[k] * (g[i] + g[n + i]);
    }
}

static void evaluate_erfc(const ki_inner *in, size_t n, const double *y, int want_T, int want_K,
                          double *R, double *T, double *K) {
    const double inverse = SQRT1_2 / in->delta;
    double g[2 * KI_INNER_CHUNK];
    for (size_t i = 0; i < n; i++)
        R[i] = 0;
    for (size_t k = 0; k < in->n; k++) {
        for (size_t i = 0; i < n; i++) {
            g[i] = (y[i] + in->x[k]) * inverse;
            g[n + i] = (y[i] - in->x[k]) * inverse;
        }
        ki_verfc(2 * n, g, g);
        for (size_t i = 0; i < n; i++)
            R[i] += 0.25 * in->w[k] * (g[i] + g[n + i]);
    }
    if (want_K)
        erfc_slope(in, n, y, K);
    for (size_t i = 0; want_T && i < n; i++) {
        T[i] = 1 - 2 * R[i];
        if (y[i] < 0.3 * in->delta) { /* T = Int_0^y K, without cancellation */
            double at[6], slope[6], sum = 0;
            for (int j = 0; j < 6; j++)
                at[j] = 0.5 * y[i] * (1 + ki_gl6_x[j]);
            erfc_slope(in, 6, at, slope);
            for (int j = 0; j < 6; j++)
                sum += 0.5 * ki_gl6_w[j] * slope[j];
            T[i] = y[i] * sum;
        }
    }
}

static void evaluate_zero(const ki_inner *in, size_t n, const double *y, int want_T, int want_K,
                          double *R, double *T, double *K) {
    const double inverse = SQRT1_2 / in->delta;
    double g[KI_INNER_CHUNK] = {0};
    for (size_t i = 0; i < n; i++)
        g[i] = y[i] * inverse;
    ki_verfc(n, g, R);
    for (size_t i = 0; i < n; i++)
        R[i] *= 0.5;
    if (want_T)
        ki_verf(n, g, T);
    if (want_K) {
        for (size_t i = 0; i < n; i++)
            K[i] = -g[i] * g[i];
        ki_vexp(n, K, K);
        for (size_t i = 0; i < n; i++)
            K[i] *= 2 * INV_SQRT_2PI / in->delta;
    }
}

void ki_inner_evaluate(const ki_inner *in, size_t n, const double *y, int want_T, int want_K,
                       double *R, double *T, double *K) {
    if (in->form == FORM_PAIR)
        evaluate_pair(in, n, y, want_T, want_K, R, T, K);
    else if (in->form == FORM_ERFC)
        evaluate_erfc(in, n, y, want_T, want_K, R, T, K);
    else
        evaluate_zero(in, n, y, want_T, want_K, R, T, K);
}
