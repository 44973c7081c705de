/* SPDX-License-Identifier: BSD-3-Clause */
/* Options that several commands have: the parameters of the model, the dynamics, a network. */
#ifndef KINISING_CLI_MODEL_OPTIONS_H
#define KINISING_CLI_MODEL_OPTIONS_H

#include <math.h>

#include <kinising/kinising.h>

#include "shell/options.h"

enum { N_PARAMETERS = 4 };

/* Names of the axes as options and columns spell them. */
extern const char *const parameter_names[N_PARAMETERS + 1];

/* The words of --dynamics, in the order of enum ki_dynamics. */
extern const char *const dynamics_words[];

/* One of the dynamics; an int, its place in dynamics_words. */
#define DYNAMICS_OPTION(at, usual)                                                                 \
    {                                                                                              \
        .name = "dynamics", .kind = OPTION_WORD, .target = (at), .meta = "WORD",                   \
        .help = "sync or async", .fallback = usual, .words = dynamics_words                        \
    }

/* The file of a given network. */
#define NETWORK_OPTION(at)                                                                         \
    {                                                                                              \
        .name = "network", .kind = OPTION_INPUT, .target = (at), .meta = "FILE",                   \
        .help = "H, J and beta, .npz or .h5"                                                       \
    }

/* The same where only its ensemble counts. */
#define ENSEMBLE_OPTION(at)                                                                        \
    {                                                                                              \
        .name = "network", .kind = OPTION_INPUT, .target = (at), .meta = "FILE",                   \
        .help = "beta, J0, dJ and dH that this network looks like, where not given"                \
    }

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

#endif
