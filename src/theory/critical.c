/* SPDX-License-Identifier: BSD-3-Clause */
/* Order-disorder boundary: J0 g = 1 with g = beta k(m = 0), which increases with beta and decreases
 * with dJ and dH (the density of a symmetric unimodal field at 0, seen through a kernel that narrows
 * with beta), so that every boundary is a single root. [critical] */
#include <float.h>
#include <math.h>

#include "base/check.h"
#include "base/error.h"
#include "num/root.h"
#include "order_parameters.h"

#define LOG_MAX 708.0

typedef struct boundary {
    ki_theory_params p;
    double *unknown;
} boundary;

/* ln(J0 g) at unknown = exp(u): logarithms keep the search even over many decades. */
static double excess(void *ctx, double u) {
    boundary *b = ctx;
    *b->unknown = exp(u);
    return log(b->p.J0 * ki_disordered_gain(&b->p));
}

static double excess_at(boundary *b, double value) {
    *b->unknown = value;
    return log(b->p.J0 * ki_disordered_gain(&b->p));
}

/* Brackets the sign change of a monotone function in u = ln(unknown), walking from `start`. */
static double solve_log(boundary *b, double start, double towards_order) {
    double u = log(start), f = excess(b, u);
    /* f > 0: ordered here, so go towards disorder, and the other way round. */
    double direction = f > 0 ? -towards_order : towards_order, step = 1;
    double next = u, g = f;
    int evaluations = 0;
    while (signbit(g) == signbit(f) && g != 0) {
        u = next;
        f = g;
        next = u + direction * step;
        step *= 1.5;
        if (fabs(next) > LOG_MAX) { /* as far as doubles go, and not twice */
            if (fabs(u) >= LOG_MAX)
                return NAN;
            next = copysign(LOG_MAX, next);
        }
        g = excess(b, next);
    }
    if (f == 0 || g == 0)
        return exp(f == 0 ? u : next);
    return exp(ki_root_bracketed(excess, b, u, f, next, g, 1e-16, &evaluations));
}

static double solve_beta(boundary *b) {
    if (!(excess_at(b, INFINITY) > 0))
        return NAN; /* disordered down to zero temperature */
    return solve_log(b, 1 / b->p.J0, 1);
}

static double solve_disorder(boundary *b) {
    const double at_zero = b->p.beta == 0 ? -1 : excess_at(b, 0);
    if (fabs(at_zero) < 4 * DBL_EPSILON)
        return 0;
    if (!(at_zero > 0))
        return NAN; /* disordered without it, the more with it */
    return solve_log(b, b->p.J0, -1);
}

int ki_critical(const ki_theory_params *p, int solve_for, double *root, int *status) {
    boundary b;
    if (p == NULL || root == NULL || status == NULL) {
        return ki_fail(KI_ERR_ARGUMENT,
                       "ki_critical : NULL pointer : pass a point and two results");
    }
    b.p = *p;
    switch (solve_for) {
    case KI_BETA:
        b.unknown = &b.p.beta;
        break;
    case KI_J0:
        b.unknown = &b.p.J0;
        break;
    case KI_DJ:
        b.unknown = &b.p.dJ;
        break;
    case KI_DH:
        b.unknown = &b.p.dH;
        break;
    default:
        return ki_fail(KI_ERR_ARGUMENT,
                       "solve_for : %d is unknown : beta (0), J0 (1), dJ (2) or dH (3)", solve_for);
    }
    *b.unknown = 1;
    const int error = ki_check_point(&b.p, 0);
    if (error)
        return error;
    double value;
    if (solve_for == KI_J0) {
        const double g = ki_disordered_gain(&b.p);
        value = g > 0 ? 1 / g : NAN; /* 0 without any disorder at zero temperature */
    } else if (b.p.J0 <= 0) {
        value = NAN;
    } else {
        value = solve_for == KI_BETA ? solve_beta(&b) : solve_disorder(&b);
    }
    *root = value;
    *status = isnan(value) ? KI_NO_ORDERED_PHASE : KI_CONVERGED;
    return 0;
}
