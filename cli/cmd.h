/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands. main.c has the table; each cmd_<name>.c has one of these functions. */
#ifndef KINISING_CLI_CMD_H
#define KINISING_CLI_CMD_H

#include "shell/parts.h"

typedef struct command {
    const char *name; /* first, for did_you_mean() */
    const char *group;
    const char *summary;
    /* argv[0] is the command's name; returns an exit_status. */
    int (*run)(int argc, char **argv);
    const command_part *parts; /* its first argument is one of these; NULL if it has none */
} command;

extern const command_part network_parts[], raster_parts[];

int cmd_theory(int argc, char **argv);
int cmd_transient(int argc, char **argv);
int cmd_autocorrelation(int argc, char **argv);
int cmd_critical(int argc, char **argv);
int cmd_meanfield(int argc, char **argv);
int cmd_network(int argc, char **argv);
int cmd_exact(int argc, char **argv);
int cmd_simulate(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_raster(int argc, char **argv);
int cmd_fit(int argc, char **argv);
int cmd_entropy(int argc, char **argv);
int cmd_diagnose(int argc, char **argv);
int cmd_info(int argc, char **argv);

/* The whole program: finds the command, runs it, and makes sure that what went to stdout got there.
 */
int program(int argc, char **argv);

#endif
