/* SPDX-License-Identifier: BSD-3-Clause */
/* Fits on a part of the transitions of a recording. */
#ifndef KI_SRC_INFER_FIT_H
#define KI_SRC_INFER_FIT_H

#include <kinising/infer.h>

#include "raster/raster.h"

/* ki_fit() on the transitions from the bins in `use` [words], a part of raster->leads, of which
 * there are `count`; the spec has been checked. largest [N], unless NULL: the log-likelihoods of the
 * maxima that Firth's penalty is set out from, of separated rows those of the result. */
int ki_fit_on(const ki_raster *raster, const uint64_t *use, size_t count, const ki_fit_spec *spec,
              const ki_run_options *run, ki_fit_result *out, double *largest);

/* Whether a spec can be fitted to a recording: 0 or KI_ERR_ARGUMENT. */
int ki_fit_check(const ki_raster *raster, const ki_fit_spec *spec);

#endif
