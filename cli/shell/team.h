/* SPDX-License-Identifier: BSD-3-Clause */
/* Who simulates: this process alone (team_alone.c), or all ranks of an MPI run (mpi/team.c). Only
 * rank 0 runs commands; the others wait to be given realizations. */
#ifndef KINISING_CLI_TEAM_H
#define KINISING_CLI_TEAM_H

#include <kinising/kinising.h>

/* Processes in the team, and how many of them share this machine's memory. */
int team_size(void);
int team_on_this_machine(void);

/* Simulates the realizations first <= r < last of `e`, none of which is done if team_size() > 1.
 * Returns 0 or KI_ERR_*, with the sentence in team_error(); what was finished is in `e` in any
 * case. */
int team_run(ki_ensemble *e, uint64_t first, uint64_t last, const ki_run_options *run);
const char *team_error(void);

#endif
