/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Three ways to average, each exact to rounding where it is used:
 *  PAIR    noise nodes +-x in pairs. With e = exp(-2a), c2 = 2 cosh 2x
 *              [tanh(a+x) + tanh(a-x)]/2 = (1 - e^2)/(1 + e (c2 + e)),
 *          which keeps its relative accuracy as a -> 0. One division a node, table made once.
 *  CLOSED  narrow noise in a wide box: the box average in closed form, nodes for the noise.
 *  LOCAL   wide noise: tanh x is sign x seen through logistic noise of density sech^2(v)/2, so that
 *              <tanh x>/a = Int_0^inf sech^2(v) 2 A(v) dv,  A = density of u + s z + uniform(-a, a),
 *          an integral over |v| < 20 whatever s is.
 * Sums are equal-step rules (ki_strip_step), exponentially accurate for these analytic integrands.
 */
#include "field.h"

#include <math.h>

#include "num/gauss.h"
#include "num/simd.h"
#include "num/sum.h"
#include "num/vecmath.h"

enum { FORM_PAIR, FORM_CLOSED, FORM_LOCAL };

enum { CHUNK = 256 };

#define PI2_6 1.6449340668482264365
#define INV_SQRT_2PI 0.39894228040143267794
#define GAUSS_RANGE 8.7 /* exp(-8.7^2/2) = 4e-17 */
#define NARROW 0.4      /* noise below this is narrow against the width of tanh */
#define PAIR_MAX 4.0    /* noise above this is wide */
#define BOX_SPLIT 0.5   /* boxes below this are averaged by Gauss-Legendre */

/* Nodes z_k s and weights of the Gaussian, |z| <= range, folded onto z >= 0 if asked. */
static size_t gauss_nodes(double s, double range, int folded, double *x, double *w) {
    if (s == 0) {
        x[0] = 0;
        w[0] = 1;
        return 1;
    }
    const double step = ki_strip_step(s) / s;
    const int last = (int)ceil(range / step);
    size_t n = 0;
    for (int k = folded ? 0 : -last; k <= last; k++) {
        const double z = k * step;
        x[n] = s * z;
        w[n] = (folded && k ? 2 : 1) * step * INV_SQRT_2PI * exp(-0.5 * z * z);
        n++;
    }
    return n;
}

static void pad(ki_field *f) {
    while (f->n % KI_LANES) {
        f->x[f->n] = 0;
        f->c2[f->n] = 2;
        f->w[f->n] = 0;
        f->n++;
    }
}

static void init_pair(ki_field *f) {
    if (f->D == 0) {
        f->n = gauss_nodes(f->s, GAUSS_RANGE + 2 * f->s, 1, f->x, f->w);
    } else {
        double x[40], w[40];
        const size_t n = gauss_nodes(f->s, GAUSS_RANGE + 2 * f->s, 0, x, w);
        f->n = 0;
        for (int j = 5; j < 10; j++) {
            for (size_t i = 0; i < n; i++) {
                f->x[f->n] = f->D * ki_gl10_x[j] + x[i];
                f->w[f->n] = ki_gl10_w[j] * w[i];
                f->n++;
            }
        }
    }
    for (size_t i = 0; i < f->n; i++)
        f->c2[i] = 2 * cosh(2 * f->x[i]);
    pad(f);
}

void ki_field_init(ki_field *f, double s, double D) {
    f->s = s;
    f->D = D;
    if (D == 0 ? s <= PAIR_MAX : (s < NARROW && D < BOX_SPLIT)) {
        f->form = FORM_PAIR;
        init_pair(f);
    } else if (s < NARROW) {
        f->form = FORM_CLOSED;
        f->n = gauss_nodes(s, GAUSS_RANGE + 2 * s, 0, f->x, f->w);
    } else {
        /* Logistic nodes on v >= 0; sech^2(v) h sums to 1. */
        const double step = ki_strip_step(s);
        f->form = FORM_LOCAL;
        f->n = (size_t)ceil(20 / step) + 1;
        for (size_t i = 0; i < f->n; i++)
            f->x[i] = (double)i * step;
        ki_vsech2(f->n, f->x, f->w);
        for (size_t i = 0; i < f->n; i++)
            f->w[i] *= i ? step : 0.5 * step;
    }
}

KI_CLONES static void pair_terms(size_t n, const double *c2, const double *w, double e,
                                 double *terms) {
#pragma omp simd
    for (size_t i = 0; i < n; i++)
        terms[i] = w[i] / (1 + e * (c2[i] + e));
}

/* Box averages in closed form at y, box half-width D >= BOX_SPLIT. */
static double box_sech2(double y, double D) {
    const double b = fabs(fabs(y) - D), a = fabs(y) + D;
    const double shift = fabs(y) > D ? 2 * (D - fabs(y)) : 0;
    return exp(shift) * -expm1(-4 * D) / (D * (1 + exp(-2 * a)) * (1 + exp(-2 * b)));
}

static double box_chi(double y, double D) {
    const double near = fabs(y) - D, far = fabs(y) + D;
    const double sum = near > 0 ? ki_chi_tail(near) - ki_chi_tail(far)
                                : PI2_6 - ki_chi_tail(-near) - ki_chi_tail(far);
    return sum / (2 * D);
}

static double box_tanh(double y, double D) {
    const double up = fabs(y + D), down = fabs(y - D);
    return (up - down + log1p(exp(-2 * up)) - log1p(exp(-2 * down))) / (2 * D);
}

static double closed_sech2(const ki_field *f, double a) {
    double sum = 0;
    for (size_t i = 0; i < f->n; i++)
        sum += f->w[i] * box_sech2(a + f->x[i], f->D);
    return sum;
}

static double closed_gain(const ki_field *f, double a) {
    double sum = 0;
    if (a < BOX_SPLIT) { /* <tanh>/a = Int_0^1 <sech^2> at a t dt, even and smooth in t */
        for (int j = 5; j < 10; j++)
            sum += ki_gl10_w[j] * closed_sech2(f, a * ki_gl10_x[j]);
        return sum;
    }
    for (size_t i = 0; i < f->n; i++)
        sum += f->w[i] * box_tanh(a + f->x[i], f->D);
    return sum / a;
}

double ki_field_gain(const ki_field *f, double a) {
    double terms[KI_FIELD_NODES];
    if (f->form == FORM_PAIR) {
        const double e = exp(-2 * a);
        pair_terms(f->n, f->c2, f->w, e, terms);
        const double numerator = a > 0 ? -expm1(-4 * a) / a : 4;
        return numerator * ki_sum(f->n, terms);
    }
    if (f->form == FORM_CLOSED)
        return closed_gain(f, a);
    ki_double_box_density(f->n, f->x, f->s, a, f->D, terms);
    return 2 * ki_dot(f->n, f->w, terms);
}

/* Equal-step sum of (sech^2, chi) against the density of x, over the interval where the integrand
 * exceeds 1e-16 of its maximum: its exponent is psi = 2|x| + dist(x, box)^2 / 2s^2, convex. */
static double exponent(const ki_field *f, double a, double x) {
    const double d = fmax(fabs(x - a) - f->D, 0) / f->s;
    return 2 * fabs(x) + 0.5 * d * d;
}

static void local_averages(const ki_field *f, double a, double *k, double *S) {
    double v[CHUNK], p[CHUNK], g[CHUNK];
    const double step = ki_strip_step(f->s), gap = fmax(a - f->D, 0);
    const double mode = fmax(gap - 2 * f->s * f->s, 0), limit = exponent(f, a, mode) + 42;
    double first = mode, sum_k = 0, sum_S = 0;
    *k = *S = 0;
    if (limit - 42 >
        750) /* both are below 1e-300; with that the noise is below 20 when the mode moves */
        return;
    while (exponent(f, a, first - step) < limit)
        first -= step;
    size_t i = 0;
    for (int more = 1; more;) {
        size_t n = 0;
        for (; n < CHUNK && more; n++, i++) {
            const double x = first + (double)i * step;
            v[n] = x;
            more = x < mode || exponent(f, a, x + step) < limit;
        }
        for (size_t j = 0; j < n; j++)
            g[j] = v[j] - a;
        ki_box_density(n, g, f->s, f->D, p);
        ki_vsech2(n, v, g);
        sum_k += ki_dot(n, p, g);
        ki_vchi(n, v, g);
        sum_S += ki_dot(n, p, g);
    }
    *k = step * sum_k;
    *S = step * sum_S;
}

void ki_field_averages(const ki_field *f, double a, double *k, double *S) {
    a = fabs(a);
    if (f->form == FORM_CLOSED) {
        double sum = 0;
        for (size_t i = 0; i < f->n; i++)
            sum += f->w[i] * box_chi(a + f->x[i], f->D);
        *k = closed_sech2(f, a);
        *S = sum;
    } else if (f->form == FORM_PAIR && (f->D > 0 || f->s < NARROW)) {
        double v[2 * KI_FIELD_NODES], g[2 * KI_FIELD_NODES];
        for (size_t i = 0; i < f->n; i++) {
            v[i] = a + f->x[i];
            v[f->n + i] = a - f->x[i];
        }
        ki_vsech2(2 * f->n, v, g);
        *k = 0.5 * (ki_dot(f->n, f->w, g) + ki_dot(f->n, f->w, g + f->n));
        ki_vchi(2 * f->n, v, g);
        *S = 0.5 * (ki_dot(f->n, f->w, g) + ki_dot(f->n, f->w, g + f->n));
    } else {
        local_averages(f, a, k, S);
    }
}

double ki_field_gain_zero(double s, double D, double a) {
    double density;
    const double origin = 0;
    if (s > 0) {
        ki_double_box_density(1, &origin, s, a, D, &density);
        return 2 * density;
    }
    return 1 / fmax(a, D);
}

double ki_field_density_zero(double s, double D, double a) {
    double density;
    if (s > 0) {
        ki_box_density(1, &a, s, D, &density);
        return density;
    }
    if (D == 0)
        return a == 0 ? INFINITY : 0;
    return fabs(a) < D ? 0.5 / D : (fabs(a) == D ? 0.25 / D : 0);
}
