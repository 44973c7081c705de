/* SPDX-License-Identifier: BSD-3-Clause */
/* From random words to what the simulations need: normals as 16-bit integers, and new spins.
 * Vectorised; the same bits on every instruction set that has fused multiply-add (fmaf() in
 * software without). */
#ifndef KI_SRC_NUM_DRAW_H
#define KI_SRC_NUM_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "num/philox.h"

/* Normals are kept as multiples of 2^-12 in 16 bits: rounding adds 2^-24/12 = 5e-9 to their
 * variance, far less than single precision loses in a field, and sums of them are exact and the
 * same in any order. */
#define KI_NORMAL_UNIT 0x1p-12

/* Standard normals over KI_NORMAL_UNIT, rounded, for the words of groups first..first + groups - 1
 * of `seq`: the inverse of the distribution function, from 32 bits, and 52 further ones of `tail`
 * in the tails, so that they are right to 8 standard deviations (beyond, probability 1e-15, they
 * are cut off). */
void ki_normals16(const ki_sequence *seq, const ki_sequence *tail, uint64_t first, size_t groups,
                  int32_t *out);

/* New spins in blocks of 64. Spin i of block b becomes +1 (bit i of bits[b] set) with probability
 * 1/(1 + exp(-2 x[64 b + i])), x = beta h. Block b takes its 16-bit uniform numbers from half a
 * group of `update`: number first + b, two to a group; where 16 bits do not decide, 52 further ones
 * come from `rare`. */
void ki_draw_spins(const ki_sequence *update, const ki_sequence *rare, uint64_t first,
                   size_t blocks, const float *x, uint64_t *bits);

/* x[i] such that a spin in the field h is +1 when beta h > x[i]: half the logarithm of u/(1 - u), u
 * uniform, for the words of n groups of `update`, with further digits from `rare` in the tails.
 * Probabilities are right to a relative 1e-6. */
void ki_thresholds(const ki_sequence *update, const ki_sequence *rare, uint64_t first,
                   size_t groups, float *x);

/* The same three as made for an instruction set level (see simd.h), which the machine must have. */
void ki_normals16_at(int level, const ki_sequence *seq, const ki_sequence *tail, uint64_t first,
                     size_t groups, int32_t *out);
void ki_draw_spins_at(int level, const ki_sequence *update, const ki_sequence *rare, uint64_t first,
                      size_t blocks, const float *x, uint64_t *bits);
void ki_thresholds_at(int level, const ki_sequence *update, const ki_sequence *rare, uint64_t first,
                      size_t groups, float *x);

/* Normals of one group of given words, the first of which is number `first` of its sequence. */
void ki_normals16_of_words(int level, const uint32_t *word, const ki_sequence *tail, uint64_t first,
                           int32_t *out);

/* New spins of block number `block`, given the words of its group. */
uint64_t ki_spins_of_words(int level, const uint32_t *word, const ki_sequence *rare, uint64_t block,
                           const float *x);

/* y[i] = tanh(x[i]), relative error 3e-7, x == y allowed. */
void ki_vtanhf(size_t n, const float *x, float *y);

/* z with chance p of a normal number above it, 0 < p < 0.5, to 1e-13. */
double ki_normal_quantile(double p);

#endif
