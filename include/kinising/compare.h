/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file compare.h
 * How far the moments of a method are from those of the network itself: all of its states, or a
 * simulation with its own sampling errors.
 */
#ifndef KINISING_COMPARE_H
#define KINISING_COMPARE_H

#include <kinising/base.h>
#include <kinising/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What methods are held against. */
enum ki_compare_with {
    KI_COMPARE_EXACT = 0,     /**< all states, ki_exact() or ki_exact_evolve() */
    KI_COMPARE_SIMULATION = 1 /**< replicas, ki_replicas(), in two halves */
};

/** What is compared. */
typedef struct ki_compare_spec {
    int against;        /**< enum ki_compare_with */
    int dynamics;       /**< KI_SYNC or KI_ASYNC, exactly one */
    int steady;         /**< 1: steady states; 0: the states after `steps` */
    uint64_t steps;     /**< >= 1 steps, or units of time, unless `steady` */
    double m0;          /**< mean of each of the independent spins of the start, -1..1; of a
                             simulation 0 or 1 */
    double tol;         /**< as in ki_meanfield_steady(); 0: its default */
    uint64_t max_steps; /**< likewise */
    /* Of a simulation: */
    uint64_t replicas; /**< of both halves together, >= 2 */
    uint64_t burn_in;  /**< steady: steps, or units of time, before the average */
    uint64_t window;   /**< steady: >= 1 of them that are averaged over */
    uint64_t seed;     /**< of the random numbers. Each half derives its own from it; seeds s and
                            s + 1 share no numbers */
} ki_compare_spec;

/** Opaque: the moments of a network that methods are held against. May be shared by threads. */
typedef struct ki_compare ki_compare;

/** Those moments and what they are known to. */
typedef struct ki_compare_reference {
    const double *m;  /**< [N] <s_i>; borrowed, valid until ki_compare_free() */
    const double *C;  /**< [N,N] connected, of one time */
    const double *D;  /**< [N,N] connected, with the time before */
    double sigma;     /**< entropy production; in a transient by [sigma-mf] from D */
    double m_err;     /**< sampling error of an element, root mean square: half the difference
                                 of the two halves; 0 for all states */
    double C_err;     /**< likewise */
    double D_err;     /**< likewise */
    double sigma_err; /**< standard error over replicas of their entropy flow: about that of sigma
                           synchronously, up to twice it asynchronously; 0 for all states */
    int status;       /**< KI_CONVERGED; KI_NOT_CONVERGED as in ki_exact() */
} ki_compare_reference;

/** How far some moments are from the reference. */
typedef struct ki_compare_result {
    double m_err;     /**< root mean square difference of the N elements */
    double C_err;     /**< of the N^2 elements */
    double D_err;     /**< of the N^2 elements */
    double sigma;     /**< entropy production of these moments */
    double sigma_ref; /**< of the reference */
    double sigma_err; /**< |sigma - sigma_ref| */
    int status;       /**< of the method, the worst of all steps; see ki_meanfield_info */
} ki_compare_result;

/**
 * Memory of a comparison.
 *
 * @param n        spins
 * @param spec     as in ki_compare_create()
 * @param threads  worker threads, 0 = all
 * @param kept     bytes of a ki_compare
 * @param work     bytes more while ki_compare_create() runs
 * @return 0; KI_ERR_ARGUMENT (the specification; more spins than can be enumerated)
 *
 * Cost: none to speak of.
 *
 * Source: the sizes of its arrays.
 */
KI_API KI_WARN_UNUSED int ki_compare_memory(uint64_t n, const ki_compare_spec *spec, int threads,
                                            uint64_t *kept, uint64_t *work);

/**
 * Finds the moments of a network, by enumeration or by a simulation in two halves.
 *
 * @param network  H, J, beta; borrowed until ki_compare_free()
 * @param spec     what is compared
 * @param run      threads, progress; NULL = defaults
 * @param out      new; ki_compare_free() it
 * @return 0 (with a status in the reference); KI_ERR_ARGUMENT, KI_ERR_NOMEM, KI_ERR_CANCELLED
 *
 * Cost: that of ki_exact(), ki_exact_evolve() or ki_replicas() with c and d.
 *
 * Source: the comparisons are those of Aguilera, Moosavi, Shimazaki, Nat. Commun. 12, 1197 (2021).
 */
KI_API KI_WARN_UNUSED int ki_compare_create(const ki_network *network, const ki_compare_spec *spec,
                                            const ki_run_options *run, ki_compare **out);

/** Frees `compare`; NULL is allowed. */
KI_API void ki_compare_free(ki_compare *compare);

/**
 * What methods are held against.
 *
 * @param compare  from ki_compare_create()
 * @param out      result
 * @return 0; KI_ERR_ARGUMENT (a NULL pointer)
 *
 * Cost: none.
 *
 * Source: as ki_compare_create().
 */
KI_API KI_WARN_UNUSED int ki_compare_get(const ki_compare *compare, ki_compare_reference *out);

/**
 * Errors of any moments.
 *
 * ```
 *     m_err = sqrt((1/N) sum_i (m_i - reference_i)^2), and so on
 * ```
 *
 * @param compare  from ki_compare_create()
 * @param m        [N] means
 * @param C        [N,N] connected, of one time
 * @param D        [N,N] connected, with the time before
 * @param sigma    entropy production of these moments; NaN: that of D by ki_moments_sigma()
 * @param out      result, with the status KI_CONVERGED, or KI_UNPHYSICAL if an error is not finite
 * @return 0; KI_ERR_ARGUMENT (a NULL pointer), KI_ERR_NOMEM (as ki_moments_sigma())
 *
 * Cost: 6 N^2 operations.
 *
 * Source: as ki_compare_create().
 */
KI_API KI_WARN_UNUSED int ki_compare_moments(const ki_compare *compare, const double *m,
                                             const double *C, const double *D, double sigma,
                                             ki_compare_result *out);

/**
 * Runs a mean field from the start of the comparison to its end, and holds it against the reference.
 *
 * @param compare  from ki_compare_create()
 * @param method   enum ki_method
 * @param run      threads, progress; NULL = defaults
 * @param out      result
 * @return 0 (with a status); KI_ERR_ARGUMENT (as ki_meanfield_create(): asynchronous methods are
 *         naive and plefka-t1t with `steady` and J_ii = 0), KI_ERR_NOMEM, KI_ERR_CANCELLED
 *
 * Cost: `steps` times ki_meanfield_step(), or ki_meanfield_steady().
 *
 * Source: as ki_compare_create().
 */
KI_API KI_WARN_UNUSED int ki_compare_method(const ki_compare *compare, int method,
                                            const ki_run_options *run, ki_compare_result *out);

#ifdef __cplusplus
}
#endif
#endif
