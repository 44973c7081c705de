/* SPDX-License-Identifier: BSD-3-Clause */
/* The product of four parameter lists, and pictures of columns computed over it. */
#ifndef KINISING_CLI_GRID_H
#define KINISING_CLI_GRID_H

#include <kinising/kinising.h>

#include "plot/plot.h"
#include "shell/result.h"
#include "shell/values.h"

enum { N_PARAMETERS = 4 };

/* Axes are numbered by enum ki_parameter, which is also their order: beta (0) runs fastest. */
typedef struct grid {
    double *axis[N_PARAMETERS];
    size_t n[N_PARAMETERS], stride[N_PARAMETERS], total;
} grid;

/* Names of the axes as options and columns spell them. */
extern const char *const parameter_names[N_PARAMETERS + 1];

/* The initialisers of the four list options. */
#define PARAMETER_LISTS(lists, beta_limits, beta_range)                                            \
    {.name = "beta",                                                                               \
     .kind = OPTION_LIST,                                                                          \
     .target = &(lists)[KI_BETA],                                                                  \
     .meta = "LIST",                                                                               \
     .help = "inverse temperature, " beta_range,                                                   \
     .fallback = "1",                                                                              \
     .low = 0,                                                                                     \
     .high = INFINITY,                                                                             \
     .limits = beta_limits},                                                                       \
        {.name = "J0",                                                                             \
         .kind = OPTION_LIST,                                                                      \
         .target = &(lists)[KI_J0],                                                                \
         .meta = "LIST",                                                                           \
         .help = "mean coupling times N",                                                          \
         .fallback = "1",                                                                          \
         .low = -INFINITY,                                                                         \
         .high = INFINITY},                                                                        \
        {.name = "dJ",                                                                             \
         .kind = OPTION_LIST,                                                                      \
         .target = &(lists)[KI_DJ],                                                                \
         .meta = "LIST",                                                                           \
         .help = "spread of the couplings times sqrt(N), >= 0",                                    \
         .fallback = "1",                                                                          \
         .low = 0,                                                                                 \
         .high = INFINITY},                                                                        \
    {                                                                                              \
        .name = "dH", .kind = OPTION_LIST, .target = &(lists)[KI_DH], .meta = "LIST",              \
        .help = "half-width of the fields, >= 0", .fallback = "0", .low = 0, .high = INFINITY      \
    }

/* The same for commands that work at one point. */
#define PARAMETER_VALUES(p)                                                                        \
    {.name = "beta",                                                                               \
     .kind = OPTION_REAL,                                                                          \
     .target = &(p)->beta,                                                                         \
     .meta = "X",                                                                                  \
     .help = "inverse temperature, >= 0",                                                          \
     .fallback = "1",                                                                              \
     .low = 0,                                                                                     \
     .high = INFINITY},                                                                            \
        {.name = "J0",                                                                             \
         .kind = OPTION_REAL,                                                                      \
         .target = &(p)->J0,                                                                       \
         .meta = "X",                                                                              \
         .help = "mean coupling times N",                                                          \
         .fallback = "1",                                                                          \
         .low = -INFINITY,                                                                         \
         .high = INFINITY},                                                                        \
        {.name = "dJ",                                                                             \
         .kind = OPTION_REAL,                                                                      \
         .target = &(p)->dJ,                                                                       \
         .meta = "X",                                                                              \
         .help = "spread of the couplings times sqrt(N), >= 0",                                    \
         .fallback = "1",                                                                          \
         .low = 0,                                                                                 \
         .high = INFINITY},                                                                        \
    {                                                                                              \
        .name = "dH", .kind = OPTION_REAL, .target = &(p)->dH, .meta = "X",                        \
        .help = "half-width of the fields, >= 0", .fallback = "0", .low = 0, .high = INFINITY      \
    }

/* As figures spell them. */
extern const char *const parameter_symbols[N_PARAMETERS];
double parameter_value(const ki_theory_params *p, int a);

/* Whether the product of the lists, `times` as often, is a number of points that makes sense. Returns
 * 0 or the exit status of its message. */
int grid_check_count(const char *command, const value_list lists[N_PARAMETERS], uint64_t times);

/* Fills the grid; refuses sizes that make no sense before memory is taken, `row_size` being what
 * the command itself will need for a point. Returns 0 or the exit status of its message.
 * grid_free() may follow in every case. */
int grid_make(grid *g, const char *command, const value_list lists[N_PARAMETERS], size_t row_size);
void grid_free(grid *g);
/* The axes of a result that has a row for each point: dH, dJ, J0, beta. Returns how many. */
size_t grid_axes(const grid *g, result_axis out[N_PARAMETERS]);
ki_theory_params grid_point(const grid *g, size_t row);
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
