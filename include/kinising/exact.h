/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file exact.h
 * All 2^N states of one small network: stationary law, moments, entropy production and its
 * fluctuations, spectrum and autocorrelation, by enumeration. [exact]
 *
 * State number a has bit i set where spin i is +1. Entropies are per spin and per step
 * (synchronous) or unit of time (asynchronous), in nats.
 */
#ifndef KINISING_EXACT_H
#define KINISING_EXACT_H

#include <kinising/network.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KI_EXACT_MOST_SYNC 14  /**< spins, synchronous */
#define KI_EXACT_MOST_ASYNC 20 /**< spins, asynchronous */

/** How the stationary law is found; zero-initialised but for `dynamics` is the default. */
typedef struct ki_exact_spec {
    int dynamics;          /**< KI_SYNC or KI_ASYNC, exactly one */
    double tol;            /**< residual wanted, sum_a |(pT - p)_a|; 0: 1e-14 */
    uint64_t max_products; /**< most products with the transition matrix for each of law and gap;
                                0: some ten seconds of them, 600 to 100 000 */
} ki_exact_spec;

/** Numbers of the steady state. */
typedef struct ki_exact_result {
    double m_mean;          /**< mean of <s_i> over spins */
    double q;               /**< autocorrelation, mean over spins: synchronously of lag 1,
                                 <s_i(t) s_i(t-1)>; asynchronously of a long lag, m_i^2 */
    double S;               /**< path entropy of the next step or update */
    double Sr;              /**< S + sigma */
    double sigma;           /**< entropy production */
    double entropy;         /**< system entropy -sum_a p_a ln p_a, per spin */
    double activity;        /**< probability that an update flips its spin */
    double gap;             /**< synchronous 1 - |lambda_2|, asynchronous -Re lambda_2: of the
                                 slowest mode that decays; 0 if one does not */
    double relaxation_time; /**< -1/ln|lambda_2|, or 1/gap; infinite for gap 0, and 0 where
                                 |lambda_2| is not above its error */
    double residual;        /**< sum_a |(pT - p)_a|, asynchronously sum_a |(pG)_a|/N */
    double gap_residual;    /**< |v A - lambda_2 v| for |v| = 1, A = T or 1 + G/N */
    uint64_t products;      /**< with the transition matrix or generator, in all */
    int status;             /**< KI_CONVERGED if `residual` is at most `tol`, `law_error` 1e-9,
                                 `sigma_error` 1e-6 (1 + sigma), and `gap_error` half of the gap, so
                                 that there is one; else KI_NOT_CONVERGED. A network with a mode
                                 that does not decay within rounding (gap 0: several laws are
                                 stationary, or the law is that of a cycle) has not converged */
    double law_error;       /**< of the law, sum_a |p_a - exact|, estimated: the residual over the
                                 distance of the next eigenvalue from 1, rounding where it was found
                                 by elimination (up to 9 spins, 11 if need be), 1 if nothing is
                                 known */
    double gap_error;       /**< of lambda_2 (asynchronously N times that): rounding and
                                 gap_residual times its condition number */
    double sigma_error;     /**< what law_error makes of sigma at most: times the largest field */
} ki_exact_result;

/** Arrays wanted; each may be NULL. */
typedef struct ki_exact_out {
    double *p;          /**< [2^N] stationary law */
    double *m;          /**< [N] <s_i> */
    double *C;          /**< [N,N] connected <s_i s_j> - m_i m_j of one state */
    double *D;          /**< [N,N] connected: <s_i(t) s_j(t-1)> - m_i(t) m_j(t-1) (synchronous),
                             <tanh(beta h_i) s_j> - <tanh(beta h_i)> m_j (asynchronous) */
    double *c;          /**< [N,N] raw <s_i s_j> */
    double *d;          /**< [N,N] raw, as D */
    double *sigma_spin; /**< [N] sigma_edge summed over j */
    double *sigma_edge; /**< [N,N] beta (J_ij - J_ji) d_ij, asynchronously half of it and on the
                             diagonal the part of J_ii; the sum over i, j is N sigma */
} ki_exact_out;

/**
 * Bytes that ki_exact(), or any other function here, takes besides the outputs;
 * ki_exact_autocorrelation() 48 bytes a time more, ki_exact_fluctuations() 128 bytes a bin.
 *
 * @param n         spins
 * @param dynamics  KI_SYNC or KI_ASYNC
 * @param bytes     memory
 * @return 0; KI_ERR_ARGUMENT (more spins than KI_EXACT_MOST_SYNC or _ASYNC: the sentence says so)
 *
 * Cost: none to speak of.
 *
 * Source: the lay-out of their arrays itself, measured.
 */
KI_API KI_WARN_UNUSED int ki_exact_memory(uint64_t n, int dynamics, uint64_t *bytes);

/**
 * The steady state of one network. [exact] [sigma-net-sync] [sigma-net-async]
 *
 * ```
 *     synchronous:   T_ab = prod_i exp(beta b_i h_i(a)) / (2 cosh(beta h_i(a))),  p T = p
 *     asynchronous:  G_ab = (1 - a_i tanh(beta h_i(a)))/2 where b differs from a in spin i alone,
 *                    p G = 0
 *     sigma = (1/N) sum_ab p_a T_ab ln(p_a T_ab / p_b T_ba)
 * ```
 *
 * @param network  H, J (J_ii is kept, asynchronously too), beta
 * @param spec     dynamics, how exact
 * @param run      threads, progress; NULL = defaults
 * @param result   numbers; may be NULL
 * @param out      arrays; may be NULL
 * @return 0; KI_ERR_ARGUMENT (network, dynamics, too many spins, fields that overflow, tol, threads),
 *         KI_ERR_NOMEM, KI_ERR_CANCELLED. Not converging is a status.
 *
 * Cost: a product with T is 2 4^N operations, rows made on the fly from two halves; with G it is
 * N 2^N. Some tens of products where nothing is slow; up to 9 spins 8^N / 3 operations of
 * elimination besides.
 *
 * Source: elimination by Grassmann, Taksar, Heyman, Oper. Res. 33, 1107 (1985); the iteration by
 * Stewart, SIAM J. Matrix Anal. Appl. 23, 601 (2001); weights of sets of states that are hardly ever
 * left by Koury, McAllister, Stewart, SIAM J. Algebr. Discrete Methods 5, 164 (1984).
 */
KI_API KI_WARN_UNUSED int ki_exact(const ki_network *network, const ki_exact_spec *spec,
                                   const ki_run_options *run, ki_exact_result *result,
                                   const ki_exact_out *out);

/**
 * The law after some time from independent spins of given means, and its moments. [exact]
 *
 * @param network   as in ki_exact()
 * @param dynamics  KI_SYNC or KI_ASYNC
 * @param m0        [N] means of the start, each -1..1
 * @param time      steps (a whole number), or units of time; >= 0, as many as take minutes
 * @param run       threads, progress; NULL = defaults
 * @param result    of the state reached; sigma from its moments by [sigma-mf], i.e. from the
 *                  connected D; Sr = S + sigma; q synchronously of the last step (NaN for time 0);
 *                  gap, relaxation_time, residual, gap_residual are NaN; may be NULL
 * @param out       arrays; synchronously D and d are those of the last step (NaN for time 0)
 * @return 0; KI_ERR_ARGUMENT (as ki_exact(); m0, time), KI_ERR_NOMEM, KI_ERR_CANCELLED
 *
 * Cost: a product a step; asynchronously N time of them and some sqrt(N time) more (uniformisation).
 *
 * Source: uniformisation, Jensen, Skand. Aktuarietidskr. 36, 87 (1953); [exact] in docs/theory.md.
 */
KI_API KI_WARN_UNUSED int ki_exact_evolve(const ki_network *network, int dynamics, const double *m0,
                                          double time, const ki_run_options *run,
                                          ki_exact_result *result, const ki_exact_out *out);

/**
 * Stationary autocorrelation C(tau) = (1/N) sum_i <s_i(t) s_i(t + tau)>, raw. [exact]
 *
 * @param network   as in ki_exact()
 * @param dynamics  KI_SYNC or KI_ASYNC
 * @param p         [2^N] stationary law, from ki_exact()
 * @param n         number of times, >= 1
 * @param tau       [n] times, ascending, >= 0, as long as take minutes; whole numbers synchronously
 * @param run       threads, progress; NULL = defaults
 * @param C         [n] result
 * @return 0; KI_ERR_ARGUMENT (as ki_exact(); p, times), KI_ERR_NOMEM, KI_ERR_CANCELLED
 *
 * Cost: N products a step; asynchronously N products for each of the N tau updates that the longest
 * time holds, and some sqrt(N tau) more.
 *
 * Source: uniformisation as in ki_exact_evolve(); [exact] in docs/theory.md.
 */
KI_API KI_WARN_UNUSED int ki_exact_autocorrelation(const ki_network *network, int dynamics,
                                                   const double *p, uint64_t n, const double *tau,
                                                   const ki_run_options *run, double *C);

/** Fluctuations of the entropy production of one transition; see ki_exact_fluctuations(). */
typedef struct ki_exact_fluctuation_result {
    double mean;     /**< of Sigma, in nats for the whole network */
    double variance; /**< of Sigma */
    double integral; /**< <exp(-Sigma)>: 1 by the fluctuation theorem */
    double largest;  /**< largest |Sigma| with a probability above 1e-300 */
    double negative; /**< probability of Sigma < 0 */
    double rate;     /**< transitions a step (1) or flips a unit of time of the whole network */
} ki_exact_fluctuation_result;

/**
 * Distribution of the stochastic entropy production of one transition in the steady state, system
 * part included. [exact]
 *
 * ```
 *     Sigma(a, b) = ln(p_a T_ab / p_b T_ba)  with probability p_a T_ab (a step), or
 *     Sigma(a, b) = ln(p_a G_ab / p_b G_ba)  with probability p_a G_ab / rate (a flip)
 * ```
 *
 * mean * rate = N sigma, and P(-Sigma) = exp(-Sigma) P(Sigma) for the histogram up to its bins.
 *
 * @param network      as in ki_exact()
 * @param dynamics     KI_SYNC or KI_ASYNC
 * @param p            [2^N] stationary law, from ki_exact()
 * @param bins         number of bins, even, >= 2; 0: no histogram
 * @param run          threads, progress; NULL = defaults
 * @param result       numbers
 * @param edges        [bins + 1] ascending, symmetric about 0; NULL without a histogram
 * @param probability  [bins] of each bin, sum 1; NULL without a histogram
 * @return 0; KI_ERR_ARGUMENT (as ki_exact(); p, an odd number of bins), KI_ERR_NOMEM,
 *         KI_ERR_CANCELLED
 *
 * Cost: three exponentials for each pair of states, 4^N / 2 of them, and two more with a histogram;
 * N 2^N / 2 pairs asynchronously.
 *
 * Source: the fluctuation theorem is that of Crooks, Phys. Rev. E 60, 2721 (1999), and Seifert,
 * Phys. Rev. Lett. 95, 040602 (2005).
 */
KI_API KI_WARN_UNUSED int ki_exact_fluctuations(const ki_network *network, int dynamics,
                                                const double *p, uint64_t bins,
                                                const ki_run_options *run,
                                                ki_exact_fluctuation_result *result, double *edges,
                                                double *probability);

#ifdef __cplusplus
}
#endif
#endif
