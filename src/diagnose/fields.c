/* SPDX-License-Identifier: BSD-3-Clause */
/* [m-sync] [q-sync] [k] [S-sync] [sigma-sync] for any law of fields, as a mean over given ones. */
#include "fields.h"

#include <math.h>

#include "num/gauss.h"
#include "num/sum.h"
#include "num/tanh_gauss.h"
#include "num/vecmath.h"

enum { LANES = 8, TERMS = 256, SCAN = 64, TURNS = 60, CHUNK = 64 };
#define FAR 400.0 /* a spin with a stronger field than that has no entropy */

typedef struct law {
    double mu, b; /* times x */
    size_t units;
    const double *H;
    double x;
} law;

/* Means over the fields of <tanh> and <sech^2> at magnetization m. */
static double mean_at(const law *l, double m, double *slope) {
    double sum = 0, slopes = 0;

    for (size_t i = 0; i < l->units; i++) {
        double mean, own;
        ki_tanh_average(l->x * l->H[i] + l->mu * m, l->b, &mean, &own);
        sum += mean;
        slopes += own;
    }
    *slope = slopes / (double)l->units;
    return sum / (double)l->units;
}

/* The outermost fixed point: from the end inwards to the first change of sign, then by halves. */
static double magnetization(const law *l, int up) {
    const double sign = up ? 1 : -1;
    double slope, outer = 1, inner = -1;

    for (int k = 1; k <= 2 * SCAN; k++) {
        const double m = 1 - (double)k / SCAN;
        if (sign * mean_at(l, sign * m, &slope) >= m - 1e-12) {
            inner = m;
            break;
        }
        outer = m;
    }
    for (int turn = 0; turn < TURNS; turn++) {
        const double m = (inner + outer) / 2;
        if (sign * mean_at(l, sign * m, &slope) >= m)
            inner = m;
        else
            outer = m;
    }
    return sign * inner;
}

/* Smallest root of q = F(q): Newton from 0 stays below it, since F is convex. */
static double correlation(const law *l, double m) {
    double square[TERMS + 1] = {0}, c[TERMS * LANES], g[LANES], s[LANES], q = 0;

    for (size_t i = 0; i < l->units; i += LANES) {
        const size_t lanes = l->units - i < LANES ? l->units - i : LANES;
        for (size_t k = 0; k < lanes; k++) {
            double mean, slope;
            g[k] = l->x * l->H[i + k] + l->mu * m;
            s[k] = l->b;
            ki_tanh_average(g[k], s[k], &mean, &slope);
            square[0] += mean * mean / (double)l->units;
        }
        ki_tanh_hermite(lanes, g, s, TERMS, c);
        for (size_t n = 0; n < TERMS; n++)
            for (size_t k = 0; k < lanes; k++)
                square[n + 1] += c[n * lanes + k] * c[n * lanes + k] / (double)l->units;
    }
    for (int turn = 0; turn < TURNS; turn++) {
        double f = 0, slope = 0;
        for (size_t n = TERMS + 1; n-- > 0;) {
            slope = slope * q + f;
            f = f * q + square[n];
        }
        if (slope >= 1 || f - q < 1e-14)
            break;
        q = fmin(q + (f - q) / (1 - slope), 1);
    }
    return q;
}

/* Mean over fields and Gaussian of the entropy of a spin. */
static double path_entropy(const law *l, double m) {
    const double b = fmax(l->b, 1e-9), step = ki_strip_step(b), end = ceil(8.5 * b / step);
    double y[CHUNK], weight[CHUNK], sum = 0;

    for (size_t i = 0; i < l->units; i++) {
        const double centre = l->x * l->H[i] + l->mu * m;
        const double first = fmax(-end, floor((-FAR - centre) / step));
        const double nodes = fmin(end, ceil((FAR - centre) / step)) - first + 1;
        size_t n = 0;
        for (double k = 0; k < nodes; k++) {
            const double at = (first + k) * step;
            y[n] = at + centre;
            weight[n++] = -at * at / (2 * b * b);
            if (n == CHUNK || k + 1 >= nodes) {
                ki_vchi(n, y, y);
                ki_vexp(n, weight, weight);
                sum += ki_dot(n, y, weight);
                n = 0;
            }
        }
    }
    return sum * step / (b * sqrt(2 * acos(-1)) * (double)l->units);
}

ki_fields_state ki_fields_steady(double mu, double b, size_t units, const double *H, double x,
                                 int up) {
    const law l = {x * mu, x * b, units, H, x};
    ki_fields_state s = {.m = magnetization(&l, up)};

    (void)mean_at(&l, s.m, &s.k);
    const double gain = l.mu * s.k;
    if (gain < -1)
        return (ki_fields_state){NAN, NAN, NAN, NAN, NAN, NAN};
    s.q = correlation(&l, s.m);
    s.S = path_entropy(&l, s.m);
    s.sigma = l.b * l.b * (1 - s.q) * s.k;
    double part = x * s.k;
    for (int bin = 0; bin < KI_RESPONSE_BINS; bin++) {
        s.chi += part;
        part *= gain;
    }
    return s;
}
