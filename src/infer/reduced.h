/* SPDX-License-Identifier: BSD-3-Clause */
/* The evidence as a function of the prior while the sites stay, at a cost of N operations a row
 * [evidence]: the cosines, whose prior is fixed, are integrated out, and an orthogonal change of the N - 1
 * couplings of each row, J_i. = Q u, makes their second moments tridiagonal (Householder). A prior
 * that is the same for all couplings stays a multiple of the identity, so that determinants, means
 * and exact draws are recursions along the diagonal, with a border of two, field and self-coupling. */
#ifndef KI_SRC_INFER_REDUCED_H
#define KI_SRC_INFER_REDUCED_H

#include "sites.h"

typedef struct ki_reduced {
    size_t units, m;           /* rows; m = units - 1 couplings j != i of each */
    double *diagonal, *beside; /* [units,m] of Q^T F Q; beside[k] couples k and k + 1 */
    double *ones;              /* [units,m] Q^T 1 */
    double *field, *self;      /* [units,m] columns of the border, Q^T F_.H and Q^T F_.ii */
    double *weighted;          /* [units,m] Q^T sum nu x */
    double *corner;            /* [units,3] F_HH, F_Hii, F_iiii */
    double *corner_weighted;   /* [units,2] sum nu x of field and self-coupling */
} ki_reduced;

/* Hands out the arrays of `units` rows. */
void ki_reduced_take(ki_cursor *memory, size_t units, ki_reduced *r);

/* Fills them from the sums of the sites. Returns 0 or KI_ERR_*. */
int ki_reduced_make(const ki_evidence_data *d, const ki_run_options *run, ki_reduced *r);

/* Log-evidence: ki_evidence_value() but for what does not depend on the prior. */
double ki_reduced_value(const ki_reduced *r, const ki_kinds *prior);

/* What the ensemble parameters of a network need of a row. */
typedef struct ki_reduced_row {
    double field, self;  /* H_i, J_ii */
    double sum, squares; /* of J_ij and J_ij^2 over j != i */
} ki_reduced_row;

/* Row i for a prior, from m + 2 standard normals z; with zeros the means (squares are those of the
 * means). space [2 m]. */
ki_reduced_row ki_reduced_draw(const ki_reduced *r, const ki_kinds *prior, size_t i,
                               const double *z, double *space);

#endif
