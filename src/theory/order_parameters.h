/* SPDX-License-Identifier: BSD-3-Clause */
/* Order parameters of the steady state. */
#ifndef KI_SRC_THEORY_ORDER_PARAMETERS_H
#define KI_SRC_THEORY_ORDER_PARAMETERS_H

#include <kinising/theory.h>

#include "correlation_map.h"

/* Below this s = beta dJ autocorrelations do not feel the coupling noise, to s^2 relative. */
#define KI_WEAK_NOISE 1e-6

/* At zero temperature [T0] the largest parameter stands for 1 in s, D and a, and k and S stand for
 * their limits over temperature: k beta = 2 p(0), S beta = (pi^2/6) p(0). */
typedef struct ki_state {
    ki_map map;       /* a = beta |J0| m, s = beta dJ, D = beta dH */
    double m;         /* >= 0 */
    double q, defect; /* q and 1 - q, each with relative accuracy */
    double k, S;
    int evaluations;
    int converged;
} ki_state;

/* Is the point treated as zero temperature? Exactly so at beta = inf; for beta dJ > 1e9 the relative
 * corrections, (beta dJ)^-2, are below rounding. */
int ki_is_zero_temperature(const ki_theory_params *p);

/* State of the ferromagnet with coupling J >= 0 in place of p->J0 (0: the disordered state). */
void ki_solve_state(const ki_theory_params *p, double J, ki_state *state);

/* beta k(m = 0), 2 p(0) at zero temperature: the ordered phase is where J0 times this exceeds 1. */
double ki_disordered_gain(const ki_theory_params *p);

#endif
