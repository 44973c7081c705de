/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures of kinising theory: which quantities, of which dynamics, how they are called. */
#ifndef KINISING_CLI_THEORY_PLOT_H
#define KINISING_CLI_THEORY_PLOT_H

#include "common/grid.h"

/* What --panels offers, bit i for word i. */
extern const char *const theory_panel_words[];

/* Panels are 0 for the usual ones. */
typedef struct theory_figure {
    const grid *g;
    const ki_theory_result *r; /* [g->total], the asynchronous fields too */
    unsigned dynamics, panels;
    int bits;
} theory_figure;

/* Before the computation. Returns 0 or the exit status of its message. */
int theory_figure_check(const theory_figure *f);

/* Draws; the argument is a theory_figure. */
int theory_draw(const void *figure, const char *picture);

#endif
