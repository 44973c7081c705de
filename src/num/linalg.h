/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of matrices, row-major, by BLAS: linalg.c is the only file that sees it. Extents below
 * 2^31. Call between ki_blas_begin() and ki_blas_end() of base/blas.h. The bits depend on the BLAS
 * and on the kind of machine. */
#ifndef KI_SRC_NUM_LINALG_H
#define KI_SRC_NUM_LINALG_H

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

#endif
