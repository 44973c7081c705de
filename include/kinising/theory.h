/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file theory.h
 * Exact N -> infinity thermodynamics of the asymmetric Sherrington-Kirkpatrick model.
 *
 * Model [model]: h_i = H_i + sum_j J_ij s_j with J_ij iid Normal(J0/N, dJ^2/N), H_i iid
 * Uniform(-dH, dH), and P(s_i' = +-1 | s) = exp(beta s_i' h_i) / (2 cosh(beta h_i)); synchronous (all
 * spins at once, one step) or asynchronous (each spin at rate 1). Everything is per spin and in nats;
 * rates are per step (synchronous) or per unit time (asynchronous).
 *
 * Source: Aguilera, Igarashi, Shimazaki, Nat. Commun. 14 (2023), doi 10.1038/s41467-023-39107-y; the
 * asynchronous closed form is derived in docs/theory.md.
 */
#ifndef KINISING_THEORY_H
#define KINISING_THEORY_H

#include <kinising/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Steady state at one point; see ki_theory(). */
typedef struct ki_theory_result {
    double m;               /**< magnetization >= 0 (amplitude of the two-cycle) */
    double q;               /**< autocorrelation at any lag >= 1 (even lags for the two-cycle) */
    double k;               /**< mean of sech^2(beta h) */
    double S;               /**< path (conditional) entropy per spin per step or update, nats */
    double Sr;              /**< reverse path entropy S + sigma */
    double sigma;           /**< synchronous entropy production per spin per step */
    double Sr_async;        /**< S + sigma_async of the asynchronous state, per update */
    double sigma_async;     /**< asynchronous entropy production per spin per unit time */
    double sigma_over_beta; /**< sigma / beta, finite at beta = inf; 0 at beta = 0 */
    double sigma_async_over_beta; /**< sigma_async / beta, likewise */
    double chi;                   /**< dm/dh of a uniform field, +inf on the critical line */
    int phase;                    /**< enum ki_phase */
    int status;                   /**< KI_CONVERGED or KI_NOT_CONVERGED */
    int iterations;               /**< evaluations of the order-parameter maps, for curiosity */
} ki_theory_result;

/**
 * Steady state of the infinite network. [m-sync] [q-sync] [k] [S-sync] [sigma-sync] [Sr-sync]
 * [sigma-async] [Sr-async] [chi] [two-cycle] [T0]
 *
 * ```
 *     m     = < Int Dz tanh(beta(H + J0 m + dJ z)) >_H                                  [m-sync]
 *     q     = < E tanh(beta(H + J0 m + dJ x)) tanh(beta(H + J0 m + dJ y)) >_H, corr(x,y) = q
 *                                                                                       [q-sync]
 *     k     = < Int Dz sech^2 >_H                                                       [k]
 *     S     = < Int Dz ln 2cosh x - x tanh x >_H                                        [S-sync]
 *     sigma = (beta dJ)^2 (1 - q) k,  Sr = S + sigma                      [sigma-sync] [Sr-sync]
 *     sigma_async = (beta dJ)^2 k (1 - I),  I = Int_0^inf e^-a C(a) da,  C'' = C - F(C)
 *                                                                       [sigma-async] [C-async]
 *     Sr_async = S + sigma_async, S of the asynchronous state               [Sr-async]
 *     chi   = beta k / (1 - beta J0 k)                                                  [chi]
 * ```
 *
 * For J0 < 0 the synchronous state can be a two-cycle m, -m, ... (phase KI_TWO_CYCLE): m is then the
 * amplitude and q the autocorrelation at even lags, which is the one that enters sigma, averaged over
 * the cycle. The asynchronous state has m = 0 there; sigma_async and Sr_async (with an S of its own)
 * are that state's. With `dynamics = KI_ASYNC` alone m, q, k, S, chi and phase are the asynchronous
 * state's, and sigma and Sr are NaN; without KI_ASYNC sigma_async and Sr_async are NaN.
 *
 * beta = inf is computed as a limit of its own: S = 0, k = 0, and sigma = inf where
 * sigma_over_beta > 0.
 *
 * Accuracy: relative 1e-10 for m, q, k, S, Sr, sigma and 1e-8 for sigma_async, Sr_async wherever the value is
 * above 1e-300; tests/oracle holds the proof.
 *
 * @param p         point; beta in [0, inf], J0 finite, dJ >= 0 and dH >= 0 finite
 * @param dynamics  KI_SYNC, KI_ASYNC or both or-ed
 * @param out       result, written only on success
 * @return 0; KI_ERR_ARGUMENT (NULL, NaN, out of range; the sentence names the field and its value)
 *
 * Cost: 2 to 30 microseconds a point, 0.1 to 1 ms with KI_ASYNC. Allocates nothing. Thread safe.
 * Source: Aguilera, Igarashi, Shimazaki 2023, Eqs. of "Results"; docs/theory.md for the limits.
 */
KI_API KI_WARN_UNUSED int ki_theory(const ki_theory_params *p, unsigned dynamics,
                                    ki_theory_result *out);

/**
 * ki_theory() at `n` independent points over threads; the same bits for any number of threads.
 *
 * @param n         number of points, any
 * @param p         [n] points
 * @param dynamics  as in ki_theory()
 * @param run       threads and progress (done counts points); NULL = defaults
 * @param out       [n] results
 * @return 0; KI_ERR_ARGUMENT (the sentence names the first bad point), KI_ERR_CANCELLED, KI_ERR_NOMEM
 *
 * Cost: n times ki_theory() over the threads; memory for one copy of the results. Thread safe.
 * Source: as ki_theory().
 */
KI_API KI_WARN_UNUSED int ki_theory_map(size_t n, const ki_theory_params *p, unsigned dynamics,
                                        const ki_run_options *run, ki_theory_result *out);

/** What ki_critical() solves for. */
enum ki_parameter { KI_BETA = 0, KI_J0 = 1, KI_DJ = 2, KI_DH = 3 };

/**
 * Order-disorder boundary: the value of one parameter, the other three given, at which
 *
 * ```
 *     beta J0 k(m = 0) = 1                                                              [critical]
 * ```
 *
 * At beta = inf this is 2 J0 p(0) = 1 with p the density of the total field (dJ = J0 sqrt(2/pi) for
 * dH = 0). For J0 <= 0, or where no value of the parameter orders the network, there is no boundary:
 * `*root` is NaN and `*status` KI_NO_ORDERED_PHASE, which is an answer, not an error. (For J0 < 0 the
 * synchronous two-cycle sets in where -J0 would order.)
 *
 * @param p          point; the field named by `solve_for` is ignored
 * @param solve_for  enum ki_parameter
 * @param root       the boundary, relative accuracy 1e-13 away from double roots; may be 0 or inf
 * @param status     KI_CONVERGED or KI_NO_ORDERED_PHASE
 * @return 0; KI_ERR_ARGUMENT
 *
 * Cost: about 10 evaluations of k, some 10 microseconds. Allocates nothing. Thread safe.
 * Source: Aguilera, Igarashi, Shimazaki 2023, condition of criticality; the limit in docs/theory.md.
 */
KI_API KI_WARN_UNUSED int ki_critical(const ki_theory_params *p, int solve_for, double *root,
                                      int *status);

/**
 * Steady-state autocorrelation C(tau) = [<s_i(t) s_i(t - tau)>].
 *
 * KI_ASYNC: C'' = C - F(C), C(0) = 1, C(inf) = q  [C-async].
 * KI_SYNC: C(0) = 1, C(tau) = q at integer tau >= 1; in the two-cycle even lags hold q and odd lags
 * the solution of the same equation with opposite means [C-sync]. Non-integer tau is an error.
 *
 * @param p         point, as in ki_theory()
 * @param dynamics  KI_SYNC or KI_ASYNC, exactly one
 * @param n         number of lags
 * @param tau       [n] lags >= 0, any order, finite
 * @param C         [n] result
 * @return 0; KI_ERR_ARGUMENT
 *
 * Accuracy 1e-9 absolute. Cost: that of ki_theory() plus about 100 ns a lag. Thread safe.
 * Source: docs/theory.md, "Asynchronous dynamics"; the synchronous lags are of the 2023 paper.
 */
KI_API KI_WARN_UNUSED int ki_autocorrelation(const ki_theory_params *p, int dynamics, size_t n,
                                             const double *tau, double *C);

/** Borrowed output arrays of a transient; any of them may be NULL. See ki_transient_sync(). */
typedef struct ki_transient {
    double *t;     /**< [n+1] time */
    double *m;     /**< [n+1] magnetization */
    double *q;     /**< [n+1] C(t, t - lag); NaN while t < lag */
    double *S;     /**< [n+1] path entropy; NaN at t = 0 (synchronous) */
    double *Sr;    /**< [n+1] reverse path entropy; NaN at t = 0 (synchronous) */
    double *sigma; /**< [n+1] entropy flow to the bath; NaN at t = 0 (synchronous) */
    double *C;     /**< [n+1,n+1] row-major two-time autocorrelation C(t, t'), symmetric */
} ki_transient;

/**
 * Synchronous relaxation from a random start with mean m0, independent of the fields.
 * [m-sync] [C-sync] [sigma-t]
 *
 * ```
 *     m_{t+1}      = < Int Dz tanh(beta(H + J0 m_t + dJ z)) >_H
 *     C(t+1, t'+1) = F(C(t, t'); m_t, m_t'),  C(t, t) = 1,  C(t, 0) = m_t m_0
 *     S_t          = L_t     - beta[<H s_t>     + J0 m_t m_{t-1} + beta dJ^2 k_t]
 *     Sr_t         = L_{t+1} - beta[<H s_{t-1}> + J0 m_{t-1} m_t + beta dJ^2 k_{t-1} C(t, t-2)]
 *     sigma_t      = Sr_t - S_t
 * ```
 *
 * with L_t = <Int Dz ln 2cosh(beta h_t)>, the field h_t built from s_{t-1}; the C term is 0 at t = 1.
 * sigma_t is the entropy flow to the bath: the change of the system's own entropy comes on top.
 *
 * @param p      point; beta finite
 * @param m0     initial magnetization, [-1, 1]
 * @param steps  number of steps n, 1..10^7 (10^4 if the two-time matrix is asked for)
 * @param lag    lag of the q column, >= 1
 * @param run    threads (the two-time matrix is made diagonal by diagonal) and progress; NULL = defaults
 * @param out    arrays [steps+1], two-time [steps+1,steps+1]
 * @return 0; KI_ERR_ARGUMENT, KI_ERR_NOMEM, KI_ERR_CANCELLED
 *
 * Cost: 2 evaluations of F a step (about 10 microseconds each); steps^2/2 for the matrix.
 * Source: Aguilera, Igarashi, Shimazaki 2023 for m and C; sigma_t in docs/theory.md, "Transients".
 */
KI_API KI_WARN_UNUSED int ki_transient_sync(const ki_theory_params *p, double m0, size_t steps,
                                            size_t lag, const ki_run_options *run,
                                            const ki_transient *out);

/** How well an integration went. */
typedef struct ki_transient_info {
    double error;   /**< estimated largest absolute error of any output */
    uint64_t steps; /**< integration steps of the final pass */
    int status;     /**< KI_CONVERGED, or KI_NOT_CONVERGED if `error` exceeds the tolerance */
} ki_transient_info;

/**
 * Asynchronous relaxation from a random start with mean m0. [C-async]
 *
 * ```
 *     dm/dt = -m + < Int Dz tanh(beta(H + J0 m + dJ z)) >_H
 *     (d_t + 1)(d_t' + 1) C(t, t') = F(C(t, t'); m_t, m_t')  off the diagonal, C(t, t) = 1,
 *     C(t, 0) = m_t m_0 + (1 - m_0^2) e^-t
 *     S(t)     = < Int Dz ln 2cosh x - x tanh x >_H
 *     sigma(t) = beta J0 m (M - m) + beta(<H tanh x> - <H s>)
 *                + (beta dJ)^2 [k(t) - Int_0^t e^-a k(t-a) C(t, t-a) da],   Sr = S + sigma
 * ```
 *
 * with M = dm/dt + m and <H s>' = -<H s> + <H tanh x>. sigma(t) is the rate of entropy flow to the
 * bath; it tends to sigma_async [sigma-async].
 *
 * The integrator is of fourth order in both times; it halves its step until two passes agree within
 * `tol`, and says so in `info`.
 *
 * @param p     point; beta finite
 * @param m0    initial magnetization, [-1, 1]
 * @param tmax  last time, > 0, at most about 400
 * @param n     number of output intervals, 1..1600: times t_i = i tmax / n
 * @param lag   lag of the q column, in output intervals, >= 1
 * @param tol   absolute error wanted, 1e-12..1e-2; seconds at 1e-6, and ten times that at 1e-8
 * @param run   threads, progress; NULL = defaults
 * @param out   arrays [n+1], two-time [n+1,n+1]
 * @param info  outcome, may be NULL
 * @return 0; KI_ERR_ARGUMENT (the sentence names the value), KI_ERR_NOMEM, KI_ERR_CANCELLED
 *
 * Cost: (steps of integration)^2/2 evaluations of F, some 10 microseconds each, over the threads;
 * passes of twice the steps follow until `tol` is met. Memory: a few rows, and (n+1)^2 for C.
 * Source: docs/theory.md, "Asynchronous dynamics" and "Transients".
 */
KI_API KI_WARN_UNUSED int ki_transient_async(const ki_theory_params *p, double m0, double tmax,
                                             size_t n, size_t lag, double tol,
                                             const ki_run_options *run, const ki_transient *out,
                                             ki_transient_info *info);

#ifdef __cplusplus
}
#endif
#endif
