/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising-mpi: the same commands. Rank 0 runs them; in `simulate` all ranks work, in others they
 * wait. */
#include <mpi.h>
#include <stdio.h>

#include "cmd.h"
#include "ranks.h"

int main(int argc, char **argv) {
    int provided = 0, status = 0;

    /* Progress callbacks, which pass messages, come from one thread at a time but from any. */
    if (MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided) != MPI_SUCCESS ||
        provided < MPI_THREAD_SERIALIZED) {
        fputs("kinising: MPI : it supports no threads : an MPI with MPI_THREAD_SERIALIZED\n",
              stderr);
        return 1;
    }
    ranks_begin();
    if (ranks_are_first()) {
        status = program(argc, argv);
        ranks_release();
    } else {
        ranks_serve();
    }
    MPI_Finalize();
    return status;
}
