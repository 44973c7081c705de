/* SPDX-License-Identifier: BSD-3-Clause */
/* Recordings that commands take: one way to say what a file holds. */
#ifndef KINISING_CLI_RASTER_INPUT_H
#define KINISING_CLI_RASTER_INPUT_H

#include <kinising/kinising.h>

#include "shell/options.h"
#include "shell/values.h"

/* What the user says of a file; zero it. */
typedef struct raster_options {
    ki_recording_options file;
    value_list units;
    const char *window;        /* A:B in seconds */
    const int *quiet;          /* NULL, or where it stands that nothing is to be remarked */
    const ki_run_options *run; /* progress of reading; NULL: none is shown */
    ki_recording_notes notes;  /* of the file that was read last */
} raster_options;

/* Initialisers of their options. */
#define RECORDING_OPTION(path)                                                                     \
    {                                                                                              \
        .name = "FILE", .kind = OPTION_POSITIONAL, .target = path,                                 \
        .help = "the recording, or the folder of it"                                               \
    }
#define RASTER_OPTIONS(r) RASTER_LAYOUT_OPTIONS(r), RASTER_CHOICE_OPTIONS(r)
#define RASTER_LAYOUT_OPTIONS(r)                                                                   \
    {.name = "axes",                                                                               \
     .kind = OPTION_TEXT,                                                                          \
     .target = &(r)->file.axes,                                                                    \
     .meta = "AXES",                                                                               \
     .help = "of a matrix: time,unit | unit,time | trial,time,unit=53 ...; required"},             \
        {.name = "key",                                                                            \
         .kind = OPTION_TEXT,                                                                      \
         .target = &(r)->file.key,                                                                 \
         .meta = "NAME",                                                                           \
         .help = "of the array in the file (default: raster, or the only matrix)"},                \
        {.name = "bin",                                                                            \
         .kind = OPTION_REAL,                                                                      \
         .target = &(r)->file.bin,                                                                 \
         .meta = "SECONDS",                                                                        \
         .help = "width of a bin; required for spike times",                                       \
         .low = 0,                                                                                 \
         .high = 1e9,                                                                              \
         .limits = LIMIT_OPEN_LOW},                                                                \
        {.name = "rate",                                                                           \
         .kind = OPTION_REAL,                                                                      \
         .target = &(r)->file.rate,                                                                \
         .meta = "HZ",                                                                             \
         .help = "spike times are samples, so many a second",                                      \
         .low = 0,                                                                                 \
         .high = 1e12,                                                                             \
         .limits = LIMIT_OPEN_LOW},                                                                \
    {                                                                                              \
        .name = "trial-length", .kind = OPTION_COUNT, .target = &(r)->file.trial_length,           \
        .meta = "BINS", .help = "a new trial begins after so many bins", .low = 1, .high = 1e12    \
    }
#define RASTER_CHOICE_OPTIONS(r)                                                                   \
    {.name = "units",                                                                              \
     .kind = OPTION_COUNTS,                                                                        \
     .target = &(r)->units,                                                                        \
     .meta = "LIST",                                                                               \
     .help = "these alone, by their numbers in the file",                                          \
     .low = 0,                                                                                     \
     .high = 9007199254740992.0},                                                                  \
        {.name = "min-rate",                                                                       \
         .kind = OPTION_REAL,                                                                      \
         .target = &(r)->file.min_rate,                                                            \
         .meta = "X",                                                                              \
         .help = "units with at least X spikes a second (a bin without --bin)",                    \
         .low = 0,                                                                                 \
         .high = 1e12},                                                                            \
        {.name = "window",                                                                         \
         .kind = OPTION_TEXT,                                                                      \
         .target = &(r)->window,                                                                   \
         .meta = "A:B",                                                                            \
         .help = "from A to before B seconds alone"},                                              \
        {.name = "intervals",                                                                      \
         .kind = OPTION_TEXT,                                                                      \
         .target = &(r)->file.intervals,                                                           \
         .meta = "NAME",                                                                           \
         .help = "NWB: in the table intervals/NAME alone, each a trial; none"},                    \
    {                                                                                              \
        .name = "quality", .kind = OPTION_TEXT, .target = &(r)->file.quality, .meta = "WORD",      \
        .help = "Phy, NWB: units of this group alone, such as good"                                \
    }

/* Reads a recording from a file or folder; see recording.h. `preferred` is the name of the array that
 * is taken if there are several and no --key, or NULL. Warns of lost spikes and says what was passed
 * over. Returns 0, *out, to be ki_raster_free()d, and its *summary, or the exit status of the message
 * it printed. */
int raster_read(const char *path, raster_options *o, const char *preferred, ki_raster **out,
                ki_raster_summary *summary);

/* complain_library() of a call that was given the recording of that file: what is said of it begins
 * with the name of the file. */
int complain_recording(int error, const char *path);

#endif
