/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of a few rows with the regressors of a block of bins as they lie in memory: ki_matmul()
 * would pack them for each group of rows anew. By fused multiply-adds where the processor has them;
 * what a row becomes does not depend on the others. */
#ifndef KI_SRC_INFER_PRODUCTS_H
#define KI_SRC_INFER_PRODUCTS_H

#include <stddef.h>

#include "raster/block.h"

/* Distance of regressors in memory: not a multiple of a page, whose lines would drive each other out
 * of the cache. */
enum { KI_ROWS_STRIDE = KI_BLOCK + 8 };

/* h [rows,KI_BLOCK] = theta [rows,n] x, x [n,KI_ROWS_STRIDE]. As made for an instruction set level
 * of num/simd.h. */
void ki_fields(int level, size_t rows, size_t n, const double *theta, const double *x, double *h);

/* out [rows,n] += a [rows,KI_BLOCK] x^T. */
void ki_add_moments(int level, size_t rows, size_t n, const double *a, const double *x,
                    double *out);

#endif
