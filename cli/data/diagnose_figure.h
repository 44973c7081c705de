/* SPDX-License-Identifier: BSD-3-Clause */
/* The picture of one page that `kinising diagnose` draws: plain arrays, one or two recordings. */
#ifndef KINISING_CLI_DIAGNOSE_FIGURE_H
#define KINISING_CLI_DIAGNOSE_FIGURE_H

#include <stddef.h>

enum { FIGURE_MOST = 2, FIGURE_REGIMES = 8, FIGURE_LINES = 3, FIGURE_ROWS = 22, FIGURE_CELL = 40 };
enum { CURVE_SIGMA, CURVE_S, CURVE_CHI, N_CURVES };

/* A band of posterior draws beside the exact value, over x. What is not finite leaves gaps. */
typedef struct figure_curve {
    const double *low, *median, *high, *exact; /* [n_points] */
} figure_curve;

/* One recording. */
typedef struct figure_view {
    size_t n_draws, n_points, n_line;
    const double *mu, *b;         /* [n_draws] */
    double mu_at, b_at;           /* posterior means */
    const double *x;              /* [n_points] */
    figure_curve curve[N_CURVES]; /* over x */
    const double *line_b;         /* [n_line] rising from 0 */
    const double
        *line[FIGURE_LINES]; /* [n_line] mu at which g is the lower border, 1, the upper one */
    double probability[FIGURE_REGIMES];
} figure_view;

/* Text never comes from the user but in `title`, which is shown as it is: no quotes in it. */
typedef struct diagnose_figure {
    size_t n; /* recordings */
    figure_view view[FIGURE_MOST];
    const char *title, *verdict;
    int bits;
    double border[2];   /* of near-critical, in g */
    double probability; /* from which on there is a verdict */
    size_t n_regimes;
    const char *regime[FIGURE_REGIMES];
    size_t n_rows; /* the numbers as text */
    char row[FIGURE_ROWS][1 + FIGURE_MOST][FIGURE_CELL];
} diagnose_figure;

/* Draws a diagnose_figure. Returns 0 or the exit status of its message. */
int diagnose_draw(const void *figure, const char *picture);

#endif
