/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums of weights of 8 bits with products of two states: the second moments of large networks. */
#ifndef KI_SRC_INFER_BYTES_H
#define KI_SRC_INFER_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Rows of weights, pairs of states, and words of 64 bins of a call at most. */
enum { KI_BYTES_ROWS = 8, KI_BYTES_PAIRS = 3, KI_BYTES_WORDS = 64 };

/* sum[p][r] = sum over bins t of weight[r][t] x_p(t) y_p(t), states as bits (set: 1, clear: -1), r <
 * KI_BYTES_ROWS, p < KI_BYTES_PAIRS; rows of weights 64 KI_BYTES_WORDS bytes apart. As made for an
 * instruction set level of num/simd.h, the same on all of them. */
void ki_bytes_sums(int level, size_t words, const uint8_t *weight,
                   const uint64_t *const x[KI_BYTES_PAIRS], const uint64_t *const y[KI_BYTES_PAIRS],
                   int32_t sum[KI_BYTES_PAIRS][KI_BYTES_ROWS]);

#endif
