/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file diagnose.h
 * Which regime a recording is in: the ensemble that its network looks like, the index of order g, how
 * deterministic it is, whether the model fits at all, and the verdict that follows.
 */
#ifndef KINISING_DIAGNOSE_H
#define KINISING_DIAGNOSE_H

#include <kinising/model.h>
#include <kinising/raster.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A Gaussian ensemble of networks of N units; beta is 1. */
typedef struct ki_prior {
    double mu;       /**< N times the mean of the couplings J_ij, j != i */
    double b;        /**< sqrt(N) times their standard deviation */
    double field;    /**< mean of the fields H_i */
    double field_sd; /**< their standard deviation */
    double self;     /**< mean of the couplings J_ii of units to themselves */
    double self_sd;  /**< their standard deviation */
    uint64_t
        units; /**< N: units that change both before and after transitions; others are left out */
    uint64_t sweeps; /**< sweeps over all sites that were made */
    int status;      /**< KI_CONVERGED, KI_NOT_CONVERGED */
} ki_prior;

/** The posterior of the network, each may be NULL. Rows and columns left out are NaN. */
typedef struct ki_posterior {
    double *H;    /**< [N] posterior means of the fields */
    double *J;    /**< [N,N] and of the couplings, row-major */
    double *H_sd; /**< [N] posterior standard deviations */
    double *J_sd; /**< [N,N] the same */
} ki_posterior;

/**
 * The ensemble under which a recording is most likely (empirical Bayes), by expectation propagation.
 *
 * ```
 *     [evidence]  max over (mu, b, field, field_sd, self, self_sd) of
 *                 prod_i Int d theta_i  prior(theta_i) prod_t e^(y_it f_it) / (2 cosh f_it),
 *                 f_it = H_i + sum_j J_ij s_j(t) + sum_k a_ik cos(pi k (p + 1/2)/P),
 *                 J_ij ~ N(mu/N, b^2/N), J_ii ~ N(self, self_sd^2), H_i ~ N(field, field_sd^2),
 *                 a_ik ~ N(A_k, c^2), A_k ~ N(0, C^2)
 * ```
 *
 * p = 0 ... P - 1 is the part of the recording that bin t is in, of P = 32 cosines equal ones (or of all bins,
 * if they are fewer). A_k is what all units share of a drift, a_ik - A_k what they do not. c and C are found like the
 * six numbers, and are 1e-3 at least: where nothing drifts, the cosines take nothing. Each factor of a transition is replaced by a Gaussian of f with the moments that the
 * factor has beside all others (Gauss-Hermite rules of 8 to 24 nodes): where fields are large and transitions
 * few, the curvature at the mode (Laplace's method) finds couplings that are too small. The cosines take what
 * common slow drift would add to the couplings. Standard deviations below 1e-4 are not told from 0.
 *
 * @param raster   a recording with at least one transition and two units that change
 * @param cosines  number of slow regressors k = 1, 2 ..., 0..64; 10 is a good choice, 0 leaves drift in
 * @param run      threads, progress in rows of a sweep; NULL = defaults
 * @param out      the ensemble
 * @param network  posterior of the network; may be NULL
 * @return 0; KI_ERR_ARGUMENT (the sentence names the value), KI_ERR_NOMEM, KI_ERR_CANCELLED; outputs are then
 *         untouched
 *
 * The same bits for any number of threads.
 *
 * Cost: with n = 1 + N + cosines, about 10 passes of N^2 T/20 additions and some 100 T operations a unit: N = 80
 *       and T = 1e5 in 2.5 s on one core; 8 N T + 8 N n^2 bytes and some 200 n^2.
 * Source: Minka 2001 (expectation propagation); MacKay 1992 (evidence).
 */
KI_API KI_WARN_UNUSED int ki_evidence(const ki_raster *raster, int cosines,
                                      const ki_run_options *run, ki_prior *out,
                                      const ki_posterior *network);

/**
 * Bytes that ki_evidence() takes beyond the raster and the results, at most.
 *
 * @param units    N
 * @param bins     of all trials
 * @param cosines  as for ki_evidence()
 * @param threads  as in ki_run_options
 * @param bytes    the number; UINT64_MAX if it does not fit
 * @return 0; KI_ERR_ARGUMENT
 *
 * Cost: none. Source: the arrays of ki_evidence().
 */
KI_API KI_WARN_UNUSED int ki_evidence_memory(uint64_t units, uint64_t bins, int cosines,
                                             int threads, uint64_t *bytes);

/** The regimes: X(name, number, word, rule). Numbers are written out and never reused. */
#define KI_REGIME_LIST(X)                                                                          \
    X(KI_CANNOT_TELL, 0, "cannot tell", "no regime is probable enough, or the model does not fit") \
    X(KI_ORDERED, 1, "ordered", "g above `ordered`")                                               \
    X(KI_NEAR_CRITICAL, 2, "near-critical", "g from `critical` to `ordered`")                      \
    X(KI_QUASI_DETERMINISTIC, 3, "quasi-deterministic disordered",                                 \
      "g below `critical`, r below `deterministic`, sigma above S")                                \
    X(KI_DETERMINISTIC_REVERSIBLE, 4, "deterministic reversible",                                  \
      "g below `critical`, r below `deterministic`, sigma up to S")                                \
    X(KI_MODERATE, 5, "moderate disordered",                                                       \
      "g below `critical`, r from `deterministic` to `weak`")                                      \
    X(KI_WEAK, 6, "weak", "g below `critical`, r above `weak`")

/** Regimes; see KI_REGIME_LIST. */
enum ki_regime {
#define KI_REGIME_ENUM(name, number, word, rule) name = number,
    KI_REGIME_LIST(KI_REGIME_ENUM)
#undef KI_REGIME_ENUM
#define KI_REGIME_ONE(name, number, word, rule) +1
        KI_N_REGIMES = KI_REGIME_LIST(KI_REGIME_ONE) /**< how many there are */
#undef KI_REGIME_ONE
};

/** The word of a regime; "?" for an unknown number. Never NULL. */
KI_API const char *ki_regime_name(int regime);

/** The rule of a regime, with the names of thresholds; "?" for an unknown number. Never NULL. */
KI_API const char *ki_regime_rule(int regime);

/** Reasons to withhold a verdict: X(name, number, word, reason, what to try). The bit of a doubt is
 * 1 << number. */
#define KI_DOUBT_LIST(X)                                                                           \
    X(KI_DOUBT_PROBABILITY, 0, "probability", "no regime is as probable as is asked for",          \
      "a longer recording, or read the probabilities: the network may be at a border")             \
    X(KI_DOUBT_SPREAD, 1, "spread", "g is not known well enough",                                  \
      "a longer recording, or fewer units")                                                        \
    X(KI_DOUBT_LAG2, 2, "lag-2", "the state two bins before matters beside the last one",          \
      "another width of bins; unseen units and frames recorded twice do this too")                 \
    X(KI_DOUBT_SAME_BIN, 3, "same-bin", "units of one bin depend on each other",                   \
      "narrower bins; unseen common input does this too")                                          \
    X(KI_DOUBT_DRIFT, 4, "drift",                                                                  \
      "rates drift and g or r hangs on it, or activity long before matters",                       \
      "a stationary stretch of the recording, or more cosines")                                    \
    X(KI_DOUBT_SYMMETRY, 5, "symmetry",                                                            \
      "J_ij and J_ji are correlated: the network is none of the ensemble",                         \
      "`entropy`, which does not need the ensemble")                                               \
    X(KI_DOUBT_DATA, 6, "data", "too few transitions or units, or sigma and S are not known",      \
      "a longer recording, more units, or wider bins")                                             \
    X(KI_DOUBT_EVIDENCE, 7, "evidence", "the ensemble of most evidence was not found",             \
      "fewer units, or a longer recording")                                                        \
    X(KI_DOUBT_SEPARATED, 8, "separated",                                                          \
      "most units are separated: sigma is too uncertain to be held against S",                     \
      "a longer recording, or without the units that hardly change")                               \
    X(KI_DOUBT_SELF, 9, "self",                                                                    \
      "units keep (or leave) their own state more than couplings of the ensemble explain",         \
      "wider bins; a fit of asynchronous dynamics (`fit --dynamics async`)")

/** Numbers of the bits of doubts; see KI_DOUBT_LIST. */
enum ki_doubt {
#define KI_DOUBT_ENUM(name, number, word, reason, advice) name = number,
    KI_DOUBT_LIST(KI_DOUBT_ENUM)
#undef KI_DOUBT_ENUM
#define KI_DOUBT_ONE(name, number, word, reason, advice) +1
        KI_N_DOUBTS = KI_DOUBT_LIST(KI_DOUBT_ONE) /**< how many there are */
#undef KI_DOUBT_ONE
};

/** The word of a doubt, its reason, and what to try; "?" for an unknown number. Never NULL. */
KI_API const char *ki_doubt_name(int doubt);
/** The reason of a doubt; "?" for an unknown number. Never NULL. */
KI_API const char *ki_doubt_reason(int doubt);
/** What to try about a doubt; "?" for an unknown number. Never NULL. */
KI_API const char *ki_doubt_advice(int doubt);

/** Tests of whether the model fits: X(name, number, word, what is tested). */
#define KI_MISFIT_LIST(X)                                                                          \
    X(KI_MISFIT_LAG2, 0, "lag-2", "the state two bins before adds nothing to the last one")        \
    X(KI_MISFIT_SAME_BIN, 1, "same-bin", "units are independent given the bin before")             \
    X(KI_MISFIT_DRIFT, 2, "drift", "rates given the bin before stay the same")                     \
    X(KI_MISFIT_HISTORY, 3, "history", "activity of 20 bins before adds nothing to the last one")

/** Tests of the model; see KI_MISFIT_LIST. */
enum ki_misfit_test {
#define KI_MISFIT_ENUM(name, number, word, text) name = number,
    KI_MISFIT_LIST(KI_MISFIT_ENUM)
#undef KI_MISFIT_ENUM
#define KI_MISFIT_ONE(name, number, word, text) +1
        KI_N_MISFITS = KI_MISFIT_LIST(KI_MISFIT_ONE) /**< how many there are */
#undef KI_MISFIT_ONE
};

/** The word of a test of the model; "?" for an unknown number. Never NULL. */
KI_API const char *ki_misfit_name(int misfit);

/** A number with its posterior: mean, standard deviation, 95 % interval. NaN where not known. */
typedef struct ki_interval {
    double value; /**< posterior mean, or the estimate */
    double sd;    /**< standard deviation, or the standard error */
    double low;   /**< 2.5 % */
    double high;  /**< 97.5 % */
} ki_interval;

/** A score test of the model. */
typedef struct ki_misfit {
    double z;        /**< sum (z_k^2 - 1)/sqrt(2 dof): N(0, 1) where the model is right */
    double fraction; /**< half sum (z_k^2 - 1) over the gain of the fit over independent units */
    uint64_t dof;    /**< cells that were tested; 0: none, and z is NaN */
} ki_misfit;

/** Most points of the curves. */
enum { KI_MOST_CURVE_POINTS = 33 };

/** A quantity of networks drawn from the posterior at one point of a curve: median and 95 % of 12 draws. */
typedef struct ki_band {
    double median, low, high;
} ki_band;

/** A point of the curves: all fields and couplings times x. Per unit and bin, nats. */
typedef struct ki_curve_point {
    double x;           /**< factor */
    ki_band sigma;      /**< entropy production of posterior draws, simulated */
    ki_band S;          /**< their path entropy */
    ki_band chi;        /**< their susceptibility d<M>/dh to a field that is on for 32 bins */
    double exact_sigma; /**< N -> infinity with the fields of the fit */
    double exact_S;     /**< the same */
    double exact_chi;   /**< the same, also for 32 bins: finite on the critical line */
} ki_curve_point;

/** How to diagnose; zeros are the defaults. */
typedef struct ki_diagnose_options {
    uint64_t draws;       /**< of the posterior, 100..10^6; 0 = 2000 */
    uint64_t seed;        /**< of the draws and the curves */
    int cosines;          /**< slow regressors against drift, 1..32; 0 = 10, negative = none */
    double probability;   /**< a verdict needs one above it, [0.5, 1); 0 = 0.9 */
    double g_sd;          /**< ... and sd of g below it, > 0; 0 = 0.15 */
    double critical;      /**< g of the near-critical regime: from here, > 0; 0 = 0.9 */
    double ordered;       /**< ... to here; 0 = 1.1 */
    double deterministic; /**< r below it, (0, 1); 0 = 0.5 */
    double weak;          /**< r above it, (0, 1); 0 = 0.8 */
    double
        misfit_z; /**< a misfit needs z above it (lag-2, same-bin: and (N + 1)/T sqrt(dof/2) more), > 0; 0 = 5 */
    double
        misfit_fraction; /**< ... and fraction above it (a tenth of it for drift, 3 % for history), > 0; 0 = 0.01 */
    double kappa;         /**< most |kappa|, > 0; 0 = 0.3 */
    double self;          /**< most |self - mu/N| beside 3 b/N, > 0; 0 = 0.3 */
    double shift;         /**< most change of g with twice the cosines, > 0; 0 = 0.1 */
    int points;           /**< of the curves, 2..KI_MOST_CURVE_POINTS; 0 = no curves */
    double x_low, x_high; /**< first and last x of the curves, > 0; 0 = 0.5 and 2 */
} ki_diagnose_options;

/** Draws of the posterior, each array may be NULL; all have the same weight. */
typedef struct ki_regime_draws {
    double *mu;    /**< [draws] of the drawn network */
    double *b;     /**< [draws] */
    double *g;     /**< [draws] widened as in ki_diagnose() */
    double *r;     /**< [draws] S/S_ind */
    double *sigma; /**< [draws] per unit and bin */
    double *S;     /**< [draws] per unit and bin */
} ki_regime_draws;

/** Everything that is said about a recording. */
typedef struct ki_diagnosis {
    /* Data. */
    uint64_t units;       /**< of the recording */
    uint64_t fitted;      /**< N: those that change both before and after transitions */
    uint64_t silent;      /**< never active after a transition */
    uint64_t saturated;   /**< always active after one */
    uint64_t separated;   /**< whose likelihood has no finite maximum */
    uint64_t transitions; /**< T */
    uint64_t trials;      /**< number of trials */
    double rate;          /**< mean share of active unit-bins */
    double kbar;          /**< mean of 1 - tanh^2 of the fields over units and transitions */
    double n_eff;         /**< T kbar/(N + 1): effective transitions a parameter */
    /* Ensemble. */
    ki_prior prior;    /**< of most evidence */
    double effective;  /**< effective share of the importance-weighted draws, 0..1 */
    ki_interval mu;    /**< N mean_{i != j} J_ij of this network */
    ki_interval b;     /**< sqrt(N Var_{i != j} J_ij) */
    ki_interval g;     /**< mu <sech^2(b z + H_i)> at m = 0; sd times sqrt(1 + 5/n_eff) */
    ki_interval kappa; /**< Cov(J_ij, J_ji)/(b^2/N) */
    double g_more;     /**< g with twice the cosines; NaN with none, or if not found */
    /* Thermodynamics, per fitted unit and bin, nats. */
    ki_interval sigma; /**< entropy production, see ki_entropy_production() */
    ki_interval S;     /**< path entropy */
    ki_interval S_ind; /**< entropy of independent units of the same rates; sd by the rates */
    ki_interval r;     /**< S/S_ind */
    ki_interval ratio; /**< sigma/S */
    /* The verdict. */
    double probability
        [KI_N_REGIMES]; /**< of each regime if the model is right; [0]: sigma or S is not known */
    int regime;         /**< the most probable one; KI_CANNOT_TELL if none is probable at all */
    int verdict;        /**< `regime`, or KI_CANNOT_TELL */
    unsigned doubts;    /**< bits 1 << enum ki_doubt: why not; 0 with a verdict */
    int cold;           /**< 1: near-critical with r below `deterministic` */
    int sparse;         /**< 1: g at m = 0 is far from what the units do (see mu_kbar): an
                               extrapolation there */
    /* Does the model fit. */
    ki_misfit misfit[KI_N_MISFITS]; /**< by enum ki_misfit_test */
    /* Companions: shown, never judged by. */
    ki_interval autocorrelation; /**< of mean activity at lag 1 */
    ki_interval branching; /**< by multistep regression of activity; NaN where it has no fit */
    double n_var_m;        /**< N Var M of mean activity M */
    double q_minus_m2;     /**< mean over units of <y_i s_i> - <y_i> <s_i>, from bin to bin */
    double kurtosis;       /**< of the posterior mean of J_ij: 3 for the ensemble */
    double mu_kbar;        /**< mu kbar: slope where the recording is, beside g at m = 0 */
    double repetition;     /**< share of bins whose pattern has been seen before */
    /* Curves. */
    uint64_t points;                            /**< of `curve` that are filled */
    ki_curve_point curve[KI_MOST_CURVE_POINTS]; /**< by rising x */
    ki_diagnose_options options;                /**< as used: no zeros but seed and points */
} ki_diagnosis;

/**
 * The verdict on a recording: which regime its network is in, or that it cannot be told.
 *
 * ```
 *     [regime]  mu = N mean_{i != j} J_ij,  b = sqrt(N Var_{i != j} J_ij),
 *               g = mu (1/N) sum_i Int Dz sech^2(b z + H_i),  r = S/S_ind
 *               ordered: g > 1.1; near-critical: 0.9 <= g <= 1.1; else by r and sigma/S:
 *               r < 0.5: quasi-deterministic (sigma > S) or deterministic reversible; r > 0.8: weak
 * ```
 *
 * The six numbers of the ensemble are drawn from the Gaussian at the maximum of the evidence
 * [evidence], weighted by the evidence itself, the rows of a network given them, and mu, b and g are
 * those of the drawn network. The deviations of g from its mean are multiplied by sqrt(1 + 5/n_eff).
 * sigma, S and S_ind are estimates from the recording, drawn with their standard errors. A verdict is
 * the regime of more than `probability` of the draws if there is no doubt. Drift is in doubt by its test, where g moves by
 * more than `shift` and two standard deviations with twice the cosines, and where S_ind of units whose rates change between ten parts of the
 * recording leads to another regime.
 *
 * The tests of the model [misfit] are score tests at the fit with ridge 0.3, with variances of the model:
 *
 * ```
 *     [misfit]  eps = y - tanh h, w = 1 - tanh^2 h; cells of variance < 5 are left out
 *       lag-2     U_ij = sum_t eps_i(t) z_j(t), z = s(t-1) less its regression on x,
 *                 Var = sum_t w_i z_j^2
 *       same-bin  U_ij = sum_t eps_i eps_j, Var = sum_t w_i w_j, i < j
 *       drift     U_ik = sum over block k of 50 of eps_i, Var = sum over it of w_i; less slow cosines
 *       history   U = sum_ti eps_i z, Var = sum_ti w_i z^2, z the mean activity of the 20 bins before,
 *                 less its regression on x and slow cosines; z = U/sqrt Var
 *       z = sum (U^2/Var - 1)/sqrt(2 dof), fraction = sum (U^2/Var - 1)/2 over the gain of the fit
 * ```
 *
 * @param raster   a recording with at least one transition and two units that change
 * @param options  how; NULL = defaults
 * @param run      threads, progress; NULL = defaults
 * @param draws    posterior draws for pictures and ki_diagnose_compare(); NULL = not wanted
 * @param out      the diagnosis
 * @return 0; KI_ERR_ARGUMENT (the sentence names the value), KI_ERR_NOMEM, KI_ERR_CANCELLED; outputs are
 *         then untouched
 *
 * The same bits for any number of threads.
 *
 * Cost: ki_evidence() once and a quarter, ki_entropy_production(), three products of N^2 T; the curves some
 * 10^5 N^2 multiply-adds a point. Source: docs/theory.md; Aguilera, Igarashi, Shimazaki 2023 for the
 * regimes; Wilting, Priesemann 2018 (branching).
 */
KI_API KI_WARN_UNUSED int ki_diagnose(const ki_raster *raster, const ki_diagnose_options *options,
                                      const ki_run_options *run, const ki_regime_draws *draws,
                                      ki_diagnosis *out);

/**
 * Bytes that ki_diagnose() takes beyond the raster and the results, at most.
 *
 * @param units    N
 * @param bins     of all trials
 * @param options  as for ki_diagnose(); NULL = defaults
 * @param threads  as in ki_run_options
 * @param bytes    the number; UINT64_MAX if it does not fit
 * @return 0; KI_ERR_ARGUMENT
 *
 * Cost: none. Source: the arrays of ki_diagnose().
 */
KI_API KI_WARN_UNUSED int ki_diagnose_memory(uint64_t units, uint64_t bins,
                                             const ki_diagnose_options *options, int threads,
                                             uint64_t *bytes);

/**
 * The line in the plane of mu and b on which g has a given value, for fields of an ensemble: what is drawn
 * beside the draws of ki_diagnose(). [regime]
 *
 * ```
 *     mu(b) = g / < sech^2(H + b z) >,  H ~ N(field, field_sd^2), z ~ N(0, 1)
 * ```
 *
 * @param prior  the ensemble; only `field` and `field_sd` are looked at
 * @param g      the value: 1 at the critical line
 * @param n      number of points
 * @param b      [n] finite, not negative
 * @param mu     [n] the line; +-inf where the slope of every unit is 0
 * @return 0; KI_ERR_ARGUMENT (the sentence names the value); outputs are then untouched
 *
 * Cost: some microseconds a point. Allocates nothing. Thread safe.
 * Source: docs/theory.md; Aguilera, Igarashi, Shimazaki 2023, condition of criticality.
 */
KI_API KI_WARN_UNUSED int ki_regime_border(const ki_prior *prior, double g, size_t n,
                                           const double *b, double *mu);

/** What changed from one recording (a) to another (b). */
typedef struct ki_comparison {
    double
        rose; /**< probability that sigma per unit and bin is larger in b; = the next four together */
    double nearer;  /**< ... and only the distance to criticality |ln g| fell, by more than 0.05 */
    double colder;  /**< ... and only r fell, by more than 0.05: b is more deterministic */
    double both;    /**< ... and both fell */
    double neither; /**< ... and neither did */
    ki_interval sigma;    /**< ln sigma_b - ln sigma_a, of draws where both are positive */
    ki_interval distance; /**< |ln g_b| - |ln g_a| */
    ki_interval r;        /**< r_b - r_a */
    ki_interval by_order; /**< part of ln sigma by the change of g, in the infinite network */
    ki_interval by_noise; /**< ... by the change of b at the same g */
    ki_interval by_rest;  /**< `sigma` less both: what the infinite network does not have */
    unsigned
        doubts; /**< of both recordings but for those of probability and spread: the model is in doubt */
    uint64_t pairs; /**< of draws */
} ki_comparison;

/**
 * Whether entropy production rose from one recording to another, and along with what.
 *
 * Draws are paired at random, which is right since recordings are independent. A rise has the reasons that
 * changed in the same pair of draws: nearer to criticality (|ln g| fell), colder (r fell), both, neither. That is
 * what changed together, not a cause. The other answer is of the infinite network with the fields of the ensembles,
 * sigma(g, b) with mu = g/<sech^2(b z + H)>: ln sigma changes by g at fixed b, and by b at fixed g, each averaged over
 * both orders of the two steps [shares]. In its disordered phase sigma does not depend on g at all.
 *
 * ```
 *     [shares]  by_order = (1/2) [L(g_b, b_a) - L(g_a, b_a) + L(g_b, b_b) - L(g_a, b_b)],
 *               by_noise = (1/2) [L(g_a, b_b) - L(g_a, b_a) + L(g_b, b_b) - L(g_b, b_a)],  L = ln sigma
 * ```
 *
 * @param a        diagnosis of the first recording
 * @param draws_a  its draws: b, g, r and sigma
 * @param b        diagnosis of the second one
 * @param draws_b  its draws
 * @param out      the comparison
 * @return 0; KI_ERR_ARGUMENT (the sentence names what is missing), KI_ERR_NOMEM
 *
 * Cost: some 0.1 s, for 100 pairs in the infinite network. Source: docs/theory.md; shares as by Shapley 1953.
 */
KI_API KI_WARN_UNUSED int ki_diagnose_compare(const ki_diagnosis *a, const ki_regime_draws *draws_a,
                                              const ki_diagnosis *b, const ki_regime_draws *draws_b,
                                              ki_comparison *out);

#ifdef __cplusplus
}
#endif
#endif
