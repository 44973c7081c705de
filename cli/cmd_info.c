/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising info: what this binary is and what it found on this machine. */
#include <stdlib.h>

#include "cmd.h"
#include "plot/gnuplot.h"
#include "shell/session.h"
#include "shell/team.h"

static const command_help info_help = {
    "info",
    "Version, build and machine, one `key: value` a line.\n",
    "  kinising info\n",
};

int cmd_info(int argc, char **argv) {
    session s = {.argc = argc, .argv = argv};
    option options[] = {COMMON_OPTIONS_WITHOUT_FILES(&s)};
    ki_build_info b;

    int status = session_begin(&s, &info_help, options, sizeof options / sizeof options[0]);
    if (status != PARSE_DONE)
        return status == PARSE_HELP ? STATUS_DONE : status;
    int error = ki_get_build_info(&b);
    if (error)
        return complain_library(error);
    char *gnuplot = gnuplot_program();
    printf("version: %s\n", b.version);
    printf("commit: %s\n", b.commit);
    printf("compiler: %s\n", b.compiler);
    printf("build type: %s\n", b.build_type);
    printf("CPU features: %s\n", b.cpu_features);
    printf("kernels: %s\n", b.kernels);
    printf("BLAS: %s\n", b.blas);
    printf("threads: %d%s\n", s.threads ? (int)s.threads : b.max_threads,
           b.have_threads ? "" : " (built without)");
    printf("HDF5: %s\n", b.have_hdf5 ? "yes" : "no");
#ifdef KI_HAVE_MPI
    const char *mpi = "yes (kinising-mpi)";
#else
    const char *mpi = "no";
#endif
    if (team_size() > 1)
        printf("MPI: %d ranks\n", team_size());
    else
        printf("MPI: %s\n", mpi);
    printf("gnuplot: %s\n", gnuplot ? gnuplot : "not found");
    free(gnuplot);
    return STATUS_DONE;
}
