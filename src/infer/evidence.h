/* SPDX-License-Identifier: BSD-3-Clause */
/* The evidence kept open [evidence]: what a diagnosis draws from after ki_evidence() is at its
 * maximum. While the sites stay, the evidence and all rows for any other prior follow from
 * data.precision and data.weighted alone: ki_evidence_value() in prior.h. */
#ifndef KI_SRC_INFER_EVIDENCE_H
#define KI_SRC_INFER_EVIDENCE_H

#include <kinising/diagnose.h>

#include "sites.h"

typedef struct ki_evidence_state {
    ki_evidence_data data; /* data.prior is the best one */
    uint64_t sweeps;       /* that were made */
    int status;            /* KI_CONVERGED, KI_NOT_CONVERGED */
    void *lists, *arrays;
} ki_evidence_state;

/* As ki_evidence(), with the sites and their sums kept in *state, which is NULL on error. The raster
 * is borrowed. Returns 0 or KI_ERR_*. */
int ki_evidence_open(const ki_raster *raster, int cosines, const ki_run_options *run,
                     ki_evidence_state **state);

/* The evidence with another number of cosines, from where an open one is: a few sweeps. Its sites are
 * taken over; what `state` draws from stays, but no more of it can be opened. It must stay open. */
int ki_evidence_more(const ki_evidence_state *state, int cosines, const ki_run_options *run,
                     ki_evidence_state **more);

/* The results of ki_evidence(); network may be NULL. */
int ki_evidence_report(const ki_evidence_state *state, const ki_run_options *run, ki_prior *out,
                       const ki_posterior *network);

void ki_evidence_close(ki_evidence_state *state);

#endif
