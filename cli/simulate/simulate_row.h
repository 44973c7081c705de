/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of simulate: an ensemble's and that of replicas have the same columns. */
#ifndef KINISING_CLI_SIMULATE_ROW_H
#define KINISING_CLI_SIMULATE_ROW_H

#include "shell/output.h"

/* The columns of a row, with room for `n` rows in numbers [SIM_NUMBERS,n] and words
 * [SIM_WORDS,n]. */
enum { SIM_COLUMNS = 26, SIM_WORDS = 4, SIM_NUMBERS = SIM_COLUMNS - SIM_WORDS };
enum { SIM_COLUMN_M = 12, SIM_COLUMN_STATUS = 25 }; /* parameters before m, after m its error */
typedef struct sim_row {
    uint64_t n, steps, burn_in;
    ki_theory_params p;
    int dynamics, start, average, zero_diagonal;
    double seconds;
    const ki_ensemble_result *r;
    const char *algorithm;
    int status; /* enum ki_status */
} sim_row;
/* `dynamics`: all that the rows have. */
void sim_columns(const session *s, unsigned dynamics, size_t n, const double *numbers,
                 const char *const *words, column columns[SIM_COLUMNS]);
void sim_fill(const session *s, const sim_row *row, size_t i, size_t n, double *numbers,
              const char **words);

#endif
