/* SPDX-License-Identifier: BSD-3-Clause */
#include "common/grid.h"

#include <stdlib.h>

#include "shell/memory.h"
#include "shell/message.h"
#include "shell/output.h"

enum { LARGEST_GRID = 0x7FFFFFFF };

int grid_check_count(const char *command, const value_list lists[N_PARAMETERS], uint64_t times) {
    uint64_t total = times;
    int too_many = total > LARGEST_GRID;

    for (int a = 0; a < N_PARAMETERS && !too_many; a++) {
        too_many = lists[a].count > LARGEST_GRID / total;
        total *= lists[a].count;
    }
    return too_many
               ? complain(STATUS_USAGE, "%s : more than %d points : shorter lists, or several runs",
                          command, LARGEST_GRID)
               : 0;
}

int grid_make(grid *g, const char *command, const value_list lists[N_PARAMETERS], size_t row_size) {
    uint64_t total = 1;

    *g = (grid){0};
    if (grid_check_count(command, lists, 1))
        return STATUS_USAGE;
    for (int a = 0; a < N_PARAMETERS; a++) {
        g->n[a] = (size_t)lists[a].count;
        g->stride[a] = (size_t)total;
        total *= lists[a].count;
    }
    g->total = (size_t)total;
    if (check_memory(command, total, row_size + sizeof(double)))
        return STATUS_FAILED;
    for (int a = 0; a < N_PARAMETERS; a++) {
        g->axis[a] = get_memory(command, g->n[a], sizeof(double));
        if (!g->axis[a])
            return STATUS_FAILED;
        value_list_fill(&lists[a], g->axis[a]);
    }
    return 0;
}

void grid_free(grid *g) {
    for (int a = 0; a < N_PARAMETERS; a++)
        free(g->axis[a]);
    *g = (grid){0};
}

static double coordinate(const grid *g, int a, size_t row) {
    return g->axis[a][row / g->stride[a] % g->n[a]];
}

ki_theory_params grid_point(const grid *g, size_t row) {
    return (ki_theory_params){.beta = coordinate(g, KI_BETA, row),
                              .J0 = coordinate(g, KI_J0, row),
                              .dJ = coordinate(g, KI_DJ, row),
                              .dH = coordinate(g, KI_DH, row)};
}

size_t grid_axes(const grid *g, result_axis out[N_PARAMETERS]) {
    for (int a = 0; a < N_PARAMETERS; a++)
        out[N_PARAMETERS - 1 - a] =
            (result_axis){.name = parameter_names[a], .n = g->n[a], .real = g->axis[a]};
    return N_PARAMETERS;
}
