/* SPDX-License-Identifier: BSD-3-Clause */
/* Draws of the ensemble parameters of the network itself [regime]: the six numbers of the prior by
 * importance sampling, then rows given them. */
#ifndef KI_SRC_DIAGNOSE_POSTERIOR_H
#define KI_SRC_DIAGNOSE_POSTERIOR_H

#include "infer/evidence.h"

/* What is drawn; all draws have the same weight. */
typedef struct ki_posterior_draws {
    size_t count;
    double *mu, *b, *g; /* [count] */
    ki_kinds *prior;    /* [count] that they were drawn under */
    double effective;   /* effective share of the proposals */
} ki_posterior_draws;

/* Hands out the arrays of the draws. */
void ki_posterior_take(ki_cursor *memory, size_t count, ki_posterior_draws *draws);

/* Bytes of work space of ki_posterior_draw(). */
uint64_t ki_posterior_bytes(size_t units, size_t count, int workers, int *overflow);

/* Fills the draws. Returns 0 or KI_ERR_*. */
int ki_posterior_draw(const ki_evidence_state *state, uint64_t seed, const ki_run_options *run,
                      ki_posterior_draws *draws);

#endif
