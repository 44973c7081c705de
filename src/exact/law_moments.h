/* SPDX-License-Identifier: BSD-3-Clause */
/* Moments and entropies of a law. [exact] */
#ifndef KI_SRC_EXACT_LAW_MOMENTS_H
#define KI_SRC_EXACT_LAW_MOMENTS_H

#include "chain.h"

typedef struct ki_law_moments {
    /* Means: s_i, t_i = tanh(beta h_i), the part of J_ii in sigma; s_i s_j, t_i s_j, and
     * (t_i - s_i) s_j apart, which is small where hardly a spin flips. */
    double *m, *t, *own, *c, *d, *e;
    double S, entropy, flips; /* sums over spins; minus sum p ln p */
    double *partial;          /* [blocks, room] */
    size_t room;
} ki_law_moments;

void ki_law_moments_lay_out(ki_law_moments *k, const ki_chain *c, ki_cursor *cursor);

/* Of the law p [states]. */
void ki_law_moments_take(const ki_chain *c, ki_law_moments *k, const double *p);

#endif
