/* SPDX-License-Identifier: BSD-3-Clause */
/* Networks drawn from the posterior, simulated with all fields and couplings times x. */
#ifndef KI_SRC_DIAGNOSE_CURVES_H
#define KI_SRC_DIAGNOSE_CURVES_H

#include "posterior.h"

/* Bytes of work space of ki_curves() with that many points, n regressors. */
uint64_t ki_curves_bytes(size_t units, size_t n, int workers, size_t points, int *overflow);

/* Fills points and curve of the diagnosis, of which options, mu, b and rate are used; H [units] are the
 * posterior means of the fields; the rate says from which side states are looked for. Returns 0 or
 * KI_ERR_*. */
int ki_curves(const ki_evidence_state *state, const ki_posterior_draws *draws, const double *H,
              const ki_run_options *run, ki_diagnosis *out);

#endif
