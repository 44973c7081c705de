/* SPDX-License-Identifier: BSD-3-Clause */
/* Curves along one abscissa, one for each combination of parameter lists: the rows of transient and
 * autocorrelation. */
#ifndef KINISING_CLI_CURVES_H
#define KINISING_CLI_CURVES_H

#include "common/grid.h"
#include "plot/plot.h"
#include "shell/output.h"

/* Points run in the order m0, dH, dJ, J0, beta, the last fastest; each is `length` rows. */
typedef struct curves {
    grid g;
    double *m0; /* [n_m0], NULL for commands without it */
    size_t n_m0, points, length, rows;
} curves;

/* Fills it; `m0` may be NULL, `row_size` is the memory a row will need. Returns 0 or the exit status
 * of its message. curves_free() may follow in every case. */
int curves_make(curves *c, const char *command, const value_list lists[N_PARAMETERS],
                const value_list *m0, size_t length, size_t row_size);
void curves_free(curves *c);

ki_theory_params curves_point(const curves *c, size_t i);
double curves_m0(const curves *c, size_t i);

/* The parameters of every row: real[a] [rows] for each of enum ki_parameter. */
void curves_parameters(const curves *c, double *const real[N_PARAMETERS]);

/* The axes of the result: m0, dH, dJ, J0, beta and the abscissa of the first curve. Returns how many. */
enum { CURVES_AXES = N_PARAMETERS + 2 };
size_t curves_axes(const curves *c, const char *name, const double *abscissa,
                   result_axis out[CURVES_AXES]);

/* Progress of a loop over the points, each of which reports its own. */
typedef struct curves_progress {
    session *s;
    size_t at, points;
} curves_progress;
int curves_show_progress(void *curves_progress, uint64_t done, uint64_t total);

/* Before the computation: whether a picture can tell the curves apart. Returns 0 or the exit status
 * of its message. */
int curves_figure_check(const curves *c);

/* Head, families and legend of a figure whose rows are those of `c`. */
typedef struct curves_figure {
    char title[160], label[PLOT_MAX_FAMILIES][96];
    const char *labels[PLOT_MAX_FAMILIES];
    unsigned char *family; /* [rows], to be freed */
} curves_figure;
int curves_lay_out(const curves *c, const char *command, curves_figure *f, plot_curves *out);

#endif
