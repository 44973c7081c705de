/* SPDX-License-Identifier: BSD-3-Clause */
/* The row of simulate: an ensemble's and that of replicas have the same columns. */
#include "simulate/simulate_row.h"

#include <math.h>
#include <string.h>

enum { N_REAL = SIM_COLUMNS - SIM_WORDS };

static const char *const column_names[SIM_COLUMNS] = {"N",
                                                      "beta",
                                                      "J0",
                                                      "dJ",
                                                      "dH",
                                                      "dynamics",
                                                      "realizations",
                                                      "steps",
                                                      "start",
                                                      "average",
                                                      "burn_in",
                                                      "zero_diagonal",
                                                      "m",
                                                      "m_err",
                                                      "q",
                                                      "q_err",
                                                      "S",
                                                      "S_err",
                                                      "Sr",
                                                      "Sr_err",
                                                      "sigma",
                                                      "sigma_err",
                                                      "activity",
                                                      "seconds",
                                                      "algorithm",
                                                      "status"};

/* Which of them are words, in this order. */
static const int words_at[SIM_WORDS] = {5, 8, 24, 25};

/* By the first letters of their names: S, Sr, sigma and their errors are entropies. */
static const char *units_of(const char *name, int bits, unsigned dynamics) {
    return name[0] == 'S' || strncmp(name, "sigma", 5) == 0 ? entropy_units(bits, dynamics)
           : strcmp(name, "seconds") == 0                   ? "s"
           : strcmp(name, "steps") == 0 || strcmp(name, "burn_in") == 0 ? time_units(dynamics)
                                                                        : NULL;
}

void sim_columns(const session *s, unsigned dynamics, size_t n, const double *numbers,
                 const char *const *words, column columns[SIM_COLUMNS]) {
    size_t word = 0;

    for (size_t c = 0; c < SIM_COLUMNS; c++) {
        columns[c] = (column){.name = column_names[c],
                              .units = units_of(column_names[c], s->unit == UNIT_BITS, dynamics)};
        if (word < SIM_WORDS && c == (size_t)words_at[word])
            columns[c].word = words + word++ * n;
        else
            columns[c].real = numbers + (c - word) * n;
    }
}

void sim_fill(const session *s, const sim_row *row, size_t i, size_t n, double *numbers,
              const char **words) {
    const ki_ensemble_result *r = row->r;
    const double unit = session_unit(s);
    const double values[N_REAL] = {(double)row->n,
                                   row->p.beta,
                                   row->p.J0,
                                   row->p.dJ,
                                   row->p.dH,
                                   (double)r->realizations,
                                   (double)row->steps,
                                   row->average != 0,
                                   (double)row->burn_in,
                                   row->zero_diagonal != 0,
                                   r->m,
                                   r->m_err,
                                   r->q,
                                   r->q_err,
                                   unit * r->S,
                                   unit * r->S_err,
                                   unit * r->Sr,
                                   unit * r->Sr_err,
                                   unit * r->sigma,
                                   unit * r->sigma_err,
                                   r->activity,
                                   s->reproducible ? (double)NAN : row->seconds};
    const char *const spelled[SIM_WORDS] = {ki_dynamics_name(row->dynamics),
                                            ki_start_name(row->start), row->algorithm,
                                            ki_status_name(row->status)};

    for (size_t c = 0; c < N_REAL; c++)
        numbers[c * n + i] = values[c];
    for (size_t w = 0; w < SIM_WORDS; w++)
        words[w * n + i] = spelled[w];
}
