/* SPDX-License-Identifier: BSD-3-Clause */
/* What the mean activity of the last bins has that neither the last state nor slow cosines have: the
 * regressor of the test of history [misfit]. */
#ifndef KI_SRC_DIAGNOSE_HISTORY_H
#define KI_SRC_DIAGNOSE_HISTORY_H

#include "raster/raster.h"

enum { KI_HISTORY_BINS = 20, KI_HISTORY_LEAST = 5 };

/* Bytes that ki_history() takes. */
uint64_t ki_history_bytes(const ki_raster *shape, size_t cosines, int *overflow);

/* z [64 words], at each bin that a transition leads from: the mean state of the units of[columns] over the up
 * to KI_HISTORY_BINS bins before it in its trial, less its regression on 1, the states of these units in the
 * bin and the cosines; 0 where there are fewer than KI_HISTORY_LEAST such bins. *made is 0 if there are too few
 * transitions, or regressors that depend on each other. Returns 0 or KI_ERR_*. */
int ki_history(const ki_raster *raster, size_t columns, const size_t *of, size_t cosines,
               const ki_run_options *run, double *z, int *made);

#endif
