/* SPDX-License-Identifier: BSD-3-Clause */
#include "block.h"

#include <string.h>

#include "num/simd.h"

KI_CLONES
void ki_block_expand(const uint64_t on[KI_BLOCK_WORDS], const uint64_t use[KI_BLOCK_WORDS],
                     double *x) {
    const ki_i8 lanes = {0, 1, 2, 3, 4, 5, 6, 7}, zero = {0};
    const ki_i8 one = zero + 0x3FF0000000000000LL; /* bits of 1.0 */

    for (size_t w = 0; w < KI_BLOCK_WORDS; w++) {
        const ki_i8 off = zero + (long long)~on[w], used = zero + (long long)use[w];
        for (long long b = 0; b < 64; b += KI_LANES) {
            /* 1.0 with the sign of the state, or 0.0. */
            const ki_i8 minus = (off >> (lanes + b) & 1) << 63;
            const ki_i8 value = (one | minus) & -(used >> (lanes + b) & 1);
            memcpy(x + 64 * w + (size_t)b, &value, sizeof value);
        }
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
