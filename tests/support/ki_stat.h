/* SPDX-License-Identifier: BSD-3-Clause */
/* Statistics of tests: means with errors, z-scores with a count of how many were looked at, and
 * random numbers that the library had no part in. */
#ifndef KI_STAT_H
#define KI_STAT_H

#include "ki_test.h"

/* Every |z| of a program must be below KI_Z: for normal z a chance of 5.7e-7 each to be above.
 * Seeds are fixed: that is how often another seed would raise a false alarm. */
#define KI_Z 5.0

static int ki_z_count;      /* z-scores looked at */
static double ki_z_largest; /* of them */

/* `value` deviates from `exact` by z standard errors; without any error by rounding at most. */
static inline void ki_check_z(const char *what, double value, double exact, double error,
                              double rounding) {
    const double away = fmax(fabs(value - exact) - rounding, 0), z = away > 0 ? away / error : 0;
    ki_z_count++;
    ki_z_largest = fmax(ki_z_largest, z);
    if (!(z < KI_Z)) {
        fail_msg("%s: %.10g is not %.10g: z = %.3g, error %.3g", what, value, exact,
                 (value - exact) / error, error);
    }
}

/* The same for a number of events of chance p in n trials. */
static inline void ki_check_count(const char *what, double count, double n, double p) {
    /* A rare event's count is skewed: half a unit less, and the deviation of sqrt(count). */
    const double mean = n * p, spread = sqrt(n * p * (1 - p));
    if (mean < 100)
        ki_check_z(what, 2 * sqrt(count + 0.25), 2 * sqrt(mean + 0.25), 1, 0);
    else
        ki_check_z(what, count, mean, spread, 0);
}

/* z of chi-squared with `freedom` degrees, by Wilson and Hilferty's cube root. */
static inline double ki_chi2_z(double chi2, double freedom) {
    const double v = 2 / (9 * freedom);
    return (cbrt(chi2 / freedom) - (1 - v)) / sqrt(v);
}

/* Running mean and variance (Welford). */
typedef struct ki_stat {
    double n, mean, squares;
} ki_stat;

static inline void ki_stat_add(ki_stat *s, double x) {
    const double d = x - s->mean;
    s->n += 1;
    s->mean += d / s->n;
    s->squares += d * (x - s->mean);
}

static inline double ki_stat_error(const ki_stat *s) {
    return sqrt(s->squares / (s->n - 1) / s->n);
}

/* splitmix64 (Steele, Lea, Flood 2014). */
typedef struct ki_plain_rng {
    uint64_t state;
} ki_plain_rng;

static inline uint64_t ki_plain_word(ki_plain_rng *r) {
    uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* In (0, 1). */
static inline double ki_plain_uniform(ki_plain_rng *r) {
    return ((double)(ki_plain_word(r) >> 12) + 0.5) * 0x1p-52;
}

static inline double ki_plain_normal(ki_plain_rng *r) {
    const double radius = sqrt(-2 * log(ki_plain_uniform(r)));
    return radius * cos(2 * M_PI * ki_plain_uniform(r));
}

#endif
