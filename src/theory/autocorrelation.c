/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * With p = 1 - C the motion in the potential is p'' = p - G(p), G(p) = 1 - F(1 - p), from p = 0 to the
 * fixed point P = 1 - q:
 *     rho(p) = (G(p) - p)/(P - p) > 0,   W(v) = Int_v^inf rho e^-2v' dv',   p = P (1 - e^-v),
 *     dtau/dv = e^-v / sqrt(2 W),        1 - I = P Int_0^inf e^(-tau - v) dv.
 * rho is smooth except for a layer p ~ 1/s^2 at p = 0, where G follows sqrt(p) from outside; in theta,
 * sqrt(p) = sinh(theta)/s, the layer is resolved, so rho is interpolated at Chebyshev points there, and
 * the panels in v are graded towards 0. All sums are of positive terms: relative accuracy is kept for
 * every P. At zero temperature sqrt(p) itself takes the place of theta.
 */
#include "autocorrelation.h"

#include <math.h>

#include "base/check.h"
#include "base/error.h"
#include "num/gauss.h"

enum { MAX_CHEBYSHEV = 96, NODES = KI_DECAY_PANELS * KI_DECAY_ORDER };

#define PI 3.1415926535897932385

typedef struct interpolant {
    size_t n;
    double scale, length; /* sqrt(p) = scale sinh(theta), theta in [0, length]; or scale theta */
    int linear;
    double c[MAX_CHEBYSHEV];
} interpolant;

static size_t chebyshev_order(double length) {
    const double n = 24 + 9 * length;
    return n < MAX_CHEBYSHEV ? (size_t)n : MAX_CHEBYSHEV;
}

/* Chebyshev coefficients of rho on [0, length], by its values at the Chebyshev (Gauss) points. */
static void fit(const ki_state *st, interpolant *f) {
    const double P = st->defect, root = sqrt(P);
    double value[MAX_CHEBYSHEV], cosine[4 * MAX_CHEBYSHEV];
    f->linear = st->map.zero_temperature;
    f->length = f->linear ? 1 : asinh(st->map.s * root);
    f->scale = f->linear ? root : root / sinh(f->length);
    f->n = f->linear ? 40 : chebyshev_order(f->length);
    for (size_t i = 0; i < 4 * f->n; i++)
        cosine[i] = cos(PI * (double)i / (2 * (double)f->n));
    for (size_t i = 0; i < f->n; i++) {
        const double theta = 0.5 * f->length * (1 + cosine[2 * i + 1]);
        const double x = f->scale * (f->linear ? theta : sinh(theta));
        const double p = x * x;
        value[i] = (ki_map_defect(&st->map, p, NULL) - p) / ((root - x) * (root + x));
    }
    for (size_t k = 0; k < f->n; k++) {
        double sum = 0;
        for (size_t i = 0; i < f->n; i++)
            sum += value[i] * cosine[k * (2 * i + 1) % (4 * f->n)];
        f->c[k] = (k ? 2 : 1) * sum / (double)f->n;
    }
}

/* rho at the nodes v[i], by Clenshaw's recurrence on all of them at once. */
static void evaluate(const interpolant *f, double P, size_t n, const double *v, double *rho) {
    double t[NODES], b1[NODES], b2[NODES];
    for (size_t i = 0; i < n; i++) {
        const double x = sqrt(-P * expm1(-v[i])) / f->scale;
        const double theta = f->linear ? x : asinh(x);
        t[i] = 2 * (2 * theta / f->length - 1);
        b1[i] = b2[i] = 0;
    }
    for (size_t k = f->n; k-- > 1;) {
        for (size_t i = 0; i < n; i++) {
            const double b = t[i] * b1[i] - b2[i] + f->c[k];
            b2[i] = b1[i];
            b1[i] = b;
        }
    }
    for (size_t i = 0; i < n; i++)
        rho[i] = 0.5 * t[i] * b1[i] - b2[i] + f->c[0];
}

/* Graded panels: geometric out of the layer v ~ 1/(s^2 P), then uniform to where e^-2v is nothing. */
static void grade(ki_decay *d, double s2P) {
    double layer = s2P > 0 ? 0.3 / s2P : 0;
    layer = fmin(fmax(layer, 1e-6), 0.6);
    d->edge[0] = 0;
    d->edge[1] = layer;
    size_t n = 1;
    while (d->edge[n] < 20) {
        d->edge[n + 1] = fmin(2 * d->edge[n], d->edge[n] + 1);
        n++;
    }
    d->panels = n;
}

int ki_decays(const ki_state *st) {
    return st->defect > 0 && st->map.s > (st->map.zero_temperature ? 0 : KI_WEAK_NOISE);
}

void ki_decay_solve(const ki_state *st, ki_decay *d) {
    interpolant f;
    double v[NODES], rho[NODES], W[NODES];
    const double *x = ki_gl16_x, *g = ki_gl16_w;
    const size_t m = KI_DECAY_ORDER;
    d->q = st->q;
    d->defect = st->defect;
    fit(st, &f);
    grade(d, st->map.zero_temperature ? INFINITY : st->map.s * st->map.s * st->defect);
    for (size_t k = 0; k < d->panels; k++) {
        const double half = 0.5 * (d->edge[k + 1] - d->edge[k]);
        for (size_t i = 0; i < m; i++)
            v[k * m + i] = d->edge[k] + half * (1 + x[i]);
    }
    evaluate(&f, d->defect, d->panels * m, v, rho);
    /* W from the far end: beyond it rho is constant. */
    double beyond = 0.5 * rho[d->panels * m - 1] * exp(-2 * d->edge[d->panels]);
    for (size_t k = d->panels; k-- > 0;) {
        const double half = 0.5 * (d->edge[k + 1] - d->edge[k]);
        double term[KI_DECAY_ORDER], total = 0;
        for (size_t i = 0; i < m; i++) {
            term[i] = rho[k * m + i] * exp(-2 * v[k * m + i]);
            total += half * g[i] * term[i];
        }
        for (size_t i = 0; i < m; i++) {
            /* From the node up to the right edge: the rule mirrored, all its terms positive enough. */
            double right = 0;
            for (size_t j = 0; j < m; j++)
                right += ki_gl16_integral[m - 1 - i][m - 1 - j] * term[j];
            W[k * m + i] = beyond + half * right;
        }
        beyond += total;
    }
    d->tau[0] = 0;
    d->laplace = 0;
    for (size_t k = 0; k < d->panels; k++) {
        const double half = 0.5 * (d->edge[k + 1] - d->edge[k]);
        double total = 0;
        for (size_t i = 0; i < m; i++) {
            d->rate[k][i] = exp(-v[k * m + i]) / sqrt(2 * W[k * m + i]);
            total += half * g[i] * d->rate[k][i];
        }
        for (size_t i = 0; i < m; i++) {
            double tau = d->tau[k];
            for (size_t j = 0; j < m; j++)
                tau += half * ki_gl16_integral[i][j] * d->rate[k][j];
            d->laplace += half * g[i] * exp(-tau - v[k * m + i]);
        }
        d->tau[k + 1] = d->tau[k] + total;
    }
}

double ki_decay_at(const ki_decay *d, double tau) {
    const size_t m = KI_DECAY_ORDER;
    size_t low = 0, high = d->panels;
    if (tau >= d->tau[high]) { /* a pure exponential by now */
        const double v = d->edge[high] + (tau - d->tau[high]) / d->rate[high - 1][m - 1];
        return d->q + d->defect * exp(-v);
    }
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        *(d->tau[middle] <= tau ? &low : &high) = middle;
    }
    /* Newton on tau(v) inside the panel, its rate being interpolated in barycentric form. */
    const double half = 0.5 * (d->edge[low + 1] - d->edge[low]);
    double t = 2 * (tau - d->tau[low]) / (d->tau[low + 1] - d->tau[low]) - 1;
    for (int step = 0; step < 20; step++) {
        /* tau at t: integrate the interpolating polynomial by mapping the same nodes to [-1, t]. */
        double sum = 0, last = 0;
        for (size_t i = 0; i <= m; i++) {
            const double at = i < m ? -1 + 0.5 * (t + 1) * (1 + ki_gl16_x[i]) : t;
            double above = 0, below = 0;
            for (size_t j = 0; j < m; j++) {
                const double sign = j % 2 ? -1 : 1, gap = at - ki_gl16_x[j];
                const double weight = sign *
                                      sqrt((1 - ki_gl16_x[j] * ki_gl16_x[j]) * ki_gl16_w[j]) /
                                      (fabs(gap) > 1e-300 ? gap : 1e-300);
                above += weight * d->rate[low][j];
                below += weight;
            }
            if (i < m)
                sum += ki_gl16_w[i] * above / below;
            else
                last = above / below;
        }
        const double value = d->tau[low] + half * 0.5 * (t + 1) * sum;
        const double change = (tau - value) / (half * last);
        t = fmin(fmax(t + change, -1), 1);
        if (fabs(change) < 1e-14)
            break;
    }
    return d->q + d->defect * exp(-(d->edge[low] + half * (1 + t)));
}

/* Odd lags of the two-cycle: the same map with opposite means; it contracts. */
static double odd_lag(const ki_state *st) {
    const double a = st->map.a;
    double c = -st->q;
    if (st->map.D == 0 || (st->map.zero_temperature && st->map.s == 0)) {
        /* The staggered gauge; and at zero temperature without noise every spin follows the cycle. */
        return c;
    }
    for (int i = 0; i < 500; i++) {
        const double next = ki_map_general(&st->map, a, -a, c);
        if (fabs(next - c) < 1e-15)
            return next;
        c = next;
    }
    return c;
}

static int check_lags(int dynamics, size_t n, const double *tau) {
    for (size_t i = 0; i < n; i++) {
        if (!(tau[i] >= 0) || isinf(tau[i])) {
            return ki_fail(KI_ERR_ARGUMENT, "tau : %g at index %zu : use a finite lag >= 0", tau[i],
                           i);
        }
        if (dynamics == KI_SYNC && tau[i] != floor(tau[i])) {
            return ki_fail(KI_ERR_ARGUMENT,
                           "tau : %g is not an integer : synchronous lags are whole steps", tau[i]);
        }
    }
    return 0;
}

static void sync_lags(const ki_state *st, int cycle, size_t n, const double *tau, double *C) {
    const double odd = cycle ? odd_lag(st) : st->q;
    for (size_t i = 0; i < n; i++)
        C[i] = tau[i] == 0 ? 1 : (fmod(tau[i], 2) == 0 ? st->q : odd);
}

static void async_lags(const ki_state *st, size_t n, const double *tau, double *C) {
    ki_decay decay;
    const int decays = ki_decays(st);
    if (decays)
        ki_decay_solve(st, &decay);
    for (size_t i = 0; i < n; i++)
        C[i] = decays ? ki_decay_at(&decay, tau[i]) : st->q + st->defect * exp(-tau[i]);
}

int ki_autocorrelation(const ki_theory_params *p, int dynamics, size_t n, const double *tau,
                       double *C) {
    ki_state st;
    if (p == NULL || (n > 0 && (tau == NULL || C == NULL))) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "ki_autocorrelation : NULL pointer : pass lags and a result");
    }
    int error = ki_check_dynamics(dynamics);
    error = error ? error : ki_check_point(p, 0);
    error = error ? error : check_lags(dynamics, n, tau);
    if (error)
        return error;
    const int cycle = p->J0 < 0 && dynamics == KI_SYNC;
    ki_solve_state(p, cycle ? -p->J0 : p->J0, &st);
    if (dynamics == KI_SYNC)
        sync_lags(&st, cycle && st.m > 0, n, tau, C);
    else
        async_lags(&st, n, tau, C);
    return 0;
}
