/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file meanfield.h
 * Plefka's mean-field family on one given network: magnetizations m, correlations C and D, and the
 * entropy production they give, in time and in the steady state.
 *
 * beta is absorbed in H and J; a prime is the time before; g = H + J m', a = 1 - m^2;
 * C_ik = Cov(s_i(t), s_k(t)), D_il = Cov(s_i(t), s_l(t-1)).
 */
#ifndef KINISING_MEANFIELD_H
#define KINISING_MEANFIELD_H

#include <kinising/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is to be computed. */
typedef struct ki_meanfield_spec {
    int method;   /**< enum ki_method */
    int dynamics; /**< KI_SYNC; KI_ASYNC for the steady state of KI_NAIVE and KI_PLEFKA_T1T */
    int steady;   /**< 1: ki_meanfield_steady() will be called, and takes memory for it */
} ki_meanfield_spec;

/** How it went. */
typedef struct ki_meanfield_info {
    uint64_t steps;      /**< since the start */
    double residual;     /**< largest error left in a scalar equation of the last step */
    uint64_t unsolved;   /**< scalar equations of the last step with an error above 1e-12 */
    uint64_t ambiguous;  /**< those with several roots (a variance below -1): the one on the side of
                              the field was taken */
    uint64_t unphysical; /**< pairs i < k with |C_ik| above sqrt(C_ii C_kk), which no distribution
                              has: the method is out of its range; and |m_i| above 1 */
    uint64_t unphysical_D; /**< elements with |D_il| above sqrt(C_ii C'_ll), likewise. Neither
                                counts what is within rounding of the bound (1e-15, or a relative
                                5e-10); both count what is not finite */
    double change; /**< largest change of an element in the last step: of m, and of C and D where
                        the next step reads them (in ki_meanfield_steady() of m alone for
                        methods whose m needs no C) */
    int status;    /**< KI_CONVERGED: every equation solved; steady: a stable fixed point. Else the
                     last of these that applies. KI_UNSOLVED: some scalar equation not to 1e-12, see
                     `residual`. KI_NOT_STEADY: no fixed point within max_steps, see `change`: the
                     steps oscillate, wander, diverge or are too slow. KI_UNSTABLE: a fixed point
                     from which the least deviation leads away; the start is as symmetric as it is.
                     KI_UNPHYSICAL: moments that no distribution of spins has, see `unphysical` and
                     `unphysical_D`; they and sigma mean nothing */
} ki_meanfield_info;

/** Opaque: network, method, the state of one time, workspace. For one thread at a time. */
typedef struct ki_meanfield ki_meanfield;

/** The state of one time; borrowed, valid until the next call on its owner. */
typedef struct ki_meanfield_state {
    uint64_t t;            /**< steps since the start */
    const double *m;       /**< [N] */
    const double *C;       /**< [N,N] row-major, symmetric, 1 - m_i^2 on the diagonal */
    const double *D;       /**< [N,N]; 0 at t = 0 unless given. Asynchronous:
                                Cov(tanh(beta h_i), s_j) */
    double m_mean;         /**< mean over spins */
    double C_mean, D_mean; /**< means over all N^2 elements; D_mean and sigma are NaN at t = 0
                                unless D was given */
    double sigma;          /**< entropy production per spin and step or unit of time, see
                                ki_meanfield_sigma() */
} ki_meanfield_state;

/**
 * Bytes that a ki_meanfield takes, J and H scaled by beta included.
 *
 * @param n      spins
 * @param spec   as in ki_meanfield_create()
 * @param bytes  memory
 * @return 0; KI_ERR_ARGUMENT (a specification that ki_meanfield_create() refuses, N)
 *
 * Cost: none to speak of.
 *
 * Source: the lay-out of its arrays itself, measured.
 */
KI_API KI_WARN_UNUSED int ki_meanfield_memory(uint64_t n, const ki_meanfield_spec *spec,
                                              uint64_t *bytes);

/**
 * Prepares a network and a method; the state is that of all spins up.
 *
 * @param network  H, J, beta, copied with beta multiplied in; asynchronously J_ii must be 0
 * @param spec     what to compute
 * @param threads  most threads of the steps, 0 = all
 * @param out      new; ki_meanfield_free() it
 * @return 0; KI_ERR_ARGUMENT (the sentence names the value), KI_ERR_NOMEM
 *
 * Cost: a copy of J.
 *
 * Source: as ki_meanfield_step().
 */
KI_API KI_WARN_UNUSED int ki_meanfield_create(const ki_network *network,
                                              const ki_meanfield_spec *spec, int threads,
                                              ki_meanfield **out);

/** Frees `mf`; NULL is allowed. */
KI_API void ki_meanfield_free(ki_meanfield *mf);

/**
 * Sets the state of t = 0.
 *
 * @param mf  from ki_meanfield_create()
 * @param m   [N] -1..1
 * @param C   [N,N] finite, symmetric, 1 - m_i^2 on the diagonal; NULL: independent spins
 * @param D   [N,N] of the step before, finite; NULL: none, taken as 0 where a method asks
 * @return 0; KI_ERR_ARGUMENT (out of range, not finite, with indices)
 *
 * Cost: a copy of C and D.
 *
 * Source: as ki_meanfield_step().
 */
KI_API KI_WARN_UNUSED int ki_meanfield_start(ki_meanfield *mf, const double *m, const double *C,
                                             const double *D);

/**
 * One synchronous step t -> t + 1.
 *
 * ```
 *     [naive]       m = tanh g;  C = diag(a);  D_il = a_i J_il a'_l
 *     [plefka-t1t]  m = tanh(g - m V), V_i = sum_j J_ij^2 a'_j;
 *                   C_ik = a_i a_k sum_j J_ij J_kj a'_j;
 *                   D_il = a_i J_il a'_l (1 + 2 m_i J_il m'_l)
 *     [plefka-t]    m = tanh(g - m V), V_i = (J C' J^T)_ii;  C = diag(a) J C' J^T diag(a);
 *                   D = diag(a) J C' + 2 diag(m a) (J o (J C')) diag(m')
 *     [plefka-t1]   x_i = g_i + sqrt(Delta_i) z, Delta_i = sum_j J_ij^2 a'_j;
 *                   m_i = Int Dz tanh x_i;  D = diag(Int Dz sech^2 x_i) J C';
 *                   C_ik = <tanh x_i tanh x_k> - m_i m_k, where x_i and x_k are correlated by
 *                   rho_ik = sum_j J_ij J_kj a'_j / sqrt(Delta_i Delta_k)
 *     [plefka2-t]   W = J D' J^T;  V_il = V_i - 2 J_il (J C')_il + J_il^2 C'_ll;
 *                   Delta_il = J_il + W_il - J_il sum_n J_ln D'_ln;
 *                   theta + V_il tanh(theta) = g_i + Delta_il (s_l - m'_l);
 *                   m_i = mean over l of <tanh theta>;  D_il = <(s_l - m'_l) tanh theta>,
 *                   averages over s_l = +-1 with mean m'_l;
 *                   C_ik likewise with Delta = J C' J^T and V = V_i, symmetrised; the mean of s_k
 *                   is taken as m'_k, as published: right in a steady state
 *     all           C_ii = 1 - m_i^2
 * ```
 *
 * @param mf    from ki_meanfield_create(), synchronous
 * @param run   threads (at most those of the creation), progress; NULL = defaults
 * @param info  how it went; may be NULL
 * @return 0; KI_ERR_ARGUMENT (an asynchronous handle, one whose step was cancelled),
 *         KI_ERR_CANCELLED (ki_meanfield_start() is then needed)
 *
 * Cost: products of N x N matrices: naive none, plefka-t1t 1/2, plefka-t 3/2, plefka-t1 3/2,
 * plefka2-t 7/2 and 4 N^2 scalar equations. Scalar equations take a bounded number of Newton steps.
 *
 * Source: Aguilera, Moosavi, Shimazaki, Nat. Commun. 12, 1197 (2021).
 */
KI_API KI_WARN_UNUSED int ki_meanfield_step(ki_meanfield *mf, const ki_run_options *run,
                                            ki_meanfield_info *info);

/**
 * The steady state that the state at hand leads to: steps until a fixed point, with Anderson
 * acceleration once they converge. Small deviations from the fixed point are then followed for some
 * steps: if they grow, plain steps alone decide where the start leads. Asynchronously a part of a
 * step is taken at a time, as small as it must be, which follows dm/dt = F(m) - m.
 *
 * Asynchronous ([naive] and [plefka-t1t], J_ii = 0): m as in the synchronous steady state,
 *     [naive]       D_il = a_i J_il a_l
 *     [plefka-t1t]  D_il = a_i J_il a_l (1 + 2 m_i J_il m_l)
 *                          + (a_i a_l/2) sum_{k != l} J_ik a_k (J_kl + J_lk)
 *     both          C_il = (D_il + D_li)/2, i != l: exact between C and D of a steady state
 *
 * @param mf         from ki_meanfield_create() with `steady`
 * @param tol        `change` wanted; 0: 1e-12
 * @param max_steps  most steps; 0: 10 000, or 1000 for plefka-t and plefka2-t, whose steps are
 *                   products of matrices
 * @param run        threads, progress; NULL = defaults
 * @param info       how it went; may be NULL
 * @return 0 (with a status); KI_ERR_ARGUMENT (no `steady` handle, tol), KI_ERR_CANCELLED
 *         (ki_meanfield_start() is then needed)
 *
 * Cost: that of the steps, of magnetizations alone for naive, plefka-t1t and plefka-t1 (N^2
 * operations), and N^2 operations of acceleration a step for the others.
 *
 * Source: Anderson, J. ACM 12, 547 (1965), for the acceleration; asynchronous moments are those of
 * the steady state of Zeng, Aurell, Alava, Mahmoudi, Phys. Rev. E 83, 041135 (2011).
 */
KI_API KI_WARN_UNUSED int ki_meanfield_steady(ki_meanfield *mf, double tol, uint64_t max_steps,
                                              const ki_run_options *run, ki_meanfield_info *info);

/**
 * The state at hand.
 *
 * @param mf   from ki_meanfield_create()
 * @param out  result; see ki_meanfield_state
 * @return 0; KI_ERR_ARGUMENT (a NULL pointer, a handle whose step was cancelled)
 *
 * Cost: 5 N^2 operations, of the means and sigma.
 *
 * Source: as ki_meanfield_sigma().
 */
KI_API KI_WARN_UNUSED int ki_meanfield_get(ki_meanfield *mf, ki_meanfield_state *out);

/**
 * Entropy production of the state at hand. [sigma-mf]
 *
 * ```
 *     sigma = (1/N) sum_ij (J_ij - J_ji) D_ij, asynchronously half of it:
 * ```
 *
 * the one of the steady state, 0 by construction for symmetric J. In a transient it is the same
 * formula, an estimate of the entropy production while moments change little.
 *
 * @param mf    from ki_meanfield_create()
 * @param spin  [N] sum over j of `edge`; may be NULL
 * @param edge  [N,N] beta (J_ij - J_ji) D_ij, asynchronously half of it; may be NULL
 * @return 0; KI_ERR_ARGUMENT (a NULL handle, one that has no D yet or whose step was cancelled)
 *
 * Cost: 3 N^2 operations.
 *
 * Source: Aguilera, Moosavi, Shimazaki, Nat. Commun. 12, 1197 (2021).
 */
KI_API KI_WARN_UNUSED int ki_meanfield_sigma(const ki_meanfield *mf, double *spin, double *edge);

#ifdef __cplusplus
}
#endif
#endif
