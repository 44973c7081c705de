/* SPDX-License-Identifier: BSD-3-Clause */
/* Asynchronous steady-state autocorrelation, C'' = C - F(C), by quadrature. [C-async] */
#ifndef KI_SRC_THEORY_AUTOCORRELATION_H
#define KI_SRC_THEORY_AUTOCORRELATION_H

#include <stddef.h>

#include "order_parameters.h"

enum { KI_DECAY_ORDER = 16, KI_DECAY_PANELS = 48 };

/* C = q + (1 - q) exp(-v): tau as a function of v on Gauss-Legendre panels. */
typedef struct ki_decay {
    double q, defect;
    double laplace; /* (1 - I)/(1 - q), I = Int_0^inf e^-a C(a) da */
    size_t panels;
    double edge[KI_DECAY_PANELS + 1];             /* v */
    double tau[KI_DECAY_PANELS + 1];              /* tau at the edges */
    double rate[KI_DECAY_PANELS][KI_DECAY_ORDER]; /* dtau/dv at the nodes */
} ki_decay;

/* Does C - q decay otherwise than the updates themselves, exp(-tau)? Not without coupling noise. */
int ki_decays(const ki_state *state);

/* Needs ki_decays(). */
void ki_decay_solve(const ki_state *state, ki_decay *decay);

/* C(tau), tau >= 0. */
double ki_decay_at(const ki_decay *decay, double tau);

#endif
