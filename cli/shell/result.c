/* SPDX-License-Identifier: BSD-3-Clause */
#include "shell/ending.h"
#include "shell/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DIMENSIONS = 4 };

const char *entropy_units(int bits, unsigned dynamics) {
    static const char *const units[2][3] = {
        {"nats/spin/step", "nats/spin/unit time", "nats/spin per step or unit time"},
        {"bits/spin/step", "bits/spin/unit time", "bits/spin per step or unit time"}};

    return units[bits != 0][dynamics == KI_SYNC ? 0 : dynamics == KI_ASYNC ? 1 : 2];
}

const char *time_units(unsigned dynamics) {
    return dynamics == KI_SYNC ? "steps" : "updates per spin";
}

/* The axes with more than one value, if they make a shape of the rows; returns how many. */
static size_t find_shape(const char *file, const result *r,
                         const result_axis *of[MOST_DIMENSIONS]) {
    size_t n = 0, rows = 1;

    for (size_t a = 0; a < r->n_axes; a++) {
        rows *= r->axes[a].n;
        if (r->axes[a].n < 2)
            continue;
        if (n == MOST_DIMENSIONS)
            return 0;
        of[n++] = &r->axes[a];
    }
    return is_csv(file) || rows != r->rows ? 0 : n;
}

static ki_array values_of(const char *name, const double *real, const char *const *word) {
    return (ki_array){.name = name,
                      .type = word ? KI_STRING : KI_FLOAT64,
                      .ndim = 1,
                      .data = word ? (const void *)word : (const void *)real};
}

static void add_axes(result_arrays *out, const result_axis *const *axis, size_t n) {
    for (size_t d = 0; d < n; d++) {
        snprintf(out->axis_name[d], sizeof out->axis_name[d], "axis_%s", axis[d]->name);
        out->arrays[out->n] = values_of(out->axis_name[d], axis[d]->real, axis[d]->word);
        out->arrays[out->n].shape[0] = axis[d]->n;
        out->labels[out->n++].axes[0] = axis[d]->name;
    }
    out->arrays[out->n] = values_of("axes", NULL, out->axes);
    out->arrays[out->n++].shape[0] = n;
}

int result_arrays_make(const char *file, const result *r, result_arrays *out) {
    const result_axis *axis[MOST_DIMENSIONS];
    const size_t n_dimensions = find_shape(file, r, axis);
    const size_t most = r->n_columns + r->n_arrays + MOST_DIMENSIONS + 1;

    *out = (result_arrays){.arrays = malloc(most * sizeof *out->arrays),
                           .labels = calloc(most, sizeof *out->labels)};
    if (!out->arrays || !out->labels)
        return -1;
    for (size_t d = 0; d < n_dimensions; d++)
        out->axes[d] = axis[d]->name;
    for (size_t c = 0; c < r->n_columns; c++) {
        const column *from = &r->columns[c];
        ki_array *a = &out->arrays[out->n];
        ki_label *label = &out->labels[out->n++];
        *a = values_of(from->name, from->real, from->word);
        a->shape[0] = r->rows;
        label->units = from->units;
        memcpy(label->axes, out->axes, sizeof label->axes);
        for (size_t d = 0; n_dimensions > 1 && d < n_dimensions; d++)
            a->shape[d] = axis[d]->n;
        a->ndim = n_dimensions > 1 ? (int)n_dimensions : 1;
    }
    for (size_t k = 0; k < r->n_arrays; k++, out->n++) {
        out->arrays[out->n] = r->arrays[k];
        if (r->labels)
            out->labels[out->n] = r->labels[k];
    }
    if (n_dimensions > 1)
        add_axes(out, axis, n_dimensions);
    return 0;
}

void result_arrays_free(result_arrays *a) {
    free(a->arrays);
    free(a->labels);
}
