/* SPDX-License-Identifier: BSD-3-Clause */
/* The product that simulations live on: any matrix times 64 columns, in single precision. A BLAS
 * spends a good part of its time on packing operands this narrow, and an old one may not know the
 * processor at all. */
#ifndef KI_SRC_NUM_PRODUCT_H
#define KI_SRC_NUM_PRODUCT_H

#include <stddef.h>

enum { KI_COLUMNS = 64 };

/* What the product is added to. */
enum ki_product_start {
    KI_PRODUCT_ALONE, /* nothing */
    KI_PRODUCT_ROW,   /* row[i], in all columns of row i */
    KI_PRODUCT_SUM    /* what is in c */
};

/* c [m,64] = a [m,k] b [k,64] + start, rows a_stride, b_stride, c_stride elements apart; c overlaps
 * nothing. `row` [m] is NULL unless wanted. Each element is a sum in the order of k, by fused
 * multiply-adds where the processor has them: the same bits however rows are divided among calls.
 */
void ki_product64(size_t m, size_t k, const float *a, size_t a_stride, const float *b,
                  size_t b_stride, enum ki_product_start start, const float *row, float *c,
                  size_t c_stride);

/* The same as made for an instruction set level (see simd.h), which the machine must have. */
void ki_product64_at(int level, size_t m, size_t k, const float *a, size_t a_stride, const float *b,
                     size_t b_stride, enum ki_product_start start, const float *row, float *c,
                     size_t c_stride);

#endif
