/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file model.h
 * The model that every part of the library is about: dynamics, parameters, a given network; and the
 * two lists of words that results carry, statuses and mean-field methods.
 *
 * Model [model]: N spins s_i = +-1 with fields h_i = H_i + sum_j J_ij s_j, and
 *
 * ```
 *     P(s_i' = +-1 | s) = exp(beta s_i' h_i) / (2 cosh(beta h_i))
 * ```
 *
 * synchronously (all spins at once, one step) or asynchronously (each spin at rate 1).
 */
#ifndef KINISING_MODEL_H
#define KINISING_MODEL_H

#include <kinising/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The two dynamics: X(name, number, word). */
#define KI_DYNAMICS_LIST(X)                                                                        \
    X(KI_SYNC, 1, "sync")                                                                          \
    X(KI_ASYNC, 2, "async")

/** The two dynamics, as flags that can be or-ed where both are allowed; see KI_DYNAMICS_LIST. */
enum ki_dynamics {
#define KI_DYNAMICS_ENUM(name, number, word) name = number,
    KI_DYNAMICS_LIST(KI_DYNAMICS_ENUM)
#undef KI_DYNAMICS_ENUM
};

/** The word of one of the dynamics, as in KI_DYNAMICS_LIST; "?" for another number. Never NULL. */
KI_API const char *ki_dynamics_name(int dynamics);

/** The infinite network or an ensemble of finite ones: J_ij iid Normal(J0/N, dJ^2/N), H_i iid
 * Uniform(-dH, dH). */
typedef struct ki_theory_params {
    double beta; /**< inverse temperature, [0, inf]; INFINITY is the zero-temperature limit */
    double J0;   /**< mean coupling times N, any finite value */
    double dJ;   /**< sd of the couplings times sqrt(N), finite, >= 0 */
    double dH;   /**< half-width of the uniform field distribution, finite, >= 0 */
} ki_theory_params;

/** A borrowed view of one given network. J[i,j] (row i = target) acts from spin j at t-1 on spin i
 * at t; J_ii is kept as given. */
typedef struct ki_network {
    uint64_t n;      /**< spins N >= 1 */
    const double *H; /**< [N] fields */
    const double *J; /**< [N,N] couplings, row-major */
    double beta;     /**< inverse temperature, finite, >= 0; multiplies H and J */
} ki_network;

/**
 * The one list of outcomes: X(name, number, word, meaning). A computation that ran has a `status`
 * from it; only KI_CONVERGED promises every digit. Numbers are written out and never reused; the
 * enum, ki_status_name(), the command line and Python are all made from it.
 */
#define KI_STATUS_LIST(X)                                                                          \
    X(KI_CONVERGED, 0, "ok", "every digit that is promised is there")                              \
    X(KI_NOT_CONVERGED, 1, "not-converged", "an iteration or error estimate missed its goal")      \
    X(KI_NO_ORDERED_PHASE, 2, "no-ordered-phase", "there is no order-disorder transition")         \
    X(KI_UNSOLVED, 3, "unsolved", "a scalar equation of a mean field has an error above 1e-12")    \
    X(KI_NOT_STEADY, 4, "not-steady", "no steady state was found within the steps allowed")        \
    X(KI_UNSTABLE, 5, "unstable", "a steady state that the least deviation leaves")                \
    X(KI_UNPHYSICAL, 6, "unphysical", "moments that no distribution of spins has, or not finite")  \
    X(KI_SEPARATED, 7, "separated", "the likelihood of a row has no finite maximum")               \
    X(KI_SILENT, 8, "silent", "a unit that is never active: a constant")                           \
    X(KI_SATURATED, 9, "saturated", "a unit that is always active: a constant")                    \
    X(KI_NO_ROOT, 10, "no-root", "the scalar equation of a row has no solution")                   \
    X(KI_TOO_SHORT, 11, "too-short", "a recording that is too short for the estimate")             \
    X(KI_HARDLY_MOVED, 12, "few-flips", "too few spins flipped for averages and their errors")

/** Outcome of a computation that ran; see KI_STATUS_LIST. */
enum ki_status {
#define KI_STATUS_ENUM(name, number, word, meaning) name = number,
    KI_STATUS_LIST(KI_STATUS_ENUM)
#undef KI_STATUS_ENUM
};

/** The word of a status, as in KI_STATUS_LIST; "?" for an unknown number. Never NULL. */
KI_API const char *ki_status_name(int status);

/** What the word of a status means, in half a sentence; "?" for an unknown number. Never NULL. */
KI_API const char *ki_status_meaning(int status);

/** Phases of the steady state: X(name, number, word). */
#define KI_PHASE_LIST(X)                                                                           \
    X(KI_PARAMAGNETIC, 0, "paramagnetic")   /* m = 0 */                                            \
    X(KI_FERROMAGNETIC, 1, "ferromagnetic") /* m > 0, J0 > 0 (its mirror image -m exists too) */   \
    X(KI_TWO_CYCLE, 2, "two-cycle")         /* J0 < 0, synchronous: m, -m, m, ... */

/** Phase of the steady state; see KI_PHASE_LIST. */
enum ki_phase {
#define KI_PHASE_ENUM(name, number, word) name = number,
    KI_PHASE_LIST(KI_PHASE_ENUM)
#undef KI_PHASE_ENUM
};

/** The word of a phase, as in KI_PHASE_LIST; "?" for an unknown number. Never NULL. */
KI_API const char *ki_phase_name(int phase);

/**
 * The one list of mean-field methods: X(name, number, symbol, word, text). The word is also the tag
 * of its equations in docs/notation.md; `symbol` names its C object inside the library.
 */
#define KI_METHOD_LIST(X)                                                                          \
    X(KI_NAIVE, 0, naive, "naive", "Plefka[t-1,t] of order 1")                                     \
    X(KI_PLEFKA_T1T, 1, plefka_t1t, "plefka-t1t", "Plefka[t-1,t] of order 2 (TAP)")                \
    X(KI_PLEFKA_T, 2, plefka_t, "plefka-t", "Plefka[t] of order 2")                                \
    X(KI_PLEFKA_T1, 3, plefka_t1, "plefka-t1", "Plefka[t-1], Gaussian fields")                     \
    X(KI_PLEFKA2_T, 4, plefka2_t, "plefka2-t", "Plefka2[t] of order 2, pairs of spins")

/** The mean-field methods; see KI_METHOD_LIST. */
enum ki_method {
#define KI_METHOD_ENUM(name, number, symbol, word, text) name = number,
    KI_METHOD_LIST(KI_METHOD_ENUM)
#undef KI_METHOD_ENUM
#define KI_METHOD_COUNT(name, number, symbol, word, text) +1
        KI_N_METHODS = KI_METHOD_LIST(KI_METHOD_COUNT) /**< how many there are */
#undef KI_METHOD_COUNT
};

/** The word of a method, as in KI_METHOD_LIST; "?" for an unknown number. Never NULL. */
KI_API const char *ki_method_name(int method);

#ifdef __cplusplus
}
#endif
#endif
