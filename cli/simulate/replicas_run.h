/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising simulate --network FILE: replicas of one network. */
#ifndef KINISING_CLI_REPLICAS_RUN_H
#define KINISING_CLI_REPLICAS_RUN_H

/* Whether the command line has --network, which has options of its own. */
int simulate_wants_network(int argc, char **argv);
/* The command then. */
int simulate_network(int argc, char **argv);

#endif
