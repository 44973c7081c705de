/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file infer.h
 * Networks from recordings: fields H_i and couplings J_ij of which a raster is a likely course.
 *
 * A transition leads from the states s to the states y of the next bin of the same trial. Rows are
 * fitted one by one: y_i given s is drawn with the field h_i = H_i + sum_j J_ij s_j, and beta = 1.
 *
 * A unit that never changes after a transition is kept as a constant (see KI_SILENT); a unit that never changes
 * before one, or whose states are a linear combination of those of the constant and of units before it, cannot be
 * told from these: its column of J is 0, its errors are NaN, and `column` says so.
 */
#ifndef KINISING_INFER_H
#define KINISING_INFER_H

#include <kinising/model.h>
#include <kinising/raster.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The one list of methods of fits: X(name, number, word, text). */
#define KI_FIT_METHOD_LIST(X)                                                                      \
    X(KI_FIT_MLE, 0, "mle", "maximum likelihood")                                                  \
    X(KI_FIT_NMF, 1, "nmf", "naive mean field")                                                    \
    X(KI_FIT_TAP, 2, "tap", "mean field of second order")                                          \
    X(KI_FIT_MS, 3, "ms", "Gaussian fields (Mezard, Sakellariou)")

/** How a network is fitted; see KI_FIT_METHOD_LIST. */
enum ki_fit_method {
#define KI_FIT_METHOD_ENUM(name, number, word, text) name = number,
    KI_FIT_METHOD_LIST(KI_FIT_METHOD_ENUM)
#undef KI_FIT_METHOD_ENUM
};

/** The word of a method of fits; "?" for an unknown number. Never NULL. */
KI_API const char *ki_fit_method_name(int method);

/** Which rows are fitted by Firth's penalised likelihood. */
enum ki_firth {
    KI_FIRTH_AUTO =
        0, /**< those whose likelihood has no finite maximum, unless there is a penalty */
    KI_FIRTH_ALL = 1, /**< all */
    KI_FIRTH_NONE = 2 /**< none: separated rows end where Newton's steps gain nothing any more */
};

/** What to fit; zeros are the defaults. */
typedef struct ki_fit_spec {
    int method; /**< enum ki_fit_method */
    int firth;  /**< enum ki_firth; mle only */
    double
        ridge; /**< lambda >= 0: (lambda/2) sum_j J_ij^2 is taken off the log-likelihood; mle only */
    double l1;    /**< lambda >= 0: lambda sum_j |J_ij| is taken off the log-likelihood; mle only */
    int dynamics; /**< KI_SYNC (or 0): all units are drawn in each bin; KI_ASYNC */
    const ki_raster
        *updates; /**< KI_ASYNC: which units were drawn in which bin (those active in it);
                                   the first bin of a trial is ignored. NULL if not known */
    double
        step; /**< KI_ASYNC without `updates`: time from bin to bin, where each unit is drawn once a
                      unit of time on average; > 0 */
} ki_fit_spec;

/** What a fit gives. The caller sets the pointers; all but H and J may be NULL. */
typedef struct ki_fit_result {
    double *H; /**< [N] fields */
    double *J; /**< [N,N] couplings, row-major */
    double
        *H_err; /**< [N] standard errors, sqrt of the diagonal of F_i^-1; NaN where there is none */
    double *J_err;          /**< [N,N] the same */
    double *H_robust;       /**< [N] sandwich errors, sqrt diag F^-1 (sum of squared scores) F^-1 */
    double *J_robust;       /**< [N,N] the same */
    double *log_likelihood; /**< [N] in nats, without penalty; 0 for a constant row */
    int *status;            /**< [N] enum ki_status of each row */
    int8_t *column;         /**< [N] 1 if the couplings from this unit were fitted, else 0 */
    uint64_t transitions;   /**< T */
    uint64_t parameters;    /**< numbers fitted, not counting constant rows; with l1 those not 0 */
    double total; /**< log-likelihood of all rows; NaN, as the next two, without `log_likelihood` */
    double aic;   /**< 2 parameters - 2 total */
    double bic;   /**< parameters ln T - 2 total */
} ki_fit_result;

/**
 * Bytes that ki_fit() takes beyond the raster and the result.
 *
 * @param units    N
 * @param spec     as for ki_fit()
 * @param threads  as in ki_run_options
 * @param bytes    the number; UINT64_MAX if it does not fit
 * @return 0; KI_ERR_ARGUMENT
 *
 * Cost: none. Source: the arrays of ki_fit().
 */
KI_API KI_WARN_UNUSED int ki_fit_memory(uint64_t units, const ki_fit_spec *spec, int threads,
                                        uint64_t *bytes);

/**
 * Fits a network to a recording.
 *
 * ```
 *     [mle]    max_theta sum_t [ y_t h_t - ln 2cosh h_t ],   h_t = theta.x_t,  x_t = (1, s_t),  theta = (H_i, J_i)
 *     [firth]  max_theta of the same + (1/2) ln det F_i,     F_i = sum_t sech^2(h_t) x_t x_t^T
 *     [nmf]    J = diag(1/a) D C^-1,  H = atanh m - J m',    a = 1 - m^2
 *     [tap]    J = diag(1/(a (1 - F))) D C^-1,  F (1 - F)^2 = a sum_j (J^nmf_ij)^2 a'_j, 0 <= F <= 1/3,
 *              H = atanh m - J m' + m sum_j J_ij^2 a'_j
 *     [ms]     J = diag(1/b) B, B = D C^-1,  m = Int Dz tanh(g + sqrt(Delta) z),  b = Int Dz sech^2(same),
 *              Delta b^2 = sum_j B_ij^2 a'_j,  H = g - J m'
 * ```
 *
 * m and m' are means after and before the transitions, C the covariance of s, D that of y and s. Where unknown
 * update times are averaged over [async-data], d_ij = <y_i s_j> of all these is replaced by
 * c_ij + (d_ij - c_ij)/(1 - e^-step), and mle maximises what has the gradient that follows; there is then no
 * likelihood, and log_likelihood and errors are NaN.
 *
 * Statuses of rows: KI_CONVERGED; KI_SILENT and KI_SATURATED (constant: J_i = 0 and H_i = -+ ln(2T + 1)/2, Firth's
 * estimate without couplings); KI_SEPARATED (a direction was found along which the likelihood never falls: checked
 * on all transitions to 1e-9 of the largest margin; the row is Firth's, or with KI_FIRTH_NONE where it ended, with
 * infinite errors); KI_NO_ROOT (tap: no F; ms: no Delta up to 50; the row is NaN); KI_NOT_CONVERGED.
 *
 * @param raster  a recording with at least one transition
 * @param spec    what to fit; NULL for the defaults
 * @param run     threads, progress in rows; NULL = defaults
 * @param out     pointers in, results out
 * @return 0; KI_ERR_ARGUMENT (the sentence names the value), KI_ERR_NOMEM, KI_ERR_CANCELLED
 *
 * Converged rows are at their maximum to about 1e-10 (1 + |theta|). The same bits for any number of threads. Errors
 * are right to some 1e-9 for N <= 128, else to some 1e-4: the weights sech^2(h_t) in F are rounded to 1/255 of the
 * largest one of 4096 bins where F is so well conditioned that this does no more.
 *
 * Cost: mle some 5 passes of 2 N^2 T multiply-adds, and a few times N^3 T/2 for F, in 8-bit integers where the
 * processor has AVX-512 VNNI; Firth's penalty two passes more, and as often N^3 T/2 for F and leverages; nmf, tap and
 * ms the moments by counting bits, and N^3. Source: logistic regression by Newton's method; Firth 1993; Roudi, Hertz
 * 2011 (nmf, tap); Mezard, Sakellariou 2011 (ms); Zeng et al. 2011 (asynchronous data).
 */
KI_API KI_WARN_UNUSED int ki_fit(const ki_raster *raster, const ki_fit_spec *spec,
                                 const ki_run_options *run, ki_fit_result *out);

/** How well transitions are predicted that were not fitted; see ki_fit_holdout(). */
typedef struct ki_held_out {
    double *bits_per_spike; /**< [N] or NULL, in: gain of each unit; NaN where it had no spike */
    double log_likelihood;  /**< of all that was held out, nats */
    double gain;          /**< the same less that of independent units with the rates of the rest */
    double bits;          /**< gain in bits per spike of all units; NaN without spikes */
    uint64_t spikes;      /**< active states after the transitions held out */
    uint64_t transitions; /**< held out, all folds together */
} ki_held_out;

/**
 * Fits a part of the transitions and scores the rest [mle]: the last `fraction` of each trial, or one after the
 * other each of `folds` parts of consecutive transitions.
 *
 * Independent units have the rate (k + 1/2)/(T + 1) of the part fitted, k of T states active; it is also what a
 * constant row predicts.
 *
 * @param raster    a recording
 * @param spec      what to fit; NULL for the defaults. Not for unknown update times
 * @param fraction  0 < fraction < 1 of the transitions of each trial, rounded down; 0 with folds
 * @param folds     0, or 2 to the number of transitions
 * @param run       threads, progress in rows of a part; NULL = defaults
 * @param out       bits_per_spike in, results out; NaN where a row has no root
 * @return 0; KI_ERR_ARGUMENT (as ki_fit(); nothing held out, or nothing left), KI_ERR_NOMEM, KI_ERR_CANCELLED
 *
 * Cost: a fit without errors for each part. Source: cross-validation; bits per spike as in Pillow et al. 2008.
 */
KI_API KI_WARN_UNUSED int ki_fit_holdout(const ki_raster *raster, const ki_fit_spec *spec,
                                         double fraction, uint64_t folds, const ki_run_options *run,
                                         ki_held_out *out);

#ifdef __cplusplus
}
#endif
#endif
