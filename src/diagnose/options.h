/* SPDX-License-Identifier: BSD-3-Clause */
/* What a diagnosis is asked for. */
#ifndef KI_SRC_DIAGNOSE_OPTIONS_H
#define KI_SRC_DIAGNOSE_OPTIONS_H

#include <kinising/diagnose.h>

/* Options with defaults in the place of zeros, checked: *full. Returns 0 or KI_ERR_ARGUMENT. */
int ki_diagnose_complete(const ki_diagnose_options *options, ki_diagnose_options *full);

/* The same and all other arguments of ki_diagnose(). */
int ki_diagnose_check(const ki_raster *raster, const ki_diagnose_options *options,
                      const ki_run_options *run, const ki_diagnosis *out,
                      ki_diagnose_options *full);

#endif
