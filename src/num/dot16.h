/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of 16-bit matrices with vectors in 32-bit integers: exact, so the same in any order and
 * on every instruction set. */
#ifndef KI_SRC_NUM_DOT16_H
#define KI_SRC_NUM_DOT16_H

#include <stddef.h>
#include <stdint.h>

/* Columns 2p and 2p + 1 side by side: lane i of pair p is a[(p stride + i) 2] and the element after
 * it. Sums wrap around as unsigned integers do; `width` lanes, a multiple of 16, at most 64. */

/* acc[i] += sum over p < pairs of a[p][i][0] c[2p] + a[p][i][1] c[2p + 1]. */
void ki_dot16(size_t width, size_t pairs, size_t stride, const int16_t *a, const int16_t *c,
              int32_t *acc);

/* The same for the pairs index[p] only; c[2p] and c[2p + 1] belong to the p-th of them. */
void ki_dot16_some(size_t width, size_t pairs, size_t stride, const int16_t *a,
                   const uint32_t *index, const int16_t *c, int32_t *acc);

/* The same for two coefficient vectors in one go. */
void ki_dot16_two(size_t width, size_t pairs, size_t stride, const int16_t *a, const int16_t *c,
                  const int16_t *d, int32_t *acc, int32_t *bcc);

/* x[i] += sign * column[i], i < n, n a multiple of 16; sign is 1 or -1. */
void ki_add16(size_t n, int sign, const int16_t *column, int32_t *x);

/* y[i] += a column[i], i < n. */
void ki_axpy16(size_t n, float a, const int16_t *column, float *y);

/* As made for an instruction set level (see simd.h), which the machine must have. */
void ki_dot16_at(int level, size_t width, size_t pairs, size_t stride, const int16_t *a,
                 const int16_t *c, int32_t *acc);
void ki_dot16_some_at(int level, size_t width, size_t pairs, size_t stride, const int16_t *a,
                      const uint32_t *index, const int16_t *c, int32_t *acc);
void ki_dot16_two_at(int level, size_t width, size_t pairs, size_t stride, const int16_t *a,
                     const int16_t *c, const int16_t *d, int32_t *acc, int32_t *bcc);

/* counts[k] = bits in which `state` differs from past[k], each of `words` words, k < n. */
void ki_differences(size_t n, size_t words, const uint64_t *state, const uint64_t *past,
                    uint32_t *counts);

/* sum over b < n of 2^b times the bits of plane[b] (each of `words` words) at which x and y differ.
 */
uint64_t ki_weighted_difference(size_t n, size_t words, const uint64_t *plane, const uint64_t *x,
                                const uint64_t *y);

#endif
