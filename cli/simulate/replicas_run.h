/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising simulate --network FILE, or --raster FILE: replicas of one network. */
#ifndef KINISING_CLI_REPLICAS_RUN_H
#define KINISING_CLI_REPLICAS_RUN_H

/* Whether the command line has an option, spelled with its dashes. */
int simulate_has_option(int argc, char **argv, const char *name);
/* The command with --network, which has options of its own. */
int simulate_network(int argc, char **argv);
/* The command with --raster alone: replicas of a network that is drawn. */
int simulate_drawn(int argc, char **argv);

#endif
