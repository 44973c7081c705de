/* SPDX-License-Identifier: BSD-3-Clause */
/* What a diagnosis takes. */
#include <math.h>

#include <kinising/diagnose.h>
#include <kinising/infer.h>
#include <kinising/thermo.h>

#include "activity.h"
#include "base/check.h"
#include "base/parallel.h"
#include "curves.h"
#include "misfit.h"
#include "options.h"
#include "posterior.h"

/* Both states of the evidence, which stay to the end. */
static int states(uint64_t units, uint64_t bins, const ki_diagnose_options *o, int threads,
                  double *bytes) {
    const int cosines = o->cosines > 0 ? o->cosines : 0;
    uint64_t one = 0, more = 0;

    int error = ki_evidence_memory(units, bins, cosines, threads, &one);
    if (!error && cosines)
        error = ki_evidence_memory(units, bins, 2 * cosines, threads, &more);
    *bytes = (double)one + (double)more;
    return error;
}

/* The part of the rest that takes most. */
static int parts(uint64_t units, uint64_t bins, const ki_diagnose_options *o, int threads,
                 double *bytes) {
    const ki_run_options run = {.threads = threads};
    const ki_entropy_spec entropy = {.tests = 1u << KI_TEST_Z};
    const ki_fit_spec ridge = {.ridge = 1};
    const size_t n = (size_t)units, points = (size_t)o->points;
    const size_t regressors = 1 + n + (size_t)(o->cosines > 0 ? o->cosines : 0);
    const int workers = ki_parallel_workers(SIZE_MAX, &run);
    uint64_t of_entropy = 0, of_fit = 0;
    int overflow = 0;

    if (workers < 0)
        return workers;
    int error = ki_entropy_memory(units, bins, &entropy, threads, &of_entropy);
    error = error ? error : ki_fit_memory(units, &ridge, threads, &of_fit);
    if (error)
        return error;
    const double misfit =
        (double)of_fit + (double)ki_misfit_bytes(n, (size_t)(bins / 64 + 8), workers, &overflow);
    const double draws = (double)ki_posterior_bytes(n, (size_t)o->draws, workers, &overflow);
    const double curves = (double)ki_curves_bytes(n, regressors, workers, points, &overflow);
    const double activity = (double)ki_activity_bytes(units, bins);
    *bytes = fmax(fmax((double)of_entropy, misfit), fmax(fmax(draws, curves), activity));
    if (overflow)
        *bytes = INFINITY;
    return 0;
}

int ki_diagnose_memory(uint64_t units, uint64_t bins, const ki_diagnose_options *options,
                       int threads, uint64_t *bytes) {
    ki_diagnose_options o;
    double evidence = 0, rest = 0;
    int error = ki_check_pointer("bytes", bytes, "a place for the number");

    error = error ? error : ki_diagnose_complete(options, &o);
    error = error ? error : states(units, bins, &o, threads, &evidence);
    if (!error && evidence < 1.8e19)
        error = parts(units, bins, &o, threads, &rest);
    if (error)
        return error;
    const double N = (double)units, draw = 7 * sizeof(double) + sizeof(ki_kinds);
    const double all = evidence + rest + (double)o.draws * draw + 16 * N * (N + 1) + 4096;
    *bytes = all < 1.8e19 ? (uint64_t)all : UINT64_MAX;
    return 0;
}
