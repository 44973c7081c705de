/* SPDX-License-Identifier: BSD-3-Clause */
/* What a mean-field method is: one method, one file, and table.c lists them. */
#ifndef KI_SRC_MEANFIELD_METHOD_H
#define KI_SRC_MEANFIELD_METHOD_H

#include <kinising/meanfield.h>

/* The moments of one time, row-major. */
typedef struct mf_state {
    double *m; /* [N] */
    double *C; /* [N,N] symmetric, 1 - m_i^2 on the diagonal */
    double *D; /* [N,N] with the time before */
} mf_state;

/* A network with beta multiplied in, and room to work in. */
typedef struct mf_problem {
    size_t n;
    const double *H; /* [N] */
    const double *J; /* [N,N] */
    double *matrix;  /* as many [N,N] as the method asks for, one after another */
    double *vector;  /* as many [N] */
    void *packs;     /* of num/matmul.h */
    const ki_run_options *run;
    /* How the scalar equations of this step went; methods raise them. */
    double residual;
    uint64_t unsolved, ambiguous;
} mf_problem;

typedef struct mf_method {
    const char *name;
    size_t matrices, vectors; /* of work space */
    /* Whether m depends on m' alone: a steady state is then one of N numbers. */
    int m_alone;
    /* Fills after->m (and may fill other parts) from the moments before. With m_alone, before->C
     * and before->D may be NULL, and so may after->C and after->D. Returns 0 or KI_ERR_*. */
    int (*magnetizations)(mf_problem *p, const mf_state *before, mf_state *after);
    /* Fills after->C and after->D, once after->m is there; called right after magnetizations(), so
     * that work space still holds what that left. before->D is read by Plefka2 alone. */
    int (*correlations)(mf_problem *p, const mf_state *before, mf_state *after);
} mf_method;

extern const mf_method ki_mf_naive, ki_mf_plefka_t1t, ki_mf_plefka_t, ki_mf_plefka_t1,
    ki_mf_plefka2_t;

#endif
