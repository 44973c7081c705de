/* SPDX-License-Identifier: BSD-3-Clause */
/* Antisymmetric currents c_ij = y_i s_j - y_j s_i of pairs of units, transition by transition: what
 * bounds of the entropy production are made of. */
#ifndef KI_SRC_THERMO_CURRENTS_H
#define KI_SRC_THERMO_CURRENTS_H

#include "part.h"

/* Units whose pairs i < j count, in this order: (0,1), (0,2) ... (1,2) ... */
typedef struct ki_currents {
    const ki_part *part;
    size_t units;
    const size_t *unit; /* [units] of the raster */
} ki_currents;

/* Number of pairs. */
static inline size_t ki_current_pairs(size_t units) {
    return units * (units - (units > 0)) / 2;
}

/* covariance [pairs,pairs], divisor T - 1, lower half; mean [pairs]; T >= 2 transitions. Returns 0,
 * KI_ERR_NOMEM or KI_ERR_CANCELLED. */
int ki_currents_covariance(const ki_currents *c, double *mean, double *covariance,
                           const ki_run_options *run);

/* u [directions, 64 words]: sum over pairs of a[d,pair] c_pair(t) of the transition from bin t, 0 where
 * there is none. The errors are the same. */
int ki_currents_along(const ki_currents *c, size_t directions, const double *a, double *u,
                      const ki_run_options *run);

/* sum [pairs]: over the transitions from bins t, of weight [64 words] times c_pair(t). The errors are
 * the same. */
int ki_currents_sums(const ki_currents *c, const double *weight, double *sum,
                     const ki_run_options *run);

/* Bytes that they take at most, the first one only with `covariance`. */
uint64_t ki_currents_bytes(size_t units, int covariance, size_t directions, int threads);

#endif
