/* SPDX-License-Identifier: BSD-3-Clause */
/* From random words to what the simulations need: normals as 16-bit integers, and new spins. Single precision
 * inside; vectorised. */
#ifndef KI_SRC_NUM_DRAW_H
#define KI_SRC_NUM_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "num/philox.h"

/* New spins in blocks of 64. Spin i of block b becomes +1 (bit i of bits[b] set) with probability
 * 1/(1 + exp(-2 x[64 b + i])), x = beta h. Block b takes its 16-bit uniform numbers from half a group of
 * `update`: number first + b, two to a group; where 16 bits do not decide, 53 further ones come from `rare`. */
void ki_draw_spins(const ki_sequence *update, const ki_sequence *rare, uint64_t first, size_t blocks,
                   const float *x, uint64_t *bits);

/* y[i] = tanh(x[i]), relative error 3e-7, x == y allowed. */
void ki_vtanhf(size_t n, const float *x, float *y);

#endif
