/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file simulate.h
 * Exact simulation of finite networks: averages over disorder, and replicas of one network.
 *
 * Model [model], see theory.h; N spins, couplings J_ij iid Normal(J0/N, dJ^2/N) including J_ii,
 * fields H_i iid Uniform(-dH, dH). Synchronous: a step updates all spins. Asynchronous: N updates
 * of spins chosen at random are one unit of time. Everything is per spin, in nats, and per step or
 * unit time.
 *
 * Random numbers are counter-based (Philox4x32-10), keyed by (seed, parameters, realization, step,
 * spin), and sums over realizations are exact: a result does not depend on the number of threads,
 * on how realizations are divided among runs, or on their order, to the last bit.
 */
#ifndef KINISING_SIMULATE_H
#define KINISING_SIMULATE_H

#include <kinising/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Where a run begins: X(name, number, word, meaning). */
#define KI_START_LIST(X)                                                                           \
    X(KI_START_UP, 0, "up", "all spins +1")                                                        \
    X(KI_START_RANDOM, 1, "random", "independent, +1 and -1 equally likely")                       \
    X(KI_START_THEORY, 2, "theory", "independent, with the magnetization of the infinite network")

/** Where a run begins; see KI_START_LIST. */
enum ki_start {
#define KI_START_ENUM(name, number, word, meaning) name = number,
    KI_START_LIST(KI_START_ENUM)
#undef KI_START_ENUM
};

/** The word of a start, as in KI_START_LIST; "?" for an unknown number. Never NULL. */
KI_API const char *ki_start_name(int start);

/** How the fields of an ensemble are made; all give the same distribution. */
enum ki_algorithm {
    KI_ALGORITHM_AUTO = 0,       /**< the faster one by a cost model */
    KI_ALGORITHM_DENSE = 1,      /**< the coupling matrix is drawn and kept, 2 N^2 bytes */
    KI_ALGORITHM_MATRIX_FREE = 2 /**< fields from the overlaps of past states, no matrix
                                      [matrix-free] */
};

/** An average over disorder at one point. */
typedef struct ki_ensemble_spec {
    uint64_t n;         /**< spins N, 1..2^31-1 */
    ki_theory_params p; /**< beta in [0, inf), J0, dJ, dH */
    int dynamics;       /**< KI_SYNC or KI_ASYNC, exactly one */
    uint64_t steps;     /**< T >= 1: steps, or units of time */
    int average;        /**< 0: measured on the state reached after T; 1: averaged over the window
                             burn_in < t <= T */
    uint64_t burn_in;   /**< with `average`: < steps */
    int start;          /**< enum ki_start */
    int algorithm;      /**< enum ki_algorithm */
    int zero_diagonal;  /**< 1: J_ii = 0 instead of drawn (dense only) */
    uint64_t seed;      /**< of the random numbers */
} ki_ensemble_spec;

/** Averages over the realizations done so far, with standard errors over realizations (NaN for
 * fewer than two; everything is NaN for none). */
typedef struct ki_ensemble_result {
    uint64_t realizations;   /**< how many are in the averages */
    double m, m_err;         /**< magnetization */
    double q, q_err;         /**< autocorrelation: lag 1 (synchronous), overlap with the state
                                  T/2 earlier (asynchronous) */
    double S, S_err;         /**< path entropy of the step measured, or of updates of the state */
    double Sr, Sr_err;       /**< S + sigma */
    double sigma, sigma_err; /**< entropy flow to the bath; in the steady state its production */
    uint64_t flips; /**< spins seen to flip in the measured steps, or in the unit of time before a
                       measured state, in all. A handful is a warning: states as rare as these few
                       are missing from averages and errors alike, see KI_FEW_FLIPS */
    double activity, activity_err; /**< probability that an update flips its spin */
} ki_ensemble_result;

/**
 * With fewer flips than this, m, q, S, sigma and activity are not to be trusted, nor their errors.
 * In a cold network nearly all of activity and q comes from states with a spin turned against its
 * field, and those parts of sigma cancel to a higher order; a sample without such states shows a
 * small sigma with a tiny error, both wrong.
 */
#define KI_FEW_FLIPS 100

/** Opaque: the specification, which realizations are done, and their exact sums. */
typedef struct ki_ensemble ki_ensemble;

/**
 * Prepares an average over disorder; nothing is simulated yet. [model]
 *
 * @param spec  what to simulate, copied; `algorithm` KI_ALGORITHM_AUTO is resolved here, see
 *              ki_ensemble_get_spec()
 * @param out   the new ensemble; ki_ensemble_free() it
 * @return 0; KI_ERR_ARGUMENT (NULL, NaN, out of range, N = 0, matrix-free with zero_diagonal or
 * with an asynchronous average; the sentence names field and value), KI_ERR_NOMEM
 *
 * Cost: some 20 KiB; with KI_START_THEORY that of ki_theory(). Source: the ensemble of Aguilera,
 * Igarashi, Shimazaki, Nat. Commun. 14, 3685 (2023).
 */
KI_API KI_WARN_UNUSED int ki_ensemble_create(const ki_ensemble_spec *spec, ki_ensemble **out);

/** Frees `ensemble`; NULL is allowed. */
KI_API void ki_ensemble_free(ki_ensemble *ensemble);

/** The specification of `ensemble`, with the algorithm that is used; valid until it is freed. */
KI_API const ki_ensemble_spec *ki_ensemble_get_spec(const ki_ensemble *ensemble);

/**
 * Bytes that ki_ensemble_run() takes for each worker thread, before anything is taken.
 *
 *     dense                        about 2 N^2; asynchronous with `average` and N T/16
 *     matrix-free, synchronous     2 N R + 4 R^2 with R = min(N, T)
 *     matrix-free, asynchronous    N^2 T/8 + 4 N T^2
 *
 * @param spec   as in ki_ensemble_create()
 * @param bytes  memory per thread; 2^64 - 1 for what no machine has
 * @return 0; KI_ERR_ARGUMENT as ki_ensemble_create()
 *
 * Cost: none to speak of. Source: the lay-out of its arrays itself, measured.
 */
KI_API KI_WARN_UNUSED int ki_ensemble_memory(const ki_ensemble_spec *spec, uint64_t *bytes);

/**
 * Simulates the realizations first <= r < last that are not done yet.
 *
 * Estimators [sigma-t], with t_i = tanh(beta h_i) and h the field made by the state s' before the
 * last step (synchronous, s the state drawn from it) or by the state s reached (asynchronous, s' that
 * of T/2 earlier, s^i = s with spin i turned):
 *
 *     synchronous:   m = <t_i>,  q = <t_i s'_i>,  activity = (1 - q)/2,
 *                    Sr = -<ln P(s' | s)>/N
 *     asynchronous:  m = <s_i>,  q = <s_i s'_i>,  activity = <f_i>,  f_i = (1 - s_i t_i)/2,
 *                    sigma = (1/N) sum_i f_i(s) ln[f_i(s) / f_i(s^i)]
 *     both:          S = <ln 2cosh(beta h_i) - beta h_i t_i>,  Sr = S + sigma
 *
 * So they are row T of ki_transient_sync() and ki_transient_async() for N -> infinity: sigma is the
 * entropy that flows to the bath in step T, or per unit time at the time T. In the steady state it is
 * the entropy production, [sigma-net-sync] [sigma-net-async], and for symmetric couplings (dJ = 0, or
 * N = 1) fluctuates around 0; for N = 1 and dH = 0 it is 0.
 *
 * Both have the noise of the last draws taken out as far as it is known to be of mean zero, see
 * docs/theory.md. Errors of a steady state are those of [sigma-net-sync] synchronously and in
 * windows; a single asynchronous state leaves errors up to twice those of [sigma-net-async], whose
 * mean is sigma in the steady state alone: average. Asynchronous replicas of one network leave up to
 * three times those in windows too, most where it is hot.
 *
 * With `average` all are means over the window, of t measured at each step or unit of time; the
 * asynchronous q is that of states of the window (from t = burn_in on) that are T/2 apart; where it
 * is shorter, of the last state and the one T/2 earlier.
 *
 * Work that is not finished when the call is cancelled or fails is lost, finished realizations are
 * kept. Progress counts spin updates; ki_ensemble_pack() may be called from inside the callback.
 *
 * @param ensemble  from ki_ensemble_create()
 * @param first     first realization
 * @param last      one past the last; at most 2^56
 * @param run       threads, progress; NULL = defaults
 * @return 0; KI_ERR_ARGUMENT (NULL, first > last, last > 2^56, threads out of range), KI_ERR_NOMEM
 *         (the sentence says how much a thread needs), KI_ERR_CANCELLED (`run` said so)
 *
 * Cost: a realization takes
 *
 *     synchronous, dense         N^2 normals and at most N^2 (T + 1)/32 instructions
 *     synchronous, matrix-free   N (T + 1) normals and N T^2/32
 *     asynchronous, dense        N^2 normals, N/32 a flip, and 3 N^2/32 if a single time is measured
 *     asynchronous, matrix-free  N T normals, N^2 T^2/64 and N T^3/6
 *
 * Not thread safe for one and the same ensemble.
 *
 * Source: derived in docs/theory.md, "Finite networks"; checked against the stored runs of Aguilera,
 * Igarashi, Shimazaki, Nat. Commun. 14, 3685 (2023). Spins are drawn by Philox4x32-10 of Salmon and
 * others, SC11 (2011).
 */
KI_API KI_WARN_UNUSED int ki_ensemble_run(ki_ensemble *ensemble, uint64_t first, uint64_t last,
                                          const ki_run_options *run);

/** How many of the realizations `first` <= r < `last` of `ensemble` are done. */
KI_API uint64_t ki_ensemble_done(const ki_ensemble *ensemble, uint64_t first, uint64_t last);

/**
 * Averages and standard errors of what is done. The same bits for the same set of realizations.
 *
 * @param ensemble  from ki_ensemble_create()
 * @param out       result; sigma, S and Sr in nats per spin and step or unit of time
 * @return 0; KI_ERR_ARGUMENT (NULL)
 *
 * Cost: some microseconds, whatever is done. Source: exact sums after Kulisch, Computer Arithmetic
 * and Validity (2013); standard errors of means of independent values.
 */
KI_API KI_WARN_UNUSED int ki_ensemble_result_of(const ki_ensemble *ensemble,
                                                ki_ensemble_result *out);

/**
 * Whether averages are to be trusted.
 *
 * @param result  of ki_ensemble_result_of()
 * @return KI_CONVERGED; KI_HARDLY_MOVED where less than a tenth of the updates flipped a spin and fewer than
 *         KI_FEW_FLIPS were seen to
 */
KI_API int ki_ensemble_status(const ki_ensemble_result *result);

/**
 * How many realizations are wanted in all for a relative standard error `rel_err` of sigma: the
 * same for the same `done` realizations, however they were divided.
 *
 * @param ensemble  with realizations 0 <= r < done done
 * @param rel_err   wanted, > 0; at least max(KI_FEW_FLIPS, 1/rel_err^2) flips are wanted too
 * @param done      how many are done, > 0
 * @param step      least number to add
 * @param most      never more than that
 * @return `done` if they are enough, if beta = 0 or `most` is reached; else more, at most 4 done.
 *         Where couplings are symmetric (N = 1 or dJ = 0) and sigma vanishes in the steady state, the
 *         error is that of Sr
 *
 * Cost: that of ki_ensemble_result_of(). Source: errors fall like 1/sqrt(realizations); a tenth is
 * added.
 */
KI_API uint64_t ki_ensemble_target(const ki_ensemble *ensemble, double rel_err, uint64_t done,
                                   uint64_t step, uint64_t most);

/**
 * Adds what `from` has done to `ensemble`.
 *
 * @param ensemble  grows
 * @param from      unchanged; same specification (the algorithm too), no realization in common
 * @return 0; KI_ERR_ARGUMENT (the sentence says what differs, or which realizations both have),
 *         KI_ERR_NOMEM
 *
 * Cost: one pass over the ranges that are done. Source: exact sums add in any order.
 */
KI_API KI_WARN_UNUSED int ki_ensemble_merge(ki_ensemble *ensemble, const ki_ensemble *from);

/**
 * Specification, done set and exact sums as bytes: versioned, little-endian, with a CRC-32, the
 * same for the same state. For checkpoints, shards and messages.
 *
 * @param ensemble  from ki_ensemble_create()
 * @param bytes     where to write, NULL to ask for the size only
 * @return size in bytes, some hundreds and 16 for each range that is done
 *
 * Cost: one pass over these bytes. Source: a format of our own, src/simulate/ensemble/state.c.
 */
KI_API size_t ki_ensemble_pack(const ki_ensemble *ensemble, void *bytes);

/**
 * The inverse of ki_ensemble_pack().
 *
 * @param bytes  packed state; nothing about it is trusted
 * @param size   its size
 * @param out    the new ensemble; ki_ensemble_free() it
 * @return 0; KI_ERR_FORMAT (truncated, damaged, made by another version; the sentence says which),
 *         KI_ERR_NOMEM, KI_ERR_ARGUMENT (NULL)
 *
 * Cost: one pass over the bytes. Source: as ki_ensemble_pack().
 */
KI_API KI_WARN_UNUSED int ki_ensemble_unpack(const void *bytes, size_t size, ki_ensemble **out);

/** "auto", "dense", "matrix-free"; "?" otherwise. */
KI_API const char *ki_algorithm_name(int algorithm);

/** Replicas of one given network. */
typedef struct ki_replicas_spec {
    int dynamics;      /**< KI_SYNC or KI_ASYNC, exactly one */
    uint64_t replicas; /**< R >= 1, independent copies */
    uint64_t steps;    /**< T >= 1: steps, or units of time */
    int average;       /**< 0: measured on the state reached after T; 1: averaged over the window
                            burn_in < t <= T */
    uint64_t burn_in;  /**< with `average`: < steps */
    int start;         /**< KI_START_UP or KI_START_RANDOM */
    uint64_t seed;     /**< of the random numbers */
} ki_replicas_spec;

/** Borrowed output arrays of ki_replicas(); any of them may be NULL. */
typedef struct ki_replicas_out {
    double *m;          /**< [N] <s_i> */
    double *c;          /**< [N,N] row-major, raw <s_i s_j>, 1 on the diagonal */
    double *d;          /**< [N,N] raw <s_i(t) s_j(t-1)> (synchronous), <tanh(beta h_i) s_j>
                             (asynchronous) */
    double *sigma_spin; /**< [N] sum over j of sigma_edge */
    double *sigma_edge; /**< [N,N] beta (J_ij - J_ji) d_ij, asynchronously half of it; on the
                             diagonal what flows by the spin's own change, which is 0 in the steady
                             state but for the part of J_ii (asynchronous), see ki_replicas(). The
                             sum over all i, j is N sigma */
    int8_t *raster;     /**< [R,T+1,N] spins +-1 of every step or unit of time, t = 0 first */
    double *m_before;   /**< [N] <s_j> of the states that d is made with: those before the step
                             (synchronous), the same as m (asynchronous). d_ij - m_i m_before_j is
                             connected */
} ki_replicas_out;

/**
 * R replicas of one network, advanced together. [sigma-t] [sigma-net-sync] [sigma-net-async]
 *
 * Moments are the low-variance ones: d_ij = <t_i s'_j>, m_i = <t_i>, c_ij = <t_i t_j> (i != j) with
 * t_i = tanh(beta h_i), h the field made by s' (synchronous); m_i = <s_i>, c_ij = <s_i s_j>,
 * d_ij = <t_i s_j> of one state (asynchronous). Estimators of `summary` as in ki_ensemble_run(). With
 * `average` an asynchronous q compares states of the window that are T/2 apart; where it is shorter,
 * the last state with the one T/2 earlier.
 *
 * The entropy flow [sigma-t] is the sum over all edges, where a spin alone has
 *
 *     synchronous:   beta H_i <t_i - s'_i> + <ln 2cosh(beta h_i(s)) - ln 2cosh(beta h_i(s'))>
 *     asynchronous:  beta H_i <t_i - s_i> + (beta/2) sum_{j != i} J_ij (d_ij + d_ji - 2 c_ij)
 *                    - <f_i ln[cosh(beta h_i) / cosh(beta h_i - 2 beta J_ii s_i)]>
 *
 * Fields are sums in single precision: relative errors of 1e-6, of moments too.
 *
 * @param network  H [N], J [N,N] row = target, beta; finite, beta H and beta J at most 1e30. J_ii is
 *                 kept
 * @param spec     what to run
 * @param run      threads, progress (spin updates); NULL = defaults
 * @param summary  averages over spins with standard errors over replicas; may be NULL
 * @param out      arrays wanted; may be NULL
 * @return 0; KI_ERR_ARGUMENT (NULL, out of range, more than 2^61 updates, not finite, too large),
 *         KI_ERR_NOMEM, KI_ERR_CANCELLED (`run` said so); outputs untouched on error, except the raster
 *
 * Cost: synchronously one product of N x N with N x 64 in single precision a step and 64 replicas,
 * another one for sigma at measured times and at the end, and N x 64 with 64 x N for each of c and d;
 * asynchronously N operations a flip, and 2 N^2 a replica if a single time is measured. The same bits
 * for any number of threads on one kind of machine.
 *
 * Source: derived in docs/theory.md, "Finite networks".
 */
KI_API KI_WARN_UNUSED int ki_replicas(const ki_network *network, const ki_replicas_spec *spec,
                                      const ki_run_options *run, ki_ensemble_result *summary,
                                      const ki_replicas_out *out);

/**
 * Bytes that ki_replicas() takes besides the outputs.
 *
 * @param n        spins
 * @param spec     as in ki_replicas()
 * @param moments  1 if c, d or sigma of spins or edges are wanted
 * @param threads  worker threads, 0 = all
 * @param bytes    memory
 * @return 0; KI_ERR_ARGUMENT as ki_replicas(), or more than 2^64 bytes
 *
 * Cost: none to speak of. Source: the lay-out of its arrays itself, measured.
 */
KI_API KI_WARN_UNUSED int ki_replicas_memory(uint64_t n, const ki_replicas_spec *spec, int moments,
                                             int threads, uint64_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
