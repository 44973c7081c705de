/* SPDX-License-Identifier: BSD-3-Clause */
/* Entropy production of edges: the one home of the formula, for those who sum it in their own
 * order. [sigma-net-sync] [sigma-net-async] [sigma-mf] */
#ifndef KI_SRC_NETWORK_MOMENTS_H
#define KI_SRC_NETWORK_MOMENTS_H

#include <kinising/moments.h>

/* What (J_ij - J_ji) d_ij is multiplied with. */
static inline double ki_edge_weight(int dynamics, double beta) {
    return dynamics == KI_ASYNC ? 0.5 * beta : beta;
}

/* Of i and j; 0 on the diagonal, where asynchronously the part of J_ii belongs. */
static inline double ki_edge(double weight, const double *J, size_t n, size_t i, size_t j,
                             double d) {
    return weight * (J[i * n + j] - J[j * n + i]) * d;
}

/* spin [N] and edge [N,N] (may be NULL) of all pairs; own [N] may be NULL. Returns 0 or KI_ERR_* of
 * the threads. */
int ki_edges(size_t n, const double *J, double weight, const double *d, const double *own,
             const ki_run_options *run, double *spin, double *edge);

#endif
