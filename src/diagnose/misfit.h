/* SPDX-License-Identifier: BSD-3-Clause */
/* Score tests of the model [misfit], and what one more pass over the data gives beside them. */
#ifndef KI_SRC_DIAGNOSE_MISFIT_H
#define KI_SRC_DIAGNOSE_MISFIT_H

#include <kinising/diagnose.h>

#include "base/memory.h"
#include "raster/raster.h"

/* NaN where there are too few transitions. */
typedef struct ki_misfit_scores {
    ki_misfit test[KI_N_MISFITS];
    double kbar;        /* mean of 1 - tanh^2 h */
    double independent; /* entropy of independent units of the same rates, whole network, a bin */
    double drifting;    /* the same of units whose rates change between ten parts, less its bias */
    double S_error;     /* standard errors by batches: of the path entropy, whole network, a bin */
    double independent_error, r_error; /* of `independent`, of their quotient */
} ki_misfit_scores;

/* Bytes of work space of ki_misfit_run() beside those of the fit. */
uint64_t ki_misfit_bytes(size_t units, size_t words, int workers, int *overflow);

/* Fits with ridge 0.3 and makes them; drift that so many cosines can take is none. Returns 0 or KI_ERR_*. */
int ki_misfit_run(const ki_raster *raster, size_t cosines, const ki_run_options *fit_run,
                  const ki_run_options *run, ki_misfit_scores *out);

#endif
