/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups of rows on their way to a maximum. */
#ifndef KI_SRC_INFER_GROUP_H
#define KI_SRC_INFER_GROUP_H

#include <kinising/infer.h>

#include "rows.h"

/* Regressors up to which errors are right to 1e-9, not to 1e-4. */
enum { KI_EXACT_COLUMNS = 129 };

/* Steps that are remembered. */
enum { KI_PAST = 6 };

/* What of a row is known beside its parameters. */
typedef struct ki_fit_row {
    size_t unit;
    int status;            /* enum ki_status */
    int active;            /* not yet at its end */
    int exact;             /* F needs all digits */
    int bordered;          /* the likelihood has no finite maximum */
    int level;             /* what `factor` is of, enum ki_level */
    int fresh;             /* ... at the very place of theta */
    int halvings;          /* of the step at hand */
    int passes;            /* over the data */
    int lost;              /* steps of the last level that gained nothing */
    int wants;             /* a factor of the next level */
    int warm;              /* the first place is near the last one: a factor there is worth it */
    double log_likelihood; /* of theta; NaN if it was not made */
    double value;          /* objective at theta */
    double trial;          /* ... at theta + step */
    double weight;         /* mean of sech^2 h */
    double decrement;      /* gradient . step */
    double share;          /* of the step before, at most, in Firth's iteration */
    int passed;            /* steps that are remembered; in Firth's iteration the last place too */
    int slow;              /* passes that gained little by the factor at hand */
    int renewals;          /* second derivatives of all data that were made */
    double *theta, *at, *gradient, *slope, *step, *start; /* [n] */
    double *past;                                         /* [2 KI_PAST, n] */
    double *scratch;                                      /* [KI_PAST + 1, n] */
    double *factor;                                       /* [n,n] */
} ki_fit_row;

/* Second derivatives by which steps are made. */
enum ki_level {
    KI_GRAM,    /* mean weight times sum x x^T */
    KI_SAMPLED, /* of a part of the data */
    KI_FULL
};

/* A group in the memory of one worker. */
typedef struct ki_group {
    const ki_rows_data *data;
    const ki_fit_spec *spec;
    const double *gram;  /* [n,n] factor of sum x x^T + ridge */
    const double *after; /* [units] mean of y over the transitions of each row */
    ki_work *work;
    ki_rows_space space;
    size_t rows;
    ki_fit_row row[KI_ROWS_MOST];
    /* Of the rows at work, gathered. */
    size_t at_work;
    size_t which[KI_ROWS_MOST], unit[KI_ROWS_MOST];
    double value[KI_ROWS_MOST], weight[KI_ROWS_MOST];
    double *theta, *gradient; /* [rows,n] */
    double *packed;           /* [rows, pairs] */
    double goal;              /* of the last step, relative to 1 + |theta| */
    double *square;           /* [n,n] */
} ki_group;

/* Hands out the memory of a group of up to `most` rows. */
void ki_group_take(ki_cursor *memory, size_t n, size_t most, ki_group *g);

/* Gathers the rows for which `chosen` is not 0: theta if !trial, else `at`. Returns their view. */
ki_rows ki_group_gather(ki_group *g, const int *chosen, int trial);

/* Parameters without couplings: H from the mean of y. */
void ki_group_start(ki_group *g);

/* Maxima of log-likelihood less ridge of all rows that are active. Each returns 0 or KI_ERR_*. */
int ki_group_newton(ki_group *g);

/* The same with a penalty on the sum of |J|. */
int ki_group_lasso(ki_group *g);

/* Maxima of Firth's penalised likelihood of the rows that are active. */
int ki_group_firth(ki_group *g);

/* Whether the likelihood of the row never falls along some direction: *bordered. `directions`
 * [count,n] are where it seems so. */
int ki_group_separated(ki_group *g, const ki_fit_row *row, size_t count, double *directions,
                       int *bordered);

/* Standard errors [rows,n] of rows at their maximum: sqrt diag F^-1 and, unless NULL, of the
 * sandwich. Leaves factors of F + ridge in the rows. */
int ki_group_errors(ki_group *g, double *errors, double *robust);

#endif
