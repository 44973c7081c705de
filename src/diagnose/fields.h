/* SPDX-License-Identifier: BSD-3-Clause */
/* The infinite network with given fields: what the curves of a fit are laid beside. */
#ifndef KI_SRC_DIAGNOSE_FIELDS_H
#define KI_SRC_DIAGNOSE_FIELDS_H

#include <stddef.h>

/* Bins for which a field has been on where susceptibilities are told. */
enum { KI_RESPONSE_BINS = 32 };

typedef struct ki_fields_state {
    double m, q, k;  /* magnetization, autocorrelation, mean of sech^2 */
    double S, sigma; /* per unit and bin */
    double chi;      /* d<M>/dh after KI_RESPONSE_BINS bins of a uniform field */
} ki_fields_state;

/* Steady state for couplings of mean mu/N and variance b^2/N, N -> infinity, and fields distributed as
 * H [units]; of several states that with the largest m if `up`, else the smallest. NaN where the
 * steady state is a two-cycle. */
ki_fields_state ki_fields_steady(double mu, double b, size_t units, const double *H, double x,
                                 int up);

#endif
