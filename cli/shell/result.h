/* SPDX-License-Identifier: BSD-3-Clause */
/* The result of a command as a table, and as the arrays of a file. */
#ifndef KINISING_CLI_RESULT_H
#define KINISING_CLI_RESULT_H

#include <kinising/kinising.h>

/* A column of a table: `real` or `word`, the other is NULL. */
typedef struct column {
    const char *name;
    const double *real;
    const char *const *word;
    const char *units; /* NULL for none */
} column;

/* One of the lists whose product the rows are. */
typedef struct result_axis {
    const char *name;
    size_t n;
    const double *real; /* [n] values; NULL if they are words */
    const char *const *word;
} result_axis;

/* Draws a figure; see plot.h. */
typedef int (*draw_fn)(const void *figure, const char *picture);

/* A table, perhaps arrays for files that hold more than a table, perhaps a picture (`draw` may be
 * NULL). With axes, slowest first, the rows are their product. */
typedef struct result {
    const column *columns;
    size_t n_columns, rows;
    const result_axis *axes; /* [n_axes] */
    size_t n_axes;
    const ki_array *arrays; /* [n_arrays] */
    const ki_label *labels; /* [n_arrays], NULL for none */
    size_t n_arrays;
    draw_fn draw;
    const void *figure;
} result;

/* Units of an entropy of one spin; `dynamics` are those of the rows, as in enum ki_dynamics. */
const char *entropy_units(int bits, unsigned dynamics);
/* Units of a time. */
const char *time_units(unsigned dynamics);

/* What goes into a file: in a .csv the columns; in others each column has the shape of the axes that
 * have more than one value, if these are 2 to 4, and such maps come with `axes`, the names of their
 * dimensions, and `axis_NAME`, the values along each. */
typedef struct result_arrays {
    ki_array *arrays; /* [n] */
    ki_label *labels; /* [n] */
    size_t n;
    const char *axes[4]; /* names of the dimensions of a map */
    char axis_name[4][40];
} result_arrays;

/* Returns 0, or -1 when memory is out. result_arrays_free() may follow in every case; `out` must
 * stay where it is until then. */
int result_arrays_make(const char *file, const result *r, result_arrays *out);
void result_arrays_free(result_arrays *a);

#endif
