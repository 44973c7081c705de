/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file network.h
 * One given network: fields H, couplings J and inverse temperature beta; drawing, files, a summary.
 *
 * J[i,j] (row-major, row i = target) acts from spin j at t-1 on spin i at t; J_ii is kept as given.
 */
#ifndef KINISING_NETWORK_H
#define KINISING_NETWORK_H

#include <kinising/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Checks that a network can be used: N in 1..2^31-1, pointers, finite H and J, beta finite and >= 0.
 *
 * @param network  view
 * @return 0; KI_ERR_ARGUMENT (the sentence names the first bad element with its indices and value)
 *
 * Cost: one pass over J. Source: [model], docs/notation.md.
 */
KI_API KI_WARN_UNUSED int ki_network_check(const ki_network *network);

/**
 * Draws a network of the ensemble [model]: J_ij iid Normal(J0/N, dJ^2/N), H_i iid Uniform(-dH, dH).
 *
 * @param n              spins, 1..2^31-1
 * @param p              beta finite, J0, dJ, dH
 * @param zero_diagonal  1: J_ii = 0 instead of drawn
 * @param seed           of the random numbers
 * @param run            threads, progress (rows of J); NULL = defaults
 * @param H              [N] result
 * @param J              [N,N] result
 * @return 0; KI_ERR_ARGUMENT; KI_ERR_CANCELLED (H and J are then drawn in part)
 *
 * The random numbers depend on `seed` and `n` alone: J_ij - J0/N scales with dJ, H_i with dH.
 *
 * Cost: some 50 ns an element, over threads. Allocates nothing. The same numbers for the same seed on every kind
 * of machine, up to the rounding of its log, sin and cos.
 * Source: the ensemble of Sherrington, Kirkpatrick 1975 without symmetry; Philox4x32-10 (Salmon et al. 2011), Box-Muller.
 */
KI_API KI_WARN_UNUSED int ki_network_draw(uint64_t n, const ki_theory_params *p, int zero_diagonal,
                                          uint64_t seed, const ki_run_options *run, double *H,
                                          double *J);

/** A network that owns its arrays; `view` points into it. */
typedef struct ki_network_file {
    ki_network view; /**< what was read */
    int has_beta;    /**< 0 if the file has no beta (view.beta is then 1) */
} ki_network_file;

/**
 * Reads a network from `.npz` or `.h5`: keys H (N), J (N,N), beta (one number, optional). Numbers of any type
 * that ki_reader_read() knows are converted to double; other arrays of the file are ignored.
 *
 * @param path  the file
 * @param out   result; ki_network_file_free() it
 * @return 0; KI_ERR_IO, KI_ERR_FORMAT (missing key, wrong shape or type, damaged), KI_ERR_ARGUMENT (as
 *         ki_network_check()), KI_ERR_UNSUPPORTED (.h5 without HDF5), KI_ERR_NOMEM
 *
 * Cost: one read of the file; memory 8 N^2 bytes. Source: the format of numpy.savez, and HDF5.
 */
KI_API KI_WARN_UNUSED int ki_network_read(const char *path, ki_network_file **out);

/** Frees `network`; NULL is allowed. */
KI_API void ki_network_file_free(ki_network_file *network);

/**
 * Writes H, J and beta to `.npz` or `.h5`, atomically.
 *
 * @param path        target
 * @param network     view, checked first
 * @param provenance  JSON text or NULL
 * @return 0; as ki_write_arrays(), KI_ERR_ARGUMENT (as ki_network_check())
 *
 * Cost: one write of 8 N^2 bytes. Source: as ki_network_read().
 */
KI_API KI_WARN_UNUSED int ki_network_write(const char *path, const ki_network *network,
                                           const char *provenance);

/** Summary of a network; see ki_network_summarize(). */
typedef struct ki_network_summary {
    double J0; /**< N times the mean of J_ij, i != j; NaN for N = 1 */
    double dJ; /**< sqrt(N) times the sample standard deviation of J_ij, i != j; NaN for N = 1 */
    double H_mean; /**< mean of H */
    double H_min;  /**< smallest H */
    double H_max;  /**< largest H */
    double dH;     /**< half-width of the uniform distribution of the same variance: sqrt(3) times
                            the sample standard deviation of H; NaN for N = 1 */
    double asymmetry; /**< correlation of J_ij and J_ji over pairs: 1 symmetric, 0 independent, -1
                            antisymmetric; NaN if all J_ij, i != j, are equal */
    double diagonal;  /**< largest |J_ii| */
    double density;   /**< share of J_ij, i != j, that is not 0 */
} ki_network_summary;

/**
 * The ensemble parameters that a network looks like. Two passes over J; a sum of squares never overflows.
 *
 * @param network  view, checked first
 * @param out      summary; NaN where N is too small for the quantity
 * @return 0; KI_ERR_ARGUMENT (as ki_network_check(), or `out` is NULL)
 *
 * Cost: two passes over J, by blocks. Allocates nothing. Source: sample moments of [model].
 */
KI_API KI_WARN_UNUSED int ki_network_summarize(const ki_network *network, ki_network_summary *out);

#ifdef __cplusplus
}
#endif
#endif
