/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file diagnose.h
 * The ensemble that a recording's network looks like: mean and spread of its couplings and fields.
 */
#ifndef KINISING_DIAGNOSE_H
#define KINISING_DIAGNOSE_H

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
 *                 f_it = H_i + sum_j J_ij s_j(t) + sum_k a_ik cos(pi k t / bins),
 *                 J_ij ~ N(mu/N, b^2/N), J_ii ~ N(self, self_sd^2), H_i ~ N(field, field_sd^2), a_ik ~ N(0, 1)
 * ```
 *
 * Each factor of a transition is replaced by a Gaussian of f with the moments that the factor has beside all
 * others (24 Gauss-Hermite nodes): where fields are large and transitions few, the curvature at the mode
 * (Laplace's method) finds couplings that are too small. The cosines take what common slow drift would add to
 * the couplings. Standard deviations below 1e-4 are not told from 0.
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
 * Cost: with n = 1 + N + cosines, 10 to 20 passes of 1.5 n^2 T multiply-adds a unit; 8 (n + 2 N) T bytes.
 * Source: Minka 2001 (expectation propagation); MacKay 1992 (evidence).
 */
KI_API KI_WARN_UNUSED int ki_evidence(const ki_raster *raster, int cosines,
                                      const ki_run_options *run, ki_prior *out,
                                      const ki_posterior *network);

#ifdef __cplusplus
}
#endif
#endif
