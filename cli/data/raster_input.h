/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings that commands take: one way to say what a file holds. */
#ifndef KINISING_CLI_RASTER_INPUT_H
#define KINISING_CLI_RASTER_INPUT_H

#include <kinising/kinising.h>

#include "shell/options.h"

/* What the user says of a file; zero it. */
typedef struct raster_options {
    const char *axes;      /* such as time,unit; NULL: not given */
    const char *key;       /* name of the array; NULL: the likely one */
    double bin;            /* seconds; 0: not known */
    uint64_t trial_length; /* bins; 0: the file's own trials */
} raster_options;

/* Initialisers of their options. */
#define RASTER_OPTIONS(r)                                                                          \
    {.name = "axes",                                                                               \
     .kind = OPTION_TEXT,                                                                          \
     .target = &(r)->axes,                                                                         \
     .meta = "AXES",                                                                               \
     .help = "of the matrix: time,unit | unit,time | trial,time,unit ...; required"},              \
        {.name = "key",                                                                            \
         .kind = OPTION_TEXT,                                                                      \
         .target = &(r)->key,                                                                      \
         .meta = "NAME",                                                                           \
         .help = "of the matrix in the file (default: raster, or the only matrix)"},               \
        {.name = "trial-length",                                                                   \
         .kind = OPTION_COUNT,                                                                     \
         .target = &(r)->trial_length,                                                             \
         .meta = "BINS",                                                                           \
         .help = "a new trial begins after so many bins",                                          \
         .low = 1,                                                                                 \
         .high = 1e12},                                                                            \
    {                                                                                              \
        .name = "bin", .kind = OPTION_REAL, .target = &(r)->bin, .meta = "SECONDS",                \
        .help = "width of a bin", .low = 0, .high = 1e9, .limits = LIMIT_OPEN_LOW                  \
    }

/* Reads a recording from a file: a matrix of 0/1 or -1/+1 in .npz, .npy or .h5. `preferred` is the
 * name of the array that is taken if there are several and no --key, or NULL. Returns 0 and *out,
 * to be ki_raster_free()d, or the exit status of the message it printed. */
int raster_read(const char *path, const raster_options *o, const char *preferred, ki_raster **out);

#endif
