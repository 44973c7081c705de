/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising fit, inside: what is asked for and what came out. */
#ifndef KINISING_CLI_FIT_H
#define KINISING_CLI_FIT_H

#include "data/raster_input.h"
#include "shell/session.h"
#include "shell/values.h"

typedef struct fit_run {
    session s;
    const char *path, *updates_path;
    raster_options input;
    value_list ridges, ones; /* penalties */
    double holdout, step;
    uint64_t folds;
    int robust, method, firth, async;
    /* Read and made: */
    ki_raster *raster, *updates;
    ki_raster_summary summary;
    ki_fit_spec spec; /* with the penalties that were chosen */
    size_t n;
    double *numbers; /* one block that the result points into */
    int *status;
    int8_t *column;
    ki_fit_result fit;
    /* Each penalty that was tried, and what it is worth in bits per spike. */
    size_t tried;
    double *penalty, *worth;
    double held; /* of the one chosen; NaN without hold-out */
} fit_run;

extern const char *const fit_firth_words[];

/* The table, the file and what is to be said. Returns an exit status. */
int fit_report(fit_run *w);

#endif
