/* SPDX-License-Identifier: BSD-3-Clause */
#include "block.h"

#include "num/simd.h"

KI_CLONES
void ki_block_expand(const uint64_t on[KI_BLOCK_WORDS], const uint64_t use[KI_BLOCK_WORDS],
                     double *x) {
    for (size_t w = 0; w < KI_BLOCK_WORDS; w++)
        for (unsigned b = 0; b < 64; b++) {
            const int64_t up = (int64_t)(on[w] >> b & 1), used = (int64_t)(use[w] >> b & 1);
            x[64 * w + b] = (double)((2 * up - 1) * used);
        }
}

void ki_block_states(const ki_raster *r, const uint64_t *bits, const uint64_t *use, size_t w,
                     int after, double *x) {
    uint64_t on[KI_BLOCK_WORDS];

    for (size_t k = 0; k < KI_BLOCK_WORDS; k++)
        on[k] = after ? ki_raster_next(bits, r->words, w + k) : bits[w + k];
    ki_block_expand(on, use + w, x);
}

void ki_block_ones(const uint64_t *use, size_t w, double *x) {
    ki_block_expand(use + w, use + w, x);
}

size_t ki_block_count(const uint64_t *use, size_t w) {
    size_t count = 0;

    for (size_t k = 0; k < KI_BLOCK_WORDS; k++)
        count += (size_t)__builtin_popcountll(use[w + k]);
    return count;
}
