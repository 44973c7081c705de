/* SPDX-License-Identifier: BSD-3-Clause */
/* The common options of a command with a table and pictures. */
#ifndef KINISING_CLI_PLOT_OPTION_H
#define KINISING_CLI_PLOT_OPTION_H

#include "plot/gnuplot.h"
#include "shell/session.h"

#define COMMON_OPTIONS(s)                                                                          \
    {.name = "output",                                                                             \
     .letter = 'o',                                                                                \
     .kind = OPTION_OUTPUT,                                                                        \
     .target = &(s)->file,                                                                         \
     .meta = "FILE",                                                                               \
     .help = "write .csv, .npz or .h5; - for CSV on stdout, as without it"},                       \
        {.name = "plot",                                                                           \
         .kind = OPTION_OUTPUT,                                                                    \
         .target = &(s)->picture,                                                                  \
         .meta = "FILE",                                                                           \
         .help = "draw .png, .svg or .pdf (needs gnuplot)",                                        \
         .check = gnuplot_check},                                                                  \
        COMMON_OPTIONS_WITHOUT_FILES(s)

#endif
