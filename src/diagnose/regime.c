/* SPDX-License-Identifier: BSD-3-Clause */
#include "regime.h"

#include <math.h>

#include "num/gauss.h"
#include "num/sum.h"
#include "num/vecmath.h"

#define WORD_CASES(LIST, CASE)                                                                     \
    switch (number) {                                                                              \
        LIST(CASE)                                                                                 \
    default:                                                                                       \
        return "?";                                                                                \
    }

#define NAME_CASE(name, value, word, ...)                                                          \
    case name:                                                                                     \
        return word;
#define RULE_CASE(name, value, word, rule)                                                         \
    case name:                                                                                     \
        return rule;
#define REASON_CASE(name, value, word, reason, advice)                                             \
    case name:                                                                                     \
        return reason;
#define ADVICE_CASE(name, value, word, reason, advice)                                             \
    case name:                                                                                     \
        return advice;

const char *ki_regime_name(int number) {
    WORD_CASES(KI_REGIME_LIST, NAME_CASE)
}

const char *ki_regime_rule(int number) {
    WORD_CASES(KI_REGIME_LIST, RULE_CASE)
}

const char *ki_doubt_name(int number) {
    WORD_CASES(KI_DOUBT_LIST, NAME_CASE)
}

const char *ki_doubt_reason(int number) {
    WORD_CASES(KI_DOUBT_LIST, REASON_CASE)
}

const char *ki_doubt_advice(int number) {
    WORD_CASES(KI_DOUBT_LIST, ADVICE_CASE)
}

const char *ki_misfit_name(int number) {
    WORD_CASES(KI_MISFIT_LIST, NAME_CASE)
}

enum { CHUNK = 64 };

/* <sech^2(b z + h)> by equal steps of x = b z. */
static double slope(double b, double h) {
    const double step = ki_strip_step(b), far = 8.5 * b;
    const long count = (long)ceil(far / step);
    double x[CHUNK], weight[CHUNK], sum = 0;
    size_t n = 0;

    for (long k = -count; k <= count; k++) {
        const double at = (double)k * step;
        x[n] = at + h;
        weight[n++] = -at * at / (2 * b * b);
        if (n == CHUNK || k == count) {
            ki_vsech2(n, x, x);
            ki_vexp(n, weight, weight);
            sum += ki_dot(n, x, weight);
            n = 0;
        }
    }
    return sum * step / (b * sqrt(2 * acos(-1)));
}

double ki_regime_index(double mu, double b, size_t units, const double *H) {
    double sum = 0;

    for (size_t i = 0; i < units; i++)
        sum += slope(fmax(b, 1e-9), H[i]);
    return mu * sum / (double)units;
}

int ki_regime_of(const ki_diagnose_options *o, double g, double r, double ratio) {
    if (isnan(g))
        return KI_CANNOT_TELL;
    if (g >= o->critical)
        return g > o->ordered ? KI_ORDERED : KI_NEAR_CRITICAL;
    if (isnan(r))
        return KI_CANNOT_TELL;
    if (r > o->weak)
        return KI_WEAK;
    if (r >= o->deterministic)
        return KI_MODERATE;
    if (isnan(ratio))
        return KI_CANNOT_TELL;
    return ratio > 1 ? KI_QUASI_DETERMINISTIC : KI_DETERMINISTIC_REVERSIBLE;
}

double ki_regime_spin_entropy(double m) {
    const double p = (1 + m) / 2, q = (1 - m) / 2;

    return -(p > 0 ? p * log(p) : 0) - (q > 0 ? q * log(q) : 0);
}
