/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising exact, inside: what is asked for, the table that answers, and its pictures. */
#ifndef KINISING_CLI_EXACT_H
#define KINISING_CLI_EXACT_H

#include "common/given_network.h"
#include "shell/session.h"
#include "shell/values.h"

enum { EXACT_SYNC = 0, EXACT_ASYNC = 1 };

/* What is asked for, and the network it is asked of. */
typedef struct exact_run {
    session s;
    value_list beta_list;
    double tmax;
    uint64_t points, bins;
    int dynamics, zero_diagonal, keep_diagonal;
    ki_exact_spec spec;
    size_t lags;
    given_network given;
    ki_network view; /* at one beta after the other */
    double *betas;   /* [n_betas] */
    size_t n_betas;
} exact_run;

/* Whether the file holds more than the table; whether that is computed at all, for a file or the
 * picture of one beta. */
int exact_wants_arrays(const exact_run *e);
int exact_wants_details(const exact_run *e);

/* The table of all betas, from start to end: memory, computation, file, picture. Returns an exit
 * status. */
int exact_tabulate(exact_run *e);

/* Pictures: of one beta; Sigma and what is made of entropies are in the unit of the session
 * already. */
typedef struct exact_figure {
    const char *title;
    int async, bits;
    size_t n_lags, n_bins, n_spins;
    const double *tau, *C;             /* [n_lags] */
    const double *edges, *probability; /* [n_bins + 1], [n_bins] */
    const double *sigma_spin;          /* [n_spins] */
} exact_figure;

/* Draws an exact_figure. Returns 0 or the exit status of its message. */
int exact_draw(const void *figure, const char *picture);

#endif
