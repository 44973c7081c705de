/* SPDX-License-Identifier: BSD-3-Clause */
/* Bits as numbers, a block of bins at a time: the one expansion that fits, entropies and diagnoses
 * of recordings share. */
#ifndef KI_SRC_RASTER_BLOCK_H
#define KI_SRC_RASTER_BLOCK_H

#include "raster.h"

/* Bins of a block, and 64-bit words of a row that hold them. */
enum { KI_BLOCK = 512, KI_BLOCK_WORDS = KI_BLOCK / 64 };

/* x[t], t < KI_BLOCK, for bin 64 w + t: the state of the row `bits` (`after`: of the bin after) as
 * -1 or 1, and 0 where `use` [words], bits too, is clear. */
void ki_block_states(const ki_raster *r, const uint64_t *bits, const uint64_t *use, size_t w,
                     int after, double *x);

/* The same for a block of state and use bits at hand. */
void ki_block_expand(const uint64_t on[KI_BLOCK_WORDS], const uint64_t use[KI_BLOCK_WORDS],
                     double *x);

/* x[t] = 1, or 0 where `use` is clear. */
void ki_block_ones(const uint64_t *use, size_t w, double *x);

/* Number of bits of `use` in the block. */
size_t ki_block_count(const uint64_t *use, size_t w);

#endif
