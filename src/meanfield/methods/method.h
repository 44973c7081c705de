/* SPDX-License-Identifier: BSD-3-Clause */
/* What a mean-field method is: one method, one file, one row of
 * KI_METHOD_LIST in model.h. */
#ifndef KI_SRC_MEANFIELD_METHOD_H
#define KI_SRC_MEANFIELD_METHOD_H

#include <kinising/meanfield.h>

#include "base/parallel.h"
#include "num/tap.h"

/* The moments of one time, row-major. */
typedef struct ki_mf_state {
    double *m; /* [N] */
    double *C; /* [N,N] symmetric, 1 - m_i^2 on the diagonal */
    double *D; /* [N,N] with the time before */
} ki_mf_state;

/* A network with beta multiplied in, and room to work in. */
typedef struct ki_mf_problem {
    size_t n;
    const double *H; /* [N] */
    const double *J; /* [N,N] */
    double *a;       /* [N] 1 - m'^2, by ki_mf_fields() */
    double *g;       /* [N] H + J m', by ki_mf_fields() */
    double *matrix;  /* as many [N,N] as the method asks for, one after another */
    double *vector;  /* as many [N] */
    double *space;   /* of num/matmul.h, for N rows and columns */
    const ki_run_options *run;
    ki_tap_stat *stats; /* [N] of a step's scalar equations, by row; methods add to them */
} ki_mf_problem;

typedef struct ki_mf_method {
    size_t matrices, vectors; /* of work space */
    int products;             /* whether num/matmul.h is used */
    /* What the moments depend on besides m'. If they depend on neither, or C does not reach m, a
     * steady state is one of N numbers: m_alone. */
    int reads_C, reads_D, m_alone;
    /* Fills after->m from the moments before (with m_alone, from before->m only; all else may be
     * NULL then), and may leave things in the work space and in after->C, after->D for
     * correlations(), which follows at once. p->a and p->g are made already. Returns 0 or
     * KI_ERR_*. */
    int (*magnetizations)(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after);
    /* Fills after->C and after->D, once after->m is there. */
    int (*correlations)(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after);
    /* Fills C and D = Cov(tanh(beta h_i), s_j) of the asynchronous steady state with the
     * magnetizations m; NULL if there are none. */
    int (*asynchronous)(ki_mf_problem *p, ki_mf_state *at);
} ki_mf_method;

#define METHOD_OBJECT(name, number, symbol, word, text) extern const ki_mf_method ki_mf_##symbol;
KI_METHOD_LIST(METHOD_OBJECT)
#undef METHOD_OBJECT

/* a = 1 - m^2 and g = H + J m. */
int ki_mf_fields(ki_mf_problem *p, const double *m);

/* sum_j J_ij^2 a'_j: the variance of a field that independent spins make. */
double ki_mf_variance(const ki_mf_problem *p, size_t i);

/* Calls fn(ctx, i) for every row, over threads. */
int ki_mf_rows(const ki_mf_problem *p, ki_index_fn fn, void *ctx);

/* C_ii = 1 - m_i^2. */
void ki_mf_set_diagonal(const ki_mf_problem *p, ki_mf_state *after);

/* The end of second order: D_il = a_i (J C')_il (1 + 2 m_i J_il m'_l), and after->C, which holds
 * J C' J^T, times a_i a_k, 1 - m_i^2 on its diagonal. JC is [N,N], or NULL for a C' of independent
 * spins. */
int ki_mf_second_order(ki_mf_problem *p, const ki_mf_state *before, ki_mf_state *after,
                       const double *JC);

/* C_ik = (C_ik + C_ki)/2 off the diagonal, 1 - m_i^2 on it. */
int ki_mf_symmetrize(const ki_mf_problem *p, ki_mf_state *after);

#endif
