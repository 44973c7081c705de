/* SPDX-License-Identifier: BSD-3-Clause */
/* What an ensemble is inside, for ensemble.c (work) and state.c (bytes). */
#ifndef KI_SRC_SIMULATE_ENSEMBLE_ENSEMBLE_H
#define KI_SRC_SIMULATE_ENSEMBLE_ENSEMBLE_H

#include "simulate/ensemble/done.h"
#include "simulate/engines/engine.h"
#include "num/exact_sum.h"

typedef struct ki_sums {
    ki_exact_sum x[KI_N_ESTIMATES], square[KI_N_ESTIMATES];
} ki_sums;

struct ki_ensemble {
    ki_plan plan;
    const ki_engine *engine;
    ki_done done;
    uint64_t count; /* realizations in the sums: those of `done` */
    ki_sums sums;
};

#define KI_MAX_REALIZATION (UINT64_C(1) << 56)

/* 0, or KI_ERR_ARGUMENT with the field and its value. */
int ki_ensemble_check(const ki_ensemble_spec *spec);

/* Adds the sums of `from`, no more. */
void ki_sums_merge(ki_sums *sums, const ki_sums *from);

#endif
