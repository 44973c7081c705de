/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * With the shared part of the noise in y = a + u + s sqrt(c) z and the private parts of sd
 * delta = s sqrt(1 - c),
 *     F = < T(y)^2 >_y,  T(y) = E tanh(y + delta v),  dF/dc = s^2 < K(y)^2 >_y,  K = T' = E sech^2.
 * T = 1 - 2R with R the chance of the minus sign: 1 - F = < 4 R (1 - R) > is a sum of positive terms,
 * good when c -> 1, and < T^2 > is one when c -> 0. Outer sum over y here, inner one (R, T, K at given
 * y) in inner.c.
 */
#include "correlation_map.h"

#include <math.h>

#include "num/gauss.h"
#include "num/simd.h"
#include "num/vecmath.h"
#include "inner.h"

#define RANGE 8.7     /* exp(-8.7^2/2) = 4e-17 */
#define CUT 40.0      /* and where an exponent has fallen this far, nothing is left */
#define NOTHING 750.0 /* exp(-750) is below every number that is promised */
#define MOST_STEPS 1e6
#define ROUGH_RANGE 6.2 /* the same for a rough answer, exp(-19) */
#define ROUGH_CUT 21.0
#define ROUGH_STEP 1.45  /* and how much longer its steps are: the error goes like exp(-1/step) */
#define NARROW 0.45      /* outer noise below this may need panels at the edges of the box */
#define PANELS_PAY 300.0 /* equal steps beyond which panels are cheaper */

/* What the outer sum collects; the reciprocal roles of c small and c near 1 share one pass. */
typedef struct outer {
    const ki_map *map;
    const ki_inner *inner;
    double w, delta;
    int small; /* collect T^2 (1) or 4 R (1 - R) (0) */
    int want_slope;
    double value, slope;
    size_t n;
    double y[KI_INNER_CHUNK], weight[KI_INNER_CHUNK];
} outer;

static void flush(outer *o) {
    double R[KI_INNER_CHUNK], T[KI_INNER_CHUNK], K[KI_INNER_CHUNK];
    if (o->n == 0)
        return;
    ki_inner_evaluate(o->inner, o->n, o->y, o->small, o->want_slope, R, T, K);
    for (size_t i = 0; i < o->n; i++) {
        o->value += o->weight[i] * (o->small ? T[i] * T[i] : 4 * R[i] * (1 - R[i]));
        o->slope += o->want_slope ? o->weight[i] * K[i] * K[i] : 0;
    }
    o->n = 0;
}

static void add(outer *o, double y, double weight) {
    o->y[o->n] = fabs(y);
    o->weight[o->n] = weight;
    if (++o->n == KI_INNER_CHUNK)
        flush(o);
}

/* -ln of 4 R(1 - R) times the density of y, up to slow factors; convex. */
static double exponent(const outer *o, double y) {
    const double d2 = o->delta * o->delta, distance = fmax(fabs(y - o->map->a) - o->map->D, 0);
    double sum = 0;
    if (distance > 0) {
        if (o->w == 0)
            return INFINITY;
        sum = 0.5 * (distance / o->w) * (distance / o->w);
    }
    y = fabs(y);
    if (o->map->zero_temperature || y < 2 * d2)
        return sum + (d2 > 0 ? 0.5 * y * y / d2 : (y > 0 ? INFINITY : 0));
    return sum + 2 * y - 2 * d2;
}

static void interval(const outer *o, double mode, double step, double *low, double *high) {
    const ki_map *m = o->map;
    const double edge = m->D + (m->rough ? ROUGH_RANGE : RANGE) * o->w;
    *low = m->a - edge;
    *high = m->a + edge;
    if (o->small)
        return;
    /* Doubling steps outwards, then back: a few evaluations however long the interval is. */
    const double limit = exponent(o, mode) + (m->rough ? ROUGH_CUT : CUT);
    for (int side = -1; side <= 1; side += 2) {
        double far = step, near = 0;
        while (exponent(o, mode + side * far) < limit) {
            near = far;
            far *= 2;
        }
        for (int i = 0; i < 8 && far - near > step; i++) {
            const double mid = 0.5 * (near + far);
            *(exponent(o, mode + side * mid) < limit ? &near : &far) = mid;
        }
        double *end = side < 0 ? low : high;
        const double found = mode + side * far;
        *end = o->w > 0 ? found : (side < 0 ? fmax(*end, found) : fmin(*end, found));
    }
}

/* Nodes are counted from `base`, 0 or a, whichever is nearer to the interval: y = base + x is needed to
 * its own precision near 0, y - a to that of the noise when the noise is narrow. */
static double base_of(const outer *o, double low) {
    return low > 0.5 * o->map->a ? o->map->a : 0;
}

static void equal_steps(outer *o, double low, double high, double step) {
    const ki_map *m = o->map;
    double v[KI_INNER_CHUNK], density[KI_INNER_CHUNK];
    const int folded = m->a == 0;
    const double base = base_of(o, low), first = folded ? 0 : low - base;
    if (!((high - base - first) / step <
          MOST_STEPS)) { /* never seen; better no answer than no end */
        o->value = NAN;
        return;
    }
    const size_t total = (size_t)ceil((high - base - first) / step) + 1;
    for (size_t done = 0; done < total;) {
        const size_t n = total - done < KI_INNER_CHUNK ? total - done : KI_INNER_CHUNK;
        for (size_t i = 0; i < n; i++)
            v[i] = first + (double)(done + i) * step + (base - m->a);
        ki_box_density(n, v, o->w, m->D, density);
        for (size_t i = 0; i < n; i++) {
            add(o, base + (first + (double)(done + i) * step),
                (folded && done + i ? 2 : 1) * step * density[i]);
        }
        done += n;
    }
}

/* Gauss-Legendre on base + [low, high] in `count` equal panels, 16 nodes each (40 on an edge of the box). */
static void panels(outer *o, double base, double low, double high, size_t count, int edge) {
    const ki_map *m = o->map;
    const size_t order = edge ? 40 : 16;
    const double *x = edge ? ki_gl40_x : ki_gl16_x, *g = edge ? ki_gl40_w : ki_gl16_w;
    const double half = 0.5 * (high - low) / (double)count;
    double v[40], density[40];
    for (size_t k = 0; k < count; k++) {
        const double centre = low + (2 * (double)k + 1) * half;
        for (size_t i = 0; i < order; i++)
            v[i] = centre + half * x[i] + (base - m->a);
        if (o->w > 0)
            ki_box_density(order, v, o->w, m->D, density);
        for (size_t i = 0; i < order; i++) {
            add(o, base + (centre + half * x[i]),
                half * g[i] * (o->w > 0 ? density[i] : 0.5 / m->D));
        }
    }
}

static void box_panels(outer *o, double low, double high, double smooth) {
    const ki_map *m = o->map;
    const double r = RANGE * o->w, base = base_of(o, low), shift = m->a - base;
    const double cut[4] = {shift + (-m->D - r), shift + (-m->D + r), shift + (m->D - r),
                           shift + (m->D + r)};
    for (int i = 0; i < 3; i++) {
        const double from = fmax(low - base, cut[i]), to = fmin(high - base, cut[i + 1]);
        if (to > from && i != 1) {
            panels(o, base, from, to, 1, 1);
        } else if (to > from) {
            /* Split at y = 0, where the integrand peaks. */
            const double middle = from < -base && to > -base ? -base : to;
            panels(o, base, from, middle, (size_t)ceil((middle - from) / smooth), 0);
            if (middle < to)
                panels(o, base, middle, to, (size_t)ceil((to - middle) / smooth), 0);
        }
    }
}

/* Mode of the exponent: a quadratic well against 2|y| or against y^2 / 2 delta^2. */
static double find_mode(const outer *o) {
    const double gap = fmax(o->map->a - o->map->D, 0);
    const double w2 = o->w * o->w, d2 = o->delta * o->delta, tail = gap - 2 * w2;
    if (!o->map->zero_temperature && tail >= 2 * d2)
        return tail;
    return gap > 0 ? gap * d2 / (w2 + d2) : 0;
}

static void run(outer *o, double p, double c) {
    const ki_map *m = o->map;
    ki_inner inner;
    o->delta = m->s * sqrt(p);
    o->w = m->s * sqrt(c);
    o->value = o->slope = 0;
    o->n = 0;
    o->inner = &inner;
    const double gap = fmax(m->a - m->D, 0), d2 = o->delta * o->delta, w2 = o->w * o->w;
    const double shift = m->s > 0 ? fmin(2 * o->delta, gap * o->delta / (m->s * m->s)) : 0;
    if (o->w == 0 && m->D == 0) {
        ki_inner_init(&inner, o->delta, shift, m->a, m->zero_temperature, 0);
        add(o, m->a, 1);
    } else {
        /* T and the density of y are both smooth on scales of their own; panels as long as T's. */
        const double smooth = m->zero_temperature ? o->delta : fmax(2, o->delta);
        const double both = d2 > 0 && w2 > 0 ? 1 / sqrt(2 / d2 + 1 / w2) : 0;
        const double pole = o->w > 0 && !m->zero_temperature ? ki_strip_step(o->w) : 0;
        const double stretch = m->rough ? ROUGH_STEP : 1;
        const double step = stretch * fmin(fmax(0.68 * both, pole), 0.68 * o->w);
        const double mode = find_mode(o);
        double low, high;
        /* Nothing there; or private noise so weak that its square is, and 1 - F < 1e-140 with it. */
        if (!o->small && (exponent(o, mode) > NOTHING || (m->zero_temperature && d2 < 1e-290)))
            return;
        interval(o, mode, step > 0 ? step : 0.1 * smooth, &low, &high);
        const double reach = o->small ? 0 : fmax(fabs(low), fabs(high));
        ki_inner_init(&inner, o->delta, shift, reach, m->zero_temperature, m->rough);
        if (m->D > 0 && o->w < NARROW * smooth && !(high - low <= PANELS_PAY * step))
            box_panels(o, low, high, smooth);
        else
            equal_steps(o, low, high, step);
    }
    flush(o);
    o->slope *= m->s * m->s;
}

double ki_map_defect(const ki_map *map, double p, double *slope) {
    outer o;
    o.map = map;
    o.small = 0;
    o.want_slope = slope != NULL;
    if (p == 0 && map->zero_temperature)
        return 0;
    run(&o, p, 1 - p);
    if (slope)
        *slope = o.slope;
    return o.value;
}

double ki_map_value(const ki_map *map, double c, double *slope) {
    outer o;
    o.map = map;
    o.small = 1;
    o.want_slope = slope != NULL;
    run(&o, 1 - c, c);
    if (slope)
        *slope = o.slope;
    return o.value;
}

/* F at D = 0 or with w large enough for the box density to be smooth on the steps; c >= 0. */
static double general_smooth(const ki_map *map, double D, double a, double b, double c) {
    ki_inner inner;
    double y[KI_INNER_CHUNK], v[KI_INNER_CHUNK], density[KI_INNER_CHUNK];
    double Ra[KI_INNER_CHUNK], Rb[KI_INNER_CHUNK];
    const double w = map->s * sqrt(c), delta = map->s * sqrt(1 - c);
    const int zero = map->zero_temperature;
    /* Further from both -a and -b the two signs are sure, and equal outside the two. */
    const double sure = (zero ? 0 : 20) + RANGE * delta;
    const double low = fmax(-(D + RANGE * w), -fmax(a, b) - sure);
    const double high = fmin(D + RANGE * w, -fmin(a, b) + sure);
    double step = 1; /* of the one node that is left when w = 0 */
    ki_inner_init(&inner, delta, 0, 0, zero, 0);
    if (w > 0) {
        const double both = delta > 0 ? 1 / sqrt(2 / (delta * delta) + 1 / (w * w)) : 0;
        step = fmin(fmax(0.68 * both, zero ? 0 : ki_strip_step(w)), 0.68 * w);
        if (high <= low)
            return 1;
    }
    const size_t total = w > 0 ? (size_t)ceil((high - low) / step) + 1 : 1;
    double defect = 0;
    for (size_t done = 0; done < total;) {
        const size_t n = total - done < KI_INNER_CHUNK ? total - done : KI_INNER_CHUNK;
        for (size_t i = 0; i < n; i++)
            v[i] = w > 0 ? low + (double)(done + i) * step : 0;
        if (w > 0)
            ki_box_density(n, v, w, D, density);
        else
            density[0] = 1;
        for (size_t i = 0; i < n; i++)
            y[i] = fabs(a + v[i]);
        ki_inner_evaluate(&inner, n, y, 0, 0, Ra, NULL, NULL);
        for (size_t i = 0; i < n; i++)
            y[i] = fabs(b + v[i]);
        ki_inner_evaluate(&inner, n, y, 0, 0, Rb, NULL, NULL);
        for (size_t i = 0; i < n; i++) {
            const double pa = a + v[i] < 0 ? 1 - Ra[i] : Ra[i];
            const double pb = b + v[i] < 0 ? 1 - Rb[i] : Rb[i];
            defect += step * density[i] * 2 * (pa * (1 - pb) + pb * (1 - pa));
        }
        done += n;
    }
    return 1 - defect;
}

/* Without field: reversing one of the two turns c < 0 into c > 0. */
static double general_no_box(const ki_map *map, double a, double b, double c) {
    return c < 0 ? -general_smooth(map, 0, a, -b, -c) : general_smooth(map, 0, a, b, c);
}

/* The average over the field outside: its box is too sharp against the shared noise, or must not be
 * reversed with it. Where both total fields are of sure sign the integrand is their product. */
static double general_panels(const ki_map *map, double a, double b, double c) {
    const double D = map->D, sure = (map->zero_temperature ? 0 : 20) + RANGE * map->s;
    const double longest = map->zero_temperature ? map->s : fmax(2, map->s);
    double cut[8] = {-D, -a - sure, -a, -a + sure, -b - sure, -b, -b + sure, D};
    double sum = 0;
    for (int i = 1; i < 8; i++) { /* in order, inside the box */
        const double x = fmin(fmax(cut[i], -D), D);
        int j = i;
        for (; j > 0 && cut[j - 1] > x; j--)
            cut[j] = cut[j - 1];
        cut[j] = x;
    }
    for (int i = 0; i < 7; i++) {
        const double width = cut[i + 1] - cut[i], middle = 0.5 * (cut[i] + cut[i + 1]);
        if (fabs(middle + a) > sure && fabs(middle + b) > sure) {
            sum += (middle + a < 0) == (middle + b < 0) ? 2 * width : -2 * width;
            continue;
        }
        const size_t count = (size_t)ceil(width / longest);
        const double half = count ? 0.5 * width / (double)count : 0;
        for (size_t k = 0; k < count; k++) {
            const double centre = cut[i] + (2 * (double)k + 1) * half;
            for (int j = 0; j < 16; j++) {
                const double u = centre + half * ki_gl16_x[j];
                sum += 2 * half * ki_gl16_w[j] * general_no_box(map, a + u, b + u, c);
            }
        }
    }
    return sum / (4 * D);
}

double ki_map_general(const ki_map *map, double a, double b, double c) {
    const double D = map->D, w = map->s * sqrt(fabs(c));
    double F;
    if (D == 0)
        F = general_no_box(map, a, b, c);
    else if (c >= 0 && D < 20 * w)
        F = general_smooth(map, D, a, b, c);
    else
        F = general_panels(map, a, b, c);
    return fmin(fmax(F, -1), 1);
}
