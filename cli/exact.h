/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising exact: what was found, and its picture. */
#ifndef KINISING_CLI_EXACT_H
#define KINISING_CLI_EXACT_H

#include "report.h"

/* Sigma and what is made of entropies are in the unit of the session already. */
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
