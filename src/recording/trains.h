/* SPDX-License-Identifier: BSD-3-Clause */
/* Spike times of a file on their way to a raster. */
#ifndef KI_SRC_RECORDING_TRAINS_H
#define KI_SRC_RECORDING_TRAINS_H

#include <stddef.h>
#include <stdint.h>

#include <kinising/recording.h>

/* Arrays are the library's own memory. */
typedef struct ki_trains {
    const char *path, *kind;
    size_t units, n, windows;
    double *time;      /* [n] seconds */
    int64_t *unit;     /* [n] row, or what the file calls it until ki_trains_number() */
    int64_t *ids;      /* [units] rising, unless the file has them otherwise */
    double *from, *to; /* [windows] */
    double last; /* seconds, of spikes of units that were left; the recording lasts until then */
} ki_trains;

void ki_trains_free(ki_trains *t);

/* Rows for the numbers in `unit`: all that occur, in order. */
int ki_trains_number(ki_trains *t);

/* Row of a unit among ids [n] that rise, n if there is none. */
size_t ki_trains_row(const int64_t *ids, size_t n, int64_t id);

/* Leaves units whose row is not wanted, and their spikes. */
int ki_trains_keep(ki_trains *t, const unsigned char *wanted);

/* Times in samples become seconds. */
void ki_trains_scale(ki_trains *t, double rate);

/* That an interval of a file has two ends: of NaN and another time fmax and fmin make the other one. */
int ki_trains_check_ends(const ki_trains *t, double from, double to);

/* Leaves units that `o` has not, and makes the raster. */
int ki_trains_bin(ki_trains *t, const ki_recording_options *o, ki_recording_notes *notes,
                  ki_raster **out);

#endif
