/* SPDX-License-Identifier: BSD-3-Clause */
/* The evidence as a function of the prior while the sites stay as they are [evidence]. */
#ifndef KI_SRC_INFER_PRIOR_H
#define KI_SRC_INFER_PRIOR_H

#include <kinising/base.h>

#include "sites.h"

/* Log-evidence of the Gaussian with the sites at hand, less what does not depend on the prior, and
 * (unless NULL) means [units,n] and variances [units,n]. */
int ki_evidence_value(const ki_evidence_data *d, const ki_kinds *prior, const ki_run_options *run,
                      double *value, double *mean, double *variance);

/* Bytes that either of these takes, and *overflow = 1 if they do not fit. */
uint64_t ki_evidence_rows_bytes(const ki_evidence_data *d, int threads, int *overflow);

/* The prior with the largest evidence while the sites stay. */
int ki_evidence_maximize(ki_evidence_data *d, const ki_run_options *run);

#endif
