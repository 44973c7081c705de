/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of matrices in double precision, with operands scaled and transposed on the way, over
 * threads: an element is one sum in the order of k (in blocks of a fixed length), by fused
 * multiply-adds where the processor has them, so that the bits do not depend on threads. A BLAS
 * may not know the processor (OpenBLAS 0.3.21 takes recent ones for a Prescott), and has no product
 * of which half the result is enough. */
#ifndef KI_SRC_NUM_MATMUL_H
#define KI_SRC_NUM_MATMUL_H

#include <kinising/base.h>

/* A matrix operand: element (i, k) is x[i * row + k * column]. */
typedef struct ki_matrix {
    const double *x;
    size_t row, column;
} ki_matrix;

/* Work space in doubles for products of up to m rows and n columns, aligned to 64 bytes. */
size_t ki_matmul_space(size_t m, size_t n);

/* c [m,n] = a [m,k] diag(scale) b [k,n]; scale [k] may be NULL. c has rows c_stride apart and
 * overlaps nothing. Returns 0 or KI_ERR_CANCELLED; run may be NULL. */
int ki_matmul(size_t m, size_t n, size_t k, ki_matrix a, const double *scale, ki_matrix b,
              double *c, size_t c_stride, double *space, const ki_run_options *run);

/* The same for m = n and a result that is symmetric by its nature: the upper half is computed and
 * mirrored. */
int ki_matmul_symmetric(size_t n, size_t k, ki_matrix a, const double *scale, ki_matrix b,
                        double *c, size_t c_stride, double *space, const ki_run_options *run);

/* As made for an instruction set level (see simd.h), which the machine must have. */
int ki_matmul_at(int level, size_t m, size_t n, size_t k, ki_matrix a, const double *scale,
                 ki_matrix b, double *c, size_t c_stride, int symmetric, double *space,
                 const ki_run_options *run);

#endif
