/* SPDX-License-Identifier: BSD-3-Clause */
#include "regime.h"

#include <math.h>

#include "num/tanh_gauss.h"

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

double ki_regime_index(double mu, double b, size_t units, const double *H) {
    double sum = 0;

    for (size_t i = 0; i < units; i++) {
        double mean, slope;
        ki_tanh_average(H[i], b, &mean, &slope);
        sum += slope;
    }
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
