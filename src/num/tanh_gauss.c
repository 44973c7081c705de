/* SPDX-License-Identifier: BSD-3-Clause */
#include "tanh_gauss.h"

#include <math.h>
#include <string.h>

#include "gauss.h"
#include "simd.h"
#include "sum.h"
#include "vecmath.h"

#define SQRT1_2 0.70710678118654752440
#define INV_SQRT_2PI 0.39894228040143267794
#define PI 3.14159265358979323846
#define RANGE 8.7       /* exp(-8.7^2/2) = 4e-17 */
#define FAR 40.0        /* exp(-40^2/2) is 0 */
#define SURE 19.0       /* sech^2(19) = 1e-16 */
#define HALF_RANGE 12.0 /* exp(-12^2/4) = 2e-16: He_n takes half of the Gaussian's exponent */

enum { AVERAGE_NODES = 336, WIDE_TERMS = 24 };

/* x/sin x at x = pi D/2 is 1 + sum_j wide[j - 1] D^2j: the mean of exp(D L), L of density
 * sech^2(L)/2; 2 eta(2j)/4^j. */
static const double wide[WIDE_TERMS] = {
    0.41123351671205660912,    0.1183791036871557397,     0.030798471603044847003,
    0.0077830703269738117127,  0.0019512490382778741516,  0.00048816293219914950725,
    0.00012206288700512447732, 3.0517113165738101393e-5,  7.6293654470032509879e-6,
    1.9073468143684034769e-6,  4.768370445314554322e-7,   1.1920928244577555592e-7,
    2.9802321943617820637e-8,  7.4505805691685780891e-9,  1.8626451474962426004e-9,
    4.6566128719931929184e-10, 1.1641532182015855786e-10, 2.9103830456310187334e-11,
    7.2759576141569561291e-12, 1.8189894035442021148e-12, 4.5474735088636072139e-13,
    1.1368683772160956739e-13, 2.8421709430403603538e-14, 7.1054273576009766152e-15};

/* T = erf(u/sqrt2) - 2 phi(u) sum_j wide_j He_{2j-1}(u)/s^2j, T' = (2 phi/s)(1 + sum_j wide_j
 * He_2j/s^2j). The series is asymptotic; at s = 4.5 its terms fall to 1e-16 and rise after.
 * T holds erf, n is a multiple of two vectors. */
KI_CLONES static void wide_series(size_t n, const double *u, const double *phi, double s, int terms,
                                  double *T, double *slope) {
    const double inverse = 1 / s, square = inverse * inverse;
    for (size_t i = 0; i < n; i += 2 * KI_LANES) {
        /* He_n(u)/s^n of even and odd n. */
        ki_v8 v[2], even[2], odd[2], sum[2], sum_slope[2];
        for (int k = 0; k < 2; k++) {
            odd[k] = v[k] = inverse * *(const ki_v8 *)(u + i + (size_t)k * KI_LANES);
            even[k] = sum_slope[k] = (ki_v8){0} + 1;
            sum[k] = (ki_v8){0};
        }
        for (int j = 0; j < terms; j++) {
            const double a = (2 * j + 1) * square, b = (2 * j + 2) * square;
            for (int k = 0; k < 2; k++) {
                sum[k] += wide[j] * odd[k];
                even[k] = v[k] * odd[k] - a * even[k];
                sum_slope[k] += wide[j] * even[k];
                odd[k] = v[k] * even[k] - b * odd[k];
            }
        }
        for (int k = 0; k < 2; k++) {
            const size_t at = i + (size_t)k * KI_LANES;
            const ki_v8 factor = (2 * inverse) * *(const ki_v8 *)(phi + at);
            *(ki_v8 *)(T + at) -= factor * sum[k];
            *(ki_v8 *)(slope + at) = factor * sum_slope[k];
        }
    }
}

KI_CLONES static void wide_arguments(size_t n, const double *u, double *clamped, double *v,
                                     double *exponent) {
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const double x = u[i] > FAR ? FAR : u[i] < -FAR ? -FAR : u[i];
        clamped[i] = x;
        v[i] = SQRT1_2 * x;
        exponent[i] = -0.5 * x * x - 0.91893853320467274178; /* ln sqrt(2 pi) */
    }
}

/* As many terms as matter: |He_n| phi < 0.4 sqrt(n!). */
static int wide_terms(double s) {
    double size = 2 / (4 * s * s);
    int j = 1;
    for (; j < WIDE_TERMS && size > 1e-17; j++)
        size *= sqrt((2.0 * j + 1) * (2.0 * j)) / (4 * s * s);
    return j;
}

void ki_tanh_wide(size_t n, const double *u, double s, double *T, double *slope) {
    enum { CHUNK = 128 };
    _Alignas(64) double x[CHUNK] = {0}, phi[CHUNK] = {0}, t[CHUNK] = {0}, k[CHUNK];
    const int terms = wide_terms(s);
    for (size_t done = 0; done < n;) {
        const size_t count = n - done < CHUNK ? n - done : CHUNK;
        wide_arguments(count, u + done, x, t, phi);
        ki_verf(count, t, t);
        ki_vexp(count, phi, phi);
        wide_series((count + 2 * KI_LANES - 1) & ~(size_t)(2 * KI_LANES - 1), x, phi, s, terms, t,
                    k);
        memcpy(T + done, t, count * sizeof *t);
        if (slope)
            memcpy(slope + done, k, count * sizeof *k);
        done += count;
    }
}

/* Equal steps in z; tanh and sech^2 by e = exp(-2|x|), times weights, in the place of x and e. */
KI_CLONES static void narrow_terms(size_t n, const double *phi, double *x, double *e) {
    for (size_t i = 0; i < n; i++) {
        const double inverse = 1 / (1 + e[i]), t = (1 - e[i]) * inverse;
        x[i] = phi[i] * (x[i] < 0 ? -t : t);
        e[i] = phi[i] * 4 * e[i] * inverse * inverse;
    }
}

static void narrow_average(double g, double s, double *mean, double *slope) {
    double x[AVERAGE_NODES], e[AVERAGE_NODES], phi[AVERAGE_NODES];
    const double step = s > 0 ? ki_strip_step(s) / s : 1;
    const int last = s > 0 ? (int)ceil(RANGE / step) : 0;
    const size_t n = 2 * (size_t)last + 1;
    for (size_t i = 0; i < n; i++) {
        const double z = ((double)i - last) * step;
        x[i] = g + s * z;
        e[i] = -2 * fabs(x[i]);
        phi[i] = -0.5 * z * z;
    }
    ki_vexp(n, e, e);
    ki_vexp(n, phi, phi);
    narrow_terms(n, phi, x, e);
    *mean = ki_sum(n, x);
    *slope = ki_sum(n, e);
    if (s > 0) {
        *mean *= INV_SQRT_2PI * step;
        *slope *= INV_SQRT_2PI * step;
    }
}

void ki_tanh_average(double g, double s, double *mean, double *slope) {
    double m, k;
    if (s >= KI_TANH_WIDE) {
        const double u = g / s;
        ki_tanh_wide(1, &u, s, &m, &k);
    } else {
        narrow_average(g, s, &m, &k);
    }
    /* Rounding does not lead out of where they can be. */
    *mean = fmin(fmax(m, -1), 1);
    *slope = fmin(fmax(k, 0), 1);
}

/* By parts c_n = (s/sqrt n) < sech^2(g + s z) He_{n-1}(z) > / sqrt((n - 1)!): what is left is a
 * bump |x| < SURE, however large s is, inside |z| < HALF_RANGE, however small. Nodes z = zc + k hz,
 * x = g + s z = xc + k hx; each pair of numbers keeps the digits that the other would lose. */
typedef struct grid {
    double zc, hz, xc, hx;
} grid;

/* Grid of one spin over its bump; returns the number of steps. */
static size_t bump(double g, double s, size_t terms, grid *out) {
    memset(out, 0, sizeof *out);
    if (!(s > 0))
        return 0;
    /* The transform of He_n phi reaches sqrt(n) + 8.6, that of sech^2 falls like exp(-b k): the
     * equal-step rule is exact beyond the k at which their convolution is below 1e-16. */
    const double b = 0.5 * PI / s, reach = b < 8.6 ? 37 / b + 0.5 * b : 8.6;
    const double step = 2 * PI / (sqrt((double)terms) + reach);
    const double low = s < 1 ? fmax(-HALF_RANGE, (-SURE - g) / s) : fmax(-SURE, g - s * HALF_RANGE);
    const double high = s < 1 ? fmin(HALF_RANGE, (SURE - g) / s) : fmin(SURE, g + s * HALF_RANGE);
    if (!(high > low))
        return 0; /* no bump; hx = 0 makes all weights 0 */
    const double length = s < 1 ? high - low : (high - low) / s, middle = 0.5 * (low + high);
    out->zc = s < 1 ? middle : (middle - g) / s;
    out->xc = s < 1 ? g + s * middle : middle;
    out->hz = step;
    out->hx = step * s;
    return (size_t)ceil(length / step);
}

enum { INTERLEAVE = 4, WIDTH = INTERLEAVE * KI_LANES };

/* sum[n] += w h_n over the nodes of a block, h_n = He_n(z)/sqrt(n!) by its recurrence. */
KI_CLONES static void add_block(size_t terms, const double *z, const double *w, const double *up,
                                const double *down, double *sum) {
    ki_v8 x[INTERLEAVE], h[INTERLEAVE], before[INTERLEAVE];
    for (int j = 0; j < INTERLEAVE; j++) {
        x[j] = *(const ki_v8 *)(z + j * KI_LANES);
        h[j] = *(const ki_v8 *)(w + j * KI_LANES); /* weights go through the recurrence */
        before[j] = (ki_v8){0};
    }
    for (size_t n = 0; n < terms; n++) {
        ki_v8 *to = (ki_v8 *)(sum + n * KI_LANES);
        *to += (h[0] + h[1]) + (h[2] + h[3]);
        const double a = up[n], b = down[n];
        for (int j = 0; j < INTERLEAVE; j++) {
            const ki_v8 next = (a * x[j]) * h[j] - b * before[j];
            before[j] = h[j];
            h[j] = next;
        }
    }
}

/* Nodes k0.. of all lanes and their weights hx sech^2(x) phi(z). */
KI_CLONES static void block_nodes(const grid *grids, double k0, double *z, double *w, double *e) {
    for (int j = 0; j < INTERLEAVE; j++) {
        for (int i = 0; i < KI_LANES; i++) {
            const grid *a = grids + i;
            const double v = a->zc + (k0 + j) * a->hz, x = fabs(a->xc + (k0 + j) * a->hx);
            z[j * KI_LANES + i] = v;
            w[j * KI_LANES + i] = -0.5 * v * v - 2 * x;
            e[j * KI_LANES + i] = -2 * x;
        }
    }
    ki_vexp(WIDTH, w, w);
    ki_vexp(WIDTH, e, e);
    for (int j = 0; j < WIDTH; j++)
        w[j] *= 4 * INV_SQRT_2PI * grids[j % KI_LANES].hx / ((1 + e[j]) * (1 + e[j]));
}

void ki_tanh_hermite(size_t lanes, const double *g, const double *s, size_t terms, double *c) {
    _Alignas(64) double sum[KI_TANH_TERMS * KI_LANES], z[WIDTH], w[WIDTH], e[WIDTH];
    double up[KI_TANH_TERMS], down[KI_TANH_TERMS];
    grid grids[KI_LANES];
    size_t steps = 0;
    memset(grids, 0, sizeof grids);
    for (size_t i = 0; i < lanes; i++) {
        const size_t own = bump(g[i], s[i], terms, grids + i);
        steps = own > steps ? own : steps;
    }
    for (size_t n = 0; n < terms; n++) {
        const double next = (double)n + 1;
        up[n] = 1 / sqrt(next);
        down[n] = sqrt((double)n / next);
    }
    memset(sum, 0, terms * KI_LANES * sizeof *sum);
    for (size_t k = 0; k <= steps; k += INTERLEAVE) {
        block_nodes(grids, (double)k - 0.5 * (double)steps, z, w, e);
        add_block(terms, z, w, up, down, sum);
    }
    for (size_t n = 0; n < terms; n++)
        for (size_t i = 0; i < lanes; i++)
            c[n * lanes + i] = up[n] * sum[n * KI_LANES + i];
}

double ki_tanh_tail(double s, size_t terms) {
    /* sum_n n (n-1) .. (n-p+1) c_n^2 = s^2p < (d^p tanh)^2 >, and by the partial fractions of tanh
     * |d^p tanh| <= 2 p! (2/pi)^(p+1) (1 + 3^-(p+1) + ...), in brackets at most pi^2/8: a bound for
     * each p. The best is taken. */
    const double first = 2 * (PI * PI / 8) * (2 / PI) * (2 / PI), n = (double)terms;
    double bound = first * first * s * s / (n + 1);
    for (double p = 1; p <= n; p++) {
        const double ratio = s * (p + 1) * (2 / PI);
        if (!(ratio * ratio < n + 1 - p) || bound < 1e-36)
            break;
        bound *= ratio * ratio / (n + 1 - p);
    }
    return bound;
}
