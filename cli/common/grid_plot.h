/* SPDX-License-Identifier: BSD-3-Clause */
/* Pictures of columns over the product of the lists of parameters. */
#ifndef KINISING_CLI_GRID_PLOT_H
#define KINISING_CLI_GRID_PLOT_H

#include "common/grid.h"
#include "plot/plot.h"

/* As figures spell them. */
extern const char *const parameter_symbols[N_PARAMETERS];
double parameter_value(const ki_theory_params *p, int a);

/* "J_0 = 1, ΔH = 0": the parameters that do not vary, but for `hidden`, for the head of a figure. */
void grid_title(const grid *g, int hidden, char *out, size_t size);

/* How columns over a grid are drawn. A panel's `boundary` is one of enum boundary. */
enum boundary {
    BOUNDARY_FERROMAGNET = 0, /* needs J0 > 0 */
    BOUNDARY_MIRRORED = 1     /* where J0 < 0 that of -J0 counts: the synchronous two-cycle */
};
typedef struct grid_figure {
    const grid *g;
    int hidden; /* axis without meaning here (what `critical` solves for), or -1 */
    int with_boundary;
    size_t n_curves, n_fields; /* 0 fields: no maps */
    plot_panel curves[PLOT_MAX_PANELS];
    plot_field fields[PLOT_MAX_PANELS]; /* z over the whole grid, as the columns are */
    /* The curves at one more point, so that they have their kink where it is and not at the next
     * point of the grid; NULL: none. `y` and `dashed` are [n_curves]. */
    unsigned log_curves; /* bit i: the ordinate of curve i is in decades */
    const void *context;
    void (*evaluate)(const void *context, const ki_theory_params *p, double *y, double *dashed);
} grid_figure;

/* Whether `a` is drawn along an axis of the picture, and whether the picture is of maps. */
int grid_runs_along(const grid *g, int hidden, int a);
int grid_is_map(const grid *g, int hidden);

/* The value of parameter `a` on the order-disorder boundary, the others as in `p`; NaN if there is
 * none. `mirrored` is an enum boundary. */
double critical_value(int mirrored, ki_theory_params p, int a);

/* Before the computation: whether there is a way to draw it. `maps`: heat maps will be offered.
 * Returns 0 or the exit status of its message. */
int grid_figure_check(const grid *g, int hidden, int maps);

/* Draws curves or maps, whichever fits; the argument is a grid_figure. */
int grid_draw(const void *figure, const char *picture);

#endif
