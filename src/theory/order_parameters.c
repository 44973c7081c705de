/* SPDX-License-Identifier: BSD-3-Clause */
#include "order_parameters.h"

#include <float.h>
#include <math.h>

#include "base/check.h"
#include "num/root.h"
#include "field.h"

#define PI2_6 1.6449340668482264365
#define LN2 0.69314718055994530942

int ki_is_zero_temperature(const ki_theory_params *p) {
    return isinf(p->beta) || p->beta * p->dJ > 1e9;
}

typedef struct magnetization_problem {
    const ki_field *field; /* NULL at zero temperature */
    const ki_map *map;
    double J; /* beta J, or J at zero temperature */
} magnetization_problem;

static double gain(const magnetization_problem *mp, double a) {
    return mp->field ? ki_field_gain(mp->field, a) : ki_field_gain_zero(mp->map->s, mp->map->D, a);
}

/* (m/M)^2 - 1 as a function of m^2, M = <tanh>: nearly linear and increasing, because M is concave, and
 * as well conditioned near the critical point as the problem itself. [m-sync] */
static double magnetization_residual(void *ctx, double m2) {
    const magnetization_problem *mp = ctx;
    const double ratio = mp->J * gain(mp, mp->J * sqrt(m2));
    return 1 / (ratio * ratio) - 1;
}

static double solve_magnetization(magnetization_problem *mp, int *evaluations) {
    const double ratio = mp->J * gain(mp, 0);
    ++*evaluations;
    if (!(ratio > 1))
        return 0;
    const double low = isinf(ratio) ? -1 : 1 / (ratio * ratio) - 1;
    const double high = magnetization_residual(mp, 1);
    ++*evaluations;
    if (high <= 0) /* M = 1 to rounding */
        return 1;
    return sqrt(ki_root_bracketed(magnetization_residual, mp, 0, low, 1, high, 1e-15, evaluations));
}

/* q = F(q) by Newton on q itself, for its relative accuracy when it is small; p is a first guess of
 * 1 - q. [q-sync] */
static void solve_small(ki_state *st, double p) {
    const ki_map *map = &st->map;
    double c = 0.5 * fmax(1 - p, 0);
    if (c < 1e-3) {
        const double k = map->zero_temperature ? st->k : fmin(st->k, 1);
        c = fmin(k * k * (map->a * map->a + map->D * map->D / 3), 0.1);
    }
    st->converged = 0;
    for (int i = 0; i < 100 && !st->converged; i++) {
        double slope;
        const double F = ki_map_value(map, c, &slope);
        const double next = fmin(fmax(c + (F - c) / (1 - slope), 0), 0.5);
        st->evaluations++;
        st->converged = fabs(next - c) < 1e-8 * c || next < 1e-305;
        c = next;
    }
    st->q = c;
    st->defect = 1 - c;
}

/* The same from above in p = 1 - q: 1 - F(1 - p) is concave, so Newton is monotone. The way there is
 * walked on a rough map, the last steps on the exact one; a step of 1e-6 leaves an error of its square. */
static void solve_defect(ki_state *st) {
    double p = fmin(1 - st->m * st->m + 1e-15, 1); /* q >= m^2, and m is rounded */
    st->converged = 0;
    st->map.rough = 1;
    for (int i = 0; i < 100 && !st->converged; i++) {
        double slope;
        const double G = ki_map_defect(&st->map, p, &slope);
        /* In this form, because p may be far above 1 - q. */
        const double next = slope < 1 ? fmin((G - slope * p) / (1 - slope), 1) : G;
        st->evaluations++;
        if (1 - next < 0.1) {
            st->map.rough = 0;
            solve_small(st, next);
            return;
        }
        const double change = fabs(next - p);
        if (isnan(next))
            break;
        st->converged = !st->map.rough && (change < 1e-7 * p || next < 1e-305);
        st->map.rough = st->map.rough && change > 1e-4 * p;
        p = next;
    }
    st->map.rough = 0;
    st->defect = p;
    st->q = 1 - p;
}

static void solve_autocorrelation(ki_state *st) {
    const ki_map *map = &st->map;
    if (map->a == 0 && map->D == 0) {
        st->q = 0;
        st->defect = 1;
    } else if (map->s >= (map->zero_temperature ? DBL_MIN : KI_WEAK_NOISE)) {
        solve_defect(st);
    } else if (map->zero_temperature) {
        st->q = 1;
        st->defect = 0;
    } else {
        /* Every spin is on its own: 0 < F' <= s^2 gives k <= 1 - q <= k/(1 - s^2), and q = <tanh^2> as
         * closely. */
        ki_map alone = *map;
        alone.s = 0;
        st->defect = st->k;
        st->q = st->k > 0.9 ? ki_map_value(&alone, 0.5, NULL) : 1 - st->k;
    }
}

/* Products that overflow act like the largest number, and what could only matter below 1e-300 is 0. */
static double clamp(double x) {
    return x < 1e-150 ? 0 : fmin(x, 1e300);
}

void ki_solve_state(const ki_theory_params *p, double J, ki_state *st) {
    ki_field field;
    const int zero = ki_is_zero_temperature(p);
    J = fmax(J, 0);
    /* Zero temperature has no scale of its own: the largest parameter becomes 1. */
    double unit = p->beta;
    if (zero) {
        const double largest = fmax(J, fmax(p->dJ, p->dH));
        unit = largest > 0 ? 1 / largest : 1;
    }
    magnetization_problem mp = {zero ? NULL : &field, &st->map, clamp(unit * J)};
    st->map = (ki_map){0, clamp(unit * p->dJ), clamp(unit * p->dH), zero, 0};
    st->evaluations = 0;
    st->converged = 1;
    if (!zero)
        ki_field_init(&field, st->map.s, st->map.D);
    st->m = mp.J > 0 ? solve_magnetization(&mp, &st->evaluations) : 0;
    st->map.a = mp.J * st->m;
    if (zero) {
        st->k = 2 * ki_field_density_zero(st->map.s, st->map.D, st->map.a);
        solve_autocorrelation(st);
        st->k *= unit;
        st->S = 0.5 * PI2_6 * st->k;
    } else {
        ki_field_averages(&field, st->map.a, &st->k, &st->S);
        st->k = fmin(st->k, 1); /* rounding aside they are */
        st->S = fmin(st->S, LN2);
        solve_autocorrelation(st);
    }
}

double ki_disordered_gain(const ki_theory_params *p) {
    ki_field field;
    if (ki_is_zero_temperature(p))
        return 2 * ki_field_density_zero(p->dJ, p->dH, 0);
    ki_field_init(&field, clamp(p->beta * p->dJ), clamp(p->beta * p->dH));
    return p->beta * ki_field_gain(&field, 0);
}
