/* SPDX-License-Identifier: BSD-3-Clause */
/* The ranks of an MPI run: one that leads and others that serve it. */
#ifndef KINISING_MPI_RANKS_H
#define KINISING_MPI_RANKS_H

void ranks_begin(void);
int ranks_are_first(void);
/* Of the first rank: ends the work of the others. */
void ranks_release(void);
/* Of the others: simulates what is asked for until released. */
void ranks_serve(void);

#endif
