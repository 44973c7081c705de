/* SPDX-License-Identifier: BSD-3-Clause */
/* What the number of active units and whole patterns say: companions of the verdict. */
#ifndef KI_SRC_DIAGNOSE_ACTIVITY_H
#define KI_SRC_DIAGNOSE_ACTIVITY_H

#include <kinising/diagnose.h>

#include "raster/raster.h"

/* Bytes of work space of ki_activity(). */
uint64_t ki_activity_bytes(uint64_t units, uint64_t bins);

/* Fills autocorrelation, branching, n_var_m, q_minus_m2 and repetition from the units unit[count]. Returns 0
 * or KI_ERR_*. */
int ki_activity(const ki_raster *raster, size_t count, const size_t *unit,
                const ki_run_options *run, ki_diagnosis *out);

#endif
