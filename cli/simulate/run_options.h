/* SPDX-License-Identifier: BSD-3-Clause */
/* Options of both modes of kinising simulate: how long, and what is averaged. */
#ifndef KINISING_CLI_RUN_OPTIONS_H
#define KINISING_CLI_RUN_OPTIONS_H

#include "shell/options.h"

#define STEPS_OPTION(at)                                                                           \
    {                                                                                              \
        .name = "steps", .kind = OPTION_COUNT, .target = (at), .meta = "T",                        \
        .help = "updates of all spins, or units of time", .fallback = "127", .low = 1,             \
        .high = 1e15                                                                               \
    }
#define AVERAGE_OPTION(at)                                                                         \
    {                                                                                              \
        .name = "average", .kind = OPTION_FLAG, .target = (at),                                    \
        .help = "average over time too, after --burn-in"                                           \
    }
#define BURN_IN_OPTION(at)                                                                         \
    {                                                                                              \
        .name = "burn-in", .kind = OPTION_COUNT, .target = (at), .meta = "T",                      \
        .help = "steps before averaging starts", .fallback = "0", .low = 0, .high = 1e15           \
    }

#endif
