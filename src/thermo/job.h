/* SPDX-License-Identifier: BSD-3-Clause */
/* One call of ki_entropy_production(), as its estimators and tests see it. */
#ifndef KI_SRC_THERMO_JOB_H
#define KI_SRC_THERMO_JOB_H

#include <kinising/thermo.h>

#include "pass.h"

/* Rows of pairs whose errors are made at a time. */
enum { KI_PAIR_ROWS = 8 };

/* What crossfit with refits needs. */
typedef struct ki_refit {
    uint64_t *use, *bits;
    double *H, *J, *current;
    size_t *unit;
    int *status;
} ki_refit;

/* A network of the recording, and how likely its rows are. */
typedef struct ki_network_rows {
    double *H, *J, *log_likelihood;
    int *status;
} ki_network_rows;

/* Everything between the recording and the result. */
typedef struct ki_entropy_job {
    const ki_raster *raster;
    ki_entropy_spec spec;
    const ki_run_options *run;
    unsigned stage, stages;
    ki_part part;
    double *before, *after, *d, *current; /* moments, dD */
    double *H, *J;
    int *status;
    int8_t *column;
    ki_pass pass;
    size_t *unit, *columns, *fold;
    size_t *kept, n_kept; /* units that have a row and a column: their pairs are those of bounds */
    ki_refit refit;       /* with spec.refit */
    ki_network_rows symmetric; /* with the tests that need it; at the end the symmetric network */
    int symmetric_found;
    double *log_likelihood; /* [N] the largest one, or that of theta if separated */
    double *pair_room;      /* [KI_BATCHES,KI_PAIR_ROWS,N] */
    uint64_t *pair_bits;    /* of ki_part_currents() */
    double *theta;
    int *separated;
    ki_entropy_result out;
} ki_entropy_job;

/* Options of the next stage: progress of it as that of all. It is over when `stage` is raised. */
ki_run_options ki_entropy_stage(ki_entropy_job *job);

/* What one network says. */
typedef struct ki_entropy_summary {
    double plugin, instant, leads[KI_LEADS], cox_snell, variance, second, S, crossed;
    int status;
} ki_entropy_summary;

/* Bias of the first order, and a standard error. */
double ki_entropy_bias(const ki_entropy_summary *s);
double ki_entropy_error(double variance, double second);

/* The estimate by a network, step by step: arrays; transitions; moments; a fit, `firth` as in infer.h;
 * what needs F^-1; all of it together. Each returns 0 or KI_ERR_*. */
void ki_entropy_take_model(ki_cursor *c, ki_entropy_job *job);
int ki_entropy_begin(ki_entropy_job *job);
int ki_entropy_moments(ki_entropy_job *job);
int ki_entropy_fit(ki_entropy_job *job, int firth);
int ki_entropy_pass(ki_entropy_job *job, int likelihood, int blocks, int folds);
ki_entropy_summary ki_entropy_summarize(const ki_entropy_job *job);

/* sum_j J_ij dD_ij of a row. */
double ki_entropy_row_sigma(const ki_entropy_job *job, size_t row);

/* The value of KI_MODEL of another recording: *sigma, NaN if there is none. */
int ki_entropy_sigma(const ki_raster *raster, const ki_entropy_spec *spec,
                     const ki_run_options *run, double *sigma);

/* Writes shares of units and pairs to where the result wants them. Returns 0 or KI_ERR_*. */
int ki_entropy_shares(const ki_entropy_job *job);

/* Hands out the arrays of ki_entropy_refit(). */
void ki_entropy_take_refit(ki_cursor *c, size_t n, size_t words, ki_refit *refit);

/* *sigma: sum over the parts of their share of sum_ij J_ij dD_ij, J fitted to all others. Returns 0
 * or KI_ERR_*. */
int ki_entropy_refit(ki_entropy_job *job, double *sigma, int *converged);

/* The likelihood ratio of the symmetric network [symmetric]. */
void ki_entropy_take_symmetric(ki_cursor *c, size_t n, ki_network_rows *rows);
int ki_entropy_symmetric(ki_entropy_job *job);

/* The bound [mtur] of the recording, whose network is fitted. Returns 0 or KI_ERR_*. */
int ki_entropy_mtur(ki_entropy_job *job);

/* Bytes that it takes. */
uint64_t ki_entropy_mtur_bytes(size_t units, size_t words, int threads);

/* The bound [maxent], after the model's estimate; `fit` are the bytes of a fit. */
int ki_entropy_maxent(ki_entropy_job *job);
uint64_t ki_entropy_maxent_bytes(size_t units, size_t words, uint64_t fit, int threads);

/* A test by surrogates, after the model's estimate and, for the bootstrap, the symmetric network;
 * whether the recording can have them; bytes, `estimate` those of ki_entropy_sigma(). */
int ki_entropy_null(ki_entropy_job *job, int test);
int ki_entropy_check_null(const ki_entropy_job *job);
double ki_entropy_null_bytes(size_t units, size_t words, uint64_t bins, const ki_entropy_spec *spec,
                             uint64_t estimate, int threads);

#endif
