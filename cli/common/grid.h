/* SPDX-License-Identifier: BSD-3-Clause */
/* The product of the four lists of parameters. */
#ifndef KINISING_CLI_GRID_H
#define KINISING_CLI_GRID_H

#include <kinising/kinising.h>

#include "common/model_options.h"
#include "shell/result.h"
#include "shell/values.h"

/* Axes are numbered by enum ki_parameter, which is also their order: beta (0) runs fastest. */
typedef struct grid {
    double *axis[N_PARAMETERS];
    size_t n[N_PARAMETERS], stride[N_PARAMETERS], total;
} grid;

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
#endif
