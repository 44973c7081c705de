/* SPDX-License-Identifier: BSD-3-Clause */
/* What the public functions share: memory in one piece, and results from moments. [exact] */
#ifndef KI_SRC_EXACT_JOB_H
#define KI_SRC_EXACT_JOB_H

#include "law_moments.h"

/* Lays out whatever a function needs; called once to measure and once to hand out. */
typedef void (*ki_lay_out_fn)(void *job, size_t n, int dynamics, ki_cursor *cursor);

/* Those of the public functions, with no job but memory to be measured. */
void ki_exact_lay_out(void *job, size_t n, int dynamics, ki_cursor *cursor);
void ki_evolve_lay_out(void *job, size_t n, int dynamics, ki_cursor *cursor);
void ki_lags_lay_out(void *job, size_t n, int dynamics, ki_cursor *cursor);
void ki_fluctuations_lay_out(void *job, size_t n, int dynamics, ki_cursor *cursor);

/* Memory for a job, or NULL with the sentence of KI_ERR_NOMEM. */
char *ki_exact_allocate(ki_lay_out_fn lay_out, void *job, size_t n, int dynamics);

/* Begins a job: progress and threads of the caller. */
void ki_chain_begin(ki_chain *c, const ki_run_options *run);

/* Checks p [states]: finite, >= 0, sum 1 but for rounding. */
int ki_check_law(size_t states, const double *p);

/* m_mean, q, S, entropy and activity. `last`: d, one step earlier perhaps; NULL: q is NaN. */
void ki_exact_summarize(const ki_chain *c, const ki_law_moments *k, const ki_law_moments *last,
                        ki_exact_result *r);

/* A step backwards in time is the weights of two moments apart. */
enum ki_made_of {
    KI_OF_RAW,      /* sigma_edge from d */
    KI_OF_CONNECTED /* from D */
};

/* All arrays but p. `now`: c and m; `last`: d, t and the m of D, one step earlier perhaps; NULL:
 * NaN. Returns the sum of the edges over N. */
double ki_exact_write(const ki_chain *c, const ki_law_moments *now, const ki_law_moments *last,
                      enum ki_made_of made_of, const ki_exact_out *out);

/* Weights of a Poisson law of this mean, those below 1e-20 of the largest left out: `weight` is
 * that of `first`, the next one is mean/(k + 1) times that of k. */
typedef struct ki_poisson {
    double mean, weight;
    uint64_t first, last;
} ki_poisson;

ki_poisson ki_poisson_of(double mean);

#endif
