/* SPDX-License-Identifier: BSD-3-Clause */
/* kinising meanfield, inside: input, a method from start to end, the comparison, pictures. */
#ifndef KINISING_CLI_MEANFIELD_H
#define KINISING_CLI_MEANFIELD_H

#include "common/given_network.h"
#include "shell/output.h"
#include "shell/values.h"

/* What the results are held against. */
enum mf_against { MF_ALONE = 0, MF_EXACT, MF_SIMULATION };

/* What is asked for, and the network and start it is asked of. */
typedef struct mf_command {
    session s;
    const char *start;
    value_list beta_list;
    unsigned methods; /* bit i: enum ki_method i */
    int async, steady, zero_diagonal, path, against;
    double m0, tol;
    uint64_t steps, max_steps, replicas, burn_in, window;
    /* meanfield_input.c */
    given_network given;
    ki_network view; /* at one beta after the other */
    double *betas;   /* [n_betas] */
    size_t n_betas;
    double *m_start, *C_start, *D_start; /* [N], [N,N]; of the last two NULL for none */
    /* Work done and to do, in runs of a method or of what it is compared with. */
    uint64_t part, parts;
} mf_command;

/* meanfield_input.c: says how much memory that will take and whether there is so much, reads
 * network and start, finds the betas. Return 0 or the exit status of their message. */
int mf_read_input(mf_command *w, int beta_given, int m0_given);
void mf_free_input(mf_command *w);

/* meanfield_job.c: the command in the terms of the library, and one method on one network. */

/* Whether the file is to hold matrices. */
int mf_wants_matrices(const mf_command *w);
/* m0 as a column: of the start, NaN if that is a file. */
double mf_m0(const mf_command *w);
int mf_dynamics(const mf_command *w);
ki_compare_spec mf_compare_spec(const mf_command *w);
/* Seconds of a clock. */
double mf_now(void);
/* How library calls are to run, with progress as one of w->parts. */
ki_run_options mf_run_options(mf_command *w);

typedef struct mf_job {
    int method;
    ki_meanfield *mf;
    ki_meanfield_info info;  /* of the last step, but `status`, `residual` and `ambiguous` are the
                                worst of all */
    ki_meanfield_info worst; /* of the step with the worst status */
    int status;              /* of the last step itself */
    double seconds;          /* of the steps alone */
} mf_job;

/* Called with the state of t = 0, 1, ..., or with the steady state alone; returns 0 or an exit
 * status. */
typedef int (*mf_visit)(void *context, const ki_meanfield_state *state);

/* Runs job->method from start to end. mf_end() must follow in every case.
 * Returns 0 or the exit status of its message; a bad end is in job->info. */
int mf_run(mf_command *w, const ki_network *network, mf_job *job, mf_visit visit, void *context);
void mf_end(mf_job *job);

/* meanfield_table.c: the whole command without --compare. */
int mf_alone(mf_command *w);

/* meanfield_compare.c: the whole command with --compare. */
int mf_compare(mf_command *w);

/* meanfield_plot.c. */
typedef struct mf_rows { /* columns of equal length, drawn with one curve a method */
    const mf_command *w;
    size_t n;
    const double *x, *y[4];
    const char *const *method; /* [n] */
    const char *const *status; /* [n]; rows other than "ok" are gaps */
} mf_rows;
/* Arguments are mf_rows: t, or beta if there are several, m_mean, C_mean, D_mean, sigma; or beta and
 * four errors. */
int mf_draw_steps(const void *figure, const char *picture);
int mf_draw_errors(const void *figure, const char *picture);

#endif
