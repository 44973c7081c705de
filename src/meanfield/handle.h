/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a ki_meanfield. */
#ifndef KI_SRC_MEANFIELD_HANDLE_H
#define KI_SRC_MEANFIELD_HANDLE_H

#include "base/memory.h"
#include "meanfield/methods/method.h"

enum { MF_MOST_DEPTH = 4 };

/* Anderson acceleration, steady.c. */
typedef struct ki_mf_history {
    int depth;      /* most columns kept */
    int columns;    /* kept now */
    int last;       /* the newest */
    double *f, *g;  /* [length] of the step before: F(x) - x and F(x) */
    double *before; /* [length] where acceleration began */
    double *df[MF_MOST_DEPTH], *dg[MF_MOST_DEPTH];
} ki_mf_history;

struct ki_meanfield {
    ki_meanfield_spec spec;
    const ki_mf_method *method;
    int threads;
    uint64_t t;
    int has_D;  /* D is that of a step, or was given */
    int broken; /* a cancelled step has left pieces */
    ki_mf_problem p;
    /* One row of numbers each: m, padded with zeros to whole vectors, and behind it what else the
     * next step reads. The parts that are not read are shared. */
    ki_mf_state now, next;
    size_t length; /* of all that is read (of m with its padding, for m_alone) */
    double *row;   /* [N] a number of each row, to be reduced in order */
    ki_mf_history history;
    void *memory;
};

/* The options that work inside of a step runs with: the caller's threads up to those of the
 * creation; his progress callback is told how far the steps are whenever something is done. */
typedef struct ki_mf_watch {
    ki_run_options run;
    const ki_run_options *user;
    uint64_t done, total;
} ki_mf_watch;
void ki_mf_watch_begin(ki_mf_watch *w, const ki_meanfield *mf, const ki_run_options *user,
                       uint64_t total);

/* Whether it can be gone on with: not NULL, and its last step was not cancelled. */
int ki_mf_check(const ki_meanfield *mf);

/* One step from now to next, without swapping them: the magnetizations alone (correlations 0), or
 * all. */
int ki_mf_step_to_next(ki_meanfield *mf, const ki_run_options *run, int correlations);
void ki_mf_swap(ki_meanfield *mf);

/* Sums up the scalar equations of the last step, and looks at its C. Returns 0 or KI_ERR_*. */
int ki_mf_fill_info(ki_meanfield *mf, const ki_run_options *run, ki_meanfield_info *info);

/* Largest |x - y|; NaN if there is one. */
double ki_mf_distance(size_t n, const double *x, const double *y);

#endif
