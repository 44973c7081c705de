/* SPDX-License-Identifier: BSD-3-Clause */
/* One way of simulating one realization. ensemble.c has the table of engines, hands out
 * realizations to threads and adds up what they measure. */
#ifndef KI_SRC_SIMULATE_ENGINES_ENGINE_H
#define KI_SRC_SIMULATE_ENGINES_ENGINE_H

#include <kinising/simulate.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "num/philox.h"

/* What a realization measures. Sr is S + sigma, so that it has an error bar of its own. */
enum {
    KI_EST_M,
    KI_EST_Q,
    KI_EST_S,
    KI_EST_SR,
    KI_EST_SIGMA,
    KI_EST_ACTIVITY,
    KI_EST_FLIPS, /* see ki_ensemble_result: a count */
    KI_N_ESTIMATES
};

/* A checked specification with what does not change from realization to realization. */
typedef struct ki_plan {
    ki_ensemble_spec spec; /* algorithm resolved */
    ki_random_key key;     /* of seed and parameters */
    double start_mean;     /* magnetization to start from: 1, 0 or that of theory */
} ki_plan;

typedef struct ki_engine {
    int dynamics, algorithm;
    /* Seconds a realization takes, by the model fitted in bench/. */
    double (*seconds)(const ki_ensemble_spec *spec);
    /* A workspace for one thread, taken from the cursor; NULL while measuring. */
    void *(*lay_out)(const ki_ensemble_spec *spec, ki_cursor *c);
    /* Realization r. Calls ki_work_tick(work, updates) as it goes (at least once a step) and stops
     * with KI_ERR_CANCELLED when that says so. `out` is untouched then. Allocates nothing. */
    int (*realize)(const ki_plan *plan, void *workspace, uint64_t r, ki_work *work,
                   double out[KI_N_ESTIMATES]);
} ki_engine;

extern const ki_engine ki_engine_sync_dense, ki_engine_sync_matrix_free, ki_engine_async_dense,
    ki_engine_async_matrix_free;

#endif
