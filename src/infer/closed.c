/* SPDX-License-Identifier: BSD-3-Clause */
/* Fits in closed form, but for one scalar equation a row: [nmf], [tap], [ms]. */
#include "closed.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "num/cholesky.h"
#include "num/root.h"
#include "num/tanh_gauss.h"

/* Variance of the field beyond which a root of [ms] says nothing: s^2 is within 1 % of what it is for
 * infinite couplings. */
#define MOST_DELTA 50.0

/* What the rows have in common. */
typedef struct common {
    const ki_fit_moments *m;
    size_t n;  /* active columns */
    double *C; /* [n,n] factor of the connected moments before the transitions */
    double *a; /* [n] 1 - m'^2 */
    double *b; /* [n] B of the row at hand */
} common;

static void not_a_number(size_t n, double *theta) {
    for (size_t k = 0; k < n; k++)
        theta[k] = NAN;
}

static double weighted_squares(size_t n, const double *x, const double *a) {
    double sum = 0;

    for (size_t k = 0; k < n; k++)
        sum += x[k] * x[k] * a[k];
    return sum;
}

/* theta = (H, J) with J = B / slope and H = field - J m'. */
static void set_row(const common *s, double slope, double field, double *theta) {
    double h = field;

    for (size_t k = 0; k < s->n; k++) {
        theta[k + 1] = s->b[k] / slope;
        h -= theta[k + 1] * s->m->before[s->m->column[k + 1]];
    }
    theta[0] = h;
}

/* F (1 - F)^2 - r, which rises from F = 0 to 1/3. */
static double tap_equation(void *ctx, double F) {
    return F * (1 - F) * (1 - F) - *(double *)ctx;
}

static int tap_row(const common *s, double m, double *theta) {
    const double a = 1 - m * m;
    double r = weighted_squares(s->n, s->b, s->a) / a; /* a sum (B/a)^2 a' */
    int evaluations = 0;

    if (!(r <= 4.0 / 27))
        return KI_NO_ROOT;
    const double F =
        ki_root_bracketed(tap_equation, &r, 0, -r, 1.0 / 3, 4.0 / 27 - r, 1e-15, &evaluations);
    set_row(s, a * (1 - F), atanh(m), theta);
    theta[0] += m * weighted_squares(s->n, theta + 1, s->a);
    return KI_CONVERGED;
}

/* The field g with m = < tanh(g + w z) >, w >= 0, and the mean slope there: Newton's method, kept
 * inside a bracket. */
static double field_of(double m, double w, double *slope) {
    double low = -(fabs(atanh(m)) + 1), high = -low, g = atanh(m), mean;

    for (int grow = 0; grow < 60; grow++) {
        double above, below, unused;
        ki_tanh_average(high, w, &above, &unused);
        ki_tanh_average(low, w, &below, &unused);
        if (above > m && below < m)
            break;
        high *= 2;
        low *= 2;
    }
    for (int k = 0; k < 200; k++) {
        ki_tanh_average(g, w, &mean, slope);
        const double error = mean - m;
        if (error > 0)
            high = g;
        else
            low = g;
        double next = *slope > 0 ? g - error / *slope : NAN;
        if (!(next > low && next < high))
            next = low + (high - low) / 2;
        const double move = fabs(next - g);
        g = next;
        if (move <= 1e-15 * (1 + fabs(g)))
            break;
    }
    ki_tanh_average(g, w, &mean, slope);
    return g;
}

typedef struct ms_problem {
    double m, squares;
} ms_problem;

/* Delta b(Delta)^2 - s^2. */
static double ms_equation(void *ctx, double delta) {
    const ms_problem *p = ctx;
    double slope = 0;

    (void)field_of(p->m, sqrt(delta), &slope);
    return delta * slope * slope - p->squares;
}

static int ms_row(const common *s, double m, double *theta) {
    ms_problem p = {m, weighted_squares(s->n, s->b, s->a)};
    double low = 0, at_low = -p.squares, slope = 0;
    int evaluations = 0;

    /* b <= 1: the root is at s^2 or beyond. */
    double high = p.squares > 0 ? p.squares : 1e-300, at_high = ms_equation(&p, high);
    while (at_high < 0 && high < MOST_DELTA) {
        low = high;
        at_low = at_high;
        high = fmin(1.5 * high, MOST_DELTA);
        at_high = ms_equation(&p, high);
    }
    if (!(at_high >= 0 && high <= MOST_DELTA))
        return KI_NO_ROOT;
    const double delta = p.squares > 0 ? ki_root_bracketed(ms_equation, &p, low, at_low, high,
                                                           at_high, 1e-15, &evaluations)
                                       : 0;
    const double g = field_of(m, sqrt(delta), &slope);
    set_row(s, slope, g, theta);
    return KI_CONVERGED;
}

/* B = D C^-1 of row i. */
static void regress(const common *s, size_t i) {
    const ki_fit_moments *m = s->m;

    for (size_t k = 0; k < s->n; k++) {
        const size_t j = m->column[k + 1];
        s->b[k] = m->d[i * m->units + j] - m->after[i] * m->before[j];
    }
    ki_cholesky_solve(s->n, s->C, s->b);
}

static int close_row(const common *s, int method, double m, double *theta) {
    if (!(fabs(m) < 1))
        return KI_NO_ROOT; /* unknown update times only */
    if (method == KI_FIT_TAP)
        return tap_row(s, m, theta);
    if (method == KI_FIT_MS)
        return ms_row(s, m, theta);
    set_row(s, 1 - m * m, atanh(m), theta);
    return KI_CONVERGED;
}

int ki_fit_closed(const ki_fit_moments *m, int method, double *theta, int *status) {
    common s = {.m = m, .n = m->n - 1};

    s.C = ki_alloc(s.n * s.n + 1, sizeof *s.C);
    s.a = ki_alloc(s.n + 1, sizeof *s.a);
    s.b = ki_alloc(s.n + 1, sizeof *s.b);
    int error = s.C && s.a && s.b ? 0 : KI_ERR_NOMEM;
    if (error)
        (void)ki_fail(error, "fit : no memory for %zu units : fewer", m->units);
    for (size_t p = 0; p < s.n && !error; p++) {
        const size_t i = m->column[p + 1];
        s.a[p] = 1 - m->before[i] * m->before[i];
        for (size_t q = 0; q < s.n; q++) {
            const size_t j = m->column[q + 1];
            s.C[p * s.n + q] = m->c[i * m->units + j] - m->before[i] * m->before[j];
        }
    }
    const int singular = !error && ki_cholesky(s.n, s.C, 0) != 0;
    for (size_t i = 0; i < m->units && !error; i++) {
        if (status[i] != KI_NOT_CONVERGED)
            continue;
        if (!singular) {
            regress(&s, i);
            status[i] = close_row(&s, method, m->after[i], theta + i * m->n);
        }
        if (status[i] != KI_CONVERGED)
            not_a_number(m->n, theta + i * m->n);
    }
    ki_free(s.C);
    ki_free(s.a);
    ki_free(s.b);
    return error;
}
