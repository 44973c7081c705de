/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts of differing bits: the kernel of all pair moments. */
#ifndef KI_SRC_RASTER_COUNT_H
#define KI_SRC_RASTER_COUNT_H

#include <stddef.h>
#include <stdint.h>

enum { KI_COUNT_ROWS = 4 };

/* sum[r] += number of bits in which x and y[r] differ, over `words` words (a multiple of 8), as made
 * for an instruction set level of num/simd.h. */
void ki_count_differences(int level, size_t words, const uint64_t *x,
                          const uint64_t *const y[KI_COUNT_ROWS], uint64_t sum[KI_COUNT_ROWS]);

#endif
