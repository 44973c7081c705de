/* SPDX-License-Identifier: BSD-3-Clause */
/* The rule of the verdict [regime]. */
#ifndef KI_SRC_DIAGNOSE_REGIME_H
#define KI_SRC_DIAGNOSE_REGIME_H

#include <stddef.h>

#include <kinising/diagnose.h>

/* mu times the mean over units of <sech^2(b z + H_i)>, z standard normal. */
double ki_regime_index(double mu, double b, size_t units, const double *H);

/* The regime of numbers that are known exactly; r and ratio = sigma/S count below `critical` only.
 * KI_CANNOT_TELL if one that counts is NaN. */
int ki_regime_of(const ki_diagnose_options *o, double g, double r, double ratio);

/* Entropy of a spin with mean m. */
double ki_regime_spin_entropy(double m);

#endif
