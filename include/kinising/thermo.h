/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file thermo.h
 * Entropy production of recordings: estimates with their biases and errors, and tests of
 * reversibility.
 *
 * Everything is of the whole network in nats per step (bin); ki_entropy_scale() gives the factors to
 * other units. Synchronous dynamics; a transition leads from the states s = s(t) to y = s(t+1) of the
 * same trial, x = (1, s), T is their number, d_ij = <y_i s_j>, dD_ij = d_ij - d_ji. Units that never
 * change produce no entropy and are left out of all estimates.
 */
#ifndef KINISING_THERMO_H
#define KINISING_THERMO_H

#include <kinising/model.h>
#include <kinising/raster.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The one list of estimators: X(name, number, word, text). */
#define KI_ESTIMATOR_LIST(X)                                                                       \
    X(KI_MODEL, 0, "model", "of the fitted network, corrected for its bias")                       \
    X(KI_PLUGIN, 1, "plugin", "of the likeliest network, with its bias")                           \
    X(KI_CROSSFIT, 2, "crossfit", "couplings of one part, moments of another")                     \
    X(KI_MTUR, 3, "mtur", "lower bound by the thermodynamic uncertainty relation")                 \
    X(KI_MAXENT, 4, "maxent", "lower bound by the process of largest entropy")

/** Estimators of entropy production; see KI_ESTIMATOR_LIST. */
enum ki_estimator {
#define KI_ESTIMATOR_ENUM(name, number, word, text) name = number,
    KI_ESTIMATOR_LIST(KI_ESTIMATOR_ENUM)
#undef KI_ESTIMATOR_ENUM
#define KI_ESTIMATOR_ONE(name, number, word, text) +1
        KI_N_ESTIMATORS = KI_ESTIMATOR_LIST(KI_ESTIMATOR_ONE) /**< how many there are */
#undef KI_ESTIMATOR_ONE
};

/** The word of an estimator; "?" for an unknown number. Never NULL. */
KI_API const char *ki_estimator_name(int estimator);

/** The one list of tests: X(name, number, word, hypothesis that is tested). */
#define KI_ENTROPY_TEST_LIST(X)                                                                    \
    X(KI_TEST_Z, 0, "z", "reversible")                                                             \
    X(KI_TEST_FLIPS, 1, "flips", "reversible")                                                     \
    X(KI_TEST_SYMMETRIC, 2, "symmetric", "reversible")                                             \
    X(KI_TEST_BOOTSTRAP, 3, "bootstrap", "reversible")                                             \
    X(KI_TEST_SHIFTS, 4, "shifts", "no coupling")                                                  \
    X(KI_TEST_SHUFFLES, 5, "shuffles", "nothing beyond the stimulus")

/** Tests of recordings; see KI_ENTROPY_TEST_LIST. */
enum ki_entropy_test {
#define KI_ENTROPY_TEST_ENUM(name, number, word, hypothesis) name = number,
    KI_ENTROPY_TEST_LIST(KI_ENTROPY_TEST_ENUM)
#undef KI_ENTROPY_TEST_ENUM
#define KI_ENTROPY_TEST_ONE(name, number, word, hypothesis) +1
        KI_N_TESTS = KI_ENTROPY_TEST_LIST(KI_ENTROPY_TEST_ONE) /**< how many there are */
#undef KI_ENTROPY_TEST_ONE
};

/** The word of a test; "?" for an unknown number. Never NULL. */
KI_API const char *ki_entropy_test_name(int test);

/** What a test supposes, such as "reversible"; "?" for an unknown number. Never NULL. */
KI_API const char *ki_entropy_test_hypothesis(int test);

/** What is to be estimated and tested; zeros are the defaults. */
typedef struct ki_entropy_spec {
    unsigned estimators; /**< bits 1 << enum ki_estimator; 0 = model */
    unsigned tests;      /**< bits 1 << enum ki_entropy_test; 0 = z and flips. z is of the estimator
                         model and needs it */
    int likelihood; /**< model: 0 = Firth's penalised likelihood; 1 = maximum likelihood where it
                         exists, with the bias by Cox and Snell taken off */
    uint64_t folds; /**< crossfit: parts, 2..T; 0 = 10 */
    int refit;      /**< crossfit: 1 = the network is fitted anew without each part */
    uint64_t flips; /**< random flips of time, 0 = 1999; at most 10^6 */
    uint64_t
        surrogates; /**< recordings of each of the tests bootstrap, shifts and shuffles, 0 = 199;
                              at most 10^6 */
    uint64_t seed;  /**< of flips and surrogates */
    uint64_t first_bin; /**< a window of bins, counted through all trials: the first */
    uint64_t bins;      /**< ... and how many, 0 = all from there on */
} ki_entropy_spec;

/** What an estimator gives; NaN where it was not asked for or could not be made. */
typedef struct ki_entropy_value {
    double sigma; /**< entropy production, bias taken off but with KI_PLUGIN */
    double error; /**< standard error sqrt(max(v - v2, v2)) */
    double bias;  /**< of first order: taken off (model), or still in `sigma` (the others) */
    int status;   /**< enum ki_status: KI_SEPARATED, KI_NOT_CONVERGED, KI_TOO_SHORT */
} ki_entropy_value;

/** What a test gives; NaN where it was not asked for or could not be made. */
typedef struct ki_entropy_outcome {
    double statistic; /**< see ki_entropy_production() */
    double p_value;   /**< chance of at least as much where the hypothesis holds */
    double mean;      /**< of the model's sigma of the surrogates; NaN for other tests */
    double deviation; /**< its standard deviation over them */
    int status;       /**< enum ki_status */
} ki_entropy_outcome;

/** Everything of a recording. The caller sets the pointers, all of which may be NULL. */
typedef struct ki_entropy_result {
    ki_entropy_value value[KI_N_ESTIMATORS]; /**< by enum ki_estimator */
    ki_entropy_outcome test[KI_N_TESTS];     /**< by enum ki_entropy_test */
    double S;             /**< path entropy, -(log-likelihood - parameters/2)/T; S^r is S + sigma */
    double plugin;        /**< sum J_ij dD_ij of the model's network */
    double bias_instant;  /**< its bias N(N-1)/T */
    double bias_leads[5]; /**< ... by transitions 1 to 5 steps later */
    double bias_cox_snell;  /**< ... by that of the couplings; 0 with Firth's fit */
    double variance;        /**< v, of 50 batches */
    double variance_second; /**< v2 = 4N(N-1)/T^2 */
    uint64_t transitions;   /**< T */
    uint64_t fitted;        /**< units that change */
    uint64_t separated;     /**< units whose likelihood has no finite maximum */
    uint64_t silent;        /**< units that are never active after a transition */
    uint64_t saturated;     /**< units that are always active after one */
    double *H;              /**< [N] of the model's network */
    double *J;              /**< [N,N] the same */
    int *unit_status;       /**< [N] enum ki_status of its rows */
    double *unit;           /**< [N] share of a unit, sum_j J_ij dD_ij less its bias */
    double *unit_error;     /**< [N] */
    double *unit_p;         /**< [N] of flips of this unit's row alone; NaN without flips */
    double *pair;       /**< [N,N] share of a pair, (J_ij - J_ji) dD_ij less its bias; NaN i = j */
    double *pair_error; /**< [N,N] */
    double *pair_p;     /**< [N,N] Wald's test of J_ij = J_ji, two-sided */
} ki_entropy_result;

/**
 * Bytes that ki_entropy_production() takes beyond the raster and the result.
 *
 * @param units    N
 * @param bins     of all trials
 * @param spec     as there; NULL for the defaults
 * @param threads  as in ki_run_options
 * @param bytes    the number; UINT64_MAX if it does not fit
 * @return 0; KI_ERR_ARGUMENT
 *
 * Cost: none. Source: the arrays of ki_entropy_production().
 */
KI_API KI_WARN_UNUSED int ki_entropy_memory(uint64_t units, uint64_t bins,
                                            const ki_entropy_spec *spec, int threads,
                                            uint64_t *bytes);

/**
 * Entropy production of a recording [sigma-data], and tests [flips].
 *
 * ```
 *     plugin    S0 = sum_ij J_ij dD_ij, of the network that maximum likelihood gives
 *     model     S0 - N(N-1)/T - sum_l b_l, of Firth's network (l = 1..5);
 *               with `likelihood` also less b_cs
 *       b_l   = (1/T) sum_i,t,j eps_i(t) (F_i^-1 x_t)_j [y_i(t+l) s_j(t+l) - y_j(t+l) s_i(t+l)]
 *       b_cs  = sum_ij c_ij dD_ij, c_i = F_i^-1 sum_t x_t th (1 - th^2) x_t.F_i^-1 x_t
 *       eps   = y - th, th = tanh h, F_i = sum_t (1 - th_i^2) x x^T
 *     crossfit  sum over parts of their share of T times sum_ij J_ij dD_ij, J of the others by
 *               one Newton step from the fit to all or, with `refit`, by a fit to them
 *     mtur      ln(1 + 2 q) <= sigma, q = c.K^-1 c, with the means c and the covariance K (divisor
 *               T - 1) of the currents y_i s_j - y_j s_i of the pairs i < j [mtur]
 *     maxent    max_a a.<c> - ln <exp(-a.c)> <= sigma [maxent], c the same currents: a in the plane of
 *               J - J^T of Firth's network and four steps of conjugate gradients to 2 K^-1 <c>, both of
 *               one third of 30 blocks of transitions, at the place of the maximum on another third
 *               (where of n transitions one more is taken to run backwards, unseen) or where the
 *               tilted average on that would rest on fewer than 30 transitions or |a.c| be above
 *               4 ln n anywhere; the value on the last third, at most the logarithm of their number; mean over the three turns
 * ```
 *
 * Errors: v is the variance of the mean of psi_t = sum_i eps_i(t) T x_t.F_i^-1 (0, dD_i) +
 * sum_ij J_ij (y_i s_j - y_j s_i), by 50 batches of transitions one after another, v2 = 4N(N-1)/T^2,
 * the error sqrt(max(v - v2, v2)); plugin and crossfit have it too. Leads end at borders of trials. That of
 * mtur is the same with psi_t = f (2 w - w^2 + q), w = K^-1 c.(c(t) - c), f = 2/(1 + 2 q), and
 * v2 = 2 f^2 e^2/pairs, its bias f (e + q (pairs + 1)/T) - v/2, where e = tr K^-1 cov(c), cov(c) by the
 * batches (pairs/T for independent steps). That of maxent is sqrt v of the value for given a, and its bias
 * what the logarithm of the mean adds for independent steps.
 *
 * The error of a pair, A = J_ij - J_ji: the square root of dD^2 Var A + A^2 Var dD + 4 A dD/T + Var A Var dD + 4/T^2,
 * Var A by Fisher's information and Var dD by the batches. Pairs near 0 have too large ones.
 *
 * Statistics: z = model/sqrt(v2), normal, one-sided. flips: with K^k = dD of block k of 60, summed,
 * sum_i dD_i.F_i^-1 dD_i against that with random signs of the K^k: right for any stationary reversible
 * process.
 *
 * symmetric: twice what the log-likelihood of the likeliest network exceeds that of the likeliest one with
 * J = J^T by [symmetric], chi-squared with as many degrees of freedom as pairs of units that change. Of rows that are
 * separated it takes Firth's place, which is less likely: the test is then too timid, and says so.
 *
 * Surrogates [surrogates] are recordings like this one in all but what the test asks; the statistic is the
 * model's sigma less their mean, the p-value the share of them (and of the recording itself) that have at least
 * as much. bootstrap: courses of the likeliest network with J = J^T from the first states of the trials. shifts:
 * each unit rotated in time by a number of its own in each trial, which leaves no coupling at all: **not** a
 * test of reversibility, it rejects coupled networks that are reversible. shuffles: each unit's trials change
 * places with others of the same length: what the stimulus makes in every trial alike stays, sigma less
 * the mean is what is beyond it. A surrogate without a value counts as at least as much, and makes the status
 * KI_NOT_CONVERGED.
 *
 * Statuses: KI_SEPARATED where the likelihood of some row has no finite maximum (where most have none
 * sigma is low by some 10 to 20 % and its error too small); KI_NOT_CONVERGED where
 * fewer than two units change, a fit did not end or information or K is singular; KI_TOO_SHORT where mtur
 * has no more transitions than pairs, and maxent where the model's sigma is above ln(T)/2 (its average
 * would rest on what is hardly ever seen) or T below 300: then there are no numbers.
 *
 * @param raster  a recording with at least one transition in the window
 * @param spec    what is asked; NULL for the defaults
 * @param run     threads, progress; NULL = defaults
 * @param out     pointers in, results out
 * @return 0; KI_ERR_ARGUMENT (the sentence names the value), KI_ERR_NOMEM, KI_ERR_CANCELLED
 *
 * The same numbers for any number of threads.
 *
 * Cost: Firth's fit, and N^3 T (single precision) for leads and errors; maximum likelihood as much
 * again where plugin or crossfit is asked for, and with `refit` a fit for each part; mtur N^4 T/512
 * words counted and N^6/48; maxent a fit and 30 N^2 T; symmetric a fit, and some 5 times N^3 T/2; a
 * surrogate a fit and N^3 T. Source: docs/theory.md; Firth 1993; Cox, Snell 1968; randomization test of
 * signs, Fisher 1935; Hasegawa, Van Vu 2019, Dechant 2018 (mtur); Aguilera, Ito, Kolchinsky 2025
 * (maxent).
 */
KI_API KI_WARN_UNUSED int ki_entropy_production(const ki_raster *raster,
                                                const ki_entropy_spec *spec,
                                                const ki_run_options *run, ki_entropy_result *out);

/** What entropies may be referred to. */
enum ki_per {
    KI_PER_STEP = 0,  /**< the whole network, a bin */
    KI_PER_SPIN = 1,  /**< one of N units, a bin */
    KI_PER_SPIKE = 2, /**< the spikes of all units: bin over their mean number in it */
    KI_PER_SECOND = 3 /**< the whole network, a second */
};

/**
 * Factor from nats per step to another unit.
 *
 * @param raster  a recording
 * @param per     enum ki_per
 * @param bits    1 for bits, 0 for nats
 * @param factor  the factor
 * @return 0; KI_ERR_ARGUMENT (no spikes; a width of bins that is not known)
 *
 * Cost: one pass over the bits. Source: none, a conversion.
 */
KI_API KI_WARN_UNUSED int ki_entropy_scale(const ki_raster *raster, int per, int bits,
                                           double *factor);

/** How p-values of many tests are adjusted. */
enum ki_adjustment {
    KI_ADJUST_BH = 0,  /**< Benjamini and Hochberg: share of false discoveries */
    KI_ADJUST_HOLM = 1 /**< Holm: chance of any false discovery */
};

/**
 * Adjusted p-values: those at most alpha are found at a level alpha for all of them together.
 *
 * @param adjustment  enum ki_adjustment
 * @param n           how many
 * @param p           [n] p-values; NaN are no tests and stay
 * @param q           [n] adjusted; may be p
 * @return 0; KI_ERR_ARGUMENT (a value outside 0..1), KI_ERR_NOMEM
 *
 * Cost: a sort. Source: Benjamini, Hochberg 1995; Holm 1979.
 */
KI_API KI_WARN_UNUSED int ki_adjust_p(int adjustment, uint64_t n, const double *p, double *q);

#ifdef __cplusplus
}
#endif
#endif
