/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings like a given one in all but what a test asks about [surrogates]. */
#ifndef KI_SRC_THERMO_SURROGATES_H
#define KI_SRC_THERMO_SURROGATES_H

#include "raster/raster.h"

/* A window of bins of a recording. */
typedef struct ki_window {
    const ki_raster *raster;
    size_t first, end;
} ki_window;

/* Each fills `out`, a recording of the same shape, with surrogate number `index` of a seed. */

/* Each unit is rotated in time within the bins that a trial has in the window, by a number of its own:
 * as it was alone, and without relation to the others. */
void ki_surrogate_shift(const ki_window *window, uint64_t seed, uint64_t index, ki_raster *out);

/* Each unit's trials change places with others that have as many bins in the window; `room` [2 trials]:
 * what a stimulus makes in every trial stays. */
void ki_surrogate_shuffle(const ki_window *window, uint64_t seed, uint64_t index, size_t *room,
                          ki_raster *out);

/* Trials that have a partner to change places with. */
size_t ki_surrogate_partners(const ki_window *window, size_t *room);

/* Synchronous course of a network from the first state of each trial in the window, with the
 * recorded states of the units that have no row. H [N], transposed [N,N] J_ij at [j,i], field [N]
 * room; `row` [N] says which units have a row. */
void ki_surrogate_course(const ki_window *window, const double *H, const double *transposed,
                         const int8_t *row, uint64_t seed, uint64_t index, double *field,
                         ki_raster *out);

#endif
