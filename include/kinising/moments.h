/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file moments.h
 * Moments of the spins of one network on plain arrays: raw and connected ones, and the entropy
 * production that they make.
 *
 * Raw moments are lower case, c_ik = <s_i(t) s_k(t)> and d_ij = <s_i(t) s_j(t-1)>, asynchronously
 * d_ij = <tanh(beta h_i) s_j> of one state; connected ones upper case.
 */
#ifndef KINISING_MOMENTS_H
#define KINISING_MOMENTS_H

#include <kinising/base.h>
#include <kinising/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Connected moments of raw ones:
 *
 * ```
 *     connected_ij = raw_ij - row_i column_j
 * ```
 *
 * @param n          spins
 * @param row        [N] means of the first factor: m for C and D
 * @param column     [N] means of the second one: m for C, that of the state before for D
 * @param raw        [N,N] c or d
 * @param connected  [N,N] C or D; may be `raw` itself
 * @return 0; KI_ERR_ARGUMENT (a NULL pointer, N out of range)
 *
 * Cost: N^2 operations, nothing is allocated.
 *
 * Source: the definition of a covariance.
 */
KI_API KI_WARN_UNUSED int ki_moments_connect(uint64_t n, const double *row, const double *column,
                                             const double *raw, double *connected);

/**
 * The inverse of ki_moments_connect(), up to rounding.
 *
 * @param n          spins
 * @param row        [N] as in ki_moments_connect()
 * @param column     [N] likewise
 * @param connected  [N,N] C or D
 * @param raw        [N,N] c or d; may be `connected` itself
 * @return 0; KI_ERR_ARGUMENT (a NULL pointer, N out of range)
 *
 * Cost: N^2 operations, nothing is allocated.
 *
 * Source: the definition of a covariance.
 */
KI_API KI_WARN_UNUSED int ki_moments_disconnect(uint64_t n, const double *row, const double *column,
                                                const double *connected, double *raw);

/**
 * Entropy production of every edge, every spin and the network, from moments. [sigma-net-sync]
 * [sigma-net-async] [sigma-mf]
 *
 * ```
 *     synchronous:   edge_ij = beta (J_ij - J_ji) d_ij
 *     asynchronous:  half of that, and edge_ii = own_i, the part of J_ii
 *     spin_i = sum_j edge_ij,  sigma = (1/N) sum_i spin_i
 * ```
 *
 * The entropy production of a steady state if d are its raw moments; connected ones give the same
 * there, since the means are those of the step before, and in a transient an estimate.
 *
 * @param network   J, beta; checked first
 * @param dynamics  KI_SYNC or KI_ASYNC
 * @param d         [N,N] raw or connected
 * @param own       [N] the parts of J_ii; NULL for 0
 * @param run       threads; NULL = defaults
 * @param sigma     per spin and step or unit of time, in nats; may be NULL
 * @param spin      [N] of each spin, not divided by N; may be NULL
 * @param edge      [N,N] of each pair; may be NULL
 * @return 0; KI_ERR_ARGUMENT (the network, dynamics, threads, a NULL d), KI_ERR_NOMEM (N doubles,
 *         without `spin`)
 *
 * Cost: 3 N^2 operations.
 *
 * Source: Aguilera, Igarashi, Shimazaki, Nat. Commun. 14, 3685 (2023), for raw moments; Aguilera,
 * Moosavi, Shimazaki, Nat. Commun. 12, 1197 (2021), for mean fields.
 */
KI_API KI_WARN_UNUSED int ki_moments_sigma(const ki_network *network, int dynamics, const double *d,
                                           const double *own, const ki_run_options *run,
                                           double *sigma, double *spin, double *edge);

#ifdef __cplusplus
}
#endif
#endif
