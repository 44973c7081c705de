/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of matrices, row-major, by BLAS, and spectra by LAPACK: linalg.c is the only file that
 * sees them. Extents below 2^31. Call between ki_blas_begin() and ki_blas_end() of blas/blas.h. The
 * bits depend on the BLAS and on the kind of machine. */
#ifndef KI_SRC_BLAS_LINALG_H
#define KI_SRC_BLAS_LINALG_H

#include <stddef.h>

/* A matrix operand: rows `stride` elements apart; `transposed`: its transpose is meant. */
typedef struct ki_smatrix {
    const float *x;
    size_t stride;
    int transposed;
} ki_smatrix;

/* c [m,n] = a [m,k] b [k,n] + beta c; c may hold anything if beta is 0. */
void ki_sgemm(size_t m, size_t n, size_t k, ki_smatrix a, ki_smatrix b, float beta, float *c,
              size_t c_stride);

/* a [n,n] = z t z^T, column-major, z orthogonal, t upper triangular but for 2 x 2 blocks of complex
 * pairs; a becomes t. Eigenvalues re + i im [n] stand in the order of t. work [8 n]. Returns 0, or
 * -1 if the iteration did not end. */
int ki_schur(size_t n, double *a, double *z, double *re, double *im, double *work);

/* Moves the eigenvalues with select[i] != 0 to the front of t; of a pair both or none. *condition,
 * unless NULL, becomes the reciprocal condition number of their mean (1 for a normal matrix, 0
 * where a perturbation d moves it by more than d times anything). work [n^2]. Returns 0, or -1 if
 * eigenvalues are too close to be exchanged. */
int ki_schur_reorder(size_t n, const int *select, double *t, double *z, double *re, double *im,
                     double *condition, double *work);

#endif
